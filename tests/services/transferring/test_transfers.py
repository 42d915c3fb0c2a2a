"""Rules of transfers: the oldest leaves first, keeps its age on the way, and nothing is in transit for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment.bootstrap import open_floor
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, DomainError, MoveReason, NotFound
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.receiving import receive
from fulfillment.services.stock import ledger, lpns
from fulfillment.services.transferring import exchange, transfers
from fulfillment.settings import Settings
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at

FEB, JAN, MAR = "2026-02-01", "2026-01-01", "2026-03-01"


pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def store(hand: FloorHand) -> FloorHand:
    """MUG of three ages in three places."""
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 6, "A01-02-1", FEB)
    hand.stock("MUG", 4, "A02-03-3", JAN)
    hand.stock("MUG", 9, "A01-01-1", MAR)
    return hand


@pytest.fixture
def north(settings: Settings, store: FloorHand) -> Iterator[FloorHand]:
    """Another warehouse in the same database."""
    floor = open_floor(settings, warehouse_id=2)
    there = FloorHand(floor, "NORTH")
    there.item("MUG")
    there.item("CUP")
    yield there
    assert wrong_at(there) == []
    floor.close()


def wrong_at(hand: FloorHand) -> list[str]:
    """`verify` and the FIFO audit of a warehouse that is not the first."""
    from fulfillment.services.verifying import audit, verify

    number = hand.floor.warehouse_id
    report = hand.floor.read(lambda tx: verify.verify(tx, number))
    found = [f"{check['name']}: {words}" for check in report["checks"] for words in check["found"]]
    audited = hand.floor.read(lambda tx: audit.fifo_audit(tx, number))
    return found + [audit.in_words(one) for one in audited["violations"]]


def ask(hand: FloorHand, *lines: tuple[str, int], number: str = "7") -> bool:
    return hand.write(lambda tx: transfers.ask(tx, number, "NORTH", lines))


def shown(hand: FloorHand, number: str = "7") -> dict[str, Any]:
    return hand.write(lambda tx: transfers.describe(tx, number))


def announcement(hand: FloorHand, number: str = "7") -> dict[str, Any]:
    return hand.write(lambda tx: transfers.announcement(tx, number))


def open_it(hand: FloorHand, number: str = "7", station: str = "HAND-1") -> dict[str, Any]:
    hand.sign_in(station, "SEND")
    return hand.scan(station, own_code("X", number))


def code_of(hand: FloorHand, code: str, qty_each: int | None = None) -> str | None:
    return hand.scan("HAND-1", code, qty_each).get("code")


def load_all(hand: FloorHand) -> None:
    """Fetch what the screen names until it names nothing more."""
    while hand.step()["fields"]["next"]:
        following = hand.step()["fields"]["next"]
        assert code_of(hand, following["location"]["barcode"]) is None
        assert code_of(hand, following["item"]["barcode"], following["qty_each"]) is None


def send(hand: FloorHand, *lines: tuple[str, int], number: str = "7") -> str:
    """Ask for and send a transfer; the pallet's SSCC."""
    ask(hand, *lines, number=number)
    sscc = str(open_it(hand, number)["step"]["fields"]["lpn"])
    load_all(hand)
    hand.say("HAND-1", "DONE")
    if hand.step()["state"] == "confirm":
        hand.say("HAND-1", "CONFIRM")
    assert hand.step()["state"] == "transfer"
    return sscc


def arrive(hand: FloorHand, *lines: dict[str, Any], number: str = "7") -> bool:
    return hand.write(lambda tx: transfers.arrived(tx, NOBODY, number, lines))


def in_transit(*hands: FloorHand) -> int:
    """Units the ledgers of these warehouses say are on their way."""
    return sum(
        hand.one(
            "SELECT COALESCE(SUM(CASE WHEN to_location_id = 4 THEN qty_each ELSE -qty_each END), 0) AS n"
            " FROM stock_move WHERE warehouse_id = :w AND 4 IN (to_location_id, from_location_id)"
        )["n"]
        for hand in hands
    )


