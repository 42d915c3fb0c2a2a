"""The exercises of a training floor: what to do, the barcodes for it on the screen or on paper, new ones at a touch.

There is no such page on a real floor. What it shows is invented, so whoever may see it is not asked for.
"""

from __future__ import annotations

from flask import Response, abort, make_response, redirect, render_template

from fulfillment.domain.roles import Permission
from fulfillment.services.set_up import training
from fulfillment.web.auth import floor, is_training, needs
from kiosk_ui.views import blueprint


@blueprint.get("/training")
@needs(Permission.PUBLIC)
def training_page() -> str:
    """What there is to practise."""
    if not is_training():
        abort(404)
    return render_template("training.html", lessons=floor().read(training.lessons), own_page=f"/kiosk/{training.KIOSK}")


@blueprint.post("/training/exercises")
@needs(Permission.SCAN)
def new_exercises() -> Response:
    """Lay out another round; the service refuses a warehouse that is not one to practise on."""
    if not is_training():
        abort(404)
    floor().writer.write(training.lay_out)
    return make_response(redirect("/training", 303))
