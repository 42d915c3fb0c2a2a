"""The laws of the simulated world: nothing appears, nothing vanishes, what lies in front comes first."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulators.world import (
    LOST,
    Equipment,
    LabelTray,
    NotThere,
    Pile,
    StagedTote,
    World,
    ssccs_in,
)

ACCESS = {"BIN": "any", "RACK": "fifo", "STACK": "lifo"}
DAYS = ("2026-01-01", "2026-01-08", "2026-01-15")
PLACES = ("BIN", "RACK", "STACK", "tote:T-1", "hands:W1")
SKUS = ("MUG", "JUG")


class WorldUnderWork(RuleBasedStateMachine):
    """People do anything at all; the world refuses what cannot be and keeps its books in its own head."""

    @initialize()
    def open_floor(self) -> None:
        self.world = World(ACCESS)
        self.expected: Counter[str] = Counter()

    @rule(
        place=st.sampled_from(PLACES),
        sku=st.sampled_from(SKUS),
        day=st.sampled_from(DAYS),
        qty=st.integers(1, 9),
    )
    def bring(self, place: str, sku: str, day: str, qty: int) -> None:
        self.world.bring(place, sku, day, qty)
        self.expected[sku] += qty

    @rule(
        here=st.sampled_from(PLACES),
        there=st.sampled_from((*PLACES, LOST)),
        sku=st.sampled_from(SKUS),
        qty=st.integers(1, 12),
        day=st.none() | st.sampled_from(DAYS),
    )
    def move(self, here: str, there: str, sku: str, qty: int, day: str | None) -> None:
        lying = sum(
            p.qty_each for p in self.world.look(here) if p.sku == sku and day in (None, p.received_on)
        )
        before = self.world.look(here), self.world.look(there)
        if qty > lying:
            with pytest.raises(NotThere):
                self.world.move(here, there, sku, qty, day)
            assert (self.world.look(here), self.world.look(there)) == before
        else:
            assert sum(p.qty_each for p in self.world.move(here, there, sku, qty, day)) == qty

    @rule(here=st.sampled_from(PLACES), there=st.sampled_from(PLACES))
    def move_all(self, here: str, there: str) -> None:
        self.world.move_all(here, there)

    @rule(place=st.sampled_from(PLACES))
    def drive_away(self, place: str) -> None:
        self.expected -= self.world.carry_away(place)

    @invariant()
    def nothing_appears_or_vanishes(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.check()
        lying = {sku: sum(self.world.count(place, sku) for place in self.world.places()) for sku in SKUS}
        assert lying == {sku: self.expected[sku] for sku in SKUS}

    @invariant()
    def a_bin_in_reach_is_kept_by_date(self) -> None:
        if hasattr(self, "world"):
            days = [pile.received_on for pile in self.world.look("BIN")]
            assert days == sorted(days)


TestWorldUnderWork = WorldUnderWork.TestCase


def test_a_flow_rack_gives_back_what_went_in_first() -> None:
    world = World(ACCESS)
    for day in ("2026-01-08", "2026-01-01"):
        world.bring("RACK", "MUG", day, 2)
    assert world.move("RACK", "hands:W1", "MUG", 3) == (
        Pile("MUG", "2026-01-08", 2),
        Pile("MUG", "2026-01-01", 1),
    )


def test_a_stack_gives_back_what_went_in_last() -> None:
    world = World(ACCESS)
    for day in DAYS[:2]:
        world.bring("STACK", "MUG", day, 1)
    assert world.move("STACK", "hands:W1", "MUG", 1)[0].received_on == DAYS[1]


def test_a_person_can_take_the_date_the_screen_names() -> None:
    world = World(ACCESS)
    for day in DAYS:
        world.bring("BIN", "MUG", day, 1)
    assert world.move("BIN", "hands:W1", "MUG", 1, DAYS[2])[0].received_on == DAYS[2]


@pytest.mark.parametrize("qty", [0, -1])
def test_nothing_cannot_be_brought_or_moved(qty: int) -> None:
    world = World(ACCESS)
    with pytest.raises(ValueError, match="nothing to"):
        world.bring("BIN", "MUG", DAYS[0], qty)
    with pytest.raises(ValueError, match="nothing to"):
        world.move("BIN", "RACK", "MUG", qty)


def test_eight_people_at_one_bin_lose_nothing() -> None:
    world = World(ACCESS)
    world.bring("BIN", "MUG", DAYS[0], 800)

    def carry(name: str) -> None:
        for _ in range(100):
            world.move("BIN", f"hands:{name}", "MUG", 1)

    people = [threading.Thread(target=carry, args=(f"W{n}",)) for n in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    world.check()
    assert world.count("BIN") == 0
    assert [world.count(f"hands:W{n}") for n in range(8)] == [100] * 8


def test_a_tote_that_must_wait_is_not_taken_but_can_be_fetched_by_name() -> None:
    gear = Equipment()
    gear.staged.append(StagedTote("T-1", not_before=float("inf")))
    assert gear.take_staged() is None
    fetched = gear.take_staged("T-1")
    assert fetched is not None
    assert fetched.barcode == "T-1"
    assert not gear.staged


LABEL = b"^XA^BY3^FO50,50^BCN,200,Y,N,N^FD>;>800340123450000000018^FS^FO9,9^A0N,30^FDOrder 577133^FS^XZ"


def test_the_label_on_the_tray_is_read_not_looked_up(tmp_path: Path) -> None:
    (tmp_path / "000001.zpl").write_bytes(LABEL)
    tray = LabelTray(tmp_path)
    assert tray.take(0) is None, "a label of an earlier run has long been torn off"
    (tmp_path / "000002.zpl").write_bytes(LABEL)
    assert tray.take(1) == "00340123450000000018"
    assert tray.take(0) is None


@given(st.integers(0, 10**18 - 1))
def test_every_sscc_in_a_barcode_field_is_found_once(number: int) -> None:
    digits = f"00{number:018d}"
    plain = f"^XA^BCN,200,N,N^FD>;>8{digits}^FS^FO1,1^A0N,9,9^FD(00){digits[2:]}^FS^XZ".encode()
    mode_d = f"^XA^FO94,852^BY4,3,272^BCN,272,N,N,N,D^FH^FD(00){digits[2:]}^FS^XZ".encode()
    assert ssccs_in(plain) == ssccs_in(mode_d) == ssccs_in(plain + mode_d) == [digits]


def test_what_is_only_written_on_the_label_is_not_its_barcode() -> None:
    assert ssccs_in(b"^XA^BCN,90^FDORDER-577133^FS^FO1,1^A0N,9,9^FD(00)340123450000000018^FS^XZ") == []
