"""Labels and slips as bytes, `render(name, fields, dpi)`, and what a scanner must read from them, `barcodes_of`.

Owns what a label looks like, which fields it has and how a value is made harmless for the printer's language.
Refuses a field it does not know and a label without a field it needs, by name (`LabelFieldError`).
Invariant: no value can become a printer command, whatever characters it holds.
"""

from label_templates.barcodes import Barcode
from label_templates.catalogue import TEMPLATES, Template
from label_templates.fields import Field, LabelFieldError
from label_templates.render import barcodes_of, render, size_dots, slip_in_words

__all__ = [
    "TEMPLATES",
    "Barcode",
    "Field",
    "LabelFieldError",
    "Template",
    "barcodes_of",
    "render",
    "size_dots",
    "slip_in_words",
]
