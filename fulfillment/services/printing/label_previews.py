"""Labels as pictures, where the extra `labels` is installed.

The one that draws (zplkit) is under a network copyleft, so it is never a dependency of the floor: it is imported when a
picture is asked for, and its absence is said (`can_draw`), never hidden behind an empty picture.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from typing import Any

from label_templates import TEMPLATES, render, size_dots, slip_in_words
from label_templates.samples import SAMPLES, Sample

MISSING_EXTRA = "no pictures of labels: install the extra, pip install 'floorline[labels]'"


class CannotDraw(Exception):
    """The extra is not installed, or it is no label."""


def can_draw() -> bool:
    """Whether pictures can be made here."""
    return importlib.util.find_spec("zplkit") is not None


def drawn(content: bytes, template: str, dpi: int, form: str) -> bytes:
    """A ZPL label of ours as `png` or `svg`.

    Raises:
        CannotDraw: a slip, or without the extra.
    """
    if TEMPLATES[template].language != "zpl":
        raise CannotDraw(f"{template} is a slip: it is shown as text")
    if not can_draw():
        raise CannotDraw(MISSING_EXTRA)
    from zplkit import Options
    from zplkit import render as lay_out

    width, height = size_dots(template, dpi)
    scene = lay_out(content, Options(profile="zd621", width=width, height=height)).labels[0]
    return bytes(scene.svg() if form == "svg" else scene.png())


def sample_of(template: str) -> Sample:
    """The first sample of a template, the one that is shown."""
    return next(sample for sample in SAMPLES if sample.template == template)


def sample_bytes(template: str, dpi: int) -> bytes:
    """The sample as a printer gets it."""
    return render(template, sample_of(template).fields, dpi)


@lru_cache(maxsize=64)
def sample_picture(template: str, dpi: int) -> bytes:
    """The sample as PNG. Raises CannotDraw without the extra."""
    return drawn(sample_bytes(template, dpi), template, dpi, "png")


@lru_cache(maxsize=1)
def described() -> list[dict[str, Any]]:
    """Every template with its size, resolutions and fields, and its sample's words where it is a slip."""
    return [
        {
            "name": template.name, "language": template.language, "width_mm": template.size_mm[0],
            "height_mm": template.size_mm[1], "dpis": list(template.dpis),
            "sizes": [{"dpi": dpi, "width": width, "height": height} for dpi in template.dpis
                      for width, height in (size_dots(template.name, dpi),)],
            "fields": [{"name": field.name, "kind": field.kind, "is_required": field.is_required}
                       for field in template.fields],
            "words": slip_in_words(template.name, sample_of(template.name).fields)
            if template.language == "escpos" else "",
        }
        for template in TEMPLATES.values()
    ]  # fmt: skip
