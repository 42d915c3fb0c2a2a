"""/api/v1, what could not be scanned at the benches: how much a packer vouches for alone, what it was, who said so."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fulfillment.domain.roles import Permission
from fulfillment.services.packing import pack_unscanned
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body
from fulfillment.web.v1 import operation


class UnscannedRuleBody(Body):
    """How many units of an item a packer may vouch for at once without a supervisor; 0 = none."""

    alone_each: Annotated[int, msgspec.Meta(ge=0, le=pack_unscanned.MOST_ALONE_EACH)]


@operation("GET", "/unscanned", Permission.READ_STOCK)
def get_unscanned() -> Any:
    """The rule, the items whose barcodes did not serve, and the last units packed without a scan."""
    return floor().read(pack_unscanned.describe)


@operation("PUT", "/unscanned-rule", Permission.SET_UP, body=UnscannedRuleBody)
def put_unscanned_rule(body: UnscannedRuleBody) -> Any:
    """Set how many units a packer may vouch for alone."""

    def work(tx: Any) -> Any:
        pack_unscanned.set_alone(tx, body.alone_each)
        return pack_unscanned.describe(tx)

    return floor().writer.write(work)
