"""/api/v1, which goods leave first: zones, each item's policy, and the audit that proves it was kept.

Parse, call one service, answer. A PUT replaces the whole of what a zone or an item says: a field left out goes
back to saying nothing.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fulfillment.domain.fifo import Rotation
from fulfillment.domain.inbound import ReturnDating
from fulfillment.domain.putaway import EVERY_CLASS, Velocity
from fulfillment.domain.roles import Permission
from fulfillment.services.common import queries
from fulfillment.services.stock import policies
from fulfillment.services.verifying import audit
from fulfillment.web.auth import floor
from fulfillment.web.bodies import PLAIN, Body, Text
from fulfillment.web.v1 import operation

Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]
ZoneCode = Annotated[str, msgspec.Meta(max_length=20, pattern=PLAIN)]


class ZoneBody(Body):
    """What a zone says for its items ('' and null: nothing), which classes of goods are kept there, and, where carts go
    from zone to zone, its turn (0: it takes none over) and the place where it takes them over."""

    name: Text = ""
    rotation: Rotation | None = None
    tolerance_days: Days | None = None
    storage_classes: Text = EVERY_CLASS
    pick_order: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    hand_over: Text = ""


class PolicyBody(Body):
    """What an item says of itself; '' and null leave it to its zone."""

    rotation: Rotation | None = None
    tolerance_days: Days | None = None
    min_life_days: Days = 0
    zone: ZoneCode = ""
    storage_class: ZoneCode = ""
    velocity: Velocity | None = None
    return_dating: ReturnDating = ReturnDating.ORIGINAL


@operation("GET", "/zones", Permission.READ_STOCK)
def get_zones() -> Any:
    """Every zone that is described or that a location lies in."""
    return {"zones": floor().read(policies.describe_zones)}


@operation("GET", "/zones/<code>", Permission.READ_STOCK)
def get_zone(code: str) -> Any:
    """What a zone says, and how many locations and items it has."""
    return floor().read(lambda tx: policies.describe_zone(tx, code))


@operation("PUT", "/zones/<code>", Permission.SET_UP, body=ZoneBody,
           answers={200: "as it is now", 201: "described for the first time"})  # fmt: skip
def put_zone(body: ZoneBody, code: str) -> Any:
    """Describe a zone; items that leave rotation or tolerance to it follow at once."""

    def work(tx: Any) -> Any:
        what = policies.set_zone(
            tx, code, body.name, body.rotation or "", body.tolerance_days, body.storage_classes, body.pick_order,
            body.hand_over,
        )  # fmt: skip
        return policies.describe_zone(tx, code), 201 if what == "created" else 200

    return floor().writer.write(work)


@operation("GET", "/items/<path:sku>", Permission.READ_STOCK)
def get_item(sku: str) -> Any:
    """An item, its barcodes, the policy that holds, and what held before."""
    return floor().read(lambda tx: policies.describe_item(tx, sku))


@operation("PUT", "/items/<path:sku>/policy", Permission.SET_UP, body=PolicyBody)
def put_item_policy(body: PolicyBody, sku: str) -> Any:
    """Say by which rule an item's goods leave and where they may lie; from now on, not backwards."""
    values = {
        "own_rotation": body.rotation or "", "own_tolerance_days": body.tolerance_days,
        "min_life_days": body.min_life_days, "zone": body.zone, "storage_class": body.storage_class,
        "velocity": body.velocity or "", "return_dating": body.return_dating.value,
    }  # fmt: skip

    def work(tx: Any) -> Any:
        policies.set_policy(tx, sku, values)
        return policies.describe_item(tx, sku)

    return floor().writer.write(work)


@operation("GET", "/fifo-audit", Permission.AUDIT)
def get_fifo_audit() -> Any:
    """Replay the ledger: whatever passed over, buried or promised too late, and what a supervisor let pass."""
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        return audit.fifo_audit(connection, floor().warehouse_id)
