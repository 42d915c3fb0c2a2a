"""What a person says about a print nobody knows the fate of: it is in my hand, or it is not and I want it again.

At the bench the scan of the label says the first and `NO` the second (`flows.pack`). Here the same for prints that no
bench asks about: labels by hand, slips, signs. "Again" marks the print as REPRINT n where its template can.
"""

from __future__ import annotations

import json
from typing import Any

from devices.protocols import ReceiptLevel
from fulfillment.domain.effects import EffectState
from fulfillment.domain.reasons import Conflict, NotFound
from fulfillment.hot import Tx
from fulfillment.services.printing import outbox
from label_templates import TEMPLATES

_DECIDABLE = (EffectState.UNCERTAIN, EffectState.SENT, EffectState.FAILED)


def seen(tx: Tx, effect_id: int) -> dict[str, Any]:
    """It came out: somebody holds it.

    Raises:
        NotFound: no such print; Conflict: it waits still, or its fate is known.
    """
    row = _decidable(tx, effect_id)
    tx.put(
        "UPDATE outbox SET state = 'confirmed', result = 'seen', receipt_level = :level, done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=row["id"], level=ReceiptLevel.scanned.name, now=tx.now_ms,
    )  # fmt: skip
    return {"print": effect_id, "state": EffectState.CONFIRMED}


def again(tx: Tx, effect_id: int) -> dict[str, Any]:
    """It did not come out: print it once more, marked, at the printer it was for.

    Raises:
        NotFound: no such print; Conflict: it waits still, its fate is known, or the label of a parcel: its bench asks.
    """
    row = _decidable(tx, effect_id)
    if not row["dedupe_key"].startswith("hand:"):
        raise Conflict("bench_asks", f"{row['subject']}: print it again at a bench, which counts its reprints", "print")
    fields = json.loads(row["fields"])
    if any(field.name == "reprint" for field in TEMPLATES[row["template"]].fields):
        fields["reprint"] = int(fields.get("reprint") or 0) + 1
    tx.put(
        "UPDATE outbox SET state = 'superseded', result = 'not_in_hand', done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=row["id"], now=tx.now_ms,
    )  # fmt: skip
    fresh = outbox.queue_print(
        tx, row["subject"], f"{row['dedupe_key']}:again", row["printer_id"], row["template"], fields
    )  # fmt: skip
    return {"print": fresh, "instead_of": effect_id, "reprint": fields.get("reprint", 0)}


def _decidable(tx: Tx, effect_id: int) -> Any:
    row = tx.one("SELECT * FROM outbox WHERE warehouse_id = :w AND id = :id AND kind = 'print'", id=effect_id)
    if row is None:
        raise NotFound("unknown_print", f"no print {effect_id}", "print")
    if row["state"] not in _DECIDABLE:
        raise Conflict("not_uncertain", f"print {effect_id} is {row['state']}", "print")
    return row
