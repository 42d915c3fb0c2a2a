"""The screen beside a put wall, and the sheet its slots' barcodes are printed from.

Both show what the tables say at this moment. The lit slot is the one whose unit is in a sorter's hand; of several
sorters' the one scanned for last.
"""

from __future__ import annotations

from typing import Any

from flask import render_template

from fulfillment.domain.roles import Permission
from fulfillment.services.sorting import put_walls, sort
from fulfillment.web.auth import floor, needs
from kiosk_ui.sheet_views import Printed, Sheet
from kiosk_ui.views import blueprint


@blueprint.get("/put-wall/<code>")
@needs(Permission.READ_BOARD)
def put_wall_page(code: str) -> str:
    """The wall, large: the slot to put into lights up, done ones say so."""
    return render_template("put_wall.html", **floor().read(lambda tx: _seen(tx, code)))


def _seen(tx: Any, code: str) -> dict[str, Any]:
    drawn = sort.drawn(tx, code)
    name = next(wall["name"] for wall in put_walls.walls(tx) if wall["id"] == drawn.wall_id)
    return {"shown": drawn, "name": name, "rows": drawn.rows, "lit": sort.lit_at(tx, drawn.wall_id)}


@blueprint.get("/put-wall/<code>/sheet")
@needs(Permission.READ_BOARD)
def put_wall_sheet(code: str) -> str:
    """The barcodes of the slots, to be printed and stuck on."""
    wall = floor().read(lambda tx: put_walls.described(tx, code))
    codes = tuple(Printed(slot["barcode"], slot["name"]) for slot in wall["slots"])
    return render_template("wall_sheet.html", wall=wall, sheet=Sheet(wall["code"], codes))
