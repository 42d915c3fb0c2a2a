"""Rules of what is done twice, too late, or with a word somebody else was given: the book stays right all the same."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.bootstrap import open_floor
from fulfillment.domain.codes import gs1_check_digit, own_code
from fulfillment.domain.reasons import Conflict, MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.counting import count_results
from fulfillment.services.receiving.inbound import ExpectedLine, UnitIn
from fulfillment.services.replenishing import pick_faces
from fulfillment.services.set_up import setting_up
from fulfillment.services.stock import ledger, lpns, set_aside
from fulfillment.services.transferring import transfers
from tests.factories import NOBODY, FloorHand
from tests.services.acts import TOTES, at, demand, release, take_tour
from tests.services.arriving import CARTON, PALLET, announce_units, balances, begin

BODY = "0950600013435"
GTIN = BODY + gs1_check_digit(BODY)


pytestmark = pytest.mark.usefixtures("book_is_right")


def why(value: str) -> str:
    return own_code("Y", value.upper().replace("_", "-"))


# --- a word of one person, used by another ---------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "reason"), [("FREE", "quality"), ("ADJUST", "found"), ("ADJUST", "lost")])
def test_what_only_a_supervisor_may_change_is_not_changed_by_who_takes_over_the_handheld(
    hand: FloorHand, command: str, reason: str
) -> None:
    hand.item("MUG")
    hand.stock("MUG", 4)
    hand.sign_in("HAND-1", "MOVE", "1001")
    hand.scan("HAND-1", at("A01-01-1"))
    hand.say("HAND-1", command)
    hand.scan("HAND-1", why(reason))
    assert hand.step()["fields"]["why"] == reason
    hand.scan("HAND-1", own_code("B", "1002"))  # Bob, a picker
    before = hand.all("SELECT * FROM stock_balance WHERE warehouse_id = :w")
    assert hand.scan("HAND-1", "MUG")["code"] == "not_allowed"
    assert hand.all("SELECT * FROM stock_balance WHERE warehouse_id = :w") == before


def test_a_picker_may_not_take_over_an_adjustment_half_said(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 4)
    hand.sign_in("HAND-1", "MOVE", "1001")
    hand.scan("HAND-1", at("A01-01-1"))
    hand.say("HAND-1", "ADJUST")
    hand.scan("HAND-1", own_code("B", "1002"))
    hand.scan("HAND-1", why("found"))
    hand.scan("HAND-1", "MUG", 100)
    assert hand.on_hand("A01-01-1") == 4


@pytest.mark.parametrize("between", ["hand over", "leave"])
def test_a_word_to_pass_over_older_goods_is_good_for_who_got_it_while_who_gave_it_is_here(
    hand: FloorHand, between: str
) -> None:
    item_id = hand.item("TEA")
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code=GTIN, uom="each", qty_each=1))
    for lot, day in (("OLD", "2026-01-01"), ("NEW", "2026-02-01")):
        layer_id = hand.stock("TEA", 6, "A01-01-1", day)
        hand.write(
            lambda tx, layer_id=layer_id, lot=lot: tx.run(
                "UPDATE layer SET lot = :lot WHERE warehouse_id = :w AND id = :id", lot=lot, id=layer_id
            )
        )
    hand.write(lambda tx: setting_up.add_operator(tx, "1003", "Cid", "picker"))
    hand.order("SO-1", ("TEA", 4))
    release(hand)
    take_tour(hand)
    hand.scan("HAND-1", at("A01-01-1"))
    hand.scan("HAND-1", own_code("B", "1002"))
    hand.say("HAND-1", "OVERRIDE")
    hand.scan("HAND-1", own_code("B", "1001"))
    hand.scan("HAND-1", why("unreachable"))
    assert hand.step()["fields"]["override"] == {"by": "Ada", "why": "unreachable"}
    if between == "leave":
        hand.write(lambda tx: tx.run("UPDATE operator SET is_active = 0 WHERE warehouse_id = :w AND badge = '1001'"))
    else:
        hand.scan("HAND-1", own_code("B", "1003"))
    assert hand.scan("HAND-1", f"]d201{GTIN}10NEW", 1)["code"] == "not_allowed"
    assert hand.step()["fields"]["counted_each"] == 0


# --- serials ---------------------------------------------------------------------------------------------------------


def scale(hand: FloorHand) -> int:
    item_id = hand.item("SCALE", tracks_serial=1)
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code=GTIN, uom="each", qty_each=1))
    return item_id


def unit(hand: FloorHand, serial: str, location: str) -> int:
    layer_id = hand.stock("SCALE", 1, location)
    hand.write(
        lambda tx: tx.run("UPDATE layer SET serial = :s WHERE warehouse_id = :w AND id = :id", s=serial, id=layer_id)
    )
    return layer_id


def change(hand: FloorHand, kind: str, location: str, reason: str, serial: str) -> Any:
    asked = set_aside.ChangeIn(kind, location, "SCALE", 1, reason, serial=serial)
    return hand.write(lambda tx: set_aside.ask(tx, NOBODY, asked))


def test_a_serial_that_was_lost_and_came_again_is_not_found_a_second_time(hand: FloorHand) -> None:
    scale(hand)
    unit(hand, "S1", "A01-01-1")
    change(hand, "ADJUST", "A01-01-1", "lost", "S1")
    unit(hand, "S1", "A01-02-1")  # bought back: a layer of its own
    with pytest.raises(Conflict, match="S1"):
        change(hand, "ADJUST", "A01-01-1", "found", "S1")


def test_a_count_that_met_a_lost_serial_is_not_posted_after_it_came_again(hand: FloorHand) -> None:
    scale(hand)
    unit(hand, "S1", "A01-01-1")
    change(hand, "ADJUST", "A01-01-1", "lost", "S1")
    hand.write(lambda tx: count_results.set_rules(tx, None, None))
    hand.write(
        lambda tx: tx.run("UPDATE warehouse SET approve_above_each = 1 WHERE id = :w")
    )
    unit(hand, "S7", "A01-01-1")
    hand.scan("HAND-2", own_code("B", "1002"))
    hand.say("HAND-2", "COUNT")
    hand.scan("HAND-2", at("A01-01-1"))
    hand.scan("HAND-2", f"]d201{GTIN}21S1")
    assert hand.say("HAND-2", "DONE")["step"]["fields"]["notice"] == "pending"
    unit(hand, "S1", "A01-02-1")
    with pytest.raises(Conflict):
        hand.write(lambda tx: count_results.post(tx, NOBODY, 1))


def test_one_serial_is_one_unit_in_the_pickers_hand_though_nobody_knew_it(hand: FloorHand) -> None:
    scale(hand)
    hand.stock("SCALE", 3, "A01-01-1")  # came before serials were tracked
    hand.order("SO-1", ("SCALE", 2))
    release(hand)
    take_tour(hand)
    hand.scan("HAND-1", at("A01-01-1"))
    assert hand.scan("HAND-1", f"]d201{GTIN}21N1")["outcome"] == "applied"
    hand.scan("HAND-1", f"]d201{GTIN}21N1")
    assert hand.answer.get("code") == "serial_known", hand.answer


# --- arriving --------------------------------------------------------------------------------------------------------


def test_a_pallet_brings_no_more_than_its_lines_still_expect(hand: FloorHand) -> None:
    hand.item("MUG")
    announce_units(
        hand, UnitIn(PALLET, (ExpectedLine("MUG", 5, case_each=5), ExpectedLine("MUG", 5)))
    )
    begin(hand)
    hand.scan("DOCK-1", "MUG", 5)  # from that very pallet
    assert hand.scan("DOCK-1", PALLET)["code"] == "over_receipt"
    assert hand.on_hand("DOCK-1") == 5


def test_a_pallet_with_others_standing_on_it_arrives_with_them_or_not_at_all(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.write(lambda tx: tx.insert("location", code="QUAR-1", kind="quarantine"))

    def stand(tx: Tx) -> None:
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'QUAR-1'")["id"]
        under = tx.insert("lpn", code=PALLET, kind="pallet", location_id=place)
        tx.insert("lpn", code=CARTON, kind="pallet", location_id=place, parent_lpn_id=under)

    hand.write(stand)
    announce_units(hand, UnitIn(PALLET, (ExpectedLine("MUG", 5),)))
    begin(hand)
    hand.scan("DOCK-1", PALLET)


# --- cross-dock ------------------------------------------------------------------------------------------------------


def test_units_on_their_way_into_a_tote_wait_when_older_ones_came_free(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.order("SO-1", ("MUG", 5), policy="ship_complete")
    hand.stock("MUG", 5, "DOCK-1", "2026-02-01")
    hand.sign_in("HAND-1", "PUTAWAY")
    assert hand.scan("HAND-1", "MUG")["step"]["state"] == "tote"
    hand.stock("MUG", 3, "A01-01-1", "2026-01-01")  # found, put back, released from quarantine …
    hand.scan("HAND-1", TOTES[0])
    assert hand.answer.get("code") == "older_first", hand.answer
    assert demand(hand, "SO-1")["picked"] == 0


def test_units_that_expired_on_their_way_into_a_tote_stay_out_of_it(settings: Any, hand: FloorHand) -> None:
    now = {"ms": 1_767_225_600_000}  # 2026-01-01
    hand.floor.writer._clock = lambda: now["ms"]  # type: ignore[attr-defined]
    hand.item("MILK", tracks_expiry=1)
    hand.order("SO-1", ("MILK", 5))
    layer_id = hand.stock("MILK", 5, "DOCK-1", "2025-12-20")
    hand.write(
        lambda tx: tx.run("UPDATE layer SET expiry_on = '2026-01-02' WHERE warehouse_id = :w AND id = :id", id=layer_id)
    )
    hand.sign_in("HAND-1", "PUTAWAY")
    assert hand.scan("HAND-1", "MILK")["step"]["state"] == "tote"
    now["ms"] += 2 * 24 * 3600 * 1000
    hand.scan("HAND-1", TOTES[0])
    assert hand.answer.get("code") == "expired", hand.answer


# --- refilling -------------------------------------------------------------------------------------------------------


def test_a_refill_goes_back_into_a_flow_rack_only_if_nothing_newer_came_in(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 10, "F01-01-1", "2026-01-01")
    hand.write(lambda tx: pick_faces.give(tx, NOBODY, "A01-01-1", "MUG", 5, 20))
    hand.sign_in("HAND-1", "REPLENISH")
    fields = hand.step()["fields"]
    assert fields["from"]["code"] == "F01-01-1"
    hand.scan("HAND-1", fields["from"]["barcode"])
    assert hand.scan("HAND-1", "MUG", 4)["outcome"] == "applied"
    hand.stock("MUG", 6, "DOCK-1", "2026-02-01")
    hand.sign_in("HAND-2", "PUTAWAY", "1002")
    hand.scan("HAND-2", "MUG")
    assert hand.scan("HAND-2", at("F01-01-1"))["outcome"] == "applied", hand.answer
    hand.say("HAND-1", "BACK")
    assert hand.answer.get("code") == "would_bury_older", hand.answer
    assert hand.scan("HAND-1", at("A01-01-1"))["outcome"] == "applied"


# --- transfers -------------------------------------------------------------------------------------------------------


def open_transfer(hand: FloorHand, *lines: tuple[str, int], number: str = "7") -> str:
    hand.write(lambda tx: transfers.ask(tx, number, "NORTH", lines))
    hand.sign_in("HAND-1", "SEND")
    return str(hand.scan("HAND-1", own_code("X", number))["step"]["fields"]["lpn"])


def send(hand: FloorHand, *lines: tuple[str, int], number: str = "7") -> str:
    code = open_transfer(hand, *lines, number=number)
    while hand.step()["fields"]["next"]:
        following = hand.step()["fields"]["next"]
        assert hand.scan("HAND-1", following["location"]["barcode"])["outcome"] == "applied"
        assert hand.scan("HAND-1", following["item"]["barcode"], following["qty_each"])["outcome"] == "applied"
    hand.say("HAND-1", "DONE")
    assert hand.step()["state"] == "transfer"
    return code


def arrive(hand: FloorHand, *lines: dict[str, Any], number: str = "7") -> bool:
    return hand.write(lambda tx: transfers.arrived(tx, NOBODY, number, lines))


def test_a_transfer_pallet_that_came_home_stays_where_it_stands(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 6)
    pallet = send(hand, ("MUG", 6))
    announce_units(hand, UnitIn(pallet, (ExpectedLine("MUG", 6),)), kind="transfer", source="NORTH")
    begin(hand)
    assert hand.scan("DOCK-1", pallet)["outcome"] == "applied", hand.answer
    arrive(hand)
    assert [row["lpn"] for row in balances(hand)] == [pallet]
    assert hand.one("SELECT l.code FROM lpn p JOIN location l ON l.warehouse_id = p.warehouse_id AND l.id ="
                    " p.location_id WHERE p.warehouse_id = :w AND p.code = :c", c=pallet) == {"code": "DOCK-1"}


def test_a_pallet_that_came_home_is_no_transfer_any_more(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 6)
    pallet = send(hand, ("MUG", 6))
    arrive(hand, {"sku": "MUG", "qty_each": 6})
    announce_units(hand, UnitIn(pallet, (ExpectedLine("MUG", 6),)))
    begin(hand)
    assert hand.scan("DOCK-1", pallet)["outcome"] == "applied", hand.answer
    hand.stock("MUG", 3, "A01-01-1", "2026-02-01")
    hand.stock("MUG", 3, "A01-02-1", "2026-01-01")
    hand.sign_in("HAND-2", "MOVE")
    hand.scan("HAND-2", at("A01-01-1"))
    hand.scan("HAND-2", "MUG", 3)
    assert hand.scan("HAND-2", pallet)["outcome"] == "applied", hand.answer


def test_an_arrival_told_twice_with_other_figures_is_a_conflict(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 6)
    send(hand, ("MUG", 6))
    assert arrive(hand, {"sku": "MUG", "qty_each": 6}) is True
    assert arrive(hand, {"sku": "MUG", "qty_each": 6}) is False
    with pytest.raises(Conflict):
        arrive(hand, {"sku": "MUG", "qty_each": 9})


def test_a_pallet_being_loaded_for_another_warehouse_is_not_put_away(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 6)
    pallet = open_transfer(hand, ("MUG", 6))
    following = hand.step()["fields"]["next"]
    hand.scan("HAND-1", following["location"]["barcode"])
    hand.scan("HAND-1", "MUG", 3)
    hand.sign_in("HAND-2", "PUTAWAY", "1002")
    hand.scan("HAND-2", pallet)
    assert hand.answer.get("outcome") == "rejected", hand.answer


def test_two_houses_of_one_company_give_no_pallet_the_same_number(settings: Any, hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 6)
    north = FloorHand(open_floor(settings, warehouse_id=2), "NORTH")
    try:
        north.item("MUG")
        ours = north.write(lambda tx: lpns.make(tx, "DOCK-1"))
        layer = north.stock("MUG", 1, "DOCK-1")

        def load(tx: Tx) -> None:
            place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'DOCK-1'")["id"]
            unit_id = tx.one("SELECT id FROM lpn WHERE warehouse_id = :w AND code = :c", c=ours)["id"]
            ledger.post(tx, NOBODY, [Move(layer, 1, place, place, 1, MoveReason.MOVE, to_lpn_id=unit_id)])

        north.write(load)
        pallet = send(hand, ("MUG", 6))
        assert pallet != ours
    finally:
        north.floor.close()
