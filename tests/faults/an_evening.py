"""The rest of the day: what a device had queued, what others report by line, carriers' labels, jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.effects import Heard
from fulfillment.hot import Tx
from fulfillment.services.receiving import arrivals_by_line, inbound
from fulfillment.services.receiving.arrivals_by_line import ArrivalIn, ArrivedLine
from fulfillment.services.releasing import planning, waves
from fulfillment.services.scan_path import scan_queue
from fulfillment.services.scan_path.scan_arrival import ScanRequest
from fulfillment.services.shipping import carrier_calls, carrier_labels, label_decisions, shipments
from fulfillment.services.shipping.carrier_calls import Call
from fulfillment.services.shipping.carrier_labels import Service
from fulfillment.services.shipping.carrier_service import Bought
from fulfillment.services.shipping.shipments import ShipmentIn, ShippedLine
from fulfillment.services.working import jobs
from tests.factories import NOBODY
from tests.faults.day_hand import DayHand
from tests.services.acts import CARTS, TOTES, at

HAND, BENCH = "HAND-1", "BENCH-1"
AWAKE_MS = 400_000  # longer than any call waits to be tried again
PAID = Bought("T1", 499, "GBP", "^XA^XZ")


def live_an_evening(hand: DayHand) -> None:
    """What has no screen in front of it, and a queue of scans that had one."""
    _by_line(hand)
    _queued(hand)
    _carrier_labels(hand)
    _jobs(hand)


def _by_line(hand: DayHand) -> None:
    hand.write(lambda tx: tx.insert("location", code="B01-01-1", kind="bin", aisle="09", bay="01", level=1))
    expected = inbound.ReceiptIn("R9", (inbound.ExpectedLine("MUG", 40),), received_on="2026-01-01")
    hand.write(lambda tx: inbound.announce(tx, expected))
    arrival = ArrivalIn("A-1", "R9", (ArrivedLine("MUG", 40, "B01-01-1"),), closes=True)
    hand.ask("goods arrived, by line", lambda tx: arrivals_by_line.arrive(tx, NOBODY, arrival), is_keyed=True)
    hand.order("SO-8", ("MUG", 3))
    for number, (qty_each, tracking) in enumerate(((1, ""), (2, "JD01"))):
        told = ShipmentIn(f"X-{number}", "SO-8", (ShippedLine("MUG", qty_each),), tracking_number=tracking)
        hand.ask("goods left, by line", lambda tx, told=told: shipments.ship(tx, NOBODY, told), is_keyed=True)


def _queued(hand: DayHand) -> None:
    """A tour walked out of reach: sent in two pieces, with codes nobody knows among them."""
    service = Service("http://carrier.test/labels", "DOM", can_look_up=True)
    hand.ask("a carrier that sells labels", lambda tx: carrier_labels.set_service(tx, "DOM", service), is_keyed=True)
    hand.order("SO-9", ("MUG", 1))
    wave = hand.write(lambda tx: waves.release(tx, NOBODY, ["SO-9"]))["wave"]
    planning.plan_wave(hand.floor, wave, tour_ms=1)
    hand.begin(HAND, "PICK")
    hand.good(HAND, CARTS[2])
    hand.good(HAND, TOTES[0])
    fields = hand.step()["fields"]
    for queued in ((fields["location"]["barcode"], "NOBODY-KNOWS", "MUG"), (TOTES[0], at("STAGE-1"), at("STAGE-1"))):
        answer = _send(hand, queued)
    assert answer["step"]["state"] not in ("item", "tote"), answer
    assert hand.order_state("SO-9") == "picked"


def _send(hand: DayHand, codes: tuple[str, ...]) -> dict[str, Any]:
    requests = [ScanRequest(f"queued-{codes[0]}-{place}", HAND, code, 1) for place, code in enumerate(codes)]
    return hand.ask("a queue of scans", lambda tx: scan_queue.handle_queue(tx, requests), is_keyed=True)


def _carrier_labels(hand: DayHand) -> None:
    """Not known and looked up; bought; given back; nobody knows: given up, and one found; a worker gone silent."""
    hand.begin(BENCH, "PACK")
    hand.good(BENCH, TOTES[0])
    hand.good(BENCH, "MUG")

    call = _begun(hand)
    hand.ask(
        "nobody knows whether it was bought",
        lambda tx: carrier_calls.record_unknown(tx, call, Heard.ANSWERED, "500", after_look_up=False),
    )
    again = _begun(hand)
    hand.ask("a label was never bought", lambda tx: carrier_calls.record_to_ask_again(tx, again, "it knows of none"))
    answered = _begun(hand)
    hand.ask("a label was bought", lambda tx: carrier_calls.record_bought(tx, answered, PAID))

    hand.good(BENCH, "00" + _number(hand))
    hand.good(BENCH, own_code("C", "REOPEN"))
    voiding = _begun(hand)
    hand.ask("a carrier does not take it back", lambda tx: carrier_calls.record_not_voided(
        tx, voiding, "later", is_final=False))  # fmt: skip
    voided = _begun(hand)
    hand.ask("a carrier took it back", lambda tx: carrier_calls.record_voided(tx, voided))

    hand.good(BENCH, own_code("C", "CLOSE"))
    _uncertain(hand)
    reference = _reference(hand)
    hand.ask("buy it again", lambda tx: label_decisions.decide(tx, NOBODY, reference, "buy_again", "1001"))
    refused = _begun(hand)
    hand.ask("a carrier will not have it", lambda tx: carrier_calls.record_declined(tx, refused, "no such postcode"))
    second = _reference(hand)
    hand.ask("buy it once more", lambda tx: label_decisions.decide(tx, NOBODY, second, "buy_again", "1001"))

    silent = _begun(hand)
    hand.recording.later(carrier_calls.LEASE_MS + 1)
    hand.ask("end leases of calls", carrier_calls.end_leases)
    _uncertain(hand)
    hand.ask("a late answer", lambda tx: carrier_calls.record_bought(tx, silent, replace(PAID, tracking_number="T2")))
    third = _reference(hand)
    hand.ask("a person found it", lambda tx: label_decisions.decide(tx, NOBODY, third, "found", "1001"))


def _begun(hand: DayHand) -> Call:
    """The next call, claimed and begun."""
    hand.recording.later(AWAKE_MS)
    call: Call | None = hand.ask("claim a call to a carrier", lambda tx: carrier_calls.claim(tx, "DOM"))
    assert call is not None
    assert hand.ask("begin a call to a carrier", lambda tx: carrier_calls.start_calling(tx, call))
    return call


def _uncertain(hand: DayHand) -> None:
    call = _begun(hand)
    hand.ask("nobody can say", lambda tx: carrier_calls.record_uncertain(tx, call, Heard.SILENT, "timed out"))


def _number(hand: DayHand) -> str:
    return str(hand.one("SELECT number FROM parcel WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")["number"])


def _reference(hand: DayHand) -> str:
    row = hand.one("SELECT reference FROM carrier_label WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")
    return str(row["reference"])


def _jobs(hand: DayHand) -> None:
    """Wanted, run, broken and given up."""
    outcomes = iter(("fine", RuntimeError("broken")))

    def run(_floor: Any, _arguments: Any) -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def gave_up(tx: Tx, _arguments: Any) -> None:
        tx.run("UPDATE warehouse SET approve_above_each = 4 WHERE id = :w")

    kinds = {"sweep": jobs.Kind(run, gave_up)}
    for number in (1, 2):
        hand.ask("want a job", lambda tx, number=number: jobs.defer(tx, "sweep", {"n": number}, f"sweep:{number}"),
                 is_keyed=True)  # fmt: skip
        with hand.recording.hot("run a job"):
            assert jobs.run_next(hand.floor, kinds)
