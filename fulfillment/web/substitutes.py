"""/api/v1, which items may go instead of others. Parse, call one service, answer."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fulfillment.domain.roles import Permission
from fulfillment.services.ordering import substitutes
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code
from fulfillment.web.v1 import operation


class SubstitutesBody(Body):
    """SKUs that may go instead, the first choice first; none = nothing may."""

    substitutes: Annotated[list[Code], msgspec.Meta(max_length=substitutes.SUBSTITUTES_MAX)]


@operation("GET", "/items/<path:sku>/substitutes", Permission.READ_STOCK)
def get_substitutes(sku: str) -> Any:
    """What may go instead of an item, the first choice first."""
    return floor().read(lambda tx: substitutes.describe(tx, sku))


@operation("PUT", "/items/<path:sku>/substitutes", Permission.WRITE_STOCK, body=SubstitutesBody)
def put_substitutes(body: SubstitutesBody, sku: str) -> Any:
    """Say which items may go instead of one where an order allows it, and no others."""

    def work(tx: Any) -> Any:
        substitutes.replace(tx, sku, body.substitutes)
        return substitutes.describe(tx, sku)

    return floor().writer.write(work)
