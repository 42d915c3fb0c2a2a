"""/api/v1, the weigh check: which benches weigh, how far off a parcel may be, what items were found to weigh."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from flask import request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.domain.weighing import WeighRules
from fulfillment.services.common.pages import check_limit
from fulfillment.services.packing import overridden_weights, weigh_rules
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body
from fulfillment.web.order_board import number_in
from fulfillment.web.v1 import operation

LIMIT_MAX = 1000


class WeighRulesBody(Body):
    """A parcel may be off by the largest of so many grams, so many per cent of its content, and so many spreads of
    all units in it together."""

    weigh_floor_g: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    weigh_percent: Annotated[int, msgspec.Meta(ge=0, le=100)]
    weigh_spreads: Annotated[int, msgspec.Meta(ge=0, le=10)]


class WeighsBody(Body):
    """Whether a bench closes no parcel unweighed."""

    weighs: bool


@operation("GET", "/weigh-rules", Permission.READ_STOCK)
def get_weigh_rules() -> Any:
    """How far off a weighed parcel may be, and which benches weigh."""
    return floor().read(weigh_rules.describe)


@operation("PUT", "/weigh-rules", Permission.SET_UP, body=WeighRulesBody)
def put_weigh_rules(body: WeighRulesBody) -> Any:
    """Set how far off a weighed parcel may be."""

    def work(tx: Any) -> Any:
        weigh_rules.set_rules(tx, WeighRules(body.weigh_floor_g, body.weigh_percent, body.weigh_spreads))
        return weigh_rules.describe(tx)

    return floor().writer.write(work)


@operation("PUT", "/stations/<code>/weighs", Permission.SET_UP, body=WeighsBody)
def put_station_weighs(body: WeighsBody, code: str) -> Any:
    """Have a bench weigh its parcels, or no longer."""

    def work(tx: Any) -> Any:
        weigh_rules.set_station(tx, code, body.weighs)
        return weigh_rules.describe(tx)

    return floor().writer.write(work)


@operation("GET", "/unit-weights", Permission.READ_STOCK,
           query={"after": "items after this SKU", "limit": "how many, 1 to 1000"})  # fmt: skip
def get_unit_weights() -> Any:
    """What items were found to weigh."""
    after, limit = request.args.get("after", ""), _limit(weigh_rules.SHOWN)
    return {"items": floor().read(lambda tx: weigh_rules.unit_weights(tx, after, limit))}


@operation("DELETE", "/unit-weights/<sku>", Permission.WRITE_STOCK)
def delete_unit_weight(sku: str) -> Any:
    """Forget what was learned of an item's weight; its catalogue weight counts again."""
    floor().writer.write(lambda tx: weigh_rules.forget(tx, sku))
    return {"sku": sku}


@operation("GET", "/overridden-weights", Permission.READ_STOCK,
           query={"after": "those before this id", "limit": "how many, 1 to 1000"})  # fmt: skip
def get_overridden_weights() -> Any:
    """Parcels a supervisor let go with a weight they should not have, the last first."""
    after, limit = request.args.get("after", ""), _limit(overridden_weights.SHOWN)
    if after and not re.fullmatch("[0-9]{1,15}", after):
        raise DomainError("bad_after", f"no id: {after[:40]!r}", "after")
    before = int(after) if after else None
    return {"parcels": floor().read(lambda tx: overridden_weights.overridden(tx, before, limit))}


def _limit(shown: int) -> int:
    limit = number_in(request.args, "limit", shown)
    check_limit(limit, LIMIT_MAX)
    return limit
