"""The page of one stop and the goods it could fetch: linked from its tour, one form, works without a script.

Shows all goods in FIFO's order before anything is chosen. Refuses what the service refuses, in words on the page.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.reasons import PASSING_OVER, DomainError, NotFound
from fulfillment.domain.roles import Permission
from fulfillment.services.common.today import local_day
from fulfillment.services.touring import fifo_overrides
from fulfillment.web.auth import floor, may_here, needs
from fulfillment.web.floor_plan import may_without_badge
from fulfillment.web.v1 import acting
from kiosk_ui.forms import badge_of
from kiosk_ui.views import blueprint


@blueprint.get("/waves/<int:wave>/stops/<int:stop>")
@needs(Permission.READ_BOARD)
def stop_goods_page(wave: int, stop: int) -> str:
    """What the stop fetches and what else there is."""
    return _page(wave, stop)


@blueprint.post("/waves/<int:wave>/stops/<int:stop>")
@needs(Permission.OVERRIDE_FIFO, proof=True)
def choose_goods(wave: int, stop: int) -> Response | tuple[str, int]:
    """Have it fetch others; then the waves, where it can be undone."""
    form, actor, without = request.form, acting(), may_without_badge()
    try:
        location, layer = _chosen(form.get("goods", ""))
        badge = badge_of(form.get("badge", "")) or ""
        floor().writer.write(
            lambda tx: fifo_overrides.override(
                tx, actor, wave, stop, location, layer, form.get("why", ""), form.get("version", ""),
                form.get("note", ""), badge, without,
            )
        )  # fmt: skip
    except NotFound:
        raise
    except DomainError as error:
        return _page(wave, stop, error), error.status
    return make_response(redirect("/waves#acts", 303))


def _chosen(text: str) -> tuple[str, int]:
    """A row of the page: the layer, and where it lies."""
    layer, _, location = text.partition(" ")
    if not location or not (layer.isascii() and layer.isdigit() and len(layer) < 16):
        raise DomainError("bad_choice", "choose the goods", "goods")
    return location, int(layer)


def _page(wave: int, stop: int, error: DomainError | None = None) -> str:
    def look(tx: Any) -> tuple[dict[str, Any], str]:
        return fifo_overrides.look(tx, wave, stop), local_day(tx)

    shown, today = floor().read(look)
    goods = [{**one, "days": _days(one["received_on"], today)} for one in shown["goods"]]
    is_open = shown["state"] == "open" and not shown["is_begun"]
    return render_template(
        "stop_goods.html", **{**shown, "goods": goods}, error=error, reasons=PASSING_OVER, typed=request.form,
        has_expiry=any(one["expiry_on"] for one in goods), has_lot=any(one["lot"] for one in goods),
        needs_badge=not may_without_badge(), may_choose=is_open and may_here(Permission.OVERRIDE_FIFO),
        is_open=is_open,
    )  # fmt: skip


def _days(since: str, today: str) -> int:
    return max((date.fromisoformat(today) - date.fromisoformat(since)).days, 0)
