"""A station from one pair of hands to the next: badge and PIN, the lock, work that goes along."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.domain.pins import MINUTE_MS, is_too_easy, locked_ms, looks_like_pin
from fulfillment.domain.reasons import DomainError, Rejected
from fulfillment.models import db
from fulfillment.services.people import keyed_pins, pins, signing_in
from fulfillment.services.scan_path import hand_over, scans
from fulfillment.services.scan_path.scan_arrival import station_row
from fulfillment.services.scan_path.scan_queue import handle_queue
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand
from tests.services.acts import TOTES, cancel
from tests.services.packing.a_bench import BENCH, at_bench, pick_into
from tests.services.walking.a_walk import stocked_tour

PIN = "73914682"  # eight digits nothing else in a test floor holds


@pytest.fixture(scope="module")
def kept() -> str:
    """The PIN as it is kept; made once, for it is slow on purpose."""
    return pins.scrypt_of(PIN)


def badge(hand: FloorHand, station: str, number: str) -> dict[str, object]:
    return hand.scan(station, own_code("B", number))


def key(hand: FloorHand, station: str, pin: str) -> str | Rejected:
    asked = hand.write(lambda tx: signing_in.asked_for_pin(tx, station))
    tried = pins.try_pin(hand.write, asked, pin)
    return hand.write(lambda tx: keyed_pins.key_pin(tx, station, asked, tried, 1_760_000_000_000))


def screen(hand: FloorHand, station: str) -> tuple[str, str]:
    step = hand.write(lambda tx: scans.current_step(tx, station))
    return step["flow"], step["state"]


def who(hand: FloorHand, station: str) -> str | None:
    row = hand.one(
        "SELECT o.badge FROM dialogue d JOIN station s ON s.warehouse_id = d.warehouse_id AND s.id = d.station_id"
        " LEFT JOIN operator o ON o.warehouse_id = d.warehouse_id AND o.id = d.operator_id"
        " WHERE d.warehouse_id = :w AND s.code = :station",
        station=station,
    )
    return row["badge"] if row else None


def test_a_badge_without_a_pin_signs_in_and_one_with_a_pin_asks_for_it(hand: FloorHand, kept: str) -> None:
    badge(hand, "HAND-1", "1002")
    assert screen(hand, "HAND-1") == ("home", "menu")
    hand.write(lambda tx: pins.set_pin(tx, "1001", kept))
    badge(hand, "HAND-2", "1001")
    assert screen(hand, "HAND-2") == ("home", "pin")
    assert who(hand, "HAND-2") is None
    assert hand.say("HAND-2", "PICK")["code"] == "pin_required"
    assert key(hand, "HAND-2", PIN) == ""
    assert (screen(hand, "HAND-2"), who(hand, "HAND-2")) == (("home", "menu"), "1001")
    assert key(hand, "HAND-2", PIN) == "pin_not_asked"


def test_another_badge_takes_over_with_its_pin_and_the_task_stays(hand: FloorHand, kept: str) -> None:
    stocked_tour(hand)
    before = screen(hand, "HAND-1")
    hand.scan("HAND-1", "MUG")
    badge(hand, "HAND-1", "1002")
    assert (screen(hand, "HAND-1"), who(hand, "HAND-1")) == (before, "1002")
    hand.write(lambda tx: pins.set_pin(tx, "1001", kept))
    badge(hand, "HAND-1", "1001")
    assert (screen(hand, "HAND-1"), who(hand, "HAND-1")) == (("home", "pin"), "1002")
    assert hand.say("HAND-1", "BACK")["step"]["state"] == "item"
    assert (screen(hand, "HAND-1"), who(hand, "HAND-1")) == (before, "1002")
    hand.scan("HAND-1", "MUG")
    badge(hand, "HAND-1", "1001")
    assert key(hand, "HAND-1", PIN) == ""
    assert (screen(hand, "HAND-1"), who(hand, "HAND-1")) == (before, "1001")
    hand.scan("HAND-1", "MUG")
    hand.scan("HAND-1", TOTES[0])
    scanned = hand.all(
        "SELECT o.badge FROM scan c JOIN operator o ON o.warehouse_id = c.warehouse_id AND o.id = c.operator_id"
        " WHERE c.warehouse_id = :w AND c.code IN ('MUG', :tote) ORDER BY c.id", tote=TOTES[0],
    )  # fmt: skip
    assert [row["badge"] for row in scanned][-4:] == ["1001", "1002", "1001", "1001"]


def test_who_is_asked_for_a_pin_is_a_rule_of_the_floor(hand: FloorHand, kept: str) -> None:
    hand.write(lambda tx: pins.set_pin(tx, "1001", kept))
    hand.write(lambda tx: hand_over.set_rules(tx, pin_rule="never"))
    badge(hand, "HAND-1", "1001")
    assert screen(hand, "HAND-1") == ("home", "menu")
    hand.write(lambda tx: hand_over.set_rules(tx, pin_rule="always"))
    assert badge(hand, "HAND-2", "1002")["code"] == "pin_missing"
    assert who(hand, "HAND-2") is None
    with pytest.raises(DomainError, match="none of"):
        hand.write(lambda tx: hand_over.set_rules(tx, pin_rule="sometimes"))


def test_wrong_pins_lock_it_even_for_the_right_one_until_a_supervisor_sets_it_anew(hand: FloorHand, kept: str) -> None:
    hand.write(lambda tx: pins.set_pin(tx, "1001", kept))
    badge(hand, "HAND-1", "1001")
    tries = [key(hand, "HAND-1", PIN[::-1]) for _ in range(6)]
    assert tries == ["pin_wrong"] * 4 + ["pin_locked"] * 2
    assert key(hand, "HAND-1", PIN) == "pin_locked"
    assert who(hand, "HAND-1") is None
    entries = hand.all("SELECT content FROM audit_log WHERE warehouse_id = :w AND subject = 'PIN at HAND-1'")
    assert [entry["content"].count('"locked"') for entry in entries] == [0, 0, 0, 0, 1]
    (person,) = [one for one in hand.write(pins.listed) if one["badge"] == "1001"]
    assert person["locked_until_ms"] > 0
    hand.write(lambda tx: pins.set_pin(tx, "1001", kept))
    assert key(hand, "HAND-1", PIN) == ""


def test_a_pin_is_in_no_table_and_a_scan_of_it_is_not_stored(hand: FloorHand, kept: str) -> None:
    hand.write(lambda tx: pins.set_pin(tx, "1001", kept))
    badge(hand, "HAND-1", "1001")
    with pytest.raises(DomainError, match="keyed"):
        hand.scan("HAND-1", PIN)
    one = scans.ScanRequest("queued-1", "HAND-1", PIN, 1_760_000_000_000)
    (outcome,) = hand.write(lambda tx: handle_queue(tx, [one]))["outcomes"]
    assert (outcome["outcome"], outcome["code"]) == ("refused", "pin_is_no_scan")
    assert key(hand, "HAND-1", PIN[::-1]) == "pin_wrong"
    assert key(hand, "HAND-1", PIN) == ""
    tables = sorted(db.metadata.tables)
    held = [
        table for table in tables for row in hand.all(f"SELECT * FROM {table} WHERE :w > 0")
        if PIN in str(row) or PIN[::-1] in str(row)
    ]  # fmt: skip
    assert len(tables) > 40
    assert held == []


def test_pins_are_compared_whole_and_kept_with_salts_of_their_own(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    real = pins.hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(pins.hmac, "compare_digest", watched)
    assert pins.matches(PIN, kept)
    assert not pins.matches("73914683", kept)
    assert compared == [(32, 32), (32, 32)]
    assert kept.split("$")[3] != pins.scrypt_of(PIN).split("$")[3]
    assert PIN not in repr(pins.Asked(1, kept))
    for pin, code in (("123", "bad_pin"), ("1234", "easy_pin"), ("7777", "easy_pin"), ("12a4", "bad_pin")):
        with pytest.raises(DomainError) as refused:
            pins.scrypt_of(pin)
        assert refused.value.code == code
        assert pin not in refused.value.detail


def test_what_a_pin_is_and_how_long_wrong_ones_lock() -> None:
    assert [looks_like_pin(text) for text in ("1234", "12345678", "123", "123456789", "12 34", "１２３４")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip
    assert [is_too_easy(pin) for pin in ("4321", "9999", "1357", "2468", "7391")] == [True, True, False, False, False]
    minutes = [locked_ms(failures) // MINUTE_MS for failures in range(13)]
    assert minutes == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]


class Clocked:
    """A floor whose clock is set, and scans made at its time or at a time of the device's own."""

    def __init__(self, floor: Floor) -> None:
        self.now_ms = 1_760_000_000_000
        self.floor = open_floor(floor.settings, clock=lambda: self.now_ms)
        self.hand = FloorHand(self.floor)
        self.hand.write(lambda tx: hand_over.set_rules(tx, auto_lock_min=10))
        self._numbers = iter(range(1_000))

    def scan(self, station: str, code: str, at_ms: int | None = None) -> dict[str, object]:
        made = self.now_ms if at_ms is None else at_ms
        request = scans.ScanRequest(f"clocked-{next(self._numbers)}", station, code, made)
        return self.hand.write(lambda tx: scans.handle_scan(tx, request))

    def later(self, minutes: float) -> None:
        self.now_ms += int(minutes * MINUTE_MS)


