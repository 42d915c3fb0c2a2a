"""For tests that play many days, each on an empty floor of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.hot import wall_clock_ms
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.postgresql import empty
from tests.services.acts import wrong
from tests.services.weighing import equip, fill

OpenEmpty = Callable[..., Floor]


@pytest.fixture
def open_empty(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> OpenEmpty:
    """Opens an empty floor on this engine; the one before must be closed."""
    numbers = itertools.count(1)

    def open_it(clock: Callable[[], int] = wall_clock_ms) -> Floor:
        home = tmp_path / f"day-{next(numbers)}"
        home.mkdir()
        url = f"sqlite:///{home / 'floor.sqlite'}"
        if engine == "postgresql":
            url = request.getfixturevalue("migrated_postgres")
            empty(request.getfixturevalue("postgres").dsn("floor"))
        else:
            (home / "floor.sqlite").write_bytes(request.getfixturevalue("migrated"))
        return open_floor(Settings(home, url), clock=clock)

    return open_it


@pytest.fixture
def days(engine: str) -> Callable[[int], int]:
    """How many of so many days are played here: on PostgreSQL, where a day takes longer, every fourth."""
    return lambda wanted: wanted if engine == "sqlite" else max(2, wanted // 4)


@pytest.fixture
def book_is_right(hand: FloorHand) -> Iterator[None]:
    """Whatever a test does, the book must agree with itself afterwards."""
    yield
    assert wrong(hand) == []


@pytest.fixture
def bench(hand: FloorHand) -> FloorHand:
    """A bench with a scale, and goods of known and unknown weight."""
    equip(hand)
    return hand


@pytest.fixture
def full(bench: FloorHand) -> FloorHand:
    """Two mugs in carton M: all of SO-1, waiting for its weight."""
    fill(bench, ("MUG", 2))
    return bench
