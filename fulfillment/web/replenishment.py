"""/api/v1, pick faces and what is to be brought down to them. Parse, call one service, answer."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from flask import request

from fulfillment.domain.roles import Permission
from fulfillment.services.replenishing import pick_faces, refills
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code
from fulfillment.web.v1 import acting, operation


class PickFaceBody(Body):
    """The item whose face a location is, and its levels."""

    sku: Code
    min_each: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    max_each: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


@operation("PUT", "/pick-faces/<location>", Permission.WRITE_STOCK, body=PickFaceBody,
           answers={200: "known already, or changed", 201: "a new face"})  # fmt: skip
def put_pick_face(body: PickFaceBody, location: str) -> Any:
    """Make a location an item's pick face, or change its levels; what it needs is planned at once."""
    actor = acting()

    def work(tx: Any) -> Any:
        what = pick_faces.give(tx, actor, location, body.sku, body.min_each, body.max_each)
        return pick_faces.describe(tx, location), 201 if what == "created" else 200

    return floor().writer.write(work)


@operation("GET", "/pick-faces", Permission.READ_STOCK, query={"sku": "one item"})
def get_pick_faces() -> Any:
    """Every pick face with its levels and how it stands."""
    sku = request.args.get("sku")
    return {"pick_faces": floor().read(lambda tx: pick_faces.all_of(tx, sku))}


@operation("GET", "/pick-faces/<location>", Permission.READ_STOCK)
def get_pick_face(location: str) -> Any:
    """One pick face."""
    return floor().read(lambda tx: pick_faces.describe(tx, location))


@operation("DELETE", "/pick-faces/<location>", Permission.WRITE_STOCK, answers={204: "it is nobody's face any more"})
def delete_pick_face(location: str) -> None:
    """Make a location nobody's face; what lies there stays."""
    actor = acting()
    floor().writer.write(lambda tx: pick_faces.take_away(tx, actor, location))


@operation("GET", "/refills", Permission.READ_STOCK)
def get_refills() -> Any:
    """Open refills in the order they are worked on, and faces below their minimum that nothing can be brought to."""
    return floor().read(refills.describe)
