"""Another PIN for whoever is signed in at a station and knows the one they have: no administrator is needed for that.

A first PIN is given by whoever sets up. What is typed here is in no log, is never shown and never comes back with the
page; wrong ones count as they do at the badge. Works without a script.
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.common import queries
from fulfillment.services.figures import board
from fulfillment.services.people import pins
from fulfillment.services.scan_path.scan_arrival import station_row
from fulfillment.web.auth import check_station, floor, needs
from kiosk_ui.languages import read_as
from kiosk_ui.views import blueprint


@blueprint.get("/kiosk/<station>/own-pin")
@needs(Permission.SCAN)
def own_pin_page(station: str) -> str:
    """The form; or why there is none: nobody is signed in, or they have no PIN yet."""
    check_station(station)
    return _page(station)


@blueprint.post("/kiosk/<station>/own-pin")
@needs(Permission.SCAN)
def change_own_pin(station: str) -> Response | tuple[str, int]:
    """Change the PIN of whoever is signed in here, if the one they have was typed right."""
    check_station(station)
    form = request.form
    try:
        if form.get("new", "") != form.get("again", ""):
            raise DomainError("pins_differ", "the two new ones are not the same", "again")
        pins.check(form.get("new", ""))
        asked = floor().read(lambda tx: pins.kept_for(tx, _signed_in(tx, station)))
        tried = pins.try_pin(floor().writer.write, asked, form.get("current", ""))
        kept = pins.scrypt_of(form.get("new", "")) if tried.is_right else ""
        now_ms = floor().clock()
        wrong = floor().writer.write(
            lambda tx: pins.change_own(tx, station_row(tx, station), asked, tried, kept, now_ms)
        )
    except DomainError as error:
        return _page(station, error.code), error.status
    if wrong:
        return _page(station, wrong), 409
    return make_response(redirect(f"/kiosk/{station}/own-pin?changed=yes", 303))


def _signed_in(tx: Any, station: str) -> int | None:
    operator_id: int | None = station_row(tx, station)["operator_id"]
    return operator_id


def _page(station: str, wrong: str = "") -> str:
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        head = board.station(connection, station, floor().warehouse_id)
    read_as(head["language"] if head else "")
    return render_template(
        "own_pin.html", station=station, operator=head["operator"] if head else "",
        has_pin=bool(head and head["has_pin"]), wrong=wrong, is_changed="changed" in request.args,
    )  # fmt: skip