@pytest.fixture
def clocked(floor: Floor):  # type: ignore[no-untyped-def]
    """A floor whose stations lock after ten minutes, and its clock."""
    made = Clocked(floor)
    yield made
    made.floor.close()


def test_a_station_nobody_used_hears_badges_only_and_goes_on_where_it_was(clocked: Clocked) -> None:
    clocked.scan("HAND-1", own_code("B", "1001"))
    clocked.scan("HAND-1", own_code("C", "COUNT"))
    clocked.scan("HAND-1", own_code("L", "A01-01-1"))
    clocked.later(9)
    clocked.scan("HAND-1", own_code("L", "A01-01-1"))
    assert screen(clocked.hand, "HAND-1") == ("count", "item")
    clocked.later(10.1)
    step = clocked.hand.write(lambda tx: scans.current_step(tx, "HAND-1"))
    assert (step["state"], step["fields"], [one["kind"] for one in step["expects"]]) == ("locked", {}, ["badge"])
    for code in (own_code("C", "EMPTY"), own_code("C", "LOGOUT"), own_code("C", "PROBLEM"), own_code("L", "A01-02-1")):
        assert clocked.scan("HAND-1", code)["code"] == "locked"
    assert clocked.hand.all("SELECT id FROM count_result WHERE warehouse_id = :w") == []
    assert who(clocked.hand, "HAND-1") == "1001"
    clocked.scan("HAND-1", own_code("B", "1001"))
    assert screen(clocked.hand, "HAND-1") == ("count", "item")


