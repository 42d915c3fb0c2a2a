"""What else a ZPL printer can be asked: what it is, what is wrong with it, and which label came out.

    ~HI      STX  ZD421-203dpi,V93.21.26Z,8,8176KB [,options]  ETX CR LF       model, firmware, dots/mm, memory
    ~HQES    STX  PRINTER STATUS
                    ERRORS:         1 00000000 00000005                        flag, nibbles 16-9, nibbles 8-1
                    WARNINGS:       0 00000000 00000000             ETX
                  nibble 1: 1 media out, 2 ribbon out, 4 head open, 8 cutter fault
                  nibble 2: 1 head too hot, 2 motor too hot, 4 bad head element, 8 no head found
                  nibble 3: 1 bad firmware configuration, 2 head thermistor open
                  nibble 5: 1 paused
    ^HV#,n,h,t,L   the printer sends h + n bytes of field # + t, with L once for each label it has printed
    port 9200      {}{"device.host_status":null} → {"device.host_status":"…"}   answered while port 9100 prints

Owns reading these replies and the fields that make a label report itself. Does no I/O.
Refuses a reply that does not have its parts. An error bit nobody knows is told by its number, never passed over:
"no error I know of" would call a broken printer ready.
Source: Zebra "Programming Guide for ZPL II" (docs.zebra.com, ~HI, ~HQ/~WQ error flags); ^HV: "RFID Programming Guide"
58978L-008 p. 88. The frame of ~HQES and the JSON port: unverified on a printer, parsed without leaning on its blanks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devices.zpl import ReplyError, formats_in, is_printing

HOST_IDENTIFICATION = b"~HI"
ERROR_STATUS = b"~HQES"
PROOF_FIELD = 9_999  # the number of the field that reports a label; templates use small ones
LONGEST_REPLY = 65_536
_IDENTIFICATION = re.compile(rb"\x02?([^,\x02\x03]{1,60}),([^,\x03]{1,40}),(\d{1,2}),(\d{1,7})KB(?:,([^\x03]{0,200}))?")
_FLAGS = re.compile(rb"(ERRORS|WARNINGS):\s*([01])\s+([0-9A-Fa-f]{8})\s+([0-9A-Fa-f]{8})")
_ERRORS = {
    (1, 1): "paper_out", (1, 2): "ribbon_out", (1, 4): "head_open", (1, 8): "cutter_error",
    (2, 1): "over_temperature", (2, 2): "motor_over_temperature", (2, 4): "bad_head_element", (2, 8): "no_head",
    (3, 1): "bad_firmware_configuration", (3, 2): "thermistor_open", (5, 1): "paused",
}  # fmt: skip
_PROOF = re.compile(rb"FLOOR<([0-9A-Za-z._:-]{1,60}) ?>")


@dataclass(frozen=True, slots=True)
class Identification:
    """What a printer says it is."""

    model: str
    firmware: str
    dots_per_mm: int
    memory_kib: int


def parse_identification(reply: bytes) -> Identification:
    """The reply to ~HI.

    Raises:
        ReplyError: it lacks a part.
    """
    found = _IDENTIFICATION.search(reply[:LONGEST_REPLY])
    if found is None:
        raise ReplyError(f"~HI: {reply[:60]!r} is no identification")
    model, firmware, dots, memory = (part.decode("latin-1").strip() for part in found.groups()[:4])
    return Identification(model, firmware, int(dots), int(memory))


def parse_error_status(reply: bytes) -> tuple[Sequence[str], bool]:
    """The reply to ~HQES: the words of all errors, and whether there is a warning.

    Raises:
        ReplyError: one of its two lines is missing, or its flag does not go with its bits.
    """
    found = {name: (flag, high + low) for name, flag, high, low in _FLAGS.findall(reply[:LONGEST_REPLY])}
    if set(found) != {b"ERRORS", b"WARNINGS"}:
        raise ReplyError(f"~HQES: {reply[:60]!r} lacks its errors or its warnings")
    flag, digits = found[b"ERRORS"]
    reasons = []
    for number, digit in enumerate(reversed(digits.decode("ascii")), start=1):
        for bit in (1, 2, 4, 8):
            if int(digit, 16) & bit:
                reasons.append(_ERRORS.get((number, bit), f"error_{number}_{bit}"))
    if (flag == b"1") != bool(reasons):
        raise ReplyError("~HQES: the flag says otherwise than the errors")
    return reasons, found[b"WARNINGS"][0] == b"1"


def proof_of(job_id: str) -> bytes:
    """The fields that make each label of a format send `FLOOR<job id >` back once it is printed.

    The id rides in the header that goes before the reported field, and the field is a blank: a field is also printed,
    at the corner of the label, and the id would be ink there.

    Raises:
        ValueError: a job id that could end the field.
    """
    if not re.fullmatch(r"[0-9A-Za-z._:-]{1,60}", job_id):
        raise ValueError(f"job id {job_id!r:.70} is none that a label can send back")
    return b"^FN%d^FD ^FS^FH_^HV%d,1,FLOOR<%s,>_0D_0A,L^FS" % (PROOF_FIELD, PROOF_FIELD, job_id.encode())


def with_proof(job: bytes, job_id: str) -> bytes:
    """The job, each label of it reporting itself as `job_id`, and printed again when paper or head spoil it (^JZY)."""
    proof = b"^JZY" + proof_of(job_id)
    parts, taken = [], 0
    for start, end in formats_in(job):
        parts += [job[taken:end], proof if is_printing(job[start:end]) else b""]
        taken = end
    return b"".join((*parts, job[taken:]))


def asks_for_proof(job: bytes) -> bool:
    """Whether the labels of this job report themselves."""
    return b"^HV%d," % PROOF_FIELD in job


class ProofFeed:
    """feed(bytes) → the job ids of labels that reported themselves, once each time they did."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, content: bytes) -> list[str]:
        """Whatever else the printer says is passed over."""
        self._buffer += content
        found, taken = [], 0
        for proof in _PROOF.finditer(self._buffer):
            found.append(proof.group(1).decode("ascii"))
            taken = proof.end()
        # Half a proof is shorter than the longest whole one: nothing more has to be kept.
        self._buffer = self._buffer[taken:][-70:]
        return found


def ask_json(*names: str) -> bytes:
    """What to send to port 9200 to be told these settings."""
    return b"{}" + json.dumps(dict.fromkeys(names)).encode("ascii")


def parse_json(reply: bytes) -> Mapping[str, str]:
    """Port 9200's answer: setting → value; a setting the printer does not know is left out.

    Raises:
        ReplyError: no JSON object of texts.
    """
    if len(reply) > LONGEST_REPLY:
        raise ReplyError("port 9200: reply does not end")
    try:
        found = json.loads(reply)
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"port 9200: {reply[:60]!r} is no JSON") from error
    if not isinstance(found, dict) or any(not isinstance(value, str | None) for value in found.values()):
        raise ReplyError(f"port 9200: {reply[:60]!r} is no object of settings")
    return {name: value for name, value in found.items() if value not in (None, "?")}
