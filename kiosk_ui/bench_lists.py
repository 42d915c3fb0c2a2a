"""What a bench lists: its printers with what to do about them, and lines with what is missing on top. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fulfillment.domain.effects import PrinterState
from kiosk_ui.words import WORDS

_STOPPED = (PrinterState.FAULTED, PrinterState.OFFLINE, PrinterState.DISABLED)


def with_trouble(printer: Mapping[str, Any]) -> dict[str, Any]:
    """A printer with `trouble` ('' = none, `soon`, `now`), its `reasons`, and a code for `what_to_do`."""
    reasons = str(printer["reason"]).split()
    trouble = "now" if printer["state"] in _STOPPED else "soon" if reasons else ""
    known = (code for code in (*reasons, printer["state"]) if code in WORDS["printer_do"])
    return {**printer, "reasons": reasons, "trouble": trouble, "what_to_do": next(known, "look")}


def missing_first(lines: Iterable[Mapping[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Lines with how many are `wanted` of each (the name of that figure), what is missing before what is in."""
    found = [{**line, "wanted": line[wanted]} for line in lines]
    return sorted(found, key=lambda line: line["packed_each"] >= line["wanted"])
