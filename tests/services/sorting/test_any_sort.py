"""Whatever is picked, put, missed and cancelled at a wall, in whatever order: no unit is lost and the book agrees."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.bootstrap import Floor
from fulfillment.domain.codes import own_code
from fulfillment.services.scan_path.scans import current_step
from tests.factories import FloorHand
from tests.services import acts, wall

SKUS = ("PEN", "CUP", "MUG")
ORDERS = st.lists(
    st.dictionaries(st.sampled_from(SKUS), st.integers(1, 3), min_size=1, max_size=3), min_size=1, max_size=5
)
# What a sorter, a packer or a customer does next; what does not fit just now is refused, and must change nothing.
ACTS = st.lists(
    st.sampled_from(("open", *["unit", "put"] * 3, "wrong", "missing", "back", "cancel", "pack")), max_size=40
)


def in_house(hand: FloorHand) -> int:
    return int(hand.one("SELECT COALESCE(SUM(on_hand_each), 0) AS n FROM stock_balance WHERE warehouse_id = :w")["n"])


def written_off(hand: FloorHand) -> int:
    sql = "SELECT COALESCE(SUM(qty_each), 0) AS n FROM stock_move WHERE warehouse_id = :w AND reason = 'missing'"
    return int(hand.one(sql)["n"])


def do(hand: FloorHand, act: str, chance: int, totes: list[str], numbers: list[str]) -> None:
    step = hand.floor.read(lambda tx: current_step(tx, wall.SORTER))
    if act == "open":
        hand.scan(wall.SORTER, own_code("T", totes[chance % len(totes)]))
    elif act == "unit":
        hand.scan(wall.SORTER, SKUS[chance % len(SKUS)])
    elif act == "put" and step["fields"].get("slot"):
        hand.scan(wall.SORTER, step["fields"]["slot"]["barcode"])
    elif act == "wrong":
        hand.scan(wall.SORTER, own_code("S", f"W1-A{1 + chance % 3:02d}"))
    elif act == "missing":
        hand.say(wall.SORTER, "MISSING")
        hand.scan(wall.SORTER, wall.LOST)
    elif act == "back":
        hand.say(wall.SORTER, "BACK")
    elif act == "cancel":
        number = numbers[chance % len(numbers)]
        if hand.order_state(number) not in ("packed", "packing"):
            acts.cancel(hand, number)
    elif act == "pack":
        done = [order for state, order, _ in wall.slots(hand).values() if state == "done"]
        if done:
            wall.pack(hand, str(done[chance % len(done)]))


def test_any_sequence_at_the_wall_conserves_units_and_the_book(
    open_empty: Callable[..., Floor], days: Callable[[int], int]
) -> None:
    @settings(
        max_examples=days(12), deadline=None, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(orders=ORDERS, asked=ACTS, chances=st.lists(st.integers(0, 11), min_size=40, max_size=40))
    def any_day(orders: list[dict[str, int]], asked: list[str], chances: list[int]) -> None:
        floor = open_empty()
        try:
            hand = FloorHand(floor)
            wall.equip(hand, rows=1, columns=3)
            wall.stock(hand, *SKUS)
            numbers = [f"S{number}" for number in range(1, len(orders) + 1)]
            for number, lines in zip(numbers, orders, strict=True):
                hand.order(number, *lines.items())
            wall.release(hand)
            totes: list[str] = []
            while hand.one("SELECT 1 FROM tour WHERE warehouse_id = :w AND state = 'planned'"):
                totes += wall.pick(hand, first_tote=5 * len(totes))
            hand.scan(wall.SORTER, own_code("B", "1001"))
            hand.say(wall.SORTER, "SORT")
            before = in_house(hand)
            for act, chance in zip(asked, chances, strict=False):
                do(hand, act, chance, totes, numbers)
                assert in_house(hand) + written_off(hand) == before
                taken = [order for _, order, _ in wall.slots(hand).values()]
                assert len(taken) == len(set(taken))
            assert acts.wrong(hand) == []
        finally:
            floor.close()

    any_day()