# --- the paper -----------------------------------------------------------------------------------------------


def test_a_transfer_is_asked_for_once(store: FloorHand) -> None:
    assert ask(store, ("MUG", 2), ("mug", 1), ("CUP", 1)) is True
    assert ask(store, ("MUG", 2), ("mug", 1), ("CUP", 1)) is False
    assert [(line["sku"], line["asked_each"]) for line in shown(store)["lines"]] == [("MUG", 3), ("CUP", 1)]
    with pytest.raises(Conflict, match="other content"):
        ask(store, ("MUG", 4))


@pytest.mark.parametrize(
    ("number", "to", "sku"),
    [("a b", "NORTH", "MUG"), ("7", "MAIN", "MUG"), ("7", "NORTH", "POT"), ("X" * 41, "N", "MUG")],
)
def test_a_transfer_that_makes_no_sense_is_refused(store: FloorHand, number: str, to: str, sku: str) -> None:
    with pytest.raises(DomainError):
        store.write(lambda tx: transfers.ask(tx, number, to, [(sku, 1)]))


def test_a_cancelled_transfer_is_not_sent(store: FloorHand) -> None:
    ask(store, ("MUG", 2))
    store.write(lambda tx: transfers.cancel(tx, "7"))
    assert shown(store)["state"] == "cancelled"
    assert open_it(store)["code"] == "unknown_transfer"
    assert store.scan("HAND-1", own_code("X", "8"))["code"] == "unknown_transfer"


def test_what_is_being_loaded_is_not_cancelled(store: FloorHand) -> None:
    ask(store, ("MUG", 2))
    open_it(store)
    with pytest.raises(Conflict, match="being loaded"):
        store.write(lambda tx: transfers.cancel(tx, "7"))


def test_the_list_is_newest_first(store: FloorHand) -> None:
    ask(store, ("MUG", 2), number="1")
    ask(store, ("MUG", 3), number="2")
    assert [row["number"] for row in store.write(transfers.listed)] == ["2", "1"]
    assert store.write(lambda tx: transfers.listed(tx, "sent")) == []
    with pytest.raises(DomainError):
        store.write(lambda tx: transfers.listed(tx, "gone"))


# --- loading -------------------------------------------------------------------------------------------------


def test_the_oldest_units_are_fetched_first(store: FloorHand) -> None:
    ask(store, ("MUG", 7))
    fields = open_it(store)["step"]["fields"]
    assert (fields["next"]["location"]["code"], fields["next"]["qty_each"]) == ("A02-03-3", 4)
    assert (fields["to_warehouse"], fields["left_each"], fields["loaded_each"]) == ("NORTH", 7, 0)
    load_all(store)
    assert (store.on_hand("A02-03-3"), store.on_hand("A01-02-1"), store.on_hand("A01-01-1")) == (0, 3, 9)
    assert store.on_hand("DOCK-1") == 7
    assert store.step()["fields"]["left_each"] == 0


def test_newer_goods_do_not_leave_while_older_ones_lie_free(store: FloorHand) -> None:
    ask(store, ("MUG", 7))
    open_it(store)
    assert code_of(store, at("A01-02-1")) is None
    assert code_of(store, "MUG") == "older_first"
    assert store.answer["expected"] == f"A02-03-3, received {JAN}"
    assert code_of(store, own_code("C", "BACK")) is None
    assert store.step()["state"] == "location"


def test_promised_units_stay_with_their_order(store: FloorHand) -> None:
    store.order("1", ("MUG", 8))
    ask(store, ("MUG", 11))
    open_it(store)
    load_all(store)
    assert store.on_hand("DOCK-1") == 11
    assert store.order_state("1") == "allocated"
    assert (store.on_hand("A02-03-3"), store.on_hand("A01-02-1")) == (4, 4)


def test_no_more_is_loaded_than_was_asked_for(store: FloorHand) -> None:
    ask(store, ("MUG", 3))
    open_it(store)
    code_of(store, at("A02-03-3"))
    assert (code_of(store, "MUG", 4), store.answer["expected"]) == ("too_many", "3")
    assert code_of(store, "CUP") == "wrong_item"


