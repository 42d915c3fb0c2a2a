"""Rules of the scan: once is once, whoever asks again gets the same answer, nonsense never becomes stock."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.scan_path import scans
from tests.factories import FloorHand
from tests.services.acts import TOTES, at, release, take_tour, wrong


@pytest.fixture
def item_stop(hand: FloorHand) -> FloorHand:
    """Standing at the bin of 3 MUG."""
    hand.item("MUG")
    hand.stock("MUG", 10)
    hand.order("SO-1", ("MUG", 3))
    release(hand)
    take_tour(hand)
    hand.scan("HAND-1", at("A01-01-1"))
    return hand


def code_of(hand: FloorHand) -> str | None:
    return hand.answer.get("code")


# --- once ------------------------------------------------------------------------------------------------


def test_a_replay_gets_the_stored_answer_and_moves_nothing(item_stop: FloorHand) -> None:
    first = item_stop.scan("HAND-1", "MUG", scan_id="pull-1")
    again = item_stop.scan("HAND-1", "MUG", scan_id="pull-1")
    assert first["replayed"] is False
    assert again == {**first, "replayed": True}
    assert item_stop.write(lambda tx: scans.current_step(tx, "HAND-1"))["fields"]["counted_each"] == 1


def test_two_pulls_on_one_code_count_twice(item_stop: FloorHand) -> None:
    item_stop.scan("HAND-1", "MUG", scan_id="pull-1")
    item_stop.scan("HAND-1", "MUG", scan_id="pull-2")
    assert item_stop.step()["fields"]["counted_each"] == 2


def test_a_replay_long_after_still_gets_its_own_answer(item_stop: FloorHand) -> None:
    first = item_stop.scan("HAND-1", "MUG", 3, scan_id="pull-1")
    item_stop.scan("HAND-1", TOTES[0])
    item_stop.scan("HAND-1", at("STAGE-1"))
    again = item_stop.scan("HAND-1", "MUG", 3, scan_id="pull-1")
    assert again["step"] == first["step"]
    assert item_stop.on_hand("STAGE-1") == 3


def test_a_rejected_scan_replays_as_rejected(item_stop: FloorHand) -> None:
    item_stop.scan("HAND-1", "MUG", 9, scan_id="pull-1")
    again = item_stop.scan("HAND-1", "MUG", 9, scan_id="pull-1")
    assert (again["outcome"], again["code"], again["replayed"]) == ("rejected", "too_many", True)


@pytest.mark.parametrize(
    "other",
    [
        {"code": "CUP"},
        {"qty_each": 2},
        {"occurred_at_ms": 5},
        {"station": "HAND-2"},
    ],
)
def test_one_id_with_another_body_is_a_conflict(item_stop: FloorHand, other: dict[str, Any]) -> None:
    body = {"scan_id": "pull-1", "station": "HAND-1", "code": "MUG", "occurred_at_ms": 1, "qty_each": 1}
    item_stop.write(lambda tx: scans.handle_scan(tx, scans.ScanRequest(**body)))
    with pytest.raises(Conflict) as refused:
        item_stop.write(lambda tx: scans.handle_scan(tx, scans.ScanRequest(**{**body, **other})))
    assert (refused.value.status, refused.value.code, refused.value.field) == (409, "scan_id_reused", "scan_id")


def test_every_scan_is_kept_with_who_where_and_why_not(item_stop: FloorHand) -> None:
    item_stop.scan("HAND-1", at("A01-02-1"), scan_id="pull-1")
    row = item_stop.one(
        "SELECT s.code, s.flow, s.rejection, p.badge FROM scan s JOIN operator p ON p.warehouse_id = s.warehouse_id"
        " AND p.id = s.operator_id WHERE s.warehouse_id = :w AND s.scan_id = 'pull-1'"
    )
    assert row == {"code": at("A01-02-1"), "flow": "pick", "rejection": "not_expected", "badge": "1001"}


def test_the_moves_of_a_scan_carry_its_id(item_stop: FloorHand) -> None:
    item_stop.scan("HAND-1", "MUG", 3)
    item_stop.scan("HAND-1", TOTES[0], scan_id="pull-1")
    row = item_stop.one("SELECT scan_id, reason FROM stock_move WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")
    assert row == {"scan_id": "pull-1", "reason": "pick"}


# --- nonsense --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "empty"),
        ("  \r\n", "empty"),
        ("9" * 10_240, "characters"),
        ("MUG\x00", "0x00"),
        ("\x1bMUG", "0x1B"),
        ("MU\x7fG", "0x7F"),
        ("MU\u0085G", "0x85"),
    ],
)
def test_a_malformed_code_is_the_callers_mistake(item_stop: FloorHand, code: str, why: str) -> None:
    before = item_stop.one("SELECT COUNT(*) AS n FROM scan WHERE warehouse_id = :w")
    with pytest.raises(DomainError, match=why) as refused:
        item_stop.scan("HAND-1", code)
    assert (refused.value.status, refused.value.code, refused.value.field) == (422, "malformed_code", "code")
    assert item_stop.one("SELECT COUNT(*) AS n FROM scan WHERE warehouse_id = :w") == before


def test_the_separator_of_gs1_is_no_control_character(item_stop: FloorHand) -> None:
    item_stop.scan("HAND-1", "]C10109506000134352\x1d10AB")
    assert code_of(item_stop) == "unknown_code"


@pytest.mark.parametrize("text", ["' OR 1=1 --", "<script>alert(1)</script>", "{{7*7}}", "日本", "-1", "C-PICK"])
def test_strange_text_is_an_unknown_code_and_no_more(item_stop: FloorHand, text: str) -> None:
    item_stop.scan("HAND-1", text)
    assert code_of(item_stop) == "unknown_code"
    assert wrong(item_stop) == []


@pytest.mark.parametrize("qty_each", [0, -1, 1_000_001])
def test_an_absurd_quantity_is_the_callers_mistake(item_stop: FloorHand, qty_each: int) -> None:
    with pytest.raises(DomainError) as refused:
        item_stop.scan("HAND-1", "MUG", qty_each)
    assert (refused.value.code, refused.value.field) == ("bad_quantity", "qty_each")


def test_a_station_nobody_set_up_is_not_found(hand: FloorHand) -> None:
    with pytest.raises(NotFound):
        hand.scan("HAND-9", own_code("B", "1001"))


def test_a_command_nobody_knows_is_an_unknown_code(hand: FloorHand) -> None:
    hand.scan("HAND-1", own_code("B", "1001"))
    hand.scan("HAND-1", own_code("C", "DANCE"))
    assert code_of(hand) == "unknown_code"


def test_a_command_may_be_typed(item_stop: FloorHand) -> None:
    item_stop.scan("HAND-1", "back")
    assert item_stop.step()["state"] == "location"


# --- who may what ----------------------------------------------------------------------------------------


def test_nothing_is_heard_before_a_badge(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.scan("HAND-1", "MUG")
    assert code_of(hand) == "not_signed_in"
    assert hand.step()["prompt"] == "scan_badge"
    hand.scan("HAND-1", own_code("B", "9999"))
    assert code_of(hand) == "unknown_code"


def test_the_menu_offers_what_the_role_allows(hand: FloorHand) -> None:
    step = hand.scan("HAND-1", own_code("B", "1002"))["step"]
    offered = ["PICK", "SORT", "REPLENISH", "MOVE", "PUTAWAY", "PUTBACK", "COUNT", "LOGOUT"]
    assert [offer["label"] for offer in step["expects"]] == offered
    hand.say("HAND-1", "RECEIVE")
    assert code_of(hand) == "not_allowed"


def test_a_badge_without_the_role_cannot_take_over(hand: FloorHand) -> None:
    hand.sign_in("HAND-1", "RECEIVE")
    hand.scan("HAND-1", own_code("B", "1002"))
    assert code_of(hand) == "not_allowed"


def test_a_person_who_left_is_signed_out(item_stop: FloorHand) -> None:
    item_stop.write(lambda tx: tx.run("UPDATE operator SET is_active = 0 WHERE warehouse_id = :w AND badge = '1001'"))
    item_stop.scan("HAND-1", "MUG")
    assert code_of(item_stop) == "not_signed_in"
    item_stop.scan("HAND-1", own_code("B", "1002"))
    assert item_stop.step()["state"] == "item"


def test_logging_out_ends_at_the_badge(hand: FloorHand) -> None:
    hand.scan("HAND-1", own_code("B", "1001"))
    assert hand.say("HAND-1", "LOGOUT")["step"]["state"] == "signed_out"


# --- stations --------------------------------------------------------------------------------------------


def test_two_stations_talk_past_each_other(item_stop: FloorHand) -> None:
    item_stop.sign_in("HAND-2", "PUTAWAY", "1002")
    item_stop.scan("HAND-1", "MUG")
    assert item_stop.step()["fields"]["counted_each"] == 1
    assert item_stop.write(lambda tx: scans.current_step(tx, "HAND-2"))["flow"] == "putaway"


def test_a_reload_shows_where_the_dialogue_stands(item_stop: FloorHand) -> None:
    last = item_stop.scan("HAND-1", "MUG")["step"]
    assert item_stop.write(lambda tx: scans.current_step(tx, "HAND-1")) == last


def test_a_screen_offers_at_most_twenty_codes(hand: FloorHand) -> None:
    for number in range(30):
        hand.write(
            lambda tx, number=number: tx.insert(
                "receipt", number=f"R{number}", received_on="2026-01-01", content_sha256="", created_at_ms=0
            )
        )
    assert len(hand.sign_in("DOCK-1", "RECEIVE")["step"]["expects"]) == 20


def test_leaving_is_possible_whenever_nothing_is_in_the_hand(hand: FloorHand) -> None:
    for flow in ("RECEIVE", "PUTAWAY", "PICK", "COUNT", "PUTBACK"):
        step = hand.sign_in("HAND-1", flow)["step"]
        assert "HOME" in [offer["label"] for offer in step["expects"]], flow
        assert hand.say("HAND-1", "HOME")["step"]["state"] == "menu"
