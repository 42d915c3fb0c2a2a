"""A tour claimed with a cart that has fewer places than it was planned for: what does not fit waits for another cart.

Owns the split. Invariant: every stop and tote place of the tour is afterwards on one of the two, those of one place
together, and both are planned again.
"""

from __future__ import annotations

from fulfillment.hot import Tx
from fulfillment.services.touring import replanning


def leave_what_does_not_fit(tx: Tx, tour_id: int, cart_places: int) -> int | None:
    """Put the places beyond the cart's onto a tour of their own; its id, or None when all fit."""
    rows = tx.all(
        "SELECT DISTINCT position FROM tour_tote WHERE warehouse_id = :w AND tour_id = :tour ORDER BY position",
        tour=tour_id,
    )
    if len(rows) <= cart_places:
        return None
    last = rows[cart_places - 1]["position"]
    tour = tx.one("SELECT * FROM tour WHERE warehouse_id = :w AND id = :id", id=tour_id)
    kept = ("wave_id", "priority", "cut_off_at_ms", "layout_version", "mode", "seed")
    rest_id = tx.insert("tour", **{column: tour[column] for column in kept})
    for table in ("tour_tote", "task"):
        tx.put(
            f"UPDATE {table} SET tour_id = :rest, position = position - :last"
            " WHERE warehouse_id = :w AND tour_id = :tour AND position > :last",
            rest=rest_id, tour=tour_id, last=last,
        )  # fmt: skip
    for part in (tour_id, rest_id):
        replanning.ask(tx, part, f"cart:{rest_id}")
    return rest_id
