"""The templates there are, and `render`.

Owns TEMPLATES: for each its language, fields, size and resolutions. The files beside this module hold the
layout.
Refuses an unknown template, field or resolution and a missing field, by name.
Invariant: the same fields give the same bytes (text drawn with a font: the same with the same fonts
installed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from label_templates import slip, zpl
from label_templates.fields import Field, LabelFieldError, address_lines, checked


@dataclass(frozen=True, slots=True)
class Template:
    """`size_mm` is width and height; a roll has height None."""

    name: str
    language: str
    file: str
    size_mm: tuple[float, float | None]
    dpis: tuple[int, ...]
    fields: tuple[Field, ...]


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
                Field("job", "text", is_required=False),
            ),
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
        ),
        Template(
            "tote",
            "zpl",
            "tote.zpl.j2",
            (76.2, 50.8),
            (203, 300),
            (Field("tote", "text"), Field("barcode", "code", max_length=18)),
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
        ),
        Template(
            "packing_slip",
            "escpos",
            "packing_slip.escpos.j2",
            (80.0, None),
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
                    columns=(Field("sku", "text"), Field("name", "text"), Field("qty_each", "count")),
                ),
                Field(
                    "later_lines",
                    "rows",
                    is_required=False,
                    columns=(Field("sku", "text"), Field("name", "text"), Field("qty_each", "count")),
                ),
                Field("barcode", "code", is_required=False, max_length=20),
                Field("note", "text", is_required=False),
                Field("reprint", "count", is_required=False),
            ),
        ),
        Template(
            "manifest",
            "escpos",
            "manifest.escpos.j2",
            (80.0, None),
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
        ),
    )
}


def render(name: str, fields: Mapping[str, object], dpi: int = 203) -> bytes:
    """The bytes of one label or slip, ready for the printer; LabelFieldError names what is wrong."""
    template = TEMPLATES.get(name)
    if template is None:
        raise LabelFieldError("template", f"{name[:60]!r} is none of {', '.join(TEMPLATES)}")
    if dpi not in template.dpis:
        raise LabelFieldError("dpi", f"{dpi} is none of {', '.join(map(str, template.dpis))}")
    values = checked(template.fields, fields)
    for field in template.fields:
        if field.kind == "address":
            address = values[field.name]
            values[f"{field.name}_lines"] = address_lines(address) if isinstance(address, Mapping) else []
    try:
        text = environment(template.language, dpi).get_template(template.file).render(values)
    except UndefinedError as error:
        raise LabelFieldError("template", f"{template.file}: {error}") from error
    return slip.encode(text) if template.language == "escpos" else text.encode("ascii")


@lru_cache(maxsize=8)
def environment(language: str, dpi: int) -> Environment:
    """Jinja with nothing to forget: an unknown name raises, and every value is made harmless by
    `finalize`.
    """
    made = Environment(  # HTML escaping would print &amp; on a label; finalize escapes for the printer instead
        loader=PackageLoader("label_templates", ""),
        undefined=StrictUndefined,
        finalize=slip.finalize if language == "escpos" else zpl.finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    made.filters["kg"] = _kilograms
    if language == "zpl":
        drawing = zpl.Drawing(dpi)
        for word in ("begin", "end", "text", "code128", "sscc", "line", "arrow"):
            # Under a name of its own where a field has the same: the field would hide the function.
            made.globals[f"draw_{word}"] = getattr(drawing, word)
    return made


def _kilograms(weight_g: int) -> str:
    return f"{weight_g // 1000}.{weight_g % 1000:03d} kg"
