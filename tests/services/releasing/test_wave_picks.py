"""What a wave asks for: the same promises are the same question, however the database gives its rows."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.services.releasing.wave_picks import pick_orders


def row(order_id: int, item_id: int, location_id: int) -> dict[str, Any]:
    return {
        "order_id": order_id, "item_id": item_id, "location_id": location_id, "qty_each": 1 + item_id,
        "priority": order_id % 2, "cut_off_at_ms": 1000 * (order_id % 3), "code": f"A{location_id}",
        "x_dm": 35 * location_id, "y_dm": 10, "level": 1, "length_mm": 10, "width_mm": 10, "height_mm": 10,
        "weight_g": 5,
    }  # fmt: skip


ROWS = [row(order, item, location) for order in (3, 1, 2) for item in (9, 4) for location in (5, 2)]


@given(st.permutations(ROWS))
def test_the_order_of_the_rows_never_matters(shuffled: list[dict[str, Any]]) -> None:
    assert pick_orders(shuffled) == pick_orders(ROWS)


def test_the_most_urgent_orders_have_the_lowest_ranks() -> None:
    orders, keys = pick_orders(ROWS)
    assert [(order.order_id, order.cutoff_rank, order.priority_rank) for order in orders] == [
        ("1", 1, 0), ("2", 2, 1), ("3", 0, 0),
    ]  # fmt: skip
    assert keys["1/4/2"] == (1, 4, 2)
