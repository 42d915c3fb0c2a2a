"""The supervisor's page of scans a device noted without the network and the floor did not take.

Plain forms that work without a mouse and without a script. Refuses what the service refuses, in words on the page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.noted import Decision
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.common import queries
from fulfillment.services.scan_path import replay_conflicts
from fulfillment.services.set_up import item_names
from fulfillment.web.auth import floor, needs
from fulfillment.web.v1 import acting
from kiosk_ui.forms import badge_of
from kiosk_ui.item_names import renamed, skus_in
from kiosk_ui.languages import reader
from kiosk_ui.views import blueprint

SHOWN = 200


@blueprint.get("/conflicts")
@needs(Permission.WRITE_STOCK)
def conflicts_page() -> str:
    """What nobody has decided yet, the oldest first."""
    return _page()


@blueprint.post("/conflicts/<int:number>")
@needs(Permission.WRITE_STOCK)
def decide_conflict(number: int) -> Response | tuple[str, int]:
    """Close a conflict with a note; then the page as it is now."""
    form = request.form
    try:
        badge, actor = badge_of(form.get("badge", "")), acting()
        note, decision = form.get("note", "").strip(), form.get("decision", "")
        floor().writer.write(lambda tx: replay_conflicts.decide(tx, actor, number, decision, note, badge))
    except DomainError as error:
        return _page(number, error), error.status
    return make_response(redirect("/conflicts", 303))


def _page(number: int = 0, error: DomainError | None = None) -> str:
    def look(tx: Any) -> tuple[list[dict[str, Any]], str]:
        zone = tx.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"]
        return replay_conflicts.listed(tx, limit=SHOWN), zone

    found, zone = floor().read(look)
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        called = item_names.translated(connection, floor().warehouse_id, reader(), skus_in(found))
    conflicts = [_timed(one, ZoneInfo(zone)) for one in renamed(found, called)]
    return render_template(
        "conflicts.html", conflicts=conflicts, decisions=list(Decision), refused=number, error=error
    )


def _timed(conflict: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """With the floor's own clock times beside the instants."""
    moments = {
        name: datetime.fromtimestamp(conflict[f"{name}_at_ms"] / 1000, zone) for name in ("occurred", "replayed")
    }
    return {
        **conflict, "day": moments["occurred"].date().isoformat(),
        **{name: moment.strftime("%H:%M:%S") for name, moment in moments.items()},
        "after_it": [_timed(one, zone) for one in conflict.get("after_it", ())],
    }  # fmt: skip
