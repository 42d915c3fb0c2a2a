"""The pages of prints: the newest ones, and one with all its attempts. They show; what a person decides is decided at
the bench, or with `floor prints`.
"""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from fulfillment.domain.effects import EffectState
from fulfillment.domain.roles import Permission
from fulfillment.services.printing import print_attempts
from fulfillment.web.auth import floor, needs
from kiosk_ui.forms import age
from kiosk_ui.views import blueprint

SHOWN = 200


@blueprint.get("/prints")
@needs(Permission.READ_BOARD)
def prints_page() -> str:
    """The newest prints, of one state or of all."""
    asked = request.args.get("state", "")
    state = asked if asked in set(EffectState) else ""
    return render_template("prints.html", prints=floor().read(lambda tx: _newest(tx, state)), tries=None)


@blueprint.get("/prints/<int:effect_id>")
@needs(Permission.READ_BOARD)
def print_page(effect_id: int) -> str:
    """One print, attempt by attempt."""
    found = floor().read(lambda tx: _one(tx, effect_id))
    return render_template("prints.html", prints=[found], tries=found["tries"])


def _newest(tx: Any, state: str) -> list[dict[str, Any]]:
    rows = print_attempts.prints(tx, state, SHOWN)
    return [{**row, "age": age(tx.now_ms - row["created_at_ms"])} for row in rows]


def _one(tx: Any, effect_id: int) -> dict[str, Any]:
    row = print_attempts.of_print(tx, effect_id)
    return {**row, "age": age(tx.now_ms - row["created_at_ms"])}
