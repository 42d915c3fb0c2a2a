"""Rules of free moves, without a database: where goods may go, as what they arrive, who may change what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.moving import (
    FLOOR_KINDS,
    MOVABLE_KINDS,
    REASONS_FOR,
    STATUS_AFTER,
    arriving_status,
    check_destination,
    may_change,
    statuses_for,
)
from fulfillment.domain.roles import Role
from fulfillment.domain.stock import STORAGE_KINDS, LocationKind, Status

KINDS = st.sampled_from(list(LocationKind))
STATUSES = st.sampled_from(list(Status))


@given(KINDS, KINDS, STATUSES)
def test_nothing_is_for_sale_in_quarantine_nor_comes_out_of_it_by_being_carried(
    from_kind: LocationKind, to_kind: LocationKind, status: Status
) -> None:
    arrives = arriving_status(to_kind, status)
    if to_kind == LocationKind.QUARANTINE:
        assert arrives != Status.AVAILABLE
        return
    assert arrives == status
    if from_kind == LocationKind.QUARANTINE and check_destination(to_kind, "X", from_kind, status) is None:
        assert status != Status.QUARANTINE


@given(KINDS, STATUSES)
def test_goods_stay_off_trucks_carts_hands_and_the_outside(to_kind: LocationKind, status: Status) -> None:
    may = check_destination(to_kind, "X", LocationKind.BIN, status) is None
    assert may == (to_kind in MOVABLE_KINDS)


def test_storage_and_the_floor_around_it_are_apart() -> None:
    assert not STORAGE_KINDS & FLOOR_KINDS


def test_only_supervisors_free_and_adjust() -> None:
    for change in REASONS_FOR:
        allowed = {role for role in Role if may_change(role, change)}
        expected = {Role.SUPERVISOR, Role.ADMIN} if change in ("FREE", "ADJUST") else set(Role)
        assert allowed == expected


@given(st.sampled_from(list(STATUS_AFTER)), st.sampled_from(["", *Status]))
def test_a_change_takes_only_what_is_not_so_already(change: str, status: str) -> None:
    from_statuses = statuses_for(change, status)
    assert STATUS_AFTER[change] not in from_statuses
    assert set(from_statuses) <= ({status} if status else set(Status))


def test_goods_on_sale_are_meant_first_and_sure_ones_are_freed_first() -> None:
    assert statuses_for("ADJUST")[0] == Status.AVAILABLE
    assert statuses_for("FREE") == (Status.HOLD, Status.QUARANTINE, Status.DAMAGED)
