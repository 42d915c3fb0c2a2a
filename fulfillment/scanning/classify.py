"""Raw scanner text → what kind of code it is.

Own codes come first (their check character decides), then SSCCs, then GS1 element strings, then anything
that may be an item's barcode. Whether the thing exists is asked later, by the service that knows tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import biip
from biip.gs1_messages import GS1Message

from fulfillment.domain.codes import COMMANDS, BadCode, OwnKind, barcode_key, is_gs1_number, parse_own_code
from fulfillment.domain.problems import ProblemKind
from fulfillment.domain.reasons import Reject, Rejected, Why, WhyNotRead
from fulfillment.domain.weighing import parse_reading

# As printed on the reason sheet: a barcode has no lower case and no underscore.
REASONS: Mapping[str, str] = {why.upper().replace("_", "-"): why for why in (*Why, *WhyNotRead, *ProblemKind)}

MAX_CODE = 200  # the longest GS1 DataMatrix in use holds some 120 characters; more is noise
GS = "\x1d"

# AIM symbology identifiers that announce a GS1 element string. Source: ISO/IEC 15424, GS1 GenSpecs 5.1.2.
GS1_SYMBOLOGIES = ("]C1", "]e0", "]d2", "]Q3", "]J1")


class ReadKind(StrEnum):
    """What a dialogue can be asked to hear."""

    LOCATION = "location"
    TOTE = "tote"
    CART = "cart"
    BADGE = "badge"
    COMMAND = "command"
    RECEIPT = "receipt"
    MANIFEST = "manifest"
    ORDER = "order"
    PARCEL = "parcel"
    ITEM = "item"
    TRANSFER = "transfer"
    REASON = "reason"
    CARTON = "carton"
    WEIGHT = "weight"
    SLOT = "slot"
    TYPED = "typed"


_OWN = {
    OwnKind.LOCATION: ReadKind.LOCATION,
    OwnKind.TOTE: ReadKind.TOTE,
    OwnKind.CART: ReadKind.CART,
    OwnKind.BADGE: ReadKind.BADGE,
    OwnKind.COMMAND: ReadKind.COMMAND,
    OwnKind.RECEIPT: ReadKind.RECEIPT,
    OwnKind.MANIFEST: ReadKind.MANIFEST,
    OwnKind.ORDER: ReadKind.ORDER,
    OwnKind.TRANSFER: ReadKind.TRANSFER,
    OwnKind.REASON: ReadKind.REASON,
    OwnKind.CARTON: ReadKind.CARTON,
    OwnKind.WEIGHT: ReadKind.WEIGHT,
    OwnKind.SLOT: ReadKind.SLOT,
}

# Kinds whose values are a closed list, or have a form of their own.
_MEANT: Mapping[OwnKind, Callable[[str], object]] = {
    OwnKind.COMMAND: COMMANDS.__contains__,
    OwnKind.REASON: REASONS.__contains__,
    OwnKind.WEIGHT: parse_reading,
}


@dataclass(frozen=True)
class Read:
    """One code understood. `value` is the location code, tote number, command, SSCC or item barcode key."""

    kind: ReadKind
    value: str
    raw: str
    lot: str = ""
    expiry_on: str = ""
    serial: str = ""


class MalformedCode(ValueError):
    """Not something a scanner may send: empty, too long, with control characters or half characters."""


def check_raw(raw: str) -> str:
    """The code as scanned, without surrounding blanks.

    Raises:
        MalformedCode: empty, longer than MAX_CODE, or holding a control character other than GS.
    """
    code = raw.strip(" \r\n\t")
    if not code:
        raise MalformedCode("the code is empty")
    if len(code) > MAX_CODE:
        raise MalformedCode(f"the code has {len(code)} characters, more than {MAX_CODE}")
    for character in code:
        if (ord(character) < 32 and character != GS) or 127 <= ord(character) < 160:
            raise MalformedCode(f"the code holds control character 0x{ord(character):02X}")
        if 0xD800 <= ord(character) < 0xE000:
            raise MalformedCode("the code holds half a character")
    return code


def classify(code: str) -> Read | Rejected:
    """Which of our codes, or of GS1's, or of an item's this is; a damaged own code is a `misread`."""
    plain = code[3:] if code.startswith("]") else code
    try:
        own = parse_own_code(plain.upper())
    except BadCode:
        return Rejected(Reject.MISREAD, got=code)
    if own is not None:
        kind, value = own
        if not _MEANT.get(kind, bool)(value):
            return Rejected(Reject.UNKNOWN_CODE, got=code)
        return Read(_OWN[kind], REASONS[value] if kind == OwnKind.REASON else value, code)
    digits = plain[2:] if len(plain) == 20 and plain.startswith("00") else plain
    if is_gs1_number(digits, 18):
        return Read(ReadKind.PARCEL, digits, code)
    if code.startswith(GS1_SYMBOLOGIES) or GS in code:
        return _classify_element_string(code)
    return Read(ReadKind.ITEM, barcode_key(plain), code)


def _classify_element_string(code: str) -> Read | Rejected:
    # Without an AIM id or a GS, biip would read many a plain number as GS1 too: only asked here.
    try:
        message = GS1Message.parse(code[3:] if code.startswith("]") else code)
    except biip.ParseError:
        return Rejected(Reject.UNKNOWN_CODE, got=code)
    values = {element.ai.ai: element for element in message.element_strings}
    if "00" in values:
        return Read(ReadKind.PARCEL, values["00"].value, code)
    if "01" not in values:
        return Rejected(Reject.UNKNOWN_CODE, got=code)
    expiry = values["17"].date if "17" in values else None
    return Read(
        ReadKind.ITEM,
        barcode_key(values["01"].value),
        code,
        lot=values["10"].value if "10" in values else "",
        expiry_on=expiry.isoformat() if expiry else "",
        serial=values["21"].value if "21" in values else "",
    )
