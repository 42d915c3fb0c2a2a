"""Rules of `floor verify` for put walls and totes of several orders: each way of being wrong is found."""

from __future__ import annotations

import pytest

from fulfillment.services.verifying import verify
from tests.factories import REFUSED_BY_DATABASE, FloorHand
from tests.services import wall


@pytest.fixture
def sorting(hand: FloorHand) -> FloorHand:
    """S1 lies in its slot, two pens of S2 in the batch tote."""
    wall.equip(hand)
    wall.stock(hand, "PEN")
    hand.order("S1", ("PEN", 1))
    hand.order("S2", ("PEN", 2))
    (tote,) = wall.picked(hand)
    wall.open_tote(hand, tote)
    wall.put(hand, "PEN")
    return hand


def wrong_checks(hand: FloorHand) -> set[str]:
    report = hand.floor.read(verify.verify)
    return {check["name"] for check in report["checks"] if not check["ok"]}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SET order_id = NULL WHERE warehouse_id = :w AND kind = 'slot'", "what_lies_in_a_slot_is_its_orders"),
        ("SET location_id = NULL WHERE warehouse_id = :w AND code = 'W1-B03'", "slots_stay_at_their_wall"),
        ("SET parent_lpn_id = NULL WHERE warehouse_id = :w AND kind = 'share'", "shares_stand_in_a_batch_tote"),
        ("SET kind = 'tote' WHERE warehouse_id = :w AND kind = 'batch'", "shares_stand_in_a_batch_tote"),
        ("SET kind = 'batch' WHERE warehouse_id = :w AND code = '000020'", "batch_totes_are_somebodys"),
    ],
)  # fmt: skip
def test_what_is_wrong_at_a_wall_is_found(sorting: FloorHand, sql: str, found: str) -> None:
    assert wrong_checks(sorting) == set()
    sorting.write(lambda tx: tx.run(f"UPDATE lpn {sql}"))
    assert found in wrong_checks(sorting)


def test_the_database_itself_refuses_an_order_a_second_slot(sorting: FloorHand) -> None:
    with pytest.raises(REFUSED_BY_DATABASE):
        sorting.write(
            lambda tx: tx.run(
                "UPDATE lpn SET order_id = (SELECT id FROM sales_order WHERE warehouse_id = :w AND number = 'S1')"
                " WHERE warehouse_id = :w AND code = 'W1-B03'"
            )
        )
