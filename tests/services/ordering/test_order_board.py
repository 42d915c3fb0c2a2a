"""The order board: whole counts, cells in pages, moves that are commands or refused, and what is written on cards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fulfillment.domain.orders import OrderState
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.roles import TOKEN_PERMISSIONS, TokenRole
from fulfillment.services.ordering import board_settings, card_story, order_board, order_cards, order_moves, orders
from fulfillment.services.ordering.order_board import Sought
from fulfillment.services.ordering.order_moves import Hand, Seen, Wish
from fulfillment.services.records import erasure
from fulfillment.services.releasing import planning
from fulfillment.services.walking import closures
from tests.factories import NOBODY, FloorHand
from tests.services import acts

API = Hand(TOKEN_PERMISSIONS[TokenRole.API])
BOARD = Hand(TOKEN_PERMISSIONS[TokenRole.BOARD])
ALL = Sought()


@pytest.fixture
def floor_of_orders(hand: FloorHand) -> FloorHand:
    """Three orders with goods promised, one that waits for some, one on hold."""
    hand.item("MUG")
    hand.stock("MUG", 10)
    for number in ("S1", "S2", "S3"):
        hand.order(number, ("MUG", 2))
    hand.order("BIG", ("MUG", 40), policy="ship_complete", channel="shop")
    hand.order("ODD", ("NEVER-HEARD-OF", 1))
    return hand


def board(hand: FloorHand, sought: Sought = ALL, shown: int = 15) -> dict[str, Any]:
    return hand.floor.read(lambda tx: order_board.board(tx, sought, shown))


def columns(hand: FloorHand, sought: Sought = ALL) -> dict[str, int]:
    return {one["column"]: one["found"] for one in board(hand, sought)["columns"] if one["found"]}


def card(hand: FloorHand, number: str) -> dict[str, Any]:
    return next(
        found for lane in board(hand)["lanes"] for cell in lane["cells"] for found in cell["cards"]
        if found["number"] == number
    )  # fmt: skip


def move(hand: FloorHand, wish: Wish, *numbers: str, who: Hand = API) -> list[str]:
    cards = [card(hand, number) for number in numbers]
    seen = [Seen(one["card"], one["version"]) for one in cards]
    answers = hand.write(lambda tx: order_moves.move(tx, NOBODY, seen, wish, who))
    return [answer["code"] or answer["state"] for answer in answers]


def change(hand: FloorHand, number: str, **values: Any) -> dict[str, Any]:
    seen = card(hand, number)
    wanted = order_cards.Change(**values)
    return hand.write(
        lambda tx: order_cards.change(tx, NOBODY, seen["card"], seen["version"], wanted, may_without_badge=True)
    )


def test_a_card_stands_in_the_column_of_its_orders_state(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    assert columns(hand) == {"allocated": 3, "waiting": 1, "hold": 1}
    assert card(hand, "BIG")["missing_each"] == 40
    assert card(hand, "ODD")["lines"] == 1
    acts.cancel(hand, "S1")
    assert columns(hand) == {"allocated": 2, "waiting": 1, "hold": 1, "cancelled": 1}


def test_counts_are_whole_however_few_cards_come_and_pages_give_each_card_once(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    hand.stock("MUG", 20, received_on="2026-02-01")
    for number in range(20):
        hand.order(f"T{number}", ("MUG", 1), priority=number % 3)
    cell = next(one for one in board(hand, shown=4)["lanes"][0]["cells"] if one["column"] == "allocated")
    numbers = [one["number"] for one in cell["cards"]]
    assert (cell["count"], len(numbers)) == (23, 4)
    after = cell["next"]
    while after:
        page = hand.floor.read(lambda tx, after=after: order_board.cell(tx, ALL, "allocated", "", after, 6))
        numbers += [one["number"] for one in page["cards"]]
        after = page["next"]
    assert len(numbers) == len(set(numbers)) == cell["count"]
    priorities = [hand.one("SELECT priority AS n FROM sales_order WHERE warehouse_id = :w AND number = :n", n=n)["n"]
                  for n in numbers]  # fmt: skip
    assert priorities == sorted(priorities, reverse=True)


def test_finished_cards_are_there_for_as_many_days_as_asked(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    for number in ("S1", "S2", "S3"):
        acts.cancel(hand, number)
    hand.write(lambda tx: tx.put(
        "UPDATE sales_order SET state_since_ms = state_since_ms - 172800000 WHERE warehouse_id = :w AND number = 'S1'"
    ))  # fmt: skip
    assert columns(hand)["cancelled"] == 2
    assert columns(hand, replace(ALL, days=3))["cancelled"] == 3
    page = hand.floor.read(lambda tx: order_board.cell(tx, replace(ALL, days=3), "cancelled", "", "", 1))
    rest = hand.floor.read(lambda tx: order_board.cell(tx, replace(ALL, days=3), "cancelled", "", page["next"], 9))
    assert {one["number"] for one in (*page["cards"], *rest["cards"])} == {"S1", "S2", "S3"}


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        (Sought(q="s2"), {"S2"}),
        (Sought(q="never-heard-of"), {"ODD"}),
        (Sought(q="%"), set()),
        (Sought(channel="shop"), {"BIG"}),
        (Sought(urgency="urgent"), {"S1"}),
        (Sought(urgency="normal", channel="shop"), {"BIG"}),
        (Sought(owner="1002"), {"S2"}),
        (Sought(owner="-", channel="shop"), {"BIG"}),
        (Sought(label="gift"), {"S3"}),
        (Sought(is_blocked=True), {"S3"}),
        (Sought(is_late=True, q="S1"), {"S1"}),
        (Sought(carrier="nobody"), set()),
    ],
)
def test_filters_leave_cards_out_and_counts_say_so(
    floor_of_orders: FloorHand, sought: Sought, found: set[str]
) -> None:
    hand = floor_of_orders
    assert move(hand, Wish(urgency="urgent"), "S1") == ["allocated"]
    change(hand, "S2", owner="1002")
    change(hand, "S3", labels=["gift"], blocked_because="payment")
    view = board(hand, sought)
    shown = {one["number"] for lane in view["lanes"] for cell in lane["cells"] for one in cell["cards"]}
    assert shown == found
    assert sum(one["found"] for one in view["columns"]) == len(found)
    assert sum(one["count"] for one in view["columns"]) == 5


@pytest.mark.parametrize("lanes", ["channel", "priority", "cut_off"])
def test_swimlanes_hold_every_card_once_and_page_by_themselves(floor_of_orders: FloorHand, lanes: str) -> None:
    hand = floor_of_orders
    move(hand, Wish(urgency="low"), "S2")
    acts.cancel(hand, "S3")
    view = board(hand, Sought(lanes=lanes), shown=1)
    cells = [(lane["lane"], cell) for lane in view["lanes"] for cell in lane["cells"] if cell["count"]]
    numbers = []
    for lane, cell in cells:
        page = hand.floor.read(
            lambda tx, lane=lane, cell=cell: order_board.cell(tx, Sought(lanes=lanes), cell["column"], lane, "", 50)
        )
        assert len(page["cards"]) == cell["count"]
        assert page["cards"][0] == cell["cards"][0]
        numbers += [one["number"] for one in page["cards"]]
    assert sorted(numbers) == ["BIG", "ODD", "S1", "S2", "S3"]
    if lanes == "priority":
        assert [lane["lane"] for lane in view["lanes"]] == ["normal", "low"]


def test_a_column_over_its_limit_says_so_and_stops_nobody(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    hand.write(lambda tx: board_settings.set_limit(tx, NOBODY, "allocated", 2, "1001"))
    column = next(one for one in board(hand, Sought(q="S1"))["columns"] if one["column"] == "allocated")
    assert (column["count"], column["found"], column["cards_max"], column["is_over"]) == (3, 1, 2, True)
    hand.write(lambda tx: board_settings.set_limit(tx, NOBODY, "allocated", 3, "1001"))
    assert not next(one for one in board(hand)["columns"] if one["column"] == "allocated")["is_over"]
    hand.write(lambda tx: board_settings.set_limit(tx, NOBODY, "allocated", 0, "1001"))
    assert next(one for one in board(hand)["columns"] if one["column"] == "allocated")["cards_max"] is None


@pytest.mark.parametrize(
    ("column", "cards_max", "badge", "code"),
    [
        ("shipped", 5, "1001", "bad_column"),
        ("allocated", -1, "1001", "bad_limit"),
        ("allocated", 5, "1002", "not_allowed"),
        ("allocated", 5, "", "unknown_badge"),
    ],
)
def test_limits_are_a_supervisors_and_of_columns_with_work(
    hand: FloorHand, column: str, cards_max: int, badge: str, code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        hand.write(lambda tx: board_settings.set_limit(tx, NOBODY, column, cards_max, badge))
    assert refused.value.code == code


def test_a_drag_is_the_command_it_means(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    assert move(hand, Wish("hold", note="asks the buyer"), "S1") == ["hold"]
    assert hand.one("SELECT hold_note FROM sales_order WHERE warehouse_id = :w AND number = 'S1'")["hold_note"] == (
        "asks the buyer"
    )
    # Its goods were given up and are promised anew: where it lands is what the floor finds.
    assert move(hand, Wish("waiting"), "S1") == ["allocated"]
    assert move(hand, Wish("released"), "S1") == ["released"]
    assert move(hand, Wish("cancelled"), "S2") == ["cancelled"]


def test_a_move_that_is_no_command_is_refused_and_says_where_it_could_go(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    seen = card(hand, "BIG")
    answer = hand.write(
        lambda tx: order_moves.move(tx, NOBODY, [Seen(seen["card"], seen["version"])], Wish("released"), API)
    )[0]
    assert (answer["outcome"], answer["code"]) == ("refused", "needs_stock")
    assert answer["ways"] == {"hold": "hold", "cancelled": "cancel"}
    assert move(hand, Wish("allocated"), "ODD") == ["unknown_sku"]
    assert move(hand, Wish("picked"), "S1") == ["by_scan"]
    assert columns(hand) == {"allocated": 3, "waiting": 1, "hold": 1}


def test_a_stale_card_overwrites_nothing(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    before = card(hand, "S1")
    change(hand, "S1", labels=["gift"])
    seen = Seen(before["card"], before["version"])
    answer = hand.write(lambda tx: order_moves.move(tx, NOBODY, [seen], Wish("cancelled"), API))[0]
    assert (answer["code"], answer["state"]) == ("stale", "allocated")
    with pytest.raises(Conflict, match="changed since"):
        hand.write(
            lambda tx: order_cards.change(
                tx, NOBODY, seen.card, seen.version, order_cards.Change(owner="1001"), may_without_badge=True
            )
        )
    acts.cancel(hand, "S1")
    again = Seen(answer["card"], answer["version"])
    assert hand.write(lambda tx: order_moves.move(tx, NOBODY, [again], Wish("hold"), API))[0]["code"] == "stale"


def test_many_cards_at_once_get_an_answer_each(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    assert move(hand, Wish("released"), "S1", "BIG", "S2", "ODD") == ["released", "needs_stock", "released", "held"]
    assert hand.one("SELECT COUNT(*) AS n FROM wave WHERE warehouse_id = :w")["n"] == 1
    assert move(hand, Wish("hold"), "S3", "S1") == ["hold", "in_wave"]


def test_what_fails_in_the_middle_leaves_nothing_behind(floor_of_orders: FloorHand) -> None:
    """To another swimlane and column in one: the priority does not stay when the command is refused."""
    hand = floor_of_orders
    assert move(hand, Wish("waiting", urgency="urgent"), "ODD", "S1") == ["unknown_sku", "promised"]
    assert card(hand, "ODD")["priority"] == card(hand, "S1")["priority"] == 0
    assert hand.one("SELECT COUNT(*) AS n FROM order_card_entry WHERE warehouse_id = :w")["n"] == 0


def test_orders_whose_goods_must_be_brought_down_stay_and_say_why(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.write(lambda tx: tx.put("UPDATE location SET is_pickable = 0 WHERE warehouse_id = :w AND code = 'A02-03-3'"))
    hand.stock("MUG", 10, "A02-03-3")
    hand.order("UP", ("MUG", 2))
    assert move(hand, Wish("released"), "UP") == ["waits_for_refill"]


def test_a_card_that_must_stay_keeps_its_priority_and_no_history_of_a_move(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("PEN")
    hand.write(lambda tx: tx.put("UPDATE location SET is_pickable = 0 WHERE warehouse_id = :w AND code = 'A02-03-3'"))
    hand.stock("MUG", 10, "A02-03-3")
    hand.stock("PEN", 10, "A01-01-1")
    hand.order("UP", ("MUG", 2))
    hand.order("GOES", ("PEN", 2))
    before = card(hand, "UP")
    assert move(hand, Wish("released", urgency="urgent"), "UP", "GOES") == ["waits_for_refill", "released"]
    assert card(hand, "UP") == before
    assert card(hand, "GOES")["priority"] == 10
    entries = hand.all(
        "SELECT o.number, e.said FROM order_card_entry e JOIN sales_order o ON o.id = e.order_id ORDER BY e.id"
    )
    assert entries == [{"number": "GOES", "said": "released"}, {"number": "GOES", "said": "priority:10"}]


def test_an_order_behind_a_closed_aisle_goes_into_the_wave_and_says_what_it_waits_for(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 10, "A01-01-1")
    hand.order("SHUT", ("MUG", 2))
    hand.write(lambda tx: closures.close(tx, NOBODY, "A01-01-1", may_without_badge=True))

    def drag(wish: Wish) -> dict[str, Any]:
        seen = card(hand, "SHUT")
        asked = [Seen(seen["card"], seen["version"])]
        (answer,) = hand.write(lambda tx: order_moves.move(tx, NOBODY, asked, wish, API))
        return {name: answer[name] for name in ("outcome", "code", "state")}

    went = drag(Wish("released"))
    assert went == {"outcome": "moved", "code": "waits_for_opening", "state": "released"}
    wave = hand.one("SELECT id, (SELECT wave_id FROM sales_order) AS its_wave FROM wave")
    assert wave["its_wave"] == wave["id"]
    planning.plan_wave(hand.floor, wave["id"], tour_ms=1)
    # It stands under allocated again, for nobody fetches it yet; asked for again, it stays in the wave it has.
    before = card(hand, "SHUT")
    again = drag(Wish("released", urgency="urgent"))
    assert again == {"outcome": "refused", "code": "waits_for_opening", "state": "allocated"}
    assert card(hand, "SHUT") == before
    assert hand.one("SELECT COUNT(*) AS n FROM wave")["n"] == 1


def test_a_number_of_two_channels_is_not_released_by_number(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    hand.order("S1", ("MUG", 1), channel="shop")
    first = hand.one("SELECT id FROM sales_order WHERE warehouse_id = :w AND number = 'S1' AND channel = 'api'")["id"]
    row = hand.floor.read(lambda tx: order_cards.shown(tx, first))
    seen = [Seen(first, row["version"])]
    assert hand.write(lambda tx: order_moves.move(tx, NOBODY, seen, Wish("released"), API))[0]["code"] == (
        "ambiguous_order"
    )
    assert hand.write(lambda tx: order_moves.move(tx, NOBODY, seen, Wish("hold"), API))[0]["state"] == "hold"


def test_a_blocked_card_is_not_released_and_its_clock_goes_on_whatever_it_waits_for(
    floor_of_orders: FloorHand,
) -> None:
    hand = floor_of_orders
    since = change(hand, "S1", blocked_because="payment", blocked_note="asked the bank")["blocked_since_ms"]
    assert move(hand, Wish("released"), "S1") == ["blocked"]
    assert change(hand, "S1", blocked_because="fraud")["blocked_since_ms"] == since
    free = change(hand, "S1", blocked_because="")
    assert (free["blocked_because"], free["blocked_note"], free["blocked_since_ms"]) == ("", "", None)
    assert move(hand, Wish("released"), "S1") == ["released"]


def test_a_boards_token_moves_cards_for_a_supervisors_badge_only(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    assert move(hand, Wish("hold"), "S1", who=BOARD) == ["not_allowed"]
    with pytest.raises(DomainError) as refused:
        move(hand, Wish("hold"), "S1", who=replace(BOARD, badge="1002"))
    assert refused.value.code == "not_allowed"
    assert move(hand, Wish("hold"), "S1", who=replace(BOARD, badge="1001")) == ["hold"]
    entry = hand.one("SELECT e.was, e.said, o.name FROM order_card_entry e JOIN operator o ON o.id = e.operator_id")
    assert entry == {"was": "allocated", "said": "hold", "name": "Ada"}


@pytest.mark.parametrize(
    "wish", [Wish(), Wish("nowhere"), Wish(urgency="very"), Wish("hold", note="x" * 501)], ids=repr
)
def test_a_wish_that_makes_no_sense_is_refused_whole(floor_of_orders: FloorHand, wish: Wish) -> None:
    with pytest.raises(DomainError):
        move(floor_of_orders, wish, "S1")


def test_no_command_leads_into_another_channel(floor_of_orders: FloorHand) -> None:
    assert move(floor_of_orders, Wish("hold", is_fixed_lane=True), "S1") == ["fixed_lane"]


def test_what_is_written_on_a_card_is_told_with_who_and_what_was(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    change(hand, "S1", owner="1002", due_at_ms=1_800_000_000_000, labels=["  gift  wrap ", "VIP"])
    found = change(hand, "S1", labels=["VIP"], owner="")
    assert (found["owner"], found["due_at_ms"], found["labels"]) == ("", 1_800_000_000_000, ["VIP"])
    rows = hand.all("SELECT kind, was, said FROM order_card_entry WHERE warehouse_id = :w ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("owner", "", "Bob"), ("due", "", "1800000000000"), ("labels", "", "VIP, gift wrap"), ("owner", "Bob", ""),
        ("labels", "VIP, gift wrap", "VIP"),
    ]  # fmt: skip
    change(hand, "S1", labels=["VIP"])
    assert len(hand.all("SELECT id FROM order_card_entry WHERE warehouse_id = :w")) == 5


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"owner": "9999"}, "unknown_owner"),
        ({"labels": ["x" * 41]}, "bad_labels"),
        ({"labels": [f"l{n}" for n in range(13)]}, "bad_labels"),
        ({"blocked_because": "rain"}, "bad_reason"),
    ],
)
def test_what_makes_no_sense_is_not_written(floor_of_orders: FloorHand, values: dict[str, Any], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        change(floor_of_orders, "S1", **values)
    assert refused.value.code == code
    assert floor_of_orders.one("SELECT COUNT(*) AS n FROM order_card WHERE warehouse_id = :w")["n"] == 0


def test_a_cards_story_is_read_from_scans_tasks_and_its_own_entries(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    shown = card(hand, "S1")
    hand.write(lambda tx: order_cards.comment(tx, NOBODY, shown["card"], "Buyer called", "1002"))
    move(hand, Wish("hold", note="wait"), "S1")
    move(hand, Wish("allocated"), "S1")
    acts.pick_all(hand, "HAND-2")
    told = hand.floor.read(lambda tx: card_story.describe(tx, shown["card"]))
    assert [(one["who"], one["text"]) for one in told["comments_said"]] == [("Bob", "Buyer called")]
    said = [one["what"] for one in told["story"]]
    assert said[0] == "taken"
    assert {"moved", "released", "task_pick"} <= set(said)
    stages = {one["stage"]: one["at_ms"] for one in told["stages"]}
    assert stages["taken"] <= stages["released"] <= stages["picked"]
    assert stages["packed"] is None
    with pytest.raises(NotFound):
        hand.floor.read(lambda tx: card_story.describe(tx, 10**30))


def test_forgetting_a_buyer_empties_what_was_said_on_the_card(floor_of_orders: FloorHand) -> None:
    hand = floor_of_orders
    shown = card(hand, "S1")
    hand.write(lambda tx: order_cards.comment(tx, NOBODY, shown["card"], "Jo Buyer moved", may_without_badge=True))
    change(hand, "S1", blocked_because="address", blocked_note="Jo Buyer")
    acts.cancel(hand, "S1")
    erasure.erase_buyer(hand.floor, NOBODY, erasure.Buyer("S1"))
    told = hand.floor.read(lambda tx: card_story.describe(tx, shown["card"]))
    assert "Jo" not in str(told)
    assert len(told["comments_said"]) == 1


def test_views_are_kept_changed_and_taken_away_by_whose_they_are(hand: FloorHand) -> None:
    hand.write(lambda tx: board_settings.keep_view(tx, "Mine", "lanes=channel", "1002"))
    kept = hand.write(lambda tx: board_settings.keep_view(tx, "Mine", "lanes=priority", "1002"))
    hand.write(lambda tx: board_settings.keep_view(tx, "Mine", "late=1", may_without_badge=True))
    views = hand.floor.read(board_settings.views)
    assert [(one["operator"], one["query"]) for one in views] == [("", "late=1"), ("Bob", "lanes=priority")]
    with pytest.raises(NotFound):
        hand.write(lambda tx: board_settings.forget_view(tx, kept["view_id"], "1001"))
    hand.write(lambda tx: board_settings.forget_view(tx, kept["view_id"], "1002"))
    assert len(hand.floor.read(board_settings.views)) == 1


def test_what_is_on_a_floor_alone_is_never_on_anothers_board(floor_of_orders: FloorHand) -> None:
    """A change over the API shows at once: the board has no state of its own."""
    hand = floor_of_orders
    hand.write(lambda tx: orders.hold(tx, NOBODY, "S1", "", "api"))
    assert card(hand, "S1")["state"] == OrderState.HOLD
