"""Labels and slips as bytes: `render(name, fields, dpi)` and nothing else.

Owns what a label looks like, which fields it has and how a value is made harmless for the printer's language.
Refuses a field it does not know and a label without a field it needs, by name (`LabelFieldError`).
Invariant: no value can become a printer command, whatever characters it holds.
"""

from label_templates.fields import Field, LabelFieldError
from label_templates.render import TEMPLATES, Template, render

__all__ = ["TEMPLATES", "Field", "LabelFieldError", "Template", "render"]
