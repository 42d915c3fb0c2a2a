"""Dragging a card: a command of the order's own machine, or a refusal; never nothing."""

from __future__ import annotations

from itertools import product

import pytest

from fulfillment.domain.cards import (
    FINISHED,
    OPEN,
    PRIORITY_OF,
    CardAct,
    MoveRefused,
    Urgency,
    decide_move,
    urgency_of,
    ways,
)
from fulfillment.domain.orders import OrderState


@pytest.mark.parametrize(("here", "there"), list(product(OrderState, OrderState)))
def test_every_pair_of_columns_is_a_command_or_a_refusal(here: OrderState, there: OrderState) -> None:
    decided = decide_move(here, there)
    assert isinstance(decided, CardAct) == (there in ways(here))
    assert isinstance(decided, CardAct | MoveRefused)


def test_only_scans_say_that_goods_were_picked_packed_or_loaded() -> None:
    by_scan = (OrderState.PICKING, OrderState.PICKED, OrderState.PACKED, OrderState.LOADED)
    assert {decide_move(OrderState.ALLOCATED, there) for there in by_scan} == {MoveRefused.BY_SCAN}


@pytest.mark.parametrize(
    ("here", "there", "means"),
    [
        ("allocated", "hold", CardAct.HOLD),
        ("waiting", "hold", CardAct.HOLD),
        ("hold", "waiting", CardAct.GO_ON),
        ("hold", "allocated", CardAct.GO_ON),
        ("allocated", "released", CardAct.RELEASE),
        ("picked", "cancelled", CardAct.CANCEL),
        ("hold", "released", MoveRefused.HELD),
        ("waiting", "allocated", MoveRefused.NEEDS_STOCK),
        ("waiting", "released", MoveRefused.NEEDS_STOCK),
        ("allocated", "waiting", MoveRefused.PROMISED),
        ("released", "allocated", MoveRefused.IN_WAVE),
        ("packed", "cancelled", MoveRefused.HAS_PARCELS),
        ("shipped", "hold", MoveRefused.GONE),
        ("cancelled", "waiting", MoveRefused.STAYS_CANCELLED),
        ("waiting", "waiting", MoveRefused.SAME_COLUMN),
    ],
)
def test_what_a_drag_means(here: str, there: str, means: CardAct | MoveRefused) -> None:
    assert decide_move(here, there) == means


def test_nothing_leads_out_of_a_finished_column() -> None:
    assert [state for state in FINISHED if ways(state)] == []
    assert set(OPEN) | set(FINISHED) == set(OrderState)


@pytest.mark.parametrize("urgency", list(Urgency))
def test_an_urgency_is_its_own_priority(urgency: Urgency) -> None:
    assert urgency_of(PRIORITY_OF[urgency]) == urgency