def test_a_touch_keeps_a_station_open_and_opens_none(clocked: Clocked) -> None:
    clocked.scan("HAND-1", own_code("B", "1001"))
    clocked.later(9)
    clocked.hand.write(lambda tx: hand_over.touched(tx, "HAND-1"))
    clocked.later(9)
    assert screen(clocked.hand, "HAND-1") == ("home", "menu")
    clocked.later(2)
    clocked.hand.write(lambda tx: hand_over.touched(tx, "HAND-1"))
    assert screen(clocked.hand, "HAND-1") == ("home", "locked")


def test_a_locked_station_asks_for_the_pin_and_back_leaves_it_locked(clocked: Clocked, kept: str) -> None:
    clocked.hand.write(lambda tx: pins.set_pin(tx, "1001", kept))
    clocked.scan("HAND-1", own_code("B", "1002"))
    clocked.scan("HAND-1", own_code("C", "COUNT"))
    clocked.later(11)
    clocked.scan("HAND-1", own_code("B", "1001"))
    assert screen(clocked.hand, "HAND-1") == ("home", "pin")
    clocked.scan("HAND-1", own_code("C", "BACK"))
    assert screen(clocked.hand, "HAND-1") == ("home", "locked")
    clocked.scan("HAND-1", own_code("B", "1001"))
    assert key(clocked.hand, "HAND-1", PIN) == ""
    assert (screen(clocked.hand, "HAND-1"), who(clocked.hand, "HAND-1")) == (("count", "location"), "1001")


