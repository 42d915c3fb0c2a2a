"""A morning whose every scan has its minute, so that each figure can be worked out by hand.

Monday, 15 June 2026, in London (an hour ahead of UTC). All scans are Ada's (1001), the count Bob's.

    08:00 F-1 taken (2 MUG)         09:00 released  09:10 claimed  09:15 picked  09:20 set down   cut-off 10:30
    08:10 F-2 taken (1 MUG, 1 CUP)  09:05 released  09:21 claimed  09:27 picked  09:35 set down   cut-off 10:00
    08:20 F-5 taken (2 PEN)         10:10 released  10:20 claimed  10:25 one of two found  10:30 set down
    08:25 F-3 taken, 08:40 cancelled            08:30 F-4 taken: nothing of it is here            cut-off 11:00
    09:45 F-1 at the bench  09:46, 09:47 its units, closed  09:49 in its lane  10:01 loaded
    09:50 F-2 at the bench  09:51, 09:52 its units, closed  09:53 in its lane  10:02 loaded   10:05 the truck leaves
    11:00 MUG counted, as the book says         receipts at the dock for 60 and 150 minutes
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.services.ordering import orders
from fulfillment.settings import Settings
from tests.factories import NOBODY, FloorHand
from tests.services.acts import TOTES, at, go_to_stop, make_stop, release, say_short, take_tour
from tests.services.packing.a_bench import BENCH, TRUCK, at_bench, at_lane, label_and_lane

MINUTE_MS = 60_000
LONDON = ZoneInfo("Europe/London")


class Clock:
    """The floor's clock, set by hand."""

    def __init__(self) -> None:
        self.now_ms = local_ms("07:00")

    def __call__(self) -> int:
        return self.now_ms

    def set(self, clock: str) -> None:
        """It is that time of the day."""
        self.now_ms = local_ms(clock)


def local_ms(clock: str, day: int = 15) -> int:
    """A time of the day in June 2026 on the warehouse's wall."""
    hour, minute = map(int, clock.split(":"))
    return int(datetime(2026, 6, day, hour, minute, tzinfo=LONDON).timestamp()) * 1000


def open_with_clock(settings: Settings) -> tuple[Floor, Clock]:
    """A floor whose time is set by hand."""
    clock = Clock()
    return open_floor(settings, clock=clock), clock


def play_morning(hand: FloorHand, clock: Clock) -> None:
    """All of it; afterwards it is noon."""
    for sku, units, place in (("MUG", 20, "A01-01-1"), ("CUP", 20, "A01-02-1"), ("PEN", 2, "A02-01-1")):
        hand.item(sku)
        hand.stock(sku, units, place)
    hand.item("HAT")
    for minute, number, lines in (
        ("08:00", "F-1", [("MUG", 2)]), ("08:10", "F-2", [("MUG", 1), ("CUP", 1)]), ("08:20", "F-5", [("PEN", 2)]),
        ("08:25", "F-3", [("CUP", 1)]), ("08:30", "F-4", [("HAT", 1)]),
    ):  # fmt: skip
        clock.set(minute)
        hand.order(number, *lines)
    clock.set("08:40")
    hand.write(lambda tx: orders.cancel(tx, NOBODY, "F-3"))
    for stocked, number in (("09:00", "S1"), ("10:30", "S2")):
        hand.write(
            lambda tx, number=number, stocked=stocked: tx.run(
                "UPDATE receipt SET arrived_at_ms = :a, stocked_at_ms = :s WHERE warehouse_id = :w AND number = :n",
                a=local_ms("08:00"), s=local_ms(stocked), n=number,
            )
        )  # fmt: skip
    clock.set("09:00")
    release(hand, "F-1")
    clock.set("09:05")
    release(hand, "F-2")
    _walk(hand, clock, ("09:10", "09:15", "09:20"), tote=0)
    _walk(hand, clock, ("09:21", "09:27", "09:35"), tote=1)
    _pack(hand, clock, ("09:45", "09:46", "09:47", "09:49"), ("MUG", "MUG"), tote=0)
    _pack(hand, clock, ("09:50", "09:51", "09:52", "09:53"), ("MUG", "CUP"), tote=1)
    clock.set("10:00")
    at_lane(hand)
    for minute, number in (("10:01", "F-1"), ("10:02", "F-2")):
        clock.set(minute)
        hand.scan(TRUCK, "00" + _parcel(hand, number))
    clock.set("10:05")
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "CONFIRM")
    hand.say(TRUCK, "HOME")
    clock.set("10:10")
    release(hand, "F-5")
    clock.set("10:20")
    take_tour(hand, first_tote=2)
    clock.set("10:25")
    go_to_stop(hand)
    hand.scan("HAND-1", "PEN", 1)
    say_short(hand)
    hand.scan("HAND-1", TOTES[2])
    clock.set("10:30")
    hand.scan("HAND-1", at("STAGE-1"))
    # Only now: tours of an earlier cut-off are walked first.
    for number, cut_off in (("F-1", "10:30"), ("F-2", "10:00"), ("F-3", "11:30"), ("F-4", "11:00"), ("F-5", "17:00")):
        hand.write(
            lambda tx, number=number, cut_off=cut_off: tx.run(
                "UPDATE sales_order SET cut_off_at_ms = :at WHERE warehouse_id = :w AND number = :n",
                at=local_ms(cut_off), n=number,
            )
        )  # fmt: skip
    clock.set("11:00")
    hand.sign_in("HAND-2", "COUNT", "1002")
    hand.scan("HAND-2", at("A01-01-1"))
    hand.scan("HAND-2", "MUG", 17)
    hand.say("HAND-2", "DONE")
    clock.set("12:00")


def _walk(hand: FloorHand, clock: Clock, minutes: tuple[str, str, str], tote: int) -> None:
    clock.set(minutes[0])
    take_tour(hand, first_tote=tote)
    clock.set(minutes[1])
    while hand.step()["state"] in ("location", "item"):
        assert make_stop(hand)["outcome"] == "applied"
    clock.set(minutes[2])
    assert hand.scan("HAND-1", at("STAGE-1"))["outcome"] == "applied"
    hand.say("HAND-1", "HOME")


def _pack(hand: FloorHand, clock: Clock, minutes: tuple[str, ...], skus: tuple[str, str], tote: int) -> None:
    clock.set(minutes[0])
    if tote:
        hand.scan(BENCH, TOTES[tote])
    else:
        at_bench(hand)
    for minute, sku in zip(minutes[1:], skus, strict=False):
        clock.set(minute)
        assert hand.scan(BENCH, sku)["outcome"] == "applied", hand.answer
    clock.set(minutes[3])
    label_and_lane(hand)


def _parcel(hand: FloorHand, number: str) -> str:
    row = hand.one(
        "SELECT p.number FROM parcel p JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE p.warehouse_id = :w AND o.number = :n",
        n=number,
    )
    return str(row["number"])
