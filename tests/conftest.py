"""Fixtures every test can use: a founded floor on a real SQLite file, and a hand that scans."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import hypothesis
import pytest
from werkzeug.routing import Rule

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.postgresql import PostgresServer, empty

ENGINES = tuple(os.environ.get("TEST_ENGINES", "sqlite,postgresql").split(","))

# How long an example takes says how busy the machine is, never whether a rule holds.
hypothesis.settings.register_profile("floor", deadline=None)
hypothesis.settings.load_profile("floor")


def pytest_collection_finish() -> None:
    """The tests themselves live until the end: looking through them for rubbish was a sixth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def addresses_compiled_once() -> Iterator[None]:
    """What builds the address of a route is the same in every application: it is compiled for the first alone.

    Each test that asks an application has one of its own, with three hundred routes, for which Werkzeug compiles twice
    as many functions: a third of what a short test took.
    """
    compiled: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}
    compile_builder = Rule._compile_builder

    def builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        # What Werkzeug makes it of; converters are asked when it is called, except for what has a default.
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    with patch.object(Rule, "_compile_builder", builder):
        yield


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An empty database at head, as bytes: migrating once a session is enough."""
    home = tmp_path_factory.mktemp("migrated")
    settings = Settings(home, f"sqlite:///{home / 'floor.sqlite'}")
    migrate(settings)
    return (home / "floor.sqlite").read_bytes()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a database at head, which each test finds empty."""
    url = postgres.create("floor")
    migrate(Settings(tmp_path_factory.mktemp("migrated"), url))
    return url


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A rule of the floor holds on both engines; `@pytest.mark.engine("sqlite")` says what is of one only."""
    if "engine" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("engine")
        # What a page does in a browser hangs on the answers, and those are tested on both.
        is_page = metafunc.definition.get_closest_marker("browser") is not None
        metafunc.parametrize("engine", marker.args if marker else ENGINES[: 1 if is_page else None], indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """Which database engine this test runs on."""
    return request.param


@pytest.fixture
def settings(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings of a floor of its own, its database at head."""
    if engine == "postgresql":
        url = request.getfixturevalue("migrated_postgres")
        empty(request.getfixturevalue("postgres").dsn("floor"))
        return Settings(tmp_path, url)
    (tmp_path / "floor.sqlite").write_bytes(request.getfixturevalue("migrated"))
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
