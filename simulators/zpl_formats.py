"""What a ZPL format asks of the printer besides ink: how many labels, how long, what to say when they are out.

Owns reading ^PQ, ^LL, ^JZ, ^FN and ^HV out of a whole format, written from the manual and on purpose not shared with
the drivers. Refuses nothing: a printer ignores what it does not understand.
Source: Zebra "ZPL II Programming Guide" (^PQ, ^LL, ^JZ, ^FH); ^HV: "RFID Programming Guide" 58978L-008 p. 88. Whether
a shorter field is padded to the length ^HV asks for: unverified, it is not here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PRINTS = re.compile(rb"\^(?:FD|FV|FN|GB|GC|GD|GE|GF|GS|XG|IM|IL|SN)")
_QUANTITY = re.compile(rb"\^PQ(\d{0,8})")
_LENGTH = re.compile(rb"\^LL(\d{1,5})")
_REPRINT = re.compile(rb"\^JZ([YN])")
_COMMAND = re.compile(rb"\^([A-Z][A-Z0-9])([^\^~]*)")
_HV_BYTES, _LONGEST_HV = 64, 3072


@dataclass(frozen=True, slots=True)
class Format:
    """`of_format` is said once, when its turn has come, `of_label` after each label. `reprints`: what ^JZ sets."""

    copies: int
    length_dots: int | None
    reprints: bool | None
    of_format: bytes
    of_label: bytes


def read_format(content: bytes) -> Format:
    """What stands between ^XA and ^XZ, both included."""
    length, reprint = _LENGTH.search(content), _REPRINT.search(content)
    of_format, of_label = _verifications(content) if b"^HV" in content else (b"", b"")
    return Format(
        copies=_copies(content),
        length_dots=int(length.group(1)) if length else None,
        reprints=reprint.group(1) == b"Y" if reprint else None,
        of_format=of_format,
        of_label=of_label,
    )


def _copies(content: bytes) -> int:
    if b"^DF" in content or not _PRINTS.search(content):
        return 0
    quantity = _QUANTITY.search(content)
    return int(quantity.group(1) or 1) if quantity else 1


def _verifications(content: bytes) -> tuple[bytes, bytes]:
    fields: dict[int, bytes] = {}
    asked: list[tuple[bytes, bytes]] = []
    number, data, escape = None, None, b""
    for found in _COMMAND.finditer(content):
        name, argument = found.groups()
        if name == b"FN":
            digits = re.match(rb"\d{1,4}", argument)
            number = int(digits.group()) if digits else 0
        elif name == b"FH":
            escape = argument[:1] or b"_"
        elif name in (b"FD", b"FV"):
            data = _unescaped(argument, escape)
        elif name == b"HV":
            asked.append((argument, escape))
        elif name == b"FS":
            if number is not None and data is not None:
                fields[number] = data
            number, data, escape = None, None, b""
    of_format, of_label = b"", b""
    for argument, escape in asked:
        parts = [*argument.split(b","), b"", b"", b"", b"", b""]
        count = int(parts[1]) if parts[1].isdigit() and len(parts[1]) <= 3 else _HV_BYTES
        header, end = (_unescaped(part, escape)[:_LONGEST_HV] for part in parts[2:4])
        told = fields.get(int(parts[0][:4]) if parts[0].isdigit() else 0, b"")[:count]
        if parts[4].strip() == b"L":
            of_label += header + told + end
        else:
            of_format += header + told + end
    return of_format, of_label


def _unescaped(text: bytes, escape: bytes) -> bytes:
    if not escape:
        return text
    return re.sub(re.escape(escape) + rb"([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found.group(1).decode()), text)
