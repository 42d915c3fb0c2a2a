"""The guide from an empty floor to the first pick: what is done, and the way to what is not."""

from __future__ import annotations

from flask import render_template

from fulfillment.domain.roles import Permission
from fulfillment.services import first_steps
from fulfillment.web.auth import floor, needs
from kiosk_ui.views import blueprint

# Where each step is taken.
_WAYS = {
    "warehouse": "", "layout": "/set-up/layout/racks", "staging": "/set-up/locations/row",
    "items": "/set-up/items/file", "labelled": "/set-up/locations/barcodes",
    "carts": "/set-up/carts", "totes": "/set-up/totes",
    "people": "/set-up/operators/row", "kiosk": "/set-up/stations/row", "printer": "/devices?add",
    "stock": "/set-up/stock/file", "order": "/set-up/orders/file", "wave": "/board", "pick": "/set-up/stations",
}  # fmt: skip


@blueprint.get("/set-up/first-steps")
@needs(Permission.SET_UP)
def first_steps_page() -> str:
    """Every step as the database shows it now."""
    steps = floor().read(first_steps.steps)
    return render_template("first_steps.html", steps=steps, next=first_steps.next_of(steps), ways=_WAYS)
