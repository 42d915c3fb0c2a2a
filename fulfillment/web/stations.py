"""/api/v1/stations: adding one, and changing what it is called, where it prints, whether it weighs."""

from __future__ import annotations

from typing import Any

import msgspec

from fulfillment.domain.roles import Permission
from fulfillment.services.equipment import stations
from fulfillment.web import bodies
from fulfillment.web.auth import floor
from fulfillment.web.v1 import operation


@operation("POST", "/stations", Permission.SET_UP, body=bodies.StationBody, answers={201: "added, with its token"})
def post_station(body: bodies.StationBody) -> Any:
    """Add a station; its token is shown this once."""
    return floor().writer.write(
        lambda tx: stations.add(
            tx, body.code, body.kind, body.location, body.name, body.label_printer, body.slip_printer, body.weighs,
            body.item_printer,
        )
    ), 201


@operation("PATCH", "/stations/<path:code>", Permission.SET_UP, body=bodies.StationChangeBody)
def patch_station(body: bodies.StationChangeBody, code: str) -> Any:
    """Change a station's name, its printers, or whether it weighs."""
    given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
    return floor().writer.write(lambda tx: stations.change(tx, code, given))
