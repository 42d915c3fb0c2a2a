"""The templates there are: for each its language, file, size, resolutions, fields and what must be read from it.

The layouts are the files beside this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from label_templates import customs, gs1
from label_templates.barcodes import Barcode, its_code, its_goods, its_sscc, none
from label_templates.fields import Field

ROLL_MM = 80.0


def _nothing_more(values: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _goods(values: Mapping[str, Any]) -> dict[str, Any]:
    if values["gtin"] is None:
        return {"symbol": []}
    return {"symbol": gs1.elements(values["gtin"], values["expiry_on"], values["lot"], values["serial"])}


@dataclass(frozen=True, slots=True)
class Template:
    """`size_mm` is width and height; a roll has height None. `barcodes` says what must be read from a label of these
    checked fields; `derive` adds what the layout works out from them, or refuses what only all of them show.
    """

    name: str
    language: str
    file: str
    size_mm: tuple[float, float | None]
    dpis: tuple[int, ...]
    fields: tuple[Field, ...]
    barcodes: Callable[[Mapping[str, Any]], tuple[Barcode, ...]]
    derive: Callable[[Mapping[str, Any]], dict[str, Any]] = _nothing_more


_GOODS_ROW = (Field("sku", "text"), Field("name", "text"), Field("qty_each", "count"))
_LPN = (
    Field("sscc", "sscc"),
    Field("ship_from", "text"),
    Field("name", "text", is_required=False),
    Field("sku", "text", is_required=False),
    Field("gtin", "gtin", is_required=False),
    Field("qty_each", "count", is_required=False),
    Field("lot", "lot", is_required=False),
    Field("expiry_on", "day", is_required=False),
    Field("reference", "text", is_required=False),
    Field("reprint", "count", is_required=False),
)

TEMPLATES: dict[str, Template] = {
    template.name: template
    for template in (
        Template(
            "shipping_4x6",
            "zpl",
            "shipping_4x6.zpl.j2",
            (101.6, 152.4),
            (203, 300),
            (
                Field("ship_from", "address"),
                Field("ship_to", "address"),
                Field("carrier", "text"),
                Field("service", "text", is_required=False),
                Field("order", "text"),
                Field("parcel_n", "count"),
                Field("parcels", "count", is_required=False),
                Field("weight_g", "count", is_required=False),
                Field("sscc", "sscc"),
                Field("reprint", "count", is_required=False),
                Field("tracking", "text", is_required=False),
                Field("job", "text", is_required=False),
            ),
            its_sscc,
        ),
        Template(
            "location",
            "zpl",
            "location.zpl.j2",
            (101.6, 50.8),
            (203, 300),
            (
                Field("location", "text"),
                Field("barcode", "code", max_length=28),
                Field("kind", "text", is_required=False),
                Field("arrow", "choice", is_required=False, choices=("up", "down")),
            ),
            its_code,
        ),
        Template(
            "tote",
            "zpl",
            "tote.zpl.j2",
            (76.2, 50.8),
            (203, 300),
            (Field("tote", "text"), Field("barcode", "code", max_length=18)),
            its_code,
        ),
        Template(
            "product",
            "zpl",
            "product.zpl.j2",
            (76.2, 50.8),
            (203, 300),
            (
                Field("sku", "code", max_length=60),
                Field("name", "text"),
                Field("gtin", "gtin", is_required=False),
                Field("lot", "lot", is_required=False),
                Field("expiry_on", "day", is_required=False),
                Field("serial", "lot", is_required=False),
            ),
            its_goods,
            _goods,
        ),
        Template("lpn_a6", "zpl", "lpn.zpl.j2", (105.0, 148.0), (203, 300), _LPN, its_sscc),
        Template("lpn_4x6", "zpl", "lpn.zpl.j2", (101.6, 152.4), (203, 300), _LPN, its_sscc),
        Template(
            "cn22",
            "zpl",
            "cn22.zpl.j2",
            (74.0, 105.0),
            (203, 300),
            (
                Field("category", "choice", choices=customs.CATEGORIES),
                Field("explanation", "text", is_required=False),
                Field("operator", "text", is_required=False),
                Field(
                    "items",
                    "rows",
                    columns=(
                        Field("qty_each", "count"),
                        Field("description", "text"),
                        Field("net_weight_g", "count"),
                        Field("value_minor", "count"),
                        Field("hs_code", "hs_code", is_required=False),
                        Field("origin", "country", is_required=False),
                    ),
                ),
                Field("currency", "currency"),
                Field("signed_on", "day"),
                Field("signed_by", "text", is_required=False),
            ),
            none,
            customs.declared,
        ),
        Template(
            "pallet_4x6",
            "zpl",
            "pallet_4x6.zpl.j2",
            (101.6, 152.4),
            (203, 300),
            (
                Field("warehouse", "text"),
                Field("reference", "text"),
                Field("party", "text", is_required=False),
                Field("day", "text"),
                Field("sscc", "sscc"),
                Field("reprint", "count", is_required=False),
            ),
            its_sscc,
        ),
        Template(
            "packing_slip",
            "escpos",
            "packing_slip.escpos.j2",
            (ROLL_MM, None),
            (203,),
            (
                Field("order", "text"),
                Field("ordered_on", "text", is_required=False),
                Field("parcel", "text"),
                Field("parcel_n", "count"),
                Field("ship_from", "address", is_required=False),
                Field("ship_to", "address"),
                Field(
                    "lines",
                    "rows",
                    columns=_GOODS_ROW,
                ),
                Field(
                    "later_lines",
                    "rows",
                    is_required=False,
                    columns=_GOODS_ROW,
                ),
                Field("barcode", "code", is_required=False, max_length=20),
                Field("note", "text", is_required=False),
                Field("reprint", "count", is_required=False),
            ),
            its_code,
        ),
        Template(
            "pick_list",
            "escpos",
            "pick_list.escpos.j2",
            (ROLL_MM, None),
            (203,),
            (
                Field("tour", "text"),
                Field("barcode", "code", is_required=False, max_length=20),
                Field("cart", "text", is_required=False),
                Field("picker", "text", is_required=False),
                Field("walk", "text", is_required=False),
                Field(
                    "stops",
                    "rows",
                    columns=(
                        Field("location", "text"),
                        *_GOODS_ROW,
                        Field("order", "text", is_required=False),
                        Field("position", "count", is_required=False),
                        Field("lot", "text", is_required=False),
                    ),
                ),
                Field("reprint", "count", is_required=False),
            ),
            its_code,
        ),
        Template(
            "manifest",
            "escpos",
            "manifest.escpos.j2",
            (ROLL_MM, None),
            (203,),
            (
                Field("manifest", "text"),
                Field("barcode", "code", max_length=20),
                Field("carrier", "text"),
                Field("closed_on", "text"),
                Field("ship_from", "address", is_required=False),
                Field(
                    "parcels",
                    "rows",
                    columns=(
                        Field("parcel", "text"),
                        Field("order", "text"),
                        Field("weight_g", "count", is_required=False),
                    ),
                ),
                Field("reprint", "count", is_required=False),
            ),
            its_code,
        ),
    )
}
