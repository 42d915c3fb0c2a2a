"""Fixtures every test can use: a founded floor on a real SQLite file, and a hand that scans."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.settings import Settings
from tests.factories import FloorHand

# How long an example takes says how busy the machine is, never whether a rule holds.
hypothesis.settings.register_profile("floor", deadline=None)
hypothesis.settings.load_profile("floor")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An empty database at head, as bytes: migrating once a session is enough."""
    home = tmp_path_factory.mktemp("migrated")
    settings = Settings(home, f"sqlite:///{home / 'floor.sqlite'}")
    migrate(settings)
    return (home / "floor.sqlite").read_bytes()


@pytest.fixture
def settings(tmp_path: Path, migrated: bytes) -> Settings:
    """Settings of a floor of its own, its database at head."""
    (tmp_path / "floor.sqlite").write_bytes(migrated)
    return Settings(tmp_path, f"sqlite:///{tmp_path / 'floor.sqlite'}")


@pytest.fixture
def floor(settings: Settings) -> Iterator[Floor]:
    """An open floor without a warehouse in it."""
    floor = open_floor(settings)
    yield floor
    floor.close()


@pytest.fixture
def hand(floor: Floor) -> FloorHand:
    """A small founded warehouse and somebody who scans in it; see `FloorHand`."""
    return FloorHand(floor)
