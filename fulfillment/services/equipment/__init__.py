"""Scanners, scales, printers, agents and stations."""
