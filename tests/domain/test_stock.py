"""Rules of a move: it has two ends, carries something, and promises no more than it carries."""

from __future__ import annotations

import dataclasses

import pytest

from fulfillment.domain.stock import STORAGE_KINDS, LocationKind, Move, Status, Virtual


def test_a_move_carries_at_least_one() -> None:
    for qty_each in (0, -5):
        with pytest.raises(ValueError, match="at least one each"):
            Move(1, 1, 11, 12, qty_each, "putaway")


def test_a_move_goes_somewhere() -> None:
    with pytest.raises(ValueError, match="goes nowhere"):
        Move(1, 1, 11, 11, 1, "count")


@pytest.mark.parametrize("change", [{"to_lpn_id": 5}, {"to_status": Status.HOLD}, {"to_location_id": 12}])
def test_another_place_handling_unit_or_condition_is_somewhere(change: dict[str, object]) -> None:
    values: dict[str, object] = {"to_location_id": 11, **change}
    move = Move(layer_id=1, item_id=1, from_location_id=11, qty_each=1, reason="count", **values)  # type: ignore[arg-type]
    assert move.qty_each == 1


@pytest.mark.parametrize("promised", [{"allocated_from_each": 2}, {"allocated_to_each": 2}])
def test_no_more_is_promised_than_moved(promised: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="more promised"):
        Move(1, 1, 11, 12, 1, "pick", **promised)  # type: ignore[arg-type]


def test_a_move_cannot_be_changed() -> None:
    move = Move(1, 1, 11, 12, 1, "putaway")
    with pytest.raises(dataclasses.FrozenInstanceError):
        move.qty_each = 2  # type: ignore[misc]


def test_there_are_four_conditions_and_five_outsides() -> None:
    assert {status.value for status in Status} == {"available", "quarantine", "damaged", "hold"}
    assert {place.value for place in Virtual} == {"SUPPLIER", "CUSTOMER", "ADJUSTMENT", "IN-TRANSIT", "CARRIER"}


def test_storage_is_where_stock_waits_to_be_promised() -> None:
    assert {LocationKind.BIN, LocationKind.RESERVE, LocationKind.FLOW_RACK} == STORAGE_KINDS
