"""Which tour a cart gets: the one that waits at it, else the most urgent that may be handed out to whoever pushes it.

Owns the order of tours. Never handed out: tours of a wave that rests, and what is kept for somebody else. Invariant:
what lies in the totes of a tour given back stays on its cart, and goes on with that cart only.
"""

from __future__ import annotations

from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor

# A tour that nobody pushes, as whoever asks (:operator) may take it up.
WAITS_AT_CART = (
    "t.state = 'active' AND t.station_id IS NULL AND (t.for_operator_id IS NULL OR t.for_operator_id = :operator)"
)


def next_for(tx: Tx, operator_id: int | None) -> int | None:
    """The tour that is handed out next to this person; None when there is none."""
    row = tx.one(
        "SELECT t.id FROM tour t LEFT JOIN wave v ON v.warehouse_id = t.warehouse_id AND v.id = t.wave_id"
        " WHERE t.warehouse_id = :w AND t.state = 'planned' AND v.paused_at_ms IS NULL"
        " AND (t.for_operator_id IS NULL OR t.for_operator_id = :operator OR NOT EXISTS (SELECT 1 FROM operator p"
        " WHERE p.warehouse_id = t.warehouse_id AND p.id = t.for_operator_id AND p.is_active = 1))"
        " ORDER BY CASE WHEN t.for_operator_id IS NULL THEN 1 ELSE 0 END, t.priority DESC, t.cut_off_at_ms, t.id"
        " LIMIT 1",
        operator=operator_id,
    )
    return None if row is None else int(row["id"])


def go_on(tx: Tx, actor: Actor, cart_id: int, cart_code: str) -> int | None:
    """Go on with the tour that waits at this cart; its id, or None when none is begun on it.

    Raises:
        Refused: somebody pushes the cart, or it waits for somebody else.
    """
    tour = tx.one(
        "SELECT id, station_id, for_operator_id FROM tour WHERE warehouse_id = :w AND cart_id = :cart"
        " AND state = 'active'",
        cart=cart_id,
    )
    if tour is None:
        return None
    in_use = Refused(Rejected(Reject.CART_IN_USE, got=cart_code))
    if tour["station_id"] is not None or tour["for_operator_id"] not in (None, actor.operator_id):
        raise in_use
    tx.claim(
        lambda: in_use,
        "UPDATE tour SET operator_id = :operator, station_id = :station, for_operator_id = NULL, waits_at_id = NULL"
        " WHERE warehouse_id = :w AND id = :id AND state = 'active' AND station_id IS NULL",
        id=tour["id"], operator=actor.operator_id, station=actor.station_id,
    )  # fmt: skip
    return int(tour["id"])


def free_carts(tx: Tx, operator_id: int | None, shown: int) -> tuple[str, ...]:
    """Carts this person can take, those a tour waits at first."""
    rows = tx.all(
        "SELECT c.code FROM cart c WHERE c.warehouse_id = :w AND NOT EXISTS (SELECT 1 FROM tour t"
        " WHERE t.warehouse_id = c.warehouse_id AND t.cart_id = c.id AND t.state = 'active'"
        f" AND NOT ({WAITS_AT_CART})) ORDER BY CASE WHEN EXISTS (SELECT 1 FROM tour t WHERE"
        f" t.warehouse_id = c.warehouse_id AND t.cart_id = c.id AND {WAITS_AT_CART}) THEN 0 ELSE 1 END, c.id"
        f" LIMIT {int(shown)}",
        operator=operator_id,
    )
    return tuple(row["code"] for row in rows)
