"""Rules of copies: what was answered before one began is in it, it is checked, and it becomes a floor again."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.hot.presence import FloorInUse, Presence
from fulfillment.safekeeping import NotSafe, files
from fulfillment.safekeeping.backup import back_up, paper_of, read_paper
from fulfillment.safekeeping.restore import restore
from fulfillment.services.scan_path import scans
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.acts import pick_all, wrong


@pytest.fixture
def busy(hand: FloorHand) -> FloorHand:
    """A floor with stock, an order picked and one that waits."""
    hand.item("MUG")
    hand.stock("MUG", 10)
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    hand.order("SO-2", ("MUG", 2))
    return hand


def test_a_copy_and_its_paper_are_for_their_owner_only(busy: FloorHand, tmp_path: Path) -> None:
    file = tmp_path / "copy.floor"
    back_up(busy.floor.settings.database_url, file)
    assert [path.stat().st_mode & 0o777 for path in (file, paper_of(file))] == [0o600, 0o600]


def elsewhere(settings: Settings, name: str = "new") -> Settings:
    """Settings of a floor in a folder of its own."""
    home = settings.home / name
    return replace(settings, home=home, database_url=f"sqlite:///{home / 'floor.sqlite'}")


def opened(settings: Settings) -> FloorHand:
    """A hand on a floor that stands already."""
    hand = FloorHand.__new__(FloorHand)
    hand.__dict__.update(floor=open_floor(settings), code="MAIN", answer={})
    return hand


def test_a_copy_holds_the_floor_and_says_what_it_holds(busy: FloorHand, settings: Settings, tmp_path: Path) -> None:
    paper = back_up(settings.database_url, tmp_path / "copy")
    assert (paper.verified, paper.ends[0].code) == ("ledger", "MAIN")
    assert paper.ends[0].moves == busy.one("SELECT COUNT(*) AS n FROM stock_move WHERE warehouse_id = :w")["n"]
    assert paper.ends[0].audit_entry > 0
    assert read_paper(tmp_path / "copy") == paper
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in tmp_path.glob("*copy*")) == ["copy", "copy.json"]


def test_a_copy_becomes_a_floor_that_goes_on(busy: FloorHand, settings: Settings, tmp_path: Path) -> None:
    before = busy.all("SELECT * FROM stock_move WHERE warehouse_id = :w ORDER BY id")
    back_up(settings.database_url, tmp_path / "copy")
    restored = restore(tmp_path / "copy", elsewhere(settings).database_url)
    assert (restored.kept_as, restored.ends[0].moves) == ("", len(before))
    again = opened(elsewhere(settings))
    assert again.all("SELECT * FROM stock_move WHERE warehouse_id = :w ORDER BY id") == before
    again.order("SO-3", ("MUG", 1))
    assert wrong(again) == []
    again.floor.close()


def test_devices_that_send_their_outbox_again_after_a_restore_count_once(
    hand: FloorHand, settings: Settings, tmp_path: Path
) -> None:
    hand.item("MUG")

    def pull(number: int, code: str, qty_each: int | None = None) -> scans.ScanRequest:
        return scans.ScanRequest(f"device-{number}", "DOCK-1", code, 1_760_000_000_000 + number, qty_each)

    outbox = [
        pull(1, own_code("B", "1001")), pull(2, own_code("C", "RECEIVE")), pull(3, own_code("C", "BLIND")),
        *(pull(number, "MUG", 3) for number in range(4, 9)),
    ]  # fmt: skip

    def send(floor: Floor, requests: list[scans.ScanRequest]) -> list[bool]:
        return [
            floor.writer.write(lambda tx, one=one: scans.handle_scan(tx, one))["replayed"]  # type: ignore[misc]
            for one in requests
        ]

    send(hand.floor, outbox[:6])
    back_up(settings.database_url, tmp_path / "copy")
    send(hand.floor, outbox[6:])
    restore(tmp_path / "copy", elsewhere(settings).database_url)
    again = opened(elsewhere(settings))
    assert send(again.floor, outbox) == [True] * 6 + [False] * 2
    received = "SELECT SUM(qty_each) AS n FROM stock_move WHERE warehouse_id = :w AND reason = 'receive'"
    assert again.one(received) == hand.one(received) == {"n": 15}
    assert wrong(again) == []
    again.floor.close()


def test_every_scan_answered_before_the_copy_began_is_in_it(
    hand: FloorHand, settings: Settings, tmp_path: Path
) -> None:
    hand.item("MUG")
    hand.sign_in("DOCK-1", "RECEIVE")
    hand.say("DOCK-1", "BLIND")
    answered: list[str] = []
    enough, stop = threading.Event(), threading.Event()

    def receive() -> None:
        for number in range(100_000):
            request = scans.ScanRequest(f"load-{number}", "DOCK-1", "MUG", 1_760_000_000_000, 1)
            hand.floor.writer.write(lambda tx, one=request: scans.handle_scan(tx, one))
            answered.append(request.scan_id)
            if number == 50:
                enough.set()
            if stop.is_set():
                return

    writer = threading.Thread(target=receive)
    writer.start()
    try:
        assert enough.wait(60)
        before = list(answered)
        back_up(settings.database_url, tmp_path / "copy")
    finally:
        stop.set()
        writer.join()
    restore(tmp_path / "copy", elsewhere(settings).database_url)
    again = opened(elsewhere(settings))
    kept = {row["scan_id"] for row in again.all("SELECT scan_id FROM scan WHERE warehouse_id = :w")}
    assert set(before) <= kept
    assert wrong(again) == []
    again.floor.close()


def test_a_floor_is_not_overwritten_unless_asked_for_and_is_kept_then(
    busy: FloorHand, settings: Settings, tmp_path: Path
) -> None:
    back_up(settings.database_url, tmp_path / "copy")
    there = elsewhere(settings)
    restore(tmp_path / "copy", there.database_url)
    newer = opened(there)
    newer.order("SO-9", ("MUG", 1))
    newer.floor.close()
    with pytest.raises(NotSafe, match="there is a floor"):
        restore(tmp_path / "copy", there.database_url)
    kept = restore(tmp_path / "copy", there.database_url, replace=True).kept_as
    numbers = "SELECT number FROM sales_order WHERE warehouse_id = :w ORDER BY id"
    old, back = opened(replace(there, database_url=f"sqlite:///{kept}")), opened(there)
    assert [row["number"] for row in old.all(numbers)] == ["SO-1", "SO-2", "SO-9"]
    assert [row["number"] for row in back.all(numbers)] == ["SO-1", "SO-2"]
    old.floor.close()
    back.floor.close()


@pytest.mark.engine("sqlite")
def test_a_floor_somebody_has_open_is_not_replaced(busy: FloorHand, settings: Settings, tmp_path: Path) -> None:
    back_up(settings.database_url, tmp_path / "copy")
    with pytest.raises(NotSafe, match="open in another process"):
        restore(tmp_path / "copy", settings.database_url, replace=True)
    assert wrong(busy) == []


@pytest.mark.engine("sqlite")
def test_nobody_opens_a_floor_that_is_being_replaced(settings: Settings) -> None:
    with Presence(settings.home / "floor.sqlite", alone=True), pytest.raises(FloorInUse, match="being replaced"):
        open_floor(settings)
    open_floor(settings).close()


def test_a_copy_that_was_touched_is_refused(busy: FloorHand, settings: Settings, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    back_up(settings.database_url, copy)
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(NotSafe, match="its hash is another one"):
        restore(copy, elsewhere(settings).database_url)
    paper_of(copy).unlink()
    with pytest.raises(NotSafe, match="missing"):
        restore(copy, elsewhere(settings).database_url)
    assert not elsewhere(settings).home.exists() or not list(elsewhere(settings).home.glob("*.sqlite"))


def test_a_copy_of_a_newer_program_is_refused(busy: FloorHand, settings: Settings, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    back_up(settings.database_url, copy)
    paper = json.loads(paper_of(copy).read_text())
    paper_of(copy).write_text(json.dumps({**paper, "revision": "9999"}))
    with pytest.raises(NotSafe, match="newer version"):
        restore(copy, elsewhere(settings).database_url)


def test_a_wrong_book_is_not_called_a_copy(busy: FloorHand, settings: Settings, tmp_path: Path) -> None:
    busy.write(lambda tx: tx.run("UPDATE stock_balance SET on_hand_each = on_hand_each + 1 WHERE warehouse_id = :w"))
    with pytest.raises(NotSafe, match="balances_equal_ledger"):
        back_up(settings.database_url, tmp_path / "copy")
    assert list(tmp_path.glob("*copy*")) == []


def test_a_copy_is_not_written_over_another(busy: FloorHand, settings: Settings, tmp_path: Path) -> None:
    back_up(settings.database_url, tmp_path / "copy")
    with pytest.raises(NotSafe, match="is there already"):
        back_up(settings.database_url, tmp_path / "copy")


def test_what_an_attempt_that_was_killed_left_is_cleared_away(
    busy: FloorHand, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / ".copy.unfinished").write_bytes(b"half a database")
    back_up(settings.database_url, tmp_path / "copy")
    assert files.sha256_of(tmp_path / "copy") == read_paper(tmp_path / "copy").sha256
    assert not (tmp_path / ".copy.unfinished").exists()
