"""Every statement of every hot transaction fails once, in every way: the scan that is sent again makes it whole."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.flows.home import FLOW_OF_COMMAND
from fulfillment.services.scan_path import scans
from fulfillment.services.scan_path.scan_arrival import last_flows
from fulfillment.settings import Settings
from tests.conftest import ENGINES
from tests.factories import FloorHand
from tests.faults.a_day import live_a_day
from tests.faults.breaking import break_day, first_of_each_shape, new_places
from tests.faults.dying import kill_day
from tests.faults.recorded import Act, Recording, StandingClock, fingerprints, picture
from tests.faults.wires import Fault, Wire, tap_postgresql, tap_sqlite
from tests.postgresql import PostgresServer, empty
from tests.services.acts import wrong


@dataclass
class Bench:
    """A floor whose clock stands still and whose wire can break."""

    floor: Floor
    clock: StandingClock
    wire: Wire
    reopen: Callable[[], tuple[Floor, StandingClock, Wire]]


@pytest.fixture(scope="module", params=ENGINES)
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Bench]]:
    """Empty floors, as many as asked for."""
    floors: list[Floor] = []
    numbers = itertools.count(1)

    def make() -> Bench:
        home, dsn = tmp_path_factory.mktemp("broken"), ""
        if request.param == "sqlite":
            (home / "floor.sqlite").write_bytes(request.getfixturevalue("migrated"))
            settings = Settings(home, f"sqlite:///{home / 'floor.sqlite'}")
        else:
            server: PostgresServer = request.getfixturevalue("postgres")
            request.getfixturevalue("migrated_postgres")
            name = f"broken_{next(numbers)}"
            settings, dsn = Settings(home, server.create(name, "floor")), server.dsn(name)
            empty(dsn)

        def reopen() -> tuple[Floor, StandingClock, Wire]:
            clock, wire = StandingClock(), Wire()
            floor = open_floor(settings, clock=clock)
            tap(floor, wire, dsn)
            return floor, clock, wire

        bench = Bench(*reopen(), reopen)
        floors.append(bench.floor)
        return bench

    yield make
    for floor in floors:
        floor.close()


@pytest.fixture(scope="module")
def day(fresh: Callable[[], Bench]) -> Sequence[Act]:
    """The day as it goes when nothing breaks; its book is right."""
    bench = fresh()
    recording = Recording(bench.floor, bench.clock, bench.wire.heard)
    live_a_day(recording)
    assert wrong_on(bench.floor) == []
    return recording.acts


def tap(floor: Floor, wire: Wire, dsn: str) -> None:
    if dsn:
        tap_postgresql(floor.engine, wire, dsn)
    else:
        tap_sqlite(floor.engine, wire)


def wrong_on(floor: Floor) -> list[str]:
    hand = object.__new__(FloorHand)
    hand.floor = floor
    return wrong(hand)


def test_the_day_has_every_dialogue_and_every_kind_of_answer_in_it(day: Sequence[Act]) -> None:
    names = " ".join(act.name for act in day if act.is_hot)
    assert {flow for flow in scans.FLOWS if f"{flow}." not in names} == set()
    assert set(scans.FLOWS) <= set(FLOW_OF_COMMAND.values())
    assert {act.answer["outcome"] for act in day if act.is_keyed and isinstance(act.answer, dict) and "outcome" in
            act.answer} == {"applied", "rejected"}


def test_the_day_is_the_same_day_again(day: Sequence[Act], fresh: Callable[[], Bench]) -> None:
    bench = fresh()
    last_flows.update({(1, station): "pick" for station in ("DOCK-1", "HAND-1")})  # left by another floor
    for act in day:
        bench.clock.now_ms = act.now_ms
        act.recall()
        del bench.wire.heard[:]
        bench.floor.writer.write(act.work)
        assert tuple(bench.wire.heard) == act.statements, act.name
        assert fingerprints(bench.floor.read(picture)) == act.after, act.name


# The program's own failure at every statement a dialogue has not broken at yet, and the machine's: each meets one of
# them. Every one at each statement of each act is `python -m tests.benchmarks.fail_grid`.
MACHINE = {
    "sqlite": (Fault.FULL, Fault.IO_ERROR, Fault.LOST, Fault.ANSWER_LOST),
    "postgresql": (Fault.LOST, Fault.ANSWER_LOST),
}


KILL_SEED = 22
KILLED_ACTS = 3  # of so many acts one
# On PostgreSQL each statement is a message, and one that ends a server process asks for a new one.
FAILED_ACTS, ENDED_ACTS = 3, 6


@pytest.mark.parametrize("is_programs", [True, False], ids=["program", "machine"])
def test_what_fails_at_any_statement_is_whole_once_it_is_sent_again(
    day: Sequence[Act], fresh: Callable[[], Bench], is_programs: bool
) -> None:
    bench, places = fresh(), new_places(day)
    engine = bench.floor.engine.dialect.name
    faults = (Fault.EXCEPTION,) if is_programs else MACHINE[engine]
    if engine == "postgresql":
        places = {number: places[number] for number in list(places)[:: (FAILED_ACTS if is_programs else ENDED_ACTS)]}
    found = break_day(bench.floor, bench.clock, bench.wire, day, faults, lambda number: places.get(number, ()))
    assert found.wrong == []
    assert found.tried + found.spent == found.statements == sum(map(len, places.values()))
    # An engine that does a transaction again by itself leaves the other of its two endings unbroken.
    assert found.spent <= (len(places) if found.recovered else 0)
    assert wrong_on(bench.floor) == []


def test_who_is_killed_at_a_statement_leaves_a_book_the_next_scan_makes_whole(
    day: Sequence[Act], fresh: Callable[[], Bench]
) -> None:
    bench, asked = fresh(), sorted(first_of_each_shape(day))[::KILLED_ACTS]
    dice = random.Random(KILL_SEED)
    places = {number: [dice.randint(1, len(day[number].statements))] for number in asked}
    found = kill_day(bench.reopen, day, lambda number: places.get(number, []))
    assert found.wrong == []
    assert found.tried == len(asked) > 40
    floor, _, _ = bench.reopen()
    assert wrong_on(floor) == []
    floor.close()
