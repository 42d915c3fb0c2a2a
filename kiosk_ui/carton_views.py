"""The desk's page of cartons: which types are kept, their barcodes to print, how often the packers took another."""

from __future__ import annotations

from flask import render_template

from fulfillment.domain.roles import Permission
from fulfillment.services.packing import cartons
from fulfillment.web.auth import floor, needs
from kiosk_ui.views import blueprint


@blueprint.get("/cartons")
@needs(Permission.READ_BOARD)
def cartons_page() -> str:
    """Every type, the smallest first."""
    return render_template("cartons.html", types=floor().read(cartons.types))
