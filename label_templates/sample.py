"""What a sample is: fields of a template, and what must be read from the label they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """`barcodes` are exactly the texts on the label, in the order from top to bottom, as a scanner sends them;
    `is_ascii` says that no text of it is drawn with a font.
    """

    name: str
    template: str
    fields: Mapping[str, object]
    barcodes: tuple[str, ...]
    is_ascii: bool = True