def test_a_place_with_nothing_of_it_is_named_wrong(store: FloorHand) -> None:
    ask(store, ("MUG", 3))
    open_it(store)
    assert (code_of(store, at("A01-03-1")), store.answer["expected"]) == ("nothing_here", "A02-03-3")


def test_a_place_may_wait_while_another_item_is_fetched(store: FloorHand) -> None:
    store.stock("CUP", 2, "A02-01-1")
    ask(store, ("MUG", 3), ("CUP", 1))
    open_it(store)
    store.say("HAND-1", "SKIP")
    assert store.step()["fields"]["next"]["item"]["sku"] == "CUP"
    store.say("HAND-1", "SKIP")
    assert store.step()["fields"]["next"]["item"]["sku"] == "MUG"


def test_two_stations_do_not_load_one_transfer(store: FloorHand) -> None:
    ask(store, ("MUG", 3))
    open_it(store)
    assert open_it(store, station="HAND-2")["code"] == "finish_first"


def test_something_missing_is_asked_about_before_the_rest_leaves(store: FloorHand) -> None:
    ask(store, ("MUG", 3), ("CUP", 1))
    open_it(store)
    load_all(store)
    store.say("HAND-1", "DONE")
    assert store.step()["state"] == "confirm"
    assert [(part["sku"], part["left_each"]) for part in store.step()["fields"]["left"]] == [("CUP", 1)]
    store.say("HAND-1", "BACK")
    assert store.step()["state"] == "location"
    store.say("HAND-1", "DONE")
    store.say("HAND-1", "CONFIRM")
    assert (shown(store)["state"], store.step()["state"]) == ("sent", "transfer")
    assert [line["sent_each"] for line in shown(store)["lines"]] == [3, 0]


def test_done_with_nothing_on_the_pallet_leaves_the_transfer_open(store: FloorHand) -> None:
    ask(store, ("MUG", 3))
    sscc = open_it(store)["step"]["fields"]["lpn"]
    store.say("HAND-1", "DONE")
    assert (shown(store)["state"], shown(store)["lpns"]) == ("open", [])
    again = open_it(store)["step"]["fields"]["lpn"]
    assert again != sscc


def test_the_pallet_gets_a_label(store: FloorHand) -> None:
    ask(store, ("MUG", 3))
    store.write(
        lambda tx: tx.run("UPDATE station SET label_printer_id = 1 WHERE warehouse_id = :w AND code = 'HAND-1'")
    )
    sscc = open_it(store)["step"]["fields"]["lpn"]
    printed = store.one("SELECT template, fields FROM outbox WHERE warehouse_id = :w AND subject = :s", s=sscc)
    assert printed["template"] == "pallet_4x6"
    assert '"party": "NORTH"' in printed["fields"]


def test_nothing_else_slips_onto_a_pallet_that_leaves(store: FloorHand) -> None:
    ask(store, ("MUG", 3))
    sscc = open_it(store)["step"]["fields"]["lpn"]
    store.stock("CUP", 1, "A02-01-1")
    store.sign_in("HAND-2", "MOVE")
    store.scan("HAND-2", at("A02-01-1"))
    store.scan("HAND-2", "CUP")
    assert store.scan("HAND-2", str(sscc))["code"] == "wrong_location"
    store.say("HAND-2", "BACK")


def test_goods_in_quarantine_expired_or_on_hold_do_not_leave(store: FloorHand) -> None:
    layer = store.stock("CUP", 5, "A02-01-1")
    store.write(
        lambda tx: tx.run("UPDATE layer SET expiry_on = '2020-01-01' WHERE warehouse_id = :w AND id = :id", id=layer)
    )
    ask(store, ("CUP", 1))
    open_it(store)
    assert store.step()["fields"]["next"] is None
    assert code_of(store, at("A02-01-1")) == "nothing_here"


# --- on the way and there ------------------------------------------------------------------------------------


