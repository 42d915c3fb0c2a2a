"""/api/v1, stock changed without a scan: adjusted, set aside, freed; and pallets by their labels.

Parse, call one service, answer. Every change needs a reason code; one sent with a `reference` happens once.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from fulfillment.domain.roles import Permission
from fulfillment.services.stock import lpns, set_aside
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code, Each, Text
from fulfillment.web.v1 import acting, operation

Condition = Literal["", "available", "quarantine", "damaged", "hold"]


class StockChangeBody(Body):
    """Which units, and why. Without a lot, serial or layer they are the oldest free ones, loose unless `lpn` says on
    which pallet; `status` names the condition they are in."""

    location: Code
    sku: Text
    qty_each: Each
    why: Text
    lot: Text = ""
    serial: Text = ""
    layer: Annotated[int, msgspec.Meta(ge=1)] | None = None
    lpn: Text = ""
    status: Condition = ""
    reference: Text = ""


class StockHoldBody(StockChangeBody):
    """What they become."""

    becomes: Literal["hold", "damaged"] = "hold"


class LpnBody(Body):
    """Where the new pallet stands; at a station its label is printed."""

    location: Text | None = None
    station: Text | None = None


@operation("POST", "/stock/adjust", Permission.WRITE_STOCK, body=StockChangeBody,
           answers={201: "adjusted", 200: "this reference was known"}, proof=True)  # fmt: skip
def post_adjust(body: StockChangeBody) -> Any:
    """More (`found`) or fewer units than the book says; the difference goes against ADJUSTMENT."""
    return _change("ADJUST", body)


@operation("POST", "/stock/hold", Permission.WRITE_STOCK, body=StockHoldBody,
           answers={201: "set aside", 200: "this reference was known"})  # fmt: skip
def post_stock_hold(body: StockHoldBody) -> Any:
    """Set units aside where they lie: on hold or damaged, and no longer for sale."""
    return _change("DAMAGED" if body.becomes == "damaged" else "HOLD", body)


@operation("POST", "/stock/free", Permission.WRITE_STOCK, body=StockChangeBody,
           answers={201: "for sale again", 200: "this reference was known"})  # fmt: skip
def post_free(body: StockChangeBody) -> Any:
    """Units set aside are for sale again, and go to the orders that wait for them."""
    return _change("FREE", body)


@operation("POST", "/lpns", Permission.WRITE_STOCK, body=LpnBody, answers={201: "numbered"})
def post_lpn(body: LpnBody) -> Any:
    """Number a new pallet label."""

    def work(tx: Any) -> Any:
        return lpns.describe(tx, lpns.make(tx, body.location, body.station)), 201

    return floor().writer.write(work)


@operation("GET", "/lpns/<sscc>", Permission.READ_STOCK)
def get_lpn(sscc: str) -> Any:
    """A pallet: where it is, what lies on it, what it stands on and what stands on it."""
    return floor().read(lambda tx: lpns.describe(tx, sscc))


def _change(change: str, body: StockChangeBody) -> Any:
    actor = acting()
    asked = set_aside.ChangeIn(
        change, body.location, body.sku, body.qty_each, body.why, body.lot, body.serial, body.layer, body.lpn,
        body.status, body.reference,
    )  # fmt: skip

    def work(tx: Any) -> Any:
        outcome, is_new = set_aside.ask(tx, actor, asked)
        return outcome, 201 if is_new else 200

    return floor().writer.write(work)
