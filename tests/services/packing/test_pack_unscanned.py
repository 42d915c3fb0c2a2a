"""Rules of what cannot be scanned at the bench: it is told, with a reason and a name, and never passes for a scan."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from fulfillment.cli import floor_command
from fulfillment.domain.codes import own_code
from fulfillment.processes import environment_of
from fulfillment.services.equipment import stations
from fulfillment.services.packing import pack_unscanned, parcels
from fulfillment.services.set_up import setting_up
from fulfillment.services.tracing import trace
from fulfillment.services.tracing.trace import Asked
from tests.factories import FloorHand
from tests.services.packing.a_bench import BENCH, at_bench, code_of, pick_into, place

pytestmark = pytest.mark.usefixtures("book_is_right")

WHY = own_code("Y", "UNREADABLE")


@pytest.fixture
def told(hand: FloorHand) -> FloorHand:
    """SO-1 (3 MUG-4711, 8 CUP) before a packer who is no supervisor, who says that something cannot be scanned."""
    hand.item("MUG-4711")
    hand.item("CUP")
    hand.stock("MUG-4711", 10, "A01-01-1")
    hand.stock("CUP", 20, "A01-02-1")
    hand.write(lambda tx: setting_up.add_operator(tx, "1003", "Cleo", "packer"))
    hand.order("SO-1", ("MUG-4711", 3), ("CUP", 8))
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, own_code("B", "1003"))
    hand.say(BENCH, "NOSCAN")
    return hand


def rows(hand: FloorHand) -> list[dict[str, object]]:
    return hand.all(
        "SELECT i.sku, u.qty_each, u.why, a.badge, COALESCE(s.badge, '') AS supervisor, u.scan_id FROM unscanned u"
        " JOIN item i ON i.warehouse_id = u.warehouse_id AND i.id = u.item_id"
        " JOIN operator a ON a.warehouse_id = u.warehouse_id AND a.id = u.operator_id"
        " LEFT JOIN operator s ON s.warehouse_id = u.warehouse_id AND s.id = u.supervisor_id ORDER BY u.id"
    )


@pytest.mark.parametrize("text", ["MUG-4711", "4711", "711"])
def test_an_item_is_known_by_its_sku_and_by_how_that_ends(told: FloorHand, text: str) -> None:
    told.scan(BENCH, text)
    assert place(told) == ("pack", "unscanned_why")
    told.scan(BENCH, WHY)
    assert place(told) == ("pack", "item")
    assert told.step()["fields"]["parcel"]["units"] == 1
    assert rows(told) == [
        {"sku": "MUG-4711", "qty_each": 1, "why": "unreadable", "badge": "1003", "supervisor": "",
         "scan_id": told.answer["scan_id"]}
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["11", "9999", "PEN"])
def test_what_means_nothing_in_this_tote_is_refused(told: FloorHand, text: str) -> None:
    told.scan(BENCH, text)
    assert (code_of(told), place(told)) == ("wrong_item", ("pack", "unscanned"))
    assert rows(told) == []


def test_a_text_is_typed_only_where_one_is_asked_for(told: FloorHand) -> None:
    told.say(BENCH, "BACK")
    told.scan(BENCH, "711")
    assert (code_of(told), place(told)) == ("unknown_code", ("pack", "item"))


def test_several_units_are_told_at_once_and_no_more_than_lie_there(told: FloorHand) -> None:
    told.scan(BENCH, "CUP", 9)
    told.scan(BENCH, WHY)
    assert (code_of(told), rows(told)) == ("too_many", [])
    told.say(BENCH, "BACK")
    told.say(BENCH, "NOSCAN")
    told.scan(BENCH, "MUG-4711", 3)  # so few are scanned one by one, where they can be
    told.scan(BENCH, WHY)
    assert (code_of(told), told.step()["fields"]["parcel"]["units"]) == (None, 3)


def test_more_than_a_packer_may_vouch_for_needs_a_supervisor(told: FloorHand) -> None:
    told.write(lambda tx: pack_unscanned.set_alone(tx, 1))
    told.scan(BENCH, "CUP", 2)
    told.scan(BENCH, WHY)
    assert place(told) == ("pack", "unscanned_word")
    told.scan(BENCH, own_code("B", "1003"))
    assert (code_of(told), rows(told)) == ("not_allowed", [])
    told.scan(BENCH, own_code("B", "1001"))
    assert (code_of(told), place(told)) == (None, ("pack", "item"))
    (row,) = rows(told)
    assert (row["badge"], row["supervisor"], row["qty_each"]) == ("1003", "1001", 2)


def test_a_supervisor_at_the_bench_needs_nobody(told: FloorHand) -> None:
    told.write(lambda tx: pack_unscanned.set_alone(tx, 0))
    told.scan(BENCH, own_code("B", "1001"))
    told.scan(BENCH, "CUP")
    told.scan(BENCH, WHY)
    assert [row["badge"] for row in rows(told)] == ["1001"]


def test_of_two_lots_nobody_guesses(hand: FloorHand) -> None:
    hand.item("JAM", tracks_lot=1)
    first, second = hand.stock("JAM", 2, "A01-01-1"), hand.stock("JAM", 2, "A01-01-1")
    for layer, lot in ((first, "L-01"), (second, "L-02")):
        hand.write(lambda tx, layer=layer, lot=lot: tx.put(
            "UPDATE layer SET lot = :lot WHERE warehouse_id = :w AND id = :id", lot=lot, id=layer
        ))  # fmt: skip
    hand.order("SO-1", ("JAM", 4))
    pick_into(hand)
    at_bench(hand)
    hand.say(BENCH, "NOSCAN")
    hand.scan(BENCH, "JAM")
    hand.scan(BENCH, WHY)
    assert code_of(hand) == "lot_required"
    hand.say(BENCH, "BACK")
    hand.say(BENCH, "NOSCAN")
    hand.scan(BENCH, "-02")
    hand.scan(BENCH, WHY)
    assert code_of(hand) is None
    moved = hand.all("SELECT layer_id, qty_each FROM stock_move WHERE warehouse_id = :w AND reason = 'pack'")
    assert moved == [{"layer_id": second, "qty_each": 1}]


def test_it_is_told_wherever_the_parcel_is_shown(told: FloorHand) -> None:
    told.scan(BENCH, "CUP", 2)
    told.scan(BENCH, WHY)
    number = told.step()["fields"]["parcel"]["number"]
    for found in (
        told.floor.read(lambda tx: parcels.describe(tx, number))["unscanned"],
        told.floor.read(lambda tx: trace.trace(tx, Asked(order="SO-1")))["orders"][0]["parcels"][0]["unscanned"],
        told.floor.read(pack_unscanned.describe)["last"],
    ):
        assert [(one["sku"], one["qty_each"], one["why"], one["operator_name"]) for one in found] == [
            ("CUP", 2, "unreadable", "Cleo")
        ]  # fmt: skip
    wanted = told.floor.read(pack_unscanned.describe)["items"]
    assert [(one["sku"], one["units"], one["times"]) for one in wanted] == [("CUP", 2, 1)]


def test_the_command_line_lists_them_and_sets_who_may_vouch_alone(
    told: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.scan(BENCH, "CUP", 2)
    told.scan(BENCH, WHY)
    for name, value in environment_of(told.floor.settings).items():
        monkeypatch.setenv(name, value)
    said = CliRunner().invoke(floor_command, ["unscanned", "--alone-each", "4"])
    assert said.exit_code == 0, said.output
    assert "alone for 4 units" in said.output
    assert "2 x CUP, unreadable, by 1003" in said.output


def test_a_label_of_another_parcel_says_whose_it_is(told: FloorHand) -> None:
    told.say(BENCH, "BACK")
    told.scan(BENCH, "CUP", 8)
    first = told.step()["fields"]["parcel"]["number"]
    told.say(BENCH, "NEWPARCEL")
    told.say(BENCH, "CONFIRM")
    told.scan(BENCH, "00" + first)
    told.scan(BENCH, told.step()["fields"]["lane"]["barcode"])
    for _ in range(3):
        told.scan(BENCH, "MUG-4711")
    assert (place(told), told.step()["fields"]["parcel"]["sequence"]) == (("pack", "label"), 2)
    told.scan(BENCH, "00" + first)
    assert (code_of(told), told.answer["got"]) == ("wrong_label", "parcel 1 of order SO-1")


# --- a label for the next one ------------------------------------------------------------------------------------


def item_labels(hand: FloorHand) -> list[tuple[str, dict[str, str]]]:
    found = hand.all(
        "SELECT p.code, o.fields FROM outbox o JOIN printer p ON p.warehouse_id = o.warehouse_id"
        " AND p.id = o.printer_id WHERE o.warehouse_id = :w AND o.template = 'product' ORDER BY o.id"
    )
    return [(row["code"], json.loads(row["fields"])) for row in found]


def test_where_a_bench_prints_item_labels_one_comes_for_the_next_to_be_scanned(told: FloorHand) -> None:
    told.write(lambda tx: setting_up.add_printer(tx, "ITEMS-1", "tcp://127.0.0.1:9", "zpl"))
    told.write(lambda tx: stations.change(tx, BENCH, {"item_printer": "ITEMS-1"}))
    told.scan(BENCH, "4711")
    told.scan(BENCH, WHY)
    assert item_labels(told) == [("ITEMS-1", {"sku": "MUG-4711", "name": "mug-4711"})]
    assert told.step()["fields"]["notice"] == "item_label"
    told.scan(BENCH, "MUG-4711")  # what the label says is a barcode of the item
    assert "notice" not in told.step()["fields"]
    assert len(item_labels(told)) == 1


def test_a_bench_without_a_printer_for_them_says_so(told: FloorHand) -> None:
    told.scan(BENCH, "4711")
    told.scan(BENCH, WHY)
    assert (item_labels(told), told.step()["fields"]["notice"]) == ([], "no_item_printer")


def test_an_item_whose_label_cannot_be_printed_there_is_packed_all_the_same(told: FloorHand) -> None:
    told.write(lambda tx: stations.change(tx, BENCH, {"item_printer": "SLIP-1"}))  # a roll of paper is no label
    told.scan(BENCH, "4711")
    told.scan(BENCH, WHY)
    assert (item_labels(told), told.step()["fields"]["notice"]) == ([], "no_item_label")
    assert told.step()["fields"]["parcel"]["units"] == 1


def test_the_last_units_label_is_told_of_beside_the_parcels_own(hand: FloorHand) -> None:
    hand.item("MUG-4711")
    hand.stock("MUG-4711", 1)
    hand.order("SO-1", ("MUG-4711", 1))
    pick_into(hand)
    at_bench(hand)
    hand.say(BENCH, "NOSCAN")
    hand.scan(BENCH, "4711")
    hand.scan(BENCH, WHY)
    assert (place(hand), hand.step()["fields"]["notice"]) == (("pack", "label"), "no_item_printer")