def test_all_on_the_pallet_is_in_transit_by_layer(store: FloorHand) -> None:
    sscc = send(store, ("MUG", 10))
    told = shown(store)
    assert (told["state"], told["in_transit_each"], told["lpns"]) == ("sent", 10, [sscc])
    assert [(part["received_on"], part["sent_each"]) for part in told["parts"]] == [(JAN, 4), (FEB, 6)]
    assert (store.on_hand("DOCK-1"), in_transit(store)) == (0, 10)
    assert store.write(lambda tx: lpns.describe(tx, sscc))["location"] == "IN-TRANSIT"
    with pytest.raises(Conflict):
        store.write(lambda tx: transfers.cancel(tx, "7"))


def test_the_announcement_says_what_is_on_which_pallet_and_how_old_it_is(store: FloorHand) -> None:
    sscc = send(store, ("MUG", 10))
    told = announcement(store)
    assert (told["number"], told["kind"], told["source"], told["lines"]) == ("7", "transfer", "MAIN", [])
    assert [unit["sscc"] for unit in told["units"]] == [sscc]
    lines = told["units"][0]["lines"]
    assert [(line["sku"], line["qty_each"], line["received_on"]) for line in lines] == [
        ("MUG", 4, JAN),
        ("MUG", 6, FEB),
    ]


def test_closed_cases_and_loose_units_are_announced_apart(store: FloorHand) -> None:
    item = store.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'CUP'")["id"]
    layer = store.stock("CUP", 3, "A02-01-1")
    store.write(lambda tx: tx.run("UPDATE layer SET case_each = 6 WHERE warehouse_id = :w AND id = :id", id=layer))
    place = store.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A02-01-1'")["id"]
    store.write(
        lambda tx: ledger.post(tx, NOBODY, [Move(layer, item, 1, place, 12, MoveReason.RECEIVE, sealed_to_each=12)])
    )
    send(store, ("CUP", 14))
    lines = announcement(store)["units"][0]["lines"]
    assert [(line["qty_each"], line["case_each"]) for line in lines] == [(12, 6), (2, 0)]


def test_what_has_not_left_is_not_announced(store: FloorHand) -> None:
    ask(store, ("MUG", 1))
    with pytest.raises(Conflict):
        announcement(store)
    with pytest.raises(Conflict):
        arrive(store)
    with pytest.raises(NotFound):
        announcement(store, "8")


def test_a_pallet_sent_is_received_in_one_scan_with_every_layers_age(store: FloorHand, north: FloorHand) -> None:
    sscc = send(store, ("MUG", 10))
    told = announcement(store)
    assert north.write(lambda tx: exchange.announce(tx, told)) is True
    assert north.write(lambda tx: exchange.announce(tx, told)) is False
    with pytest.raises(Conflict, match="still being received"):
        north.write(lambda tx: exchange.received(tx, "7"))
    north.sign_in("HAND-1", "RECEIVE")
    assert north.scan("HAND-1", sscc)["outcome"] == "applied"
    assert north.on_hand("DOCK-1", "MUG") == 10
    north.say("HAND-1", "DONE")
    came = north.write(lambda tx: exchange.received(tx, "7"))
    assert arrive(store, *came) is True
    assert arrive(store, *came) is False
    told_after = shown(store)
    assert (told_after["state"], told_after["in_transit_each"], told_after["differences"]) == ("received", 0, [])
    assert in_transit(store, north) == 0
    # Over there the oldest leaves first, by the day it came to us.
    north.say("HAND-1", "HOME")
    north.sign_in("HAND-1", "MOVE")
    north.scan("HAND-1", sscc)
    assert north.scan("HAND-1", at("A02-03-3"))["outcome"] == "applied"
    north.stock("MUG", 5, "A01-01-1", "2026-01-15")
    north.order("1", ("MUG", 6))
    promised = north.all(
        "SELECT y.received_on, a.qty_each FROM allocation a JOIN layer y ON y.warehouse_id = a.warehouse_id"
        " AND y.id = a.layer_id WHERE a.warehouse_id = :w AND a.qty_each > 0 ORDER BY y.received_on"
    )
    assert [tuple(row.values()) for row in promised] == [(JAN, 4), ("2026-01-15", 2)]


