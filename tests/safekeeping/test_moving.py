"""Rules of moving to PostgreSQL: all of it or nothing, the same on both sides, and the floor goes on there."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from fulfillment.bootstrap import open_floor
from fulfillment.safekeeping import NotSafe, schema, tables
from fulfillment.safekeeping.backup import back_up
from fulfillment.safekeeping.moving import move_to_postgresql
from fulfillment.safekeeping.restore import restore
from fulfillment.services.receiving.inbound import UnitIn
from fulfillment.services.releasing import waves
from fulfillment.services.working import jobs, shared_jobs
from fulfillment.settings import Settings
from tests.factories import NOBODY, FloorHand
from tests.postgresql import PostgresServer
from tests.services.acts import cancel, pick_all, release, take_tour, wrong
from tests.services.arriving import PALLET, announce_units, lines
from tests.services.packing.a_bench import at_bench, label_and_lane

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """The address of a PostgreSQL database of this test's own."""
    name = f"moved_{random.getrandbits(48):x}"
    return postgres.create(name)


@pytest.fixture
def lived(hand: FloorHand) -> FloorHand:
    """A floor with a history: goods in, a pallet, picked, packed, cancelled, a walk under way."""
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 10)
    hand.stock("CUP", 10, "A01-02-1")
    announce_units(hand, UnitIn(PALLET, lines(("MUG", 40))))
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    at_bench(hand)
    for _ in range(3):
        hand.scan("BENCH-1", "MUG")
    label_and_lane(hand)
    hand.order("SO-2", ("CUP", 2), ("MUG", 1))
    hand.order("SO-4", ("CUP", 1))
    cancel(hand, "SO-4")
    release(hand)
    take_tour(hand, cart=1, first_tote=3)
    hand.order("SO-3", ("CUP", 1))
    assert wrong(hand) == []
    return hand


def on(settings: Settings, url: str, hand: FloorHand) -> FloorHand:
    """The same person on the floor at another address."""
    moved = FloorHand.__new__(FloorHand)
    moved.__dict__.update({**hand.__dict__, "floor": open_floor(replace(settings, database_url=url))})
    return moved


def test_a_floor_moves_with_all_it_has_and_goes_on_there(lived: FloorHand, settings: Settings, url: str) -> None:
    lived.floor.close()
    moved = move_to_postgresql(settings.database_url, url)
    assert moved.tables["stock_move"].rows >= 8
    assert moved.ends[0].audit_entry > 0
    there = on(settings, url, lived)
    assert wrong(there) == []
    there.order("SO-5", ("MUG", 2))
    there.write(lambda tx: tx.add("zone", code="Z9"))
    assert there.one("SELECT code FROM zone WHERE warehouse_id = :w") == {"code": "Z9"}
    there.stock("CUP", 5, "A02-01-1")
    there.write(lambda tx: waves.release(tx, NOBODY, ["SO-5"]))
    assert wrong(there) == []
    with schema.engine_of(url) as engine, engine.connect() as connection, pytest.raises(Exception, match="append-only"):
        connection.exec_driver_sql("DELETE FROM stock_move")
    there.floor.close()


def test_a_wave_that_was_to_be_planned_is_planned_there(lived: FloorHand, settings: Settings, url: str) -> None:
    lived.order("SO-5", ("MUG", 2))
    lived.write(lambda tx: waves.release(tx, NOBODY, ["SO-5"]))
    lived.floor.close()
    move_to_postgresql(settings.database_url, url)
    there = on(settings, url, lived)
    queued = there.all("SELECT id, name FROM job WHERE warehouse_id = :w AND state = 'queued' ORDER BY id")
    assert waves.PLAN_WAVE in {row["name"] for row in queued}
    assert shared_jobs.hand_out_lost(there.floor) == len(queued)
    handed = there.all(f"SELECT args->>'job' AS job FROM {jobs.SCHEMA}.procrastinate_jobs")
    assert sorted(int(row["job"]) for row in handed) == [row["id"] for row in queued]
    assert shared_jobs.hand_out_lost(there.floor) == 0
    there.floor.close()


def test_a_floor_in_use_does_not_move(lived: FloorHand, settings: Settings, url: str) -> None:
    with pytest.raises(NotSafe, match="open in another process"):
        move_to_postgresql(settings.database_url, url)


def test_a_floor_is_not_moved_onto_another(lived: FloorHand, settings: Settings, url: str) -> None:
    lived.floor.close()
    move_to_postgresql(settings.database_url, url)
    with pytest.raises(NotSafe, match="a floor in the other database"):
        move_to_postgresql(settings.database_url, url)


def test_a_wrong_book_does_not_move(lived: FloorHand, settings: Settings, url: str) -> None:
    lived.write(lambda tx: tx.run("UPDATE stock_balance SET on_hand_each = on_hand_each + 1 WHERE lpn_id = 0"))
    lived.floor.close()
    with pytest.raises(NotSafe, match="does not verify"):
        move_to_postgresql(settings.database_url, url)
    with schema.engine_of(url) as engine:
        assert schema.warehouses(engine) == []


def test_what_does_not_arrive_as_sent_is_not_kept_and_the_move_can_be_done_again(
    lived: FloorHand, settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived.floor.close()
    fill = tables._fill

    def lossy(connection: object, engine: object, table: tables.Table, rows: object) -> None:
        kept = list(rows)  # type: ignore[call-overload]
        fill(connection, engine, table, kept[:-1] if table.name == "stock_move" else kept)  # type: ignore[arg-type]

    monkeypatch.setattr(tables, "_fill", lossy)
    with pytest.raises(NotSafe, match="nothing was kept: what arrived is not what was sent: stock_move"):
        move_to_postgresql(settings.database_url, url)
    monkeypatch.undo()
    with schema.engine_of(url) as engine:
        assert schema.warehouses(engine) == []
    assert move_to_postgresql(settings.database_url, url).rows > 0


def test_a_copy_of_a_floor_on_postgresql_is_the_same_floor_on_a_file_and_on_another_server(
    lived: FloorHand, settings: Settings, url: str, postgres: PostgresServer
) -> None:
    lived.floor.close()
    here = move_to_postgresql(settings.database_url, url)
    copy = settings.home / "copy"
    paper = back_up(url, copy)
    assert (paper.engine, paper.ends) == ("postgresql", here.ends)
    other = postgres.create(f"other_{random.getrandbits(48):x}")
    file = f"sqlite:///{settings.home / 'file' / 'floor.sqlite'}"
    for address in (other, file):
        assert restore(copy, address).ends == here.ends
        there = on(settings, address, lived)
        there.order("SO-7", ("MUG", 1))
        assert wrong(there) == []
        there.floor.close()
    with pytest.raises(NotSafe, match="there is a floor in that database"):
        restore(copy, other, replace=True)
