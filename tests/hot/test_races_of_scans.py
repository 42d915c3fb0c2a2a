"""Races of people: two who scan for one thing at one instant, wherever their requests land.

One of them gets it; the other is told why not in a word of the floor. Nothing is counted twice or lost, and no
order of events leaves a promise on a unit that is not there.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from fulfillment.bootstrap import Floor
from fulfillment.domain.codes import gs1_check_digit, own_code
from fulfillment.domain.reasons import Conflict
from fulfillment.services.ordering import orders
from fulfillment.services.printing import outbox
from fulfillment.services.receiving import inbound
from fulfillment.services.receiving.inbound import ReceiptIn, UnitIn
from fulfillment.services.releasing import planning, waves
from fulfillment.services.set_up import setting_up
from tests.factories import NOBODY, FloorHand
from tests.hot.racing import SEEDS, Work, cancel, codes, promised, pull, pulls, race
from tests.services.acts import CARTS, TOTES, at, demand, go_to_stop, release, take_tour
from tests.services.arriving import PALLET, announce, announce_units, lines
from tests.services.packing.a_bench import at_bench, at_lane, label_and_lane, pick_into

BODY = "0950600013435"
GTIN = BODY + gs1_check_digit(BODY)
HANDS = ("HAND-1", "HAND-2")


pytestmark = pytest.mark.usefixtures("book_is_right")


def one_tour_each(hand: FloorHand, *numbers: str) -> None:
    """An order a wave, so that each hand has a walk of its own."""
    for number, station, cart in zip(numbers, HANDS, range(2), strict=True):
        release(hand, number)
        take_tour(hand, station, cart, first_tote=cart)


# --- one pull, many requests ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_one_pull_that_reaches_eight_nodes_at_once_counts_once(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.stock("MUG", 9)
    hand.order("SO-1", ("MUG", 9))
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    answers = race(floors, [pull("HAND-1", "MUG", 2, "the-pull") for _ in range(8)], seed)
    assert sorted(answer["replayed"] for answer in answers) == [False] + [True] * 7
    assert {answer["step"]["fields"]["counted_each"] for answer in answers} == {2}
    assert hand.one("SELECT COUNT(*) AS n FROM scan WHERE warehouse_id = :w AND scan_id = 'the-pull'")["n"] == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_pulls_in_one_second_are_ten_units(hand: FloorHand, floors: list[Floor], seed: int) -> None:
    """frappe/erpnext#55012: there ten scans counted five."""
    hand.stock("MUG", 10)
    hand.order("SO-1", ("MUG", 10))
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    answers = race(floors, [pull("HAND-1", "MUG") for _ in range(10)], seed)
    assert codes(answers) == [""] * 10
    assert sorted(answer["step"]["fields"].get("counted_each") for answer in answers) == list(range(1, 11))


