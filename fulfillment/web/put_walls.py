"""/api/v1/put-walls: setting walls up, and how their slots stand. Parse, call one service, answer."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fulfillment.domain.roles import Permission
from fulfillment.services.sorting import put_walls
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code, Text
from fulfillment.web.v1 import operation


class PutWallBody(Body):
    """A wall: the staging location it stands at, its rows and columns of slots, what one of them holds."""

    location: Code
    rows: Annotated[int, msgspec.Meta(ge=1, le=put_walls.MAX_ROWS)]
    columns: Annotated[int, msgspec.Meta(ge=1, le=put_walls.MAX_COLUMNS)]
    name: Text = ""
    slot_volume_ml: Annotated[int, msgspec.Meta(ge=0, le=put_walls.MAX_SLOT_ML)] = 0


@operation("PUT", "/put-walls/<code>", Permission.SET_UP, body=PutWallBody)
def put_put_wall(body: PutWallBody, code: str) -> Any:
    """Set a put wall up, or make it larger; its slots are numbered."""

    def work(tx: Any) -> Any:
        put_walls.put_wall(tx, code, msgspec.structs.asdict(body))
        return put_walls.described(tx, code)

    return floor().writer.write(work)


@operation("GET", "/put-walls", Permission.READ_BOARD)
def get_put_walls() -> Any:
    """Every put wall."""
    return {"put_walls": floor().read(put_walls.listed)}


@operation("GET", "/put-walls/<code>", Permission.READ_BOARD)
def get_put_wall(code: str) -> Any:
    """A put wall with its slots: free, taken by an order, or done: to be packed."""
    return floor().read(lambda tx: put_walls.described(tx, code))
