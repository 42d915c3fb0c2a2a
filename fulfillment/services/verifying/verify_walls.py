"""Do put walls and totes of several orders hold what they say? Checks for `verify`.

That an order has one slot the database itself sees to. Each is a name, one set-based
statement whose rows are wrong, and how to say it. Reads, never repairs.
"""

from __future__ import annotations

_HOLDS = (
    "EXISTS (SELECT 1 FROM stock_balance b WHERE b.warehouse_id = p.warehouse_id AND b.lpn_id = p.id"
    " AND b.on_hand_each > 0)"
)

WALLS: tuple[tuple[str, str, str], ...] = (
    (
        "what_lies_in_a_slot_is_its_orders",
        f"SELECT p.code FROM lpn p WHERE p.warehouse_id = :w AND p.kind = 'slot' AND p.order_id IS NULL AND {_HOLDS}",
        "slot {code} holds units and belongs to no order",
    ),
    (
        "slots_stay_at_their_wall",
        "SELECT p.code, v.code AS wall FROM put_wall_slot s"
        " JOIN put_wall v ON v.warehouse_id = s.warehouse_id AND v.id = s.wall_id"
        " JOIN lpn p ON p.warehouse_id = s.warehouse_id AND p.id = s.lpn_id WHERE s.warehouse_id = :w"
        " AND (p.kind <> 'slot' OR p.location_id IS NULL OR p.location_id <> v.location_id)",
        "slot {code} is not where its wall {wall} stands",
    ),
    (
        "shares_stand_in_a_batch_tote",
        "SELECT p.code FROM lpn p LEFT JOIN lpn t ON t.warehouse_id = p.warehouse_id AND t.id = p.parent_lpn_id"
        " WHERE p.warehouse_id = :w AND p.kind = 'share' AND ((p.order_id IS NOT NULL AND (t.kind IS NULL"
        f" OR t.kind <> 'batch')) OR (p.order_id IS NULL AND (p.parent_lpn_id IS NOT NULL OR {_HOLDS})))",
        "share {code} belongs to an order and stands in no batch tote, or the other way round",
    ),
    (
        "batch_totes_are_somebodys",
        f"SELECT p.code FROM lpn p WHERE p.warehouse_id = :w AND p.kind = 'batch' AND ({_HOLDS} OR NOT EXISTS ("
        "SELECT 1 FROM lpn s WHERE s.warehouse_id = p.warehouse_id AND s.parent_lpn_id = p.id"
        " AND s.order_id IS NOT NULL))",
        "batch tote {code} holds units of nobody, or nobody has a share of it",
    ),
)
