"""What the races have in common: several floors on one database, and a book that must be right afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fulfillment.bootstrap import Floor
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.hot.racing import balances, open_floors, running_balances
from tests.services.acts import wrong


@pytest.fixture
def book_is_right(hand: FloorHand) -> Iterator[None]:
    """Whoever wins, the book must agree with itself and with its own moves afterwards."""
    yield
    assert running_balances(hand) == balances(hand)
    assert wrong(hand) == []


@pytest.fixture
def floors(hand: FloorHand, settings: Settings) -> Iterator[list[Floor]]:
    """The floor at hand and two more on its database; MUG is an item of theirs."""
    hand.item("MUG")
    with open_floors(settings, hand.floor) as floors:
        yield floors