def test_scans_that_waited_for_the_network_come_to_an_open_station(clocked: Clocked) -> None:
    clocked.scan("HAND-1", own_code("B", "1001"))
    begun_ms = clocked.now_ms
    clocked.later(60)
    codes = [own_code("C", "COUNT"), own_code("L", "A01-01-1"), own_code("C", "EMPTY")]
    queued = [
        scans.ScanRequest(f"kept-{place}", "HAND-1", code, begun_ms + place * MINUTE_MS)
        for place, code in enumerate(codes, 1)
    ]
    answer = clocked.hand.write(lambda tx: handle_queue(tx, queued))
    assert [one["outcome"] for one in answer["outcomes"]] == ["applied"] * 3
    late = replace(queued[-1], scan_id="kept-9", occurred_at_ms=begun_ms + 30 * MINUTE_MS)
    clocked.later(30)
    (outcome,) = clocked.hand.write(lambda tx: handle_queue(tx, [late]))["outcomes"]
    assert outcome["code"] == "locked"


def test_no_station_locks_where_the_floor_says_never(clocked: Clocked) -> None:
    clocked.hand.write(lambda tx: hand_over.set_rules(tx, auto_lock_min=0))
    clocked.scan("HAND-1", own_code("B", "1001"))
    clocked.later(10_000)
    assert screen(clocked.hand, "HAND-1") == ("home", "menu")
    assert clocked.scan("HAND-1", own_code("C", "COUNT"))["outcome"] == "applied"


def test_a_picker_goes_on_at_another_handheld_and_the_first_one_says_so(hand: FloorHand) -> None:
    stocked_tour(hand)
    before, mine = screen(hand, "HAND-1"), who(hand, "HAND-1")
    answer = badge(hand, "HAND-2", str(mine))
    fields = answer["step"]["fields"]  # type: ignore[index]
    assert (fields["left_at"], fields["left_flow"]) == ("HAND-1", "pick")
    assert hand.say("HAND-2", "RESUME")["outcome"] == "applied"
    assert screen(hand, "HAND-2") == before
    left = hand.write(lambda tx: scans.current_step(tx, "HAND-1"))
    assert (left["state"], left["fields"]) == ("signed_out", {"taken_to": "HAND-2"})
    assert hand.scan("HAND-1", own_code("C", "SKIP"))["code"] == "not_signed_in"
    assert hand.say("HAND-2", "RESUME")["code"] == "not_expected"


def test_what_is_in_the_hand_goes_along_in_the_ledger(hand: FloorHand) -> None:
    hand.item("CUP")
    hand.stock("CUP", 5, "A01-01-1")
    hand.sign_in("HAND-1", "MOVE")
    hand.scan("HAND-1", own_code("L", "A01-01-1"))
    hand.scan("HAND-1", "CUP", 2)
    assert hand.on_hand("HAND-HAND-1", "CUP") == 2
    badge(hand, "HAND-2", "1001")
    hand.say("HAND-2", "RESUME")
    assert screen(hand, "HAND-2") == ("move", "target")
    hand.scan("HAND-2", own_code("L", "A02-01-1"))
    assert (hand.on_hand("A02-01-1", "CUP"), hand.on_hand("HAND-HAND-1", "CUP")) == (2, 0)
    # Both hands are free again, whoever's they are now.
    for station in ("HAND-1", "HAND-2"):
        hand.sign_in(station, "MOVE")
        hand.scan(station, own_code("L", "A01-01-1"))
        hand.scan(station, "CUP", 1)
        assert hand.scan(station, own_code("L", "A01-02-1"))["outcome"] == "applied"
        hand.say(station, "HOME")
        hand.say(station, "LOGOUT")
    assert hand.on_hand("A01-02-1", "CUP") == 2


