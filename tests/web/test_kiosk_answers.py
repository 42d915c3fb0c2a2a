"""What the screen says about a refused scan: in words, never in the codes dialogues speak in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

import fulfillment
from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import ADJUSTING, PASSING_OVER, Why
from fulfillment.flows.home import FLOW_OF_COMMAND
from fulfillment.services.transferring import transfers
from kiosk_ui.answers import _phrases, expected_label, expected_words, got_label, got_words, note_words
from kiosk_ui.screens import heading
from kiosk_ui.words import WORDS, command
from tests.factories import FloorHand
from tests.services import acts
from tests.services.arriving import announce
from tests.web.test_kiosk_pages import Device, seen, state_of

SOURCES = Path(fulfillment.__file__).parent


@pytest.fixture
def app(hand: FloorHand) -> Flask:
    return create_app(hand.floor)


def why(value: str) -> str:
    return own_code("Y", value.upper().replace("_", "-"))


def test_every_reason_has_words() -> None:
    assert [code for code in Why if code not in WORDS["why"]] == []


@pytest.mark.parametrize(
    ("code", "expected", "got", "words"),
    [
        ("reason_required", " or ".join(ADJUSTING[:2]), "theft", ("Lost, Found", "Stolen")),
        ("reason_required", ", ".join(PASSING_OVER[:2]), why("customer_request"),
         ("Cannot be reached, Damaged", "The customer asked for it")),
        ("not_expected", "item or DONE", own_code("C", "SKIP"), ("an item or Done", "Later")),
        ("not_expected", "a supervisor's badge", own_code("L", "A01-01-1"), ("a supervisor's badge", "A01-01-1")),
        ("finish_first", "scan_tote", "HOME", ("Scan the tote", "Home")),
        ("not_allowed", "a role that may put_back", "picker", ("somebody who may do this: Put back", "picker")),
        ("not_allowed", "supervisor", "picker", ("supervisor", "picker")),
        ("order_on_hold", "by_hand", "S1", ("Held by hand", "S1")),
        ("wrong_item", "damaged", "T-000001-X", ("damaged", "T-000001-X")),
    ],
)  # fmt: skip
def test_codes_become_words_and_names_stay(code: str, expected: str, got: str, words: tuple[str, str]) -> None:
    assert (expected_words(code, expected), got_words(code, got)) == words


def test_two_numbers_say_what_they_count() -> None:
    labels = expected_label("case_sealed", "14"), got_label("case_sealed", "17")
    assert labels == ("Without opening one", "Wanted")
    assert (expected_label("case_sealed", "a closed case"), got_label("wrong_item", "5")) == ("Expected", "Scanned")
    assert expected_label("too_many", "A01-01-1") == "Expected"


def test_a_button_may_say_itself_in_its_flows_own_words() -> None:
    assert (command("receive", "CONFIRM"), command("send", "CONFIRM")) == ("Yes, close it", "Yes, send it")


def test_a_screen_with_nothing_to_do_says_so_instead_of_asking() -> None:
    assert heading("replenish", "location", "scan_location", {"task": None}) == "Nothing to refill just now"
    assert heading("replenish", "location", "scan_location", {"task": 3}).startswith("Fetch from here")
    assert heading("putaway", "item", "scan_item", {"next": None, "pallets": ["1"]}).startswith("Take goods")
    assert heading("move", "item", "scan_item", {"mode": "HOLD"}) == "Scan what is set aside"
    assert heading("move", "item", "scan_item", {"mode": ""}) == "Scan what you take"


def test_reasons_are_offered_and_asked_for_in_words(app: Flask, hand: FloorHand) -> None:
    hand.item("MUG")
    announce(hand, "R1", ("MUG", 5))
    hand.sign_in("DOCK-1", "RECEIVE")
    hand.scan("DOCK-1", own_code("R", "R1"))
    device = Device(app, hand, "DOCK-1")
    shown = seen(device.scan(own_code("C", "OVER")))
    assert "Supplier sent more Not announced" in shown
    assert "supplier_over" not in shown
    shown = seen(device.scan(why("theft")))
    assert "Scan a reason Expected Supplier sent more, Not announced Scanned Stolen" in shown
    shown = seen(device.scan(why("supplier_over")))
    assert "The next goods are more than announced: Supplier sent more" in shown
    assert "pieces" not in shown  # what comes on top is not what the receipt asks for next


def test_goods_without_paper_and_a_receipt_that_is_complete_say_so(app: Flask, hand: FloorHand) -> None:
    hand.item("MUG")
    announce(hand, "R1", ("MUG", 5))
    hand.sign_in("DOCK-1", "RECEIVE")
    hand.scan("DOCK-1", own_code("R", "R1"))
    device = Device(app, hand, "DOCK-1")
    assert "All that was announced is here" in seen(device.scan("MUG", qty_each=5))
    assert "No receipt waits" in seen(device.scan(own_code("C", "DONE")))
    shown = seen(device.scan(own_code("C", "BLIND")))
    assert "Nobody announced these goods" in shown
    assert "0 units" not in shown


def test_a_demo_offers_a_badge_wherever_one_is_asked_for(hand: FloorHand) -> None:
    app = create_app(replace(hand.floor, settings=replace(hand.floor.settings, demo_badge="1001")))
    hand.item("JAM")
    for day, units in (("2026-01-01", 4), ("2026-02-01", 4)):
        hand.stock("JAM", units, received_on=day)
    hand.order("SO-1", ("JAM", 3))
    acts.release(hand)
    acts.take_tour(hand)
    acts.go_to_stop(hand)
    device = Device(app, hand, "HAND-1")
    answer = device.scan(own_code("C", "OVERRIDE"))
    assert state_of(answer) == ("pick", "supervisor")
    assert f'data-code="{own_code("B", "1001")}"' in answer


def test_every_way_from_the_menu_says_what_it_is_for(app: Flask, hand: FloorHand) -> None:
    device = Device(app, hand, "HAND-1")
    shown = seen(device.scan(own_code("B", "1001")))
    ways = [words for command, words in WORDS["hint"].items() if command in FLOW_OF_COMMAND]
    assert ways
    assert all(words in shown for words in ways)


def test_a_number_keyed_for_what_is_in_the_hand_goes_onto_a_pallet_too(app: Flask, hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 5)
    device = Device(app, hand, "HAND-1")
    for code in (own_code("B", "1001"), own_code("C", "MOVE"), own_code("L", "A01-01-1")):
        device.scan(code)
    assert 'data-quantity="location parcel"' in device.scan("MUG", qty_each=5)


def test_goods_to_send_from_another_place_are_not_said_to_lie_here(app: Flask, hand: FloorHand) -> None:
    for sku, name, place in (("MUG", "Blue mug", "A01-01-1"), ("CUP", "Tea cup", "A02-01-1")):
        hand.item(sku, name=name)
        hand.stock(sku, 5, place)
    hand.write(lambda tx: transfers.ask(tx, "X-1", "NORTH", [("MUG", 5), ("CUP", 5)]))
    device = Device(app, hand, "DOCK-1")
    for code in (own_code("B", "1001"), own_code("C", "SEND"), own_code("X", "X-1")):
        device.scan(code)
    assert "Blue mug" in seen(device.scan(own_code("L", "A01-01-1")))
    shown = seen(device.scan(own_code("L", "A02-01-1")))
    assert "Load it" in shown
    assert "Blue mug" not in shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("another tote", "另一个料箱"),
        ("A01-01-1, received 2026-01-12", "A01-01-1，2026年1月12日 收货"),
        ("lot L1 or 2026-01-12", "批号 L1 或 2026年1月12日"),
        ("a quarantine location, or FREE first", "待检库位，或先解除冻结"),
        (
            "BACK, then storage: A01-01-1 holds those received 2026-01-12",
            "返回，再上架：A01-01-1 有 2026年1月12日 收的货",
        ),
        ("1 to 1000000", "1 到 1000000"),
        ("A01-01-1", "A01-01-1"),
        ("Road to Nowhere", "Road to Nowhere"),
    ],
)
def test_a_phrase_of_the_services_is_said_in_the_readers_language(app: Flask, text: str, words: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        assert expected_words("wrong_item", text) == words


def test_every_phrase_the_services_answer_with_is_known() -> None:
    written = [path for package in ("flows", "services", "domain") for path in (SOURCES / package).rglob("*.py")]
    phrases = {phrase for path in written for phrase in phrases_in(ast.parse(path.read_text("utf-8")))}
    assert len(phrases) > 50
    known = [pattern for _, pattern in _phrases()]
    assert sorted(one for one in phrases if not any(pattern.fullmatch(one) for pattern in known)) == []


def phrases_in(tree: ast.Module) -> Iterator[str]:
    """What rejections say was expected or came, where it is more than a name; an example fills it in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("Rejected", "Refused")):
            for keyword in node.keywords:
                if keyword.arg in ("expected", "got"):
                    yield from _said(keyword.value)


def _said(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        if " " in value.value and re.search("[a-z]{3}", value.value):
            yield value.value
    elif isinstance(value, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else _example(part) for part in value.values)
        if re.search("[a-z]{3}", text) and not text.startswith("a role that may"):
            yield text
    elif isinstance(value, ast.IfExp):
        yield from _said(value.body)
        yield from _said(value.orelse)


def _example(part: ast.expr) -> str:
    """Something of the kind that is filled in there: a day, a number, a name."""
    filled = ast.unparse(part)
    return "2026-01-12" if "_on" in filled else "12" if re.search("COUNT_MAX|lacking|_each|_mm", filled) else "X"


def test_the_cartons_notes_are_said_in_the_readers_language(app: Flask) -> None:
    note = "2 × MUG: goes into no carton type: 900 × 20 × 20 mm; weight unknown, counted as nothing: CUP"
    assert note_words(note) == note
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        assert note_words(note) == "2 × MUG：任何纸箱都装不下：900 × 20 × 20 mm; 重量不明，按零计算：CUP"
