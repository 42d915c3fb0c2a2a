"""Checking a wedge scanner before it is used: a sheet to scan, and the page that judges what came of it.

Owns the codes of the sheet. Judges nothing itself: which keys came is known in the page alone, and what it finds
stays with the device it is about (its browser's storage), where `wedge.js` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import g, render_template

from fulfillment.domain.roles import Permission
from fulfillment.services.common import queries
from fulfillment.services.figures import board
from fulfillment.web.auth import floor, needs
from kiosk_ui.bars import bars, gs1_bars, outline, width
from kiosk_ui.languages import read_as
from kiosk_ui.views import blueprint
from kiosk_ui.words import table

GS = "\x1d"

# What each is for: letters of both cases that keyboards of other countries have elsewhere; digits and the signs
# codes use; two fields of a GS1 code with the separator between them; enough keys to lose some.
CODES: Mapping[str, str] = {
    "letters": "AzByCxQwMaZq",
    "signs": "0123456789]-:/+#@",
    "separator": f"010950600013435210AB-12{GS}21Cd34",
    "long": "314159265358979323846264338327950288419716939937510582097494",
}


@blueprint.get("/commissioning")
@needs(Permission.SCAN)
def commissioning_page() -> str:
    """What the scanner of this device sends, check by check, in the language of who is signed in there."""
    code = g.token["station_code"]
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        head = board.station(connection, code, floor().warehouse_id)
    read_as(head["language"] if head is not None else "")
    return render_template(
        "commissioning.html", codes=CODES, drawn=drawings(), script_words=table("commissioning"), station=code
    )  # fmt: skip


@blueprint.get("/commissioning/sheet")
@needs(Permission.READ_BOARD)
def commissioning_sheet() -> str:
    """The same codes to print."""
    return render_template("commissioning_sheet.html", codes=CODES, drawn=drawings())


def drawings() -> dict[str, dict[str, object]]:
    """The bars of each code; the one with a separator is a GS1-128."""
    found = {}
    for name, code in CODES.items():
        drawn = gs1_bars(code.split(GS)) if GS in code else bars(code)
        assert drawn is not None, f"{name}: {code!r} has no bars"
        found[name] = {"outline": outline(drawn), "width": width(drawn)}
    return found
