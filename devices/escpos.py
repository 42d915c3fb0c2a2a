"""What receipt printers answer, as pure functions over single bytes.

Owns the DLE EOT replies and the GS r 1 reply that ends every slip. Does no I/O.
Refuses a byte whose fixed bits are wrong: a stray data byte read as a status would call an empty printer
ready.

    DLE EOT n (10 04 n), answered at once:        GS r 1 (1d 72 01), answered in its turn:
    bit  7 6 5 4 3 2 1 0                          bit  7 6 5 4 3 2 1 0
         0 x x 1 x x 1 0   fixed bits                  0 x x 0 . . . .   fixed bits
    n=1  . . . . O . . .   O offline                   . . . . E E N N   E paper end, N near end
    n=2  . E P . . C . .   C cover open, P stopped by paper end, E error
    n=3  . A U . C R . .   R recoverable, C cutter, U unrecoverable, A recovers by itself
    n=4  . P P . N N . .   N near end, P paper end
    GS a, four bytes whenever something changes, where a job has asked for it:
         0 . . 1 . . 0 0   the first; after it three that look like any GS r answer: they are never taken for one
Source: Epson ESC/POS command reference, DLE EOT, GS r and GS a,
https://download4.epson.biz/sec_pubs/pos/reference_en/escpos/dle_eot.html
"""

from __future__ import annotations

from devices.protocols import PrinterStatus

STATUS_KINDS = (1, 2, 3, 4)
CONFIRM = b"\x1dr\x01"
_FIXED_MASK, _FIXED_VALUE = 0b1001_0011, 0b0001_0010
_CONFIRM_MASK = 0b1001_0000
_AUTOMATIC_VALUE, _AUTOMATIC_REST = 0b0001_0000, 3  # under _FIXED_MASK; bytes after the first

_REASONS: dict[int, tuple[tuple[int, str], ...]] = {
    1: ((0x08, "offline"),),
    2: ((0x04, "head_open"), (0x20, "paper_out"), (0x40, "error")),
    3: (
        (0x04, "recoverable_error"),
        (0x08, "cutter_error"),
        (0x20, "unrecoverable_error"),
        (0x40, "over_temperature"),
    ),
    4: ((0x60, "paper_out"),),
}
_NEAR_END = 0x0C


class ReplyError(ValueError):
    """A byte that is no reply to what was asked."""


def ask_status(kind: int) -> bytes:
    if kind not in STATUS_KINDS:
        raise ValueError(f"DLE EOT: kind {kind} is none of {STATUS_KINDS}")
    return bytes((0x10, 0x04, kind))


def is_status_reply(value: int) -> bool:
    return value & _FIXED_MASK == _FIXED_VALUE


def is_confirmation(value: int) -> bool:
    return value & _CONFIRM_MASK == 0


class ReplyFeed:
    """feed(bytes) → the bytes that answer a question; the four of an automatic status are passed over, however cut."""

    def __init__(self) -> None:
        self._skips = 0

    def feed(self, content: bytes) -> list[int]:
        answers = []
        for value in content:
            if self._skips:
                self._skips -= 1
            elif value & _FIXED_MASK == _AUTOMATIC_VALUE:
                self._skips = _AUTOMATIC_REST
            else:
                answers.append(value)
        return answers


def status_of(replies: dict[int, int]) -> PrinterStatus:
    """The four DLE EOT replies, by their n. All four are needed: each knows a fault that the others do
    not.
    """
    reasons: list[str] = []
    for kind in STATUS_KINDS:
        if kind not in replies:
            raise ReplyError(f"DLE EOT {kind}: no reply")
        value = replies[kind]
        if not is_status_reply(value):
            raise ReplyError(f"DLE EOT {kind}: {value:#04x} lacks the fixed bits 0xx1xx10")
        reasons += [word for mask, word in _REASONS[kind] if value & mask and word not in reasons]
    if len(reasons) > 1 and "offline" in reasons:
        # Offline is the consequence of the others; first comes what a person can do something about.
        reasons.remove("offline")
        reasons.append("offline")
    if reasons:
        return PrinterStatus("held", tuple(reasons))
    return PrinterStatus("ready", ("paper_near_end",) if replies[4] & _NEAR_END else ())


def paper_ended(confirmation: int) -> bool:
    """Whether the GS r 1 reply says that the paper came to its end."""
    if not is_confirmation(confirmation):
        raise ReplyError(f"GS r 1: {confirmation:#04x} lacks the fixed bits 0xx0xxxx")
    return bool(confirmation & 0x0C)
