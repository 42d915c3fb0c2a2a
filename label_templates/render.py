"""From a template's name and its fields to bytes.

Refuses an unknown template, field or resolution and a missing field, by name.
Invariant: the same fields give the same bytes (text drawn with a font: the same with the same fonts
installed).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from label_templates import slip, zpl
from label_templates.barcodes import Barcode
from label_templates.catalogue import TEMPLATES, Template
from label_templates.customs import money
from label_templates.fields import LabelFieldError, address_lines, checked
from label_templates.gs1 import in_brackets


def render(name: str, fields: Mapping[str, object], dpi: int = 203) -> bytes:
    """The bytes of one label or slip, ready for the printer; LabelFieldError names what is wrong."""
    template = _template(name)
    text = _laid_out(template, fields, dpi)
    return slip.encode(text) if template.language == "escpos" else text.encode("ascii")


def slip_in_words(name: str, fields: Mapping[str, object]) -> str:
    """A slip as lines of text, for a screen; LabelFieldError names what is wrong, a label too."""
    template = _template(name)
    if template.language != "escpos":
        raise LabelFieldError("template", f"{name} is no slip")
    return slip.in_words(_laid_out(template, fields, template.dpis[0]))


def barcodes_of(name: str, fields: Mapping[str, object]) -> tuple[Barcode, ...]:
    """What a scanner must read from the label of these fields, from top to bottom."""
    template = _template(name)
    return template.barcodes(checked(template.fields, fields))


def size_dots(name: str, dpi: int) -> tuple[int, int | None]:
    """Width and height at this resolution, as the label itself tells the printer; a roll has height None."""
    width_mm, height_mm = _template(name).size_mm
    drawing = zpl.Drawing(dpi)
    return drawing.dots(width_mm), None if height_mm is None else drawing.dots(height_mm)


def _template(name: str) -> Template:
    template = TEMPLATES.get(name)
    if template is None:
        raise LabelFieldError("template", f"{name[:60]!r} is none of {', '.join(TEMPLATES)}")
    return template


def _laid_out(template: Template, fields: Mapping[str, object], dpi: int) -> str:
    if dpi not in template.dpis:
        raise LabelFieldError("dpi", f"{dpi} is none of {', '.join(map(str, template.dpis))}")
    values: dict[str, Any] = checked(template.fields, fields)
    values |= template.derive(values)
    for field in template.fields:
        if field.kind == "address":
            address = values[field.name]
            values[f"{field.name}_lines"] = address_lines(address) if isinstance(address, Mapping) else []
        elif field.kind == "code" and template.language == "escpos" and values[field.name] is not None:
            values[field.name] = slip.Code(values[field.name])
    values["label_width"], values["label_height"] = template.size_mm
    try:
        return environment(template.language, dpi).get_template(template.file).render(values)
    except UndefinedError as error:
        raise LabelFieldError("template", f"{template.file}: {error}") from error


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
    made.filters["money"] = money
    if language == "zpl":
        drawing = zpl.Drawing(dpi)
        made.globals["in_brackets"] = in_brackets
        for word in ("begin", "end", "text", "code128", "datamatrix", "sscc", "frame", "line", "arrow"):
            # Under a name of its own where a field has the same: the field would hide the function.
            made.globals[f"draw_{word}"] = getattr(drawing, word)
    return made


def _kilograms(weight_g: int) -> str:
    return f"{weight_g // 1000}.{weight_g % 1000:03d} kg"
