"""What a scanner must read from a label, and how large the standard wants it: said beside the template, checked after
printing.

Pure. One function a template that has barcodes; each takes the checked fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from label_templates.gs1 import as_read, elements


@dataclass(frozen=True, slots=True)
class Barcode:
    """`text` as a scanner sends it behind `aim`, the symbology's AIM identifier (]C0 Code 128, ]C1 GS1-128, ]d2 GS1
    DataMatrix). A module is at least `module_um` wide and at most `widest_um`, micrometres; the symbol at least
    `height_um` high.
    """

    text: str
    aim: str
    module_um: int = 240
    widest_um: int = 1_020
    height_um: int = 0


def its_code(values: Mapping[str, Any]) -> tuple[Barcode, ...]:
    """The field `barcode`, where it is given."""
    return (Barcode(values["barcode"], "]C0"),) if values.get("barcode") else ()


def its_sscc(values: Mapping[str, Any]) -> tuple[Barcode, ...]:
    # Source: GS1 General Specifications 6.6.4, logistic label: X 0.495 to 1.016 mm, bars at least 32 mm high.
    return (Barcode("00" + values["sscc"], "]C1", 495, 1_016, 32_000),)


def its_goods(values: Mapping[str, Any]) -> tuple[Barcode, ...]:
    """The trade item with what is known of it, or else our own number of it."""
    if values["gtin"] is None:
        return (Barcode(values["sku"], "]C0"),)
    symbol = elements(values["gtin"], values["expiry_on"], values["lot"], values["serial"])
    return (Barcode(as_read(symbol), "]d2", 290, 1_000),)


def none(values: Mapping[str, Any]) -> tuple[Barcode, ...]:
    """A form that is read by people only."""
    return ()