def test_work_is_not_brought_to_a_station_with_something_in_its_hand(hand: FloorHand) -> None:
    hand.item("CUP")
    hand.stock("CUP", 5, "A01-01-1")
    for station, number in (("HAND-2", "1002"), ("HAND-1", "1001")):
        hand.sign_in(station, "MOVE", number)
        hand.scan(station, own_code("L", "A01-01-1"))
        hand.scan(station, "CUP", 1)
    lost = (
        "UPDATE dialogue SET flow = 'home', memory = '{}' WHERE warehouse_id = :w AND station_id ="
        " (SELECT id FROM station WHERE warehouse_id = :w AND code = 'HAND-2')"
    )
    hand.write(lambda tx: tx.put(lost))
    badge(hand, "HAND-2", "1001")
    assert hand.say("HAND-2", "RESUME")["code"] == "finish_first"
    assert screen(hand, "HAND-1") == ("move", "target")


def test_a_parcel_stays_on_its_bench(hand: FloorHand) -> None:
    hand.sign_in("BENCH-1", "PACK")
    answer = badge(hand, "HAND-1", "1001")
    assert "left_at" not in answer["step"]["fields"]  # type: ignore[index]


# --- a supervisor's word ------------------------------------------------------------------------------------------


@pytest.fixture
def asking(hand: FloorHand) -> FloorHand:
    """Cleo packs more than she may vouch for: a supervisor has to agree. Ada, the supervisor, has a PIN."""
    hand.item("CUP")
    hand.stock("CUP", 20)
    hand.write(lambda tx: setting_up.add_operator(tx, "1003", "Cleo", "packer"))
    hand.order("SO-1", ("CUP", 12))
    pick_into(hand)
    hand.say("HAND-1", "HOME")
    hand.say("HAND-1", "LOGOUT")
    at_bench(hand)
    badge(hand, BENCH, "1003")
    hand.say(BENCH, "NOSCAN")
    hand.scan(BENCH, "CUP", 12)
    hand.scan(BENCH, own_code("Y", "UNREADABLE"))
    assert hand.step()["state"] == "unscanned_word"
    return hand


def give_pin(hand: FloorHand, kept: str, number: str = "1001") -> None:
    hand.write(lambda tx: pins.set_pin(tx, number, kept))


def vouched(hand: FloorHand) -> list[tuple[str, str, str]]:
    rows = hand.all(
        "SELECT a.badge, s.badge AS word, u.scan_id FROM unscanned u"
        " JOIN operator a ON a.warehouse_id = u.warehouse_id AND a.id = u.operator_id"
        " JOIN operator s ON s.warehouse_id = u.warehouse_id AND s.id = u.supervisor_id ORDER BY u.id"
    )
    return [(row["badge"], row["word"], row["scan_id"]) for row in rows]


def test_a_supervisor_without_a_pin_agrees_by_badge(asking: FloorHand) -> None:
    badge(asking, BENCH, "1001")
    assert [(by, word) for by, word, _ in vouched(asking)] == [("1003", "1001")]