@pytest.mark.parametrize("seed", SEEDS)
def test_one_scan_id_with_two_bodies_is_applied_once_and_a_conflict(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.sign_in("HAND-1", "MOVE")
    answers = race(floors, [pull("HAND-1", at(f"A01-0{n}-1"), None, "reused") for n in (1, 2, 3)], seed)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Conflict", "dict"]
    assert all(answer.code == "scan_id_reused" for answer in answers if isinstance(answer, Conflict))


# --- the last unit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_last_unit_in_a_bin_goes_into_one_of_two_hands(hand: FloorHand, floors: list[Floor], seed: int) -> None:
    hand.stock("MUG", 1)
    for station in HANDS:
        hand.sign_in(station, "MOVE")
        hand.scan(station, at("A01-01-1"))
    answers = race(floors, [pull(station, "MUG", 1) for station in HANDS], seed)
    assert codes(answers)[0] == ""
    assert codes(answers)[1] in ("short_stock", "nothing_here"), answers
    assert hand.on_hand("A01-01-1") == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_two_pickers_at_one_bin_do_not_both_take_the_unit_with_one_serial(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    item_id = hand.item("SCALE", tracks_serial=1)
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code=GTIN, uom="each", qty_each=1))
    for serial in ("S1", "S2"):
        layer_id = hand.stock("SCALE", 1)
        hand.write(
            lambda tx, layer_id=layer_id, serial=serial: tx.run(
                "UPDATE layer SET serial = :s WHERE warehouse_id = :w AND id = :id", s=serial, id=layer_id
            )
        )
    for number in ("SO-1", "SO-2"):
        hand.order(number, ("SCALE", 1))
    one_tour_each(hand, "SO-1", "SO-2")
    for station in HANDS:
        hand.scan(station, at("A01-01-1"))
        assert hand.scan(station, f"]d201{GTIN}21S1")["outcome"] == "applied"  # the book has it in both hands
    answers = race(floors, [pull(station, TOTES[n]) for n, station in enumerate(HANDS)], seed)
    assert codes(answers) == ["", "short_stock"]
    picked = hand.all("SELECT layer_id FROM stock_move WHERE warehouse_id = :w AND reason = 'pick'")
    assert len(picked) == len({row["layer_id"] for row in picked}) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_odoo_62139_pickers_at_one_bin_leave_no_promise_without_goods(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    """Two dates in one bin, two walks, an order that comes and one that goes, all in one moment."""
    hand.stock("MUG", 3, received_on="2026-01-01")
    hand.stock("MUG", 5, received_on="2026-02-01")
    for number in ("SO-1", "SO-2", "SO-3"):
        hand.order(number, ("MUG", 2))
    one_tour_each(hand, "SO-1", "SO-2")
    walks = [
        pulls((station, at("A01-01-1"), None), (station, "MUG", 2), (station, TOTES[n], None))
        for n, station in enumerate(HANDS)
    ]
    late = orders.OrderIn("SO-4", 1_760_000_000_000, [orders.LineIn("MUG", 2)])
    race(floors, [
        *walks, cancel("SO-3"), lambda floor: floor.writer.write(lambda tx: orders.take_in(tx, NOBODY, late, 100)),
    ], seed)  # fmt: skip
    assert [demand(hand, f"SO-{n}")["picked"] for n in (1, 2, 3, 4)] == [2, 2, 0, 0]
    in_balances, in_promises, of_orders = promised(hand)
    # What was picked keeps its promise in the tote; the allocation of it is spent.
    assert (in_balances, in_promises, of_orders) == (6, 2, 6)


# --- one thing, two who claim it -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_two_waves_do_not_release_one_order_twice(hand: FloorHand, floors: list[Floor], seed: int) -> None:
    """peers: a wave each for one pallet, both walked."""
    hand.stock("MUG", 40, "A02-03-3")
    hand.order("SO-1", ("MUG", 40))

    def let_go(floor: Floor) -> Any:
        return floor.writer.write(lambda tx: waves.release(tx, NOBODY, ["SO-1"]))["wave"]

    answers = race(floors, [let_go] * 6, seed)
    released = [answer for answer in answers if isinstance(answer, int)]
    assert len(released) == 1
    assert {answer.code for answer in answers if not isinstance(answer, int)} == {"not_releasable"}
    planning.plan_wave(hand.floor, released[0], tour_ms=1)
    assert hand.one("SELECT SUM(qty_each) AS n FROM task WHERE warehouse_id = :w AND kind = 'pick'")["n"] == 40


@pytest.mark.parametrize("seed", SEEDS)
def test_one_wave_planned_by_two_planners_has_each_stop_once(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.stock("MUG", 30)
    for n in range(5):
        hand.order(f"SO-{n}", ("MUG", 4))
    wave = hand.write(lambda tx: waves.release(tx, NOBODY))["wave"]
    race(floors, [lambda floor: planning.plan_wave(floor, wave, tour_ms=1)] * 3, seed)
    tasks = hand.one("SELECT SUM(qty_each) AS n FROM task WHERE warehouse_id = :w AND kind = 'pick'")
    assert tasks["n"] == 20


@pytest.mark.parametrize("seed", SEEDS)
def test_oca_wms_608_and_543_one_tour_is_walked_by_one_of_two_pickers(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.stock("MUG", 2)
    hand.order("SO-1", ("MUG", 2))
    release(hand)
    for station in HANDS:
        hand.sign_in(station, "PICK")
    answers = race(floors, [pull(station, CARTS[n]) for n, station in enumerate(HANDS)], seed)
    assert codes(answers) == ["", "no_work"]
    assert hand.one("SELECT COUNT(*) AS n FROM tour WHERE warehouse_id = :w AND state = 'active'")["n"] == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_one_cart_serves_one_of_two_tours(hand: FloorHand, floors: list[Floor], seed: int) -> None:
    hand.stock("MUG", 4)
    for number in ("SO-1", "SO-2"):
        hand.order(number, ("MUG", 2))
        release(hand, number)
    for station in HANDS:
        hand.sign_in(station, "PICK")
    answers = race(floors, [pull(station, CARTS[0]) for station in HANDS], seed)
    assert codes(answers) == ["", "cart_in_use"]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_tote_stands_on_one_of_two_carts(hand: FloorHand, floors: list[Floor], seed: int) -> None:
    hand.stock("MUG", 4)
    for number in ("SO-1", "SO-2"):
        hand.order(number, ("MUG", 2))
        release(hand, number)
    for n, station in enumerate(HANDS):
        hand.sign_in(station, "PICK")
        hand.scan(station, CARTS[n])
    answers = race(floors, [pull(station, TOTES[0]) for station in HANDS], seed)
    assert codes(answers)[0] == ""
    assert codes(answers)[1] in ("tote_in_use", "tote_of_another_order"), answers
    totes = hand.all("SELECT lpn_id FROM tour_tote WHERE warehouse_id = :w AND lpn_id <> 0")
    assert len(totes) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_one_parcel_is_loaded_by_one_of_two_loaders(hand: FloorHand, floors: list[Floor], seed: int) -> None:
    hand.stock("MUG", 2)
    hand.order("SO-1", ("MUG", 2))
    pick_into(hand, "SO-1")
    at_bench(hand)
    hand.scan("BENCH-1", "MUG")
    hand.scan("BENCH-1", "MUG")
    number = label_and_lane(hand)
    for station in HANDS:
        at_lane(hand, station=station)
    answers = race(floors, [pull(station, "00" + number) for station in HANDS for _ in range(2)], seed)
    assert codes(answers) == ["", *["already_loaded"] * 3]
    assert hand.one("SELECT COUNT(*) AS n FROM manifest WHERE warehouse_id = :w")["n"] == 1
    assert hand.one("SELECT COUNT(*) AS n FROM stock_move WHERE warehouse_id = :w AND reason = 'load'")["n"] == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_inventree_11650_one_label_is_claimed_by_one_of_many_workers(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.write(lambda tx: outbox.queue_print(tx, "P1", "label:P1:0", 1, "shipping_4x6", {}))
    claims = race(floors, [lambda floor: floor.writer.write(lambda tx: outbox.claim(tx, 1))] * 8, seed)
    assert Counter(claim is None for claim in claims) == {True: 7, False: 1}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_worker_whose_lease_ran_out_cannot_write_beside_the_one_who_has_it_now(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.write(lambda tx: outbox.queue_print(tx, "P1", "label:P1:0", 1, "shipping_4x6", {}))
    late = hand.write(lambda tx: outbox.claim(tx, 1, lease_ms=0))
    now = hand.write(lambda tx: outbox.claim(tx, 1))
    assert (late.effect_id, late.fence + 1) == (now.effect_id, now.fence)

    def send(job: Any) -> Work:
        return lambda floor: floor.writer.write(lambda tx: outbox.start_sending(tx, job, b"^XA^XZ", "sha"))

    assert send(late)(floors[1]) is False  # even while the one who has it has not begun
    assert race(floors, [send(late), send(now), send(late)], seed) == [False, True, False]
    end = [lambda floor, job=job: floor.writer.write(lambda tx: outbox.complete(tx, job, "parsed", True, ""))
           for job in (late, now, late)]  # fmt: skip
    assert race(floors, end, seed) == [False, True, False]


# --- goods in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_one_receipt_announced_by_two_programs_is_one(hand: FloorHand, floors: list[Floor], seed: int) -> None:
    receipt = ReceiptIn("R1", lines(("MUG", 10)), received_on="2026-01-05")
    other = ReceiptIn("R1", lines(("MUG", 11)), received_on="2026-01-05")

    def tell(what: ReceiptIn) -> Work:
        return lambda floor: floor.writer.write(lambda tx: inbound.announce(tx, what))

    answers = race(floors, [tell(receipt)] * 4 + [tell(other)] * 2, seed)
    kinds = Counter("conflict" if isinstance(answer, Conflict) else answer for answer in answers)
    assert kinds[True] == 1
    assert kinds in (Counter({True: 1, False: 3, "conflict": 2}), Counter({True: 1, False: 1, "conflict": 4}))
    expected = hand.one("SELECT SUM(expected_each) AS n FROM receipt_line WHERE warehouse_id = :w")["n"]
    assert expected in (10, 11)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_receivers_of_one_announcement_take_in_what_was_announced_once(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    announce(hand, "R1", ("MUG", 10))
    stations = ["DOCK-1", "DOCK-2", "DOCK-3"]
    for station in stations:
        if station != "DOCK-1":
            hand.write(lambda tx, station=station: setting_up.add_station(tx, station, "dock", "DOCK-1"))
        hand.sign_in(station, "RECEIVE")
        hand.scan(station, own_code("R", "R1"))
    answers = race(floors, [pull(station, "MUG", 4) for station in stations], seed)
    assert codes(answers) == ["", "", "over_receipt"]
    assert hand.on_hand("DOCK-1") == 8


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pallet_scanned_by_eight_receivers_on_three_nodes_comes_once(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    announce_units(hand, UnitIn(PALLET, lines(("MUG", 40))))
    stations = [f"DOCK-{number}" for number in range(2, 10)]
    for station in stations:
        hand.write(lambda tx, station=station: setting_up.add_station(tx, station, "dock", "DOCK-1"))
        hand.sign_in(station, "RECEIVE")
        hand.scan(station, own_code("R", "R1"))
    answers = race(floors, [pull(station, PALLET) for station in stations], seed)
    assert codes(answers) == ["", *["already_received"] * 7]
    assert hand.on_hand("DOCK-1") == 40


def test_the_database_itself_takes_no_scan_twice(hand: FloorHand) -> None:
    """Whatever a service forgets to ask: the key of the scan is the last to say no."""
    hand.sign_in("HAND-1", "MOVE")
    first = hand.one("SELECT scan_id FROM scan WHERE warehouse_id = :w ORDER BY id LIMIT 1")["scan_id"]
    again = (
        "INSERT INTO scan (warehouse_id, id, scan_id, station_id, code, body_sha256, outcome, occurred_at_ms,"
        " recorded_at_ms) SELECT warehouse_id, id + 1000, scan_id, station_id, code, body_sha256, outcome,"
        " occurred_at_ms, recorded_at_ms FROM scan WHERE warehouse_id = :w AND scan_id = :scan"
    )
    with pytest.raises(Exception, match=r"(?i)unique.*scan"):
        hand.write(lambda tx: tx.run(again, scan=first))
