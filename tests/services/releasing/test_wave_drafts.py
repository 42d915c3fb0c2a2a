"""Drafted waves: chosen by somebody, looked at and compared, released as shown or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.waves import WaveChoice
from fulfillment.services.ordering import orders
from fulfillment.services.releasing import picker_shifts, planning, wave_drafts, waves
from fulfillment.services.sorting import put_walls
from fulfillment.services.stock import policies
from fulfillment.services.walking import closures
from fulfillment.services.working import jobs
from tests.factories import NOBODY, FloorHand
from tests.services import acts, wall
from tests.services.odd_floor import lay_walkways

HOUR_MS = 3_600_000


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    for sku, place in (("MUG", "A01-01-1"), ("CUP", "A01-03-1"), ("JUG", "A02-02-1")):
        hand.item(sku)
        hand.stock(sku, 400, place)
    return hand


def drafted(hand: FloorHand, **choice: Any) -> dict[str, Any]:
    draft = hand.write(lambda tx: wave_drafts.ask(tx, WaveChoice(**choice)))["draft"]
    wave_drafts.plan(hand.floor, draft)
    return hand.write(lambda tx: wave_drafts.describe(tx, draft))


def released(hand: FloorHand, draft: dict[str, Any]) -> dict[str, Any]:
    return hand.write(lambda tx: wave_drafts.release(tx, NOBODY, draft["draft"]))


def set_order(hand: FloorHand, number: str, **values: Any) -> None:
    what = ", ".join(f"{name} = :{name}" for name in values)
    hand.write(lambda tx: tx.put(f"UPDATE sales_order SET {what} WHERE warehouse_id = :w AND number = :n",
                                 n=number, **values))  # fmt: skip


def cold(hand: FloorHand) -> None:
    hand.write(lambda tx: tx.put("UPDATE location SET zone = 'COLD' WHERE warehouse_id = :w AND code = 'A02-02-1'"))


def test_a_draft_says_what_the_wave_would_be_and_promises_nothing(stocked: FloorHand) -> None:
    now_ms = stocked.floor.clock()
    stocked.write(lambda tx: picker_shifts.set_shift(tx, "1002", now_ms, now_ms + 8 * HOUR_MS))
    for number in range(1, 7):
        stocked.order(str(number), ("MUG", number), ("JUG", 1))
    before = stocked.all("SELECT id, location_id, qty_each FROM allocation ORDER BY id")
    draft = drafted(stocked)
    plan = draft["plan"]
    assert (draft["state"], sorted(plan["orders"])) == ("ready", [str(number) for number in range(1, 7)])
    assert (plan["lines"], plan["units"]) == (12, sum(range(1, 7)) + 6)
    assert plan["carts"] == len(plan["tours"]) >= 1
    assert plan["totes"] == sum(tour["totes"] for tour in plan["tours"]) >= 6
    assert plan["distance_dm"] == sum(tour["distance_dm"] for tour in plan["tours"]) > 0
    assert plan["work_ms"] > 0
    assert draft["planned_at_ms"] < plan["p50_at_ms"] <= plan["p90_at_ms"]
    assert all(tour["picture"].startswith("<svg") for tour in plan["tours"])
    assert stocked.all("SELECT id, location_id, qty_each FROM allocation ORDER BY id") == before
    assert {stocked.order_state(str(number)) for number in range(1, 7)} == {"allocated"}


def test_the_drafted_tours_are_what_the_released_wave_walks(stocked: FloorHand) -> None:
    for number in range(1, 5):
        stocked.order(str(number), ("MUG", 1), ("JUG", 1))
    draft = drafted(stocked)
    wave = released(stocked, draft)
    planning.plan_wave(stocked.floor, wave["wave"], 20)
    walked = stocked.write(lambda tx: waves.describe(tx, wave["wave"]))
    assert len(walked["tours"]) == draft["plan"]["carts"]
    assert walked["distance_dm"] <= draft["plan"]["distance_dm"], "nearer bins of one age may still be found"


def test_orders_are_chosen_by_cut_off_priority_channel_carrier_and_zone(stocked: FloorHand) -> None:
    for number, sku in (("1", "MUG"), ("2", "CUP"), ("3", "JUG")):
        stocked.order(number, (sku, 1))
    set_order(stocked, "1", priority=5, cut_off_at_ms=2_000)
    set_order(stocked, "2", channel="shop", cut_off_at_ms=3_000)
    set_order(stocked, "3", carrier_id=None, cut_off_at_ms=9_000)
    cold(stocked)
    carrier = stocked.one("SELECT c.code FROM carrier c JOIN sales_order o ON o.carrier_id = c.id"
                          " AND o.warehouse_id = c.warehouse_id WHERE o.number = '1'")["code"]  # fmt: skip
    assert drafted(stocked, until_ms=3_000)["plan"]["orders"] == ["1", "2"]
    assert drafted(stocked, min_priority=5)["plan"]["orders"] == ["1"]
    assert drafted(stocked, channel="shop")["plan"]["orders"] == ["2"]
    assert drafted(stocked, carrier=carrier)["plan"]["orders"] == ["1", "2"]
    assert drafted(stocked, zone="COLD")["plan"]["orders"] == ["3"]
    assert drafted(stocked, zone="COLD", until_ms=3_000)["plan"]["orders"] == []


def test_an_order_with_a_bin_elsewhere_is_of_no_zone(stocked: FloorHand) -> None:
    cold(stocked)
    stocked.order("both", ("JUG", 1), ("MUG", 1))
    assert drafted(stocked, zone="COLD")["plan"]["orders"] == []


def test_a_limit_takes_the_most_urgent_and_names_who_stays(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    stocked.order("2", ("MUG", 1))
    set_order(stocked, "2", priority=9)
    plan = drafted(stocked, max_orders=1)["plan"]
    assert plan["orders"] == ["2"]
    assert [(left["order"], left["why"]) for left in plan["left_out"]] == [("1", "full")]


def test_what_cannot_be_promised_is_named_with_its_reason(stocked: FloorHand) -> None:
    stocked.item("URN")
    stocked.item("PEN")
    stocked.stock("PEN", 2, "A01-02-1")
    stocked.order("1", ("URN", 3))
    stocked.order("2", ("PEN", 2))
    stocked.order("3", ("PEN", 4))
    plan = drafted(stocked)["plan"]
    assert {(short["order"], short["sku"], short["missing_each"], short["why"]) for short in plan["shorts"]} == {
        ("1", "URN", 3, "none"), ("3", "PEN", 4, "promised"),
    }  # fmt: skip
    assert (plan["short_lines"], plan["short_each"]) == (2, 7)


def test_with_a_zone_chosen_only_what_is_kept_there_or_nowhere_is_short(stocked: FloorHand) -> None:
    cold(stocked)
    for sku in ("PEN", "ICE", "URN"):
        stocked.item(sku)
    stocked.stock("PEN", 1, "A01-02-1")
    stocked.stock("ICE", 1, "A02-02-1")
    stocked.order("all", ("PEN", 1), ("ICE", 1))
    for number, sku in (("1", "PEN"), ("2", "ICE"), ("3", "URN")):
        stocked.order(number, (sku, 1))
    assert {short["order"] for short in drafted(stocked)["plan"]["shorts"]} == {"1", "2", "3"}
    plan = drafted(stocked, zone="COLD")["plan"]
    assert ({short["order"] for short in plan["shorts"]}, plan["short_lines"]) == ({"2", "3"}, 2)


def test_an_order_behind_a_closed_aisle_stays(stocked: FloorHand) -> None:
    stocked.order("far", ("JUG", 1))
    stocked.order("near", ("MUG", 1))
    stocked.write(lambda tx: closures.close(tx, NOBODY, "A02-02-1", may_without_badge=True))
    plan = drafted(stocked)["plan"]
    assert plan["orders"] == ["near"]
    assert "closed aisle" in plan["left_out"][0]["words"]


def test_what_is_released_is_what_was_shown(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    draft = drafted(stocked)
    stocked.order("later", ("MUG", 1))
    wave = released(stocked, draft)
    assert (wave["orders"], wave["changed"]) == (1, [])
    assert stocked.order_state("later") == "allocated", "nobody was shown it"
    with pytest.raises(Conflict, match="released"):
        released(stocked, draft)


def test_with_an_order_cancelled_meanwhile_nothing_is_released_and_it_is_planned_again(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    stocked.order("2", ("MUG", 1))
    draft = drafted(stocked)
    stocked.write(lambda tx: orders.cancel(tx, NOBODY, "2"))
    answer = released(stocked, draft)
    assert answer["wave"] is None
    assert [(one["order"], one["why"]) for one in answer["changed"]] == [("2", "state")]
    assert stocked.one("SELECT COUNT(*) AS n FROM wave")["n"] == 0
    assert stocked.order_state("1") == "allocated"
    wave_drafts.plan(stocked.floor, answer["draft"])
    again = stocked.write(lambda tx: wave_drafts.describe(tx, answer["draft"]))
    assert (again["plan"]["orders"], again["changed"]) == (["1"], answer["changed"])
    assert released(stocked, again)["orders"] == 1
    with pytest.raises(Conflict, match="replaced"):
        released(stocked, draft)


def test_with_other_goods_promised_meanwhile_nothing_is_released(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 2))
    draft = drafted(stocked)
    stocked.write(lambda tx: tx.put("UPDATE allocation SET qty_each = 1 WHERE warehouse_id = :w"))
    answer = released(stocked, draft)
    assert (answer["wave"], answer["changed"]) == (None, [{"order": "1", "why": "goods", "now": ""}])
    # As it was, so that what the floor adds up to holds.
    stocked.write(lambda tx: tx.put("UPDATE allocation SET qty_each = 2 WHERE warehouse_id = :w"))


def test_with_an_order_that_is_not_of_the_choice_any_more_nothing_is_released(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 2))
    draft = drafted(stocked, min_priority=0)
    set_order(stocked, "1", priority=-5)
    answer = released(stocked, draft)
    assert (answer["wave"], answer["changed"]) == (None, [{"order": "1", "why": "choice", "now": ""}])


def test_with_an_aisle_closed_meanwhile_nothing_is_released(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    draft = drafted(stocked)
    stocked.write(lambda tx: closures.close(tx, NOBODY, "A02-02-1", may_without_badge=True))
    answer = released(stocked, draft)
    assert (answer["wave"], answer["changed"][-1]["why"]) == (None, "floor")


def test_two_drafts_of_the_same_orders_release_them_once(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    one, other = drafted(stocked), drafted(stocked, max_orders=5)
    released(stocked, one)
    assert released(stocked, other)["wave"] is None
    assert stocked.one("SELECT COUNT(*) AS n FROM wave")["n"] == 1


def test_two_drafts_are_compared_figure_by_figure(stocked: FloorHand) -> None:
    for number in range(1, 5):
        stocked.order(str(number), ("MUG", 1), ("JUG", 1))
    set_order(stocked, "4", priority=9)
    one, other = drafted(stocked), drafted(stocked, min_priority=9)
    found = stocked.write(lambda tx: wave_drafts.against(tx, one["draft"], other["draft"]))
    figures = {figure["name"]: figure for figure in found["figures"]}
    assert (figures["orders"]["a"], figures["orders"]["b"], figures["orders"]["differs"]) == (4, 1, -3)
    assert figures["p90_at_ms"]["differs"] is None, "nobody is on shift"
    assert (found["only_a"], found["only_b"]) == (["1", "2", "3"], [])


def test_a_draft_is_planned_by_the_planners_job_and_asked_for_once(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    asked = stocked.write(lambda tx: wave_drafts.ask(tx, WaveChoice()))
    assert (asked["state"], asked["plan"]) == ("planning", None)
    assert stocked.write(lambda tx: wave_drafts.ask(tx, WaveChoice()))["draft"] == asked["draft"]
    with pytest.raises(Conflict, match="planning"):
        released(stocked, asked)
    with pytest.raises(Conflict, match="planning"):
        stocked.write(lambda tx: wave_drafts.against(tx, asked["draft"], asked["draft"]))
    while jobs.run_next(stocked.floor, planning.kinds()):
        pass
    assert wave_drafts.plan(stocked.floor, asked["draft"]) == "planned before"
    assert stocked.write(lambda tx: wave_drafts.describe(tx, asked["draft"]))["state"] == "ready"


def test_a_job_that_failed_for_good_leaves_the_draft_failed(stocked: FloorHand) -> None:
    asked = stocked.write(lambda tx: wave_drafts.ask(tx, WaveChoice()))
    gave_up = wave_drafts.kinds()[wave_drafts.DRAFT].gave_up
    assert gave_up is not None
    stocked.write(lambda tx: gave_up(tx, {"draft": asked["draft"]}))
    assert stocked.write(lambda tx: wave_drafts.describe(tx, asked["draft"]))["state"] == "failed"


def test_only_so_many_are_planned_at_once_and_old_ones_go(stocked: FloorHand) -> None:
    old = drafted(stocked)
    stocked.write(lambda tx: tx.put("UPDATE wave_draft SET asked_at_ms = 0 WHERE warehouse_id = :w"))
    for size in range(1, wave_drafts.AT_ONCE + 1):
        stocked.write(lambda tx, size=size: wave_drafts.ask(tx, WaveChoice(max_orders=size)))
    with pytest.raises(Conflict, match="in a moment"):
        stocked.write(lambda tx: wave_drafts.ask(tx, WaveChoice()))
    with pytest.raises(NotFound):
        stocked.write(lambda tx: wave_drafts.describe(tx, old["draft"]))


def test_an_empty_floor_has_an_empty_draft_that_cannot_be_released(hand: FloorHand) -> None:
    draft = drafted(hand)
    assert (draft["state"], draft["plan"]["orders"], draft["plan"]["tours"]) == ("ready", [], [])
    with pytest.raises(Conflict, match="no order"):
        released(hand, draft)


@pytest.mark.parametrize(
    ("choice", "field"),
    [({"max_orders": 0}, "max_orders"), ({"max_orders": 1001}, "max_orders"), ({"min_priority": 10**9}, "min_priority"),
     ({"carrier": "nobody"}, "carrier"), ({"channel": "none"}, "channel"), ({"zone": "nowhere"}, "zone")],
)  # fmt: skip
def test_a_choice_of_what_is_not_there_names_its_field(hand: FloorHand, choice: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        hand.write(lambda tx: wave_drafts.ask(tx, WaveChoice(**choice)))
    assert refused.value.field == field


def test_nobody_knows_a_draft_that_was_never_asked_for(hand: FloorHand) -> None:
    for number in (7, 2**70):
        with pytest.raises(NotFound):
            hand.write(lambda tx, number=number: wave_drafts.describe(tx, number))


FLOORS = pytest.mark.parametrize("has_aisles", [True, False], ids=["aisles", "walkways"])


def both_aisles(hand: FloorHand, orders_of: int = 4, *, has_aisles: bool = True) -> FloorHand:
    """Orders of both aisles, on a floor with a put wall and two zones; walkways: the racks stand along those."""
    wall.equip(hand)
    acts.zone(hand)
    if not has_aisles:
        lay_walkways(hand)
    for number in range(1, orders_of + 1):
        hand.order(str(number), ("MUG", 1), ("JUG", 1))
    return hand


@FLOORS
def test_each_mode_is_planned_as_its_wave_walks_it_and_shown_with_what_the_others_cost(
    stocked: FloorHand, has_aisles: bool
) -> None:
    both_aisles(stocked, has_aisles=has_aisles)
    for mode in ("single", "cluster", "batch", "zone"):
        plan = drafted(stocked, mode=mode)["plan"]
        assert (plan["mode"], plan["refused"]) == (mode, "")
        assert {cost["mode"] for cost in plan["modes"]} == {"single", "cluster", "batch", "zone"}
        assert all(cost["line_ms"] > 0 and not cost["code"] for cost in plan["modes"])
        assert (plan["carts"], plan["distance_dm"] > 0, plan["line_ms"] > 0) == (len(plan["tours"]), True, True)
        assert all(tour["picture"].startswith("<svg") for tour in plan["tours"])
        assert sum(tour["hand_overs"] for tour in plan["tours"]) == (plan["carts"] if mode == "zone" else 0)
        if mode == "single":
            assert sorted(tour["orders"] for tour in plan["tours"]) == [["1"], ["2"], ["3"], ["4"]]


@FLOORS
@pytest.mark.parametrize("mode", ["single", "batch", "zone"])
def test_a_draft_is_released_in_the_mode_it_was_shown_in(stocked: FloorHand, mode: str, has_aisles: bool) -> None:
    draft = drafted(both_aisles(stocked, has_aisles=has_aisles), mode=mode)
    wave = released(stocked, draft)
    assert (wave["mode"], wave["orders"], wave["changed"]) == (mode, 4, [])
    planning.plan_wave(stocked.floor, wave["wave"], 20)
    walked = stocked.write(lambda tx: waves.describe(tx, wave["wave"]))
    assert {tour["mode"] for tour in walked["tours"]} == {mode}
    assert len(walked["tours"]) == draft["plan"]["carts"]
    assert walked["distance_dm"] <= draft["plan"]["distance_dm"], "nearer bins of one age may still be found"


@FLOORS
def test_unless_somebody_chooses_a_wave_is_picked_as_costs_least(stocked: FloorHand, has_aisles: bool) -> None:
    plan = drafted(both_aisles(stocked, has_aisles=has_aisles))["plan"]
    costs = {cost["mode"]: cost["total_ms"] for cost in plan["modes"]}
    assert plan["mode"] == min(costs, key=lambda mode: costs[mode])
    assert released(stocked, {"draft": 1})["mode"] == plan["mode"]


def test_where_carts_have_one_place_a_wave_is_picked_order_by_order(stocked: FloorHand) -> None:
    stocked.write(lambda tx: tx.put("UPDATE cart SET positions = 1, levels = 1 WHERE warehouse_id = :w"))
    for number in ("1", "2"):
        stocked.order(number, ("MUG", 1), ("JUG", 1))
    draft = drafted(stocked)
    assert draft["plan"]["mode"] == "single", "of ways that cost the same the simplest is taken"
    assert released(stocked, draft)["mode"] == "single"


def test_drafts_of_two_modes_are_compared(stocked: FloorHand) -> None:
    both_aisles(stocked)
    one, other = drafted(stocked, mode="cluster"), drafted(stocked, mode="batch")
    found = stocked.write(lambda tx: wave_drafts.against(tx, one["draft"], other["draft"]))
    figures = {figure["name"]: figure for figure in found["figures"]}
    assert figures["mode"] == {"name": "mode", "a": "cluster", "b": "batch", "differs": None}
    assert figures["line_ms"]["differs"] == other["plan"]["line_ms"] - one["plan"]["line_ms"]


@pytest.mark.parametrize(("mode", "code"), [("batch", "no_put_wall"), ("zone", "no_zones"), ("alone", "bad_mode")])
def test_a_mode_this_floor_cannot_have_is_refused_and_shown_so(stocked: FloorHand, mode: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        stocked.write(lambda tx: wave_drafts.ask(tx, WaveChoice(mode=mode)))
    assert (refused.value.code, refused.value.field) == (code, "mode")
    stocked.order("1", ("MUG", 1))
    plan = drafted(stocked)["plan"]
    assert plan["mode"] == "single", "of one order the same as a cluster"
    assert {cost["mode"]: cost["code"] for cost in plan["modes"] if cost["code"]} == {
        "batch": "no_put_wall", "zone": "no_zones",
    }  # fmt: skip


def test_with_other_zones_or_another_wall_since_nothing_is_released(stocked: FloorHand) -> None:
    both_aisles(stocked)
    by_zone, by_wall = drafted(stocked, mode="zone"), drafted(stocked, mode="batch")
    stocked.write(lambda tx: policies.set_zone(tx, "B", pick_order=1, hand_over="OVER-B"))
    stocked.write(lambda tx: policies.set_zone(tx, "A", pick_order=2, hand_over="STAGE-1"))
    stocked.write(lambda tx: put_walls.put_wall(tx, "W1", {"location": "WALL-1", "rows": 3, "columns": 3}))
    for draft, mode in ((by_zone, "zone"), (by_wall, "batch")):
        answer = released(stocked, draft)
        assert (answer["wave"], answer["changed"]) == (None, [{"order": "", "why": "mode", "now": mode}])


def test_where_the_chosen_mode_has_gone_nothing_is_released_and_the_draft_stays(stocked: FloorHand) -> None:
    both_aisles(stocked)
    draft = drafted(stocked, mode="zone")
    asked = stocked.write(lambda tx: wave_drafts.ask(tx, WaveChoice(mode="zone", max_orders=2)))
    stocked.write(lambda tx: tx.put("UPDATE zone SET pick_order = 0 WHERE warehouse_id = :w"))
    with pytest.raises(Conflict) as refused:
        released(stocked, draft)
    assert refused.value.code == "no_zones"
    wave_drafts.plan(stocked.floor, asked["draft"])
    plan = stocked.write(lambda tx: wave_drafts.describe(tx, asked["draft"]))["plan"]
    assert (plan["orders"], plan["refused"]) == ([], "no_zones")
    with pytest.raises(Conflict, match="no order"):
        released(stocked, asked)


def test_a_draft_of_before_there_were_modes_is_read_and_released_as_it_was(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    draft = drafted(stocked, mode="cluster")

    def older(tx: Any) -> None:
        row = tx.one("SELECT choice, content FROM wave_draft WHERE warehouse_id = :w")
        choice, content = json.loads(row["choice"]), json.loads(row["content"])
        del choice["mode"]
        for name in ("mode", "modes", "basis", "refused", "line_ms"):
            del content[name]
        tx.put("UPDATE wave_draft SET choice = :choice, content = :content WHERE warehouse_id = :w",
               choice=json.dumps(choice), content=json.dumps(content))  # fmt: skip

    stocked.write(older)
    shown = stocked.write(lambda tx: wave_drafts.describe(tx, draft["draft"]))
    assert (shown["choice"]["mode"], shown["plan"]["mode"], shown["plan"]["modes"]) == ("", "cluster", [])
    assert released(stocked, shown)["mode"] == "cluster"
