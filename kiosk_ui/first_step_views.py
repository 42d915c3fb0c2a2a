"""The guide from an empty floor to the first pick: what is done, and the way to what is not."""

from __future__ import annotations

from flask import render_template

from fulfillment.domain.roles import Permission
from fulfillment.services.set_up import first_steps
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


@blueprint.app_template_global()
def next_first_step() -> str:
    """The step that is next, said beside what was just done; '' once there was a first pick."""
    return floor().read(first_steps.next_before_first_pick)


@blueprint.get("/set-up/first-steps")
@needs(Permission.SET_UP)
def first_steps_page() -> str:
    """Every step as the database shows it now."""
    steps, has_handheld = floor().read(lambda tx: (first_steps.steps(tx), first_steps.has_handheld(tx)))
    # A second handheld would not help whoever has yet to open the link of the first.
    ways = {**_WAYS, "kiosk": "/set-up/stations"} if has_handheld else _WAYS
    return render_template(
        "first_steps.html", steps=steps, next=first_steps.next_of(steps), ways=ways,
        called={"kiosk": "pick"} if has_handheld else {},
    )  # fmt: skip
