"""What is old is let go, in small steps, and nothing that was let go can happen twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fulfillment.domain.reasons import Conflict
from fulfillment.services.ordering import orders
from fulfillment.services.records import audit_entries, audit_log, events, retention
from fulfillment.services.records.retention import DAY_MS, Keeping
from fulfillment.services.releasing import planning
from fulfillment.services.scan_path import scans
from fulfillment.services.working import jobs
from fulfillment.settings import SettingError, Settings
from tests.factories import FloorHand
from tests.services.acts import cancel, wrong

ALL = Keeping(scans_days=30, events_days=30, buyers_days=30)


@pytest.fixture(autouse=True)
def _book_is_right(hand: FloorHand) -> Iterator[None]:
    yield
    assert wrong(hand) == []
    assert hand.floor.read(audit_log.verify_chain) == []
    assert hand.floor.read(audit_entries.verify_scans) == []


def age(hand: FloorHand, days: int, first: int = 1, last: int = 10**6) -> None:
    """Scans and events as if they had come so many days ago; their entries vouch for them as they are then."""
    then = hand.floor.clock() - days * DAY_MS
    for table in ("scan", "event"):
        hand.write(lambda tx, table=table: tx.run(
            f"UPDATE {table} SET recorded_at_ms = :then WHERE warehouse_id = :w AND id >= :first AND id <= :last",
            then=then, first=first, last=last))  # fmt: skip


def old_scans(hand: FloorHand, count: int, days: int = 40) -> None:
    """Scans that came `days` ago."""
    for number in range(count):
        request = scans.ScanRequest(f"old-{number}", "HAND-1", "nonsense", 1_760_000_000_000)

        def work(tx: object, request: scans.ScanRequest = request) -> object:
            now = tx.now_ms  # type: ignore[attr-defined]
            tx.now_ms = now - days * DAY_MS  # type: ignore[attr-defined]
            try:
                return scans.handle_scan(tx, request)  # type: ignore[arg-type]
            finally:
                tx.now_ms = now  # type: ignore[attr-defined]

        hand.write(work)


def answers(hand: FloorHand) -> int:
    return hand.one("SELECT COUNT(*) AS n FROM scan WHERE warehouse_id = :w AND outcome <> ''")["n"]


def test_an_old_answer_goes_and_the_scan_is_still_not_applied_twice(hand: FloorHand) -> None:
    old_scans(hand, 3)
    hand.scan("HAND-1", "nonsense", scan_id="new")
    assert retention.let_go(hand.floor, ALL)["scans"] == 3
    assert answers(hand) == 1
    again = hand.scan("HAND-1", "nonsense", scan_id="old-1")
    assert (again["outcome"], again["code"], again["replayed"]) == ("rejected", "unknown_code", True)
    assert again["step"]["state"] == "signed_out"
    with pytest.raises(Exception, match="came before with another body"):
        hand.scan("HAND-1", "something else", scan_id="old-1")
    assert hand.one("SELECT COUNT(*) AS n FROM scan WHERE warehouse_id = :w") == {"n": 4}


def test_a_dry_run_says_how_much_and_lets_nothing_go(hand: FloorHand) -> None:
    old_scans(hand, 3)
    assert retention.let_go(hand.floor, ALL, dry_run=True)["scans"] == 3
    assert answers(hand) == 3


def test_nothing_is_let_go_that_is_kept_for_ever(hand: FloorHand) -> None:
    old_scans(hand, 3, days=4000)
    assert retention.let_go(hand.floor, Keeping(0, 0, 0)) == {"scans": 0, "events": 0, "buyers": 0}
    assert answers(hand) == 3


def test_what_was_stopped_in_the_middle_is_finished_the_next_day(
    hand: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SCANS_A_TURN", 2)
    old_scans(hand, 7)

    class After(retention.threading.Event):
        """Stops after the second transaction."""

        looks = 0

        def is_set(self) -> bool:
            self.looks += 1
            return self.looks > 2

    retention.let_go(hand.floor, ALL, stop=After())
    assert answers(hand) == 3
    assert hand.floor.read(audit_entries.verify_scans) == []
    retention.let_go(hand.floor, ALL)
    assert answers(hand) == 0


def test_events_go_and_who_follows_from_before_them_is_told(hand: FloorHand) -> None:
    hand.item("MUG")
    for number in ("SO-0", "SO-1"):
        hand.order(number, ("MUG", 1))
    first = hand.floor.read(lambda tx: events.after(tx, "", 1)).cursor
    hand.order("SO-2", ("MUG", 1))
    newest = hand.one("SELECT MAX(id) AS id FROM event WHERE warehouse_id = :w")["id"]
    age(hand, 40)
    assert retention.let_go(hand.floor, ALL)["events"] == newest - 1
    assert hand.one("SELECT MIN(id) AS low, MAX(id) AS high FROM event WHERE warehouse_id = :w") == {
        "low": newest, "high": newest,
    }  # fmt: skip
    with pytest.raises(Conflict):
        hand.floor.read(lambda tx: events.after(tx, first, 10))


def test_a_buyer_is_forgotten_when_the_order_has_long_been_over(hand: FloorHand) -> None:
    hand.item("MUG")
    for number in ("SO-1", "SO-2", "SO-3"):
        hand.order(number, ("MUG", 1))
    cancel(hand, "SO-1")
    cancel(hand, "SO-2")
    then = hand.floor.clock() - 40 * DAY_MS
    sql = "UPDATE sales_order SET state_since_ms = :then WHERE warehouse_id = :w AND number <> 'SO-2'"
    hand.write(lambda tx: tx.run(sql, then=then))
    assert retention.let_go(hand.floor, ALL)["buyers"] == 1
    names = {row["number"]: row["ship_to_name"] for row in hand.all(
        "SELECT number, ship_to_name FROM sales_order WHERE warehouse_id = :w")}  # fmt: skip
    assert names == {"SO-1": "", "SO-2": "Jo Buyer", "SO-3": "Jo Buyer"}
    assert retention.let_go(hand.floor, ALL)["buyers"] == 0


def test_an_order_sent_again_after_its_buyer_was_forgotten_is_still_the_same_order(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.order("SO-1", ("MUG", 1))
    cancel(hand, "SO-1")
    hand.write(lambda tx: tx.run("UPDATE sales_order SET state_since_ms = 0 WHERE warehouse_id = :w"))
    retention.let_go(hand.floor, ALL)
    hand.order("SO-1", ("MUG", 1))
    assert hand.one("SELECT COUNT(*) AS n FROM sales_order WHERE warehouse_id = :w") == {"n": 1}
    assert hand.write(lambda tx: orders.describe(tx, "SO-1", None))["ship_to"]["name"] == ""


def test_a_worker_lets_go_once_a_day_however_many_there_are(hand: FloorHand) -> None:
    old_scans(hand, 2, days=400)
    for _ in range(3):
        retention.Daily(hand.floor).ask()
    kinds = planning.kinds()
    assert jobs.run_next(hand.floor, kinds)
    assert not jobs.run_next(hand.floor, kinds)
    assert answers(hand) == 0


@pytest.mark.parametrize(("name", "value"), [
    ("FLOOR_KEEP_SCANS_DAYS", "29"), ("FLOOR_KEEP_SCANS_DAYS", "-1"), ("FLOOR_KEEP_EVENTS_DAYS", "x"),
    ("FLOOR_KEEP_BUYERS_DAYS", "99999"),
])  # fmt: skip
def test_scans_are_kept_as_long_as_a_device_may_come_back(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        Settings.from_env({name: value})


def test_zero_days_is_for_ever() -> None:
    env = {f"FLOOR_KEEP_{what}_DAYS": "0" for what in ("SCANS", "EVENTS", "BUYERS")}
    assert retention.of_settings(Settings.from_env(env)) == Keeping(0, 0, 0)
