"""Prints a person asks for by a template's name: a product's labels, a CN22, a pick list for when the screens are dark.

They go through the outbox like every other print. A label is rendered before its print is intended, so what can never
be printed is refused here, to the person who asked, and not in a worker's log.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from fulfillment.domain.effects import PrinterState
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.printing import outbox
from label_templates import TEMPLATES, LabelFieldError, render

MOST_COPIES = 500


def queue(
    tx: Tx, template: str, fields: Mapping[str, Any], printer_code: str | None, copies: int = 1
) -> dict[str, Any]:  # fmt: skip
    """Intend `copies` prints of one label; the printer, and the numbers of the prints.

    Raises:
        NotFound: no such printer; Conflict: none, or several to choose from; DomainError: a field the label does not
        take, a printer of another language or resolution.
    """
    if not 1 <= copies <= MOST_COPIES:
        raise DomainError("bad_quantity", f"1 to {MOST_COPIES} copies at a time", "copies")
    if template not in TEMPLATES:
        raise DomainError("unknown_template", f"no template {template!r}; there are {', '.join(TEMPLATES)}", "template")
    language = TEMPLATES[template].language
    printer = _printer(tx, printer_code, language)
    if printer["language"] != language:
        raise DomainError("bad_printer", f"{printer['code']} prints {printer['language']}, not {language}", "printer")
    try:
        render(template, fields, printer["dpi"] if language == "zpl" else TEMPLATES[template].dpis[0])
    except LabelFieldError as error:
        raise DomainError("bad_field", str(error), error.field) from error
    asked = uuid.uuid4().hex
    prints = [
        outbox.queue_print(tx, _subject(fields), f"hand:{asked}:{copy}", printer["id"], template, fields)
        for copy in range(copies)
    ]
    return {"template": template, "printer": printer["code"], "printer_state": printer["state"], "prints": prints}


def _subject(fields: Mapping[str, Any]) -> str:
    """The parcel a print is about, so that what is known of it, and erased with it, includes this paper."""
    return str(fields.get("sscc") or fields.get("parcel") or "by hand")


def _printer(tx: Tx, code: str | None, language: str) -> Any:
    if code is not None:
        found = tx.one("SELECT * FROM printer WHERE warehouse_id = :w AND code = :code", code=code)
        if found is None:
            raise NotFound("unknown_printer", f"no printer {code!r}", "printer")
        return found
    usable = tx.all(
        "SELECT * FROM printer WHERE warehouse_id = :w AND language = :language AND state <> :disabled ORDER BY code",
        language=language, disabled=PrinterState.DISABLED,
    )  # fmt: skip
    if not usable:
        raise Conflict("no_printer", f"there is no {language} printer", "printer")
    if len(usable) > 1:
        raise Conflict("which_printer", f"say which: {', '.join(row['code'] for row in usable)}", "printer")
    return usable[0]
