"""Bytes of scanners → scans, and signals back to them, without doing any reading or writing.

A framer is fed with what came and gives what was complete; how a read cut the bytes never matters.
"""

from devices.framing.lines import LONGEST_CODE, STX, Frame, LineFramer

__all__ = ["LONGEST_CODE", "STX", "Frame", "LineFramer"]
