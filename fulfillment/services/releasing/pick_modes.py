"""Which ways of picking this floor has: a wall to sort a batch at, zones that hand carts over.

Owns the reasons why a wave cannot be picked so. Invariant: a tote for each order on one cart is possible everywhere,
and so is each order by itself.
"""

from __future__ import annotations

from fulfillment.domain.reasons import Conflict
from fulfillment.domain.tasks import PickMode
from fulfillment.hot import Tx
from fulfillment.services.sorting import put_walls
from fulfillment.services.touring import pick_zones
from fulfillment.services.walking import tour_orders

RELEASED_AS = tuple(PickMode)
"""How a wave can be released, the simplest first: of two that cost the same it is the one to take."""


def check(tx: Tx, mode: str) -> None:
    """
    Raises:
        Conflict: `no_put_wall` for a batch; `no_zones` or `zones_not_ordered` for zones.
    """
    if mode == PickMode.BATCH and not put_walls.is_there(tx):
        raise Conflict("no_put_wall", "there is no put wall to sort a batch at: set one up first", "mode")
    if mode == PickMode.ZONE:
        pick_zones.check(tx)
        tour_orders.check_zones(tx)


def possible(tx: Tx, mode: str | None) -> PickMode:
    """This mode where a wave can be picked so now, else a tote for each order."""
    return PickMode(mode) if mode in RELEASED_AS and mode not in missing(tx) else PickMode.CLUSTER


def missing(tx: Tx) -> dict[str, str]:
    """The modes this floor cannot have now, each with the code of `check`."""
    found: dict[str, str] = {}
    for mode in RELEASED_AS:
        try:
            check(tx, mode)
        except Conflict as refused:
            found[mode.value] = refused.code
    return found