def test_a_supervisor_with_a_pin_agrees_once_it_is_keyed_and_the_station_stays_whose_it_was(
    asking: FloorHand, kept: str
) -> None:
    give_pin(asking, kept)
    answer = badge(asking, BENCH, "1001")
    assert (screen(asking, BENCH), answer["outcome"]) == (("home", "pin"), "applied")
    assert asking.step()["fields"] == {"asked": "Ada", "for_word": True}
    assert vouched(asking) == []
    assert key(asking, BENCH, "73914683") == "pin_wrong"
    assert (screen(asking, BENCH), vouched(asking)) == (("home", "pin"), [])
    assert key(asking, BENCH, PIN) == ""
    assert vouched(asking) == [("1003", "1001", answer["scan_id"])]
    assert (who(asking, BENCH), screen(asking, BENCH)) == ("1003", ("pack", "label"))


def test_a_badge_read_twice_does_not_take_the_station_over(asking: FloorHand, kept: str) -> None:
    give_pin(asking, kept)
    for _ in range(2):
        badge(asking, BENCH, "1001")
    assert asking.step()["fields"]["for_word"] is True
    assert key(asking, BENCH, PIN) == ""
    assert (who(asking, BENCH), len(vouched(asking))) == ("1003", 1)


def test_back_leaves_the_question_where_it_was(asking: FloorHand, kept: str) -> None:
    give_pin(asking, kept)
    badge(asking, BENCH, "1001")
    asking.say(BENCH, "BACK")
    assert screen(asking, BENCH) == ("pack", "unscanned_word")
    assert key(asking, BENCH, PIN) == "pin_not_asked"
    assert vouched(asking) == []


def test_another_badge_instead_signs_in_and_its_pin_is_nobodys_word(asking: FloorHand, kept: str) -> None:
    give_pin(asking, kept)
    asking.write(lambda tx: setting_up.add_operator(tx, "1004", "Dora", "packer"))
    give_pin(asking, kept, "1004")
    badge(asking, BENCH, "1001")
    badge(asking, BENCH, "1004")
    assert asking.step()["fields"] == {"asked": "Dora", "for_word": False}
    assert key(asking, BENCH, PIN) == ""
    assert (who(asking, BENCH), screen(asking, BENCH), vouched(asking)) == ("1004", ("pack", "unscanned_word"), [])


def test_whoever_may_not_decide_is_refused_without_a_pin_being_asked_for(asking: FloorHand, kept: str) -> None:
    give_pin(asking, kept, "1003")
    assert badge(asking, BENCH, "1003")["code"] == "not_allowed"
    assert screen(asking, BENCH) == ("pack", "unscanned_word")


def test_where_pins_are_never_asked_for_a_badge_is_a_word(asking: FloorHand, kept: str) -> None:
    give_pin(asking, kept)
    asking.write(lambda tx: hand_over.set_rules(tx, None, "never"))
    badge(asking, BENCH, "1001")
    assert len(vouched(asking)) == 1


def test_what_the_dialogue_has_against_a_word_is_said_when_the_pin_is_keyed(asking: FloorHand, kept: str) -> None:
    give_pin(asking, kept)
    badge(asking, BENCH, "1001")
    cancel(asking, "SO-1")
    said = key(asking, BENCH, PIN)
    assert isinstance(said, Rejected)
    assert vouched(asking) == []


# --- one's own PIN ------------------------------------------------------------------------------------------------


def test_who_knows_their_pin_changes_it(hand: FloorHand, kept: str) -> None:
    badge(hand, "HAND-1", "1001")
    give_pin(hand, kept)
    other = pins.scrypt_of("82640517")

    def change(keyed: str) -> str:
        asked = hand.write(lambda tx: pins.kept_for(tx, 1))
        tried = pins.try_pin(hand.write, asked, keyed)
        return hand.write(
            lambda tx: pins.change_own(tx, station_row(tx, "HAND-1"), asked, tried, other, 1_760_000_000_000)
        )

    assert change(PIN[::-1]) == "pin_wrong"
    assert change(PIN) == ""
    assert hand.write(lambda tx: pins.kept_for(tx, 1)).pin_scrypt == other
    for _ in range(5):
        change(PIN)
    assert change("82640517") == "pin_locked"
    hand.say("HAND-1", "LOGOUT")
    assert change("82640517") == "pin_not_asked"