def test_what_did_not_arrive_is_lost_with_a_reason(store: FloorHand) -> None:
    send(store, ("MUG", 10))
    assert arrive(store, {"sku": "MUG", "qty_each": 4, "received_on": JAN}, {"sku": "MUG", "qty_each": 5}) is True
    told = shown(store)
    assert told["differences"] == [{"sku": "MUG", "lost_each": 1, "over_each": 0}]
    assert [(part["sent_each"], part["arrived_each"]) for part in told["parts"]] == [(4, 4), (6, 5)]
    lost = store.one("SELECT qty_each, reason, why FROM stock_move WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")
    assert tuple(lost.values()) == (1, "adjust", "lost")
    with pytest.raises(Conflict, match="another arrival"):
        arrive(store, {"sku": "MUG", "qty_each": 10})


def test_a_line_without_its_layer_leaves_room_for_those_that_name_theirs(store: FloorHand) -> None:
    send(store, ("MUG", 10))
    arrive(store, {"sku": "MUG", "qty_each": 4}, {"sku": "MUG", "qty_each": 4, "received_on": JAN})
    assert [part["arrived_each"] for part in shown(store)["parts"]] == [4, 4]


def test_more_than_was_sent_and_another_lot_are_reported_as_over(store: FloorHand) -> None:
    send(store, ("MUG", 10))
    arrive(store, {"sku": "MUG", "qty_each": 11}, {"sku": "MUG", "qty_each": 1, "lot": "Z"})
    assert shown(store)["differences"] == [{"sku": "MUG", "lost_each": 0, "over_each": 2}]
    assert [line["arrived_each"] for line in shown(store)["lines"]] == [12]


def test_goods_that_were_never_on_it_cannot_arrive(store: FloorHand) -> None:
    send(store, ("MUG", 10))
    with pytest.raises(DomainError, match="CUP"):
        arrive(store, {"sku": "CUP", "qty_each": 1})
    assert shown(store)["state"] == "sent"


def test_a_pallet_standing_on_the_one_sent_goes_along(store: FloorHand, north: FloorHand) -> None:
    ask(store, ("MUG", 4))
    below = str(open_it(store)["step"]["fields"]["lpn"])
    load_all(store)
    second = store.write(lambda tx: lpns.make(tx, "DOCK-1"))

    def stand(tx: Tx) -> None:
        tx.run(
            "UPDATE lpn SET parent_lpn_id = (SELECT id FROM lpn WHERE warehouse_id = :w AND code = :below)"
            " WHERE warehouse_id = :w AND code = :code",
            below=below, code=second,
        )  # fmt: skip
        ids = {row["code"]: row["id"] for row in tx.all("SELECT id, code FROM lpn WHERE warehouse_id = :w")}
        part = tx.one("SELECT * FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :id", id=ids[below])
        move = Move(
            part["layer_id"], part["item_id"], part["location_id"], part["location_id"], 1, MoveReason.MOVE,
            from_lpn_id=ids[below], to_lpn_id=ids[second],
        )  # fmt: skip
        ledger.post(tx, NOBODY, [move])

    store.write(stand)
    store.say("HAND-1", "DONE")
    units = announcement(store)["units"]
    assert {(unit["sscc"], unit["parent_sscc"]) for unit in units} == {(below, ""), (second, below)}
    told = announcement(store)
    north.write(lambda tx: exchange.announce(tx, told))
    north.sign_in("HAND-1", "RECEIVE")
    north.scan("HAND-1", below)
    assert north.on_hand("DOCK-1", "MUG") == 4
    assert north.write(lambda tx: lpns.describe(tx, below))["carries"] == [second]


def test_the_screen_survives_a_receipt_nobody_announced(north: FloorHand) -> None:
    with pytest.raises(NotFound):
        north.write(lambda tx: exchange.received(tx, "7"))
    assert north.write(lambda tx: receive.load(tx, NOBODY, {})) is not None
