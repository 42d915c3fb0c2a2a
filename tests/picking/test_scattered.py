"""Which bin serves the line: short walks, and never past older goods."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking import FieldError, Layout, Spot, scattered
from picking.exact import exact_length_dm
from picking.formats.sprp import read_sprp
from picking.scattered import BinChoice, BinProblem, StockedBin, WantedItem, choose_bins, compile_choice

FILES = Path(__file__).parents[1] / "data" / "sprp_ss"
DEPOT = Spot("depot", 0, 0)


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    compile_choice()


def published(name: str, blocks: int) -> BinProblem:
    instance = read_sprp(FILES / name, blocks)
    bins = tuple(StockedBin(str(at.article), at.spot, at.qty_each) for at in instance.positions)
    wanted = tuple(WantedItem(str(article), qty_each) for article, qty_each in instance.wanted_each)
    return BinProblem(instance.layout, instance.depot, instance.depot, bins, wanted)


def picked(choice: BinChoice) -> dict[tuple[str, str, int], int]:
    return {(pick.stocked.item, pick.stocked.spot.name, pick.stocked.fifo_rank): pick.qty_each for pick in choice.picks}


@pytest.mark.parametrize(
    ("name", "blocks", "optimum"),
    [
        ("unit_F2_m5_C30_a3_1.txt", 1, 84),
        ("unit_F2_m5_C30_a3_1.txt", 2, 86),
        ("varying_F2_m5_C30_a3_1.txt", 1, 86),
        ("varying_F5_m10_C30_a7_0.txt", 1, 120),
        ("unit_F10_m25_C30_a7_3.txt", 1, 80),
        ("unit_F10_m25_C30_a7_3.txt", 2, 76),
    ],
)
def test_published_optima_are_reached(name: str, blocks: int, optimum: int) -> None:
    choice = choose_bins(published(name, blocks), 2_000)
    assert choice.distance_dm == optimum
    assert choice.lower_bound_dm <= optimum
    assert choice.by_name_dm >= optimum


def test_goods_on_the_way_are_taken_instead_of_those_farther_off() -> None:
    layout = Layout((0, 40, 80), (0, 100))
    bins = (
        StockedBin("soap", Spot("A1", 0, 50), 1),
        StockedBin("tea", Spot("C1", 80, 50), 5),
        StockedBin("tea", Spot("A2", 0, 40), 5),
    )
    choice = choose_bins(BinProblem(layout, DEPOT, DEPOT, bins, (WantedItem("soap", 1), WantedItem("tea", 5))))
    assert picked(choice) == {("soap", "A1", 0): 1, ("tea", "A2", 0): 5}
    assert (choice.distance_dm, choice.lower_bound_dm) == (100, 100)
    assert "2 bins, 10.0 m (proven the shortest" in choice.summary()


def test_older_goods_are_emptied_first_however_far_they_are() -> None:
    layout = Layout((0, 40, 80), (0, 100))
    bins = (
        StockedBin("tea", Spot("C1", 80, 50), 3, fifo_rank=1),
        StockedBin("tea", Spot("A1", 0, 10), 3, fifo_rank=2),
        StockedBin("tea", Spot("B1", 40, 10), 3, fifo_rank=2),
        StockedBin("tea", Spot("A2", 0, 5), 9, fifo_rank=3),
    )
    few, more = (
        choose_bins(BinProblem(layout, DEPOT, DEPOT, bins, (WantedItem("tea", qty_each),))) for qty_each in (2, 5)
    )
    assert picked(few) == {("tea", "C1", 1): 2}
    assert picked(more) in ({("tea", "C1", 1): 3, ("tea", "A1", 2): 2}, {("tea", "C1", 1): 3, ("tea", "B1", 2): 2})
    everything = choose_bins(BinProblem(layout, DEPOT, DEPOT, bins, (WantedItem("tea", 18),)))
    assert sum(picked(everything).values()) == 18
    assert len(everything.picks) == 4


def test_as_few_bins_as_needed_when_the_walk_is_the_same() -> None:
    layout = Layout((0, 40), (0, 100))
    bins = tuple(StockedBin("tea", Spot(f"A{y_dm}", 0, y_dm), units) for y_dm, units in ((10, 2), (20, 2), (30, 6)))
    choice = choose_bins(BinProblem(layout, DEPOT, DEPOT, (*bins, StockedBin("soap", Spot("A40", 0, 40), 1)),
                                    (WantedItem("tea", 6), WantedItem("soap", 1))))  # fmt: skip
    assert picked(choice) == {("tea", "A30", 0): 6, ("soap", "A40", 0): 1}


@st.composite
def questions(draw: st.DrawFn) -> BinProblem:
    crosses = draw(st.sampled_from([(0, 60), (0, 40, 90), (0, 30, 60, 100), (0, 20, 50, 70, 110)]))
    layout = Layout((0, 30, 70, 100)[: draw(st.integers(1, 4))], crosses)
    xs = st.sampled_from(layout.aisle_x_dm)
    docks = st.builds(Spot, st.just("dock"), st.integers(-20, 120), st.sampled_from((-10, 0, crosses[-1])))
    in_aisle = st.builds(Spot, st.just("desk"), xs, st.integers(-5, crosses[-1] + 5))
    start = draw(st.one_of(docks, in_aisle))
    end = draw(st.one_of(st.just(start), docks.map(lambda spot: Spot("out", spot.x_dm, spot.y_dm))))
    places = draw(st.lists(st.tuples(xs, st.integers(1, crosses[-1] - 1)), min_size=3, max_size=7, unique=True))
    bins = tuple(
        StockedBin(
            draw(st.sampled_from(("soap", "tea"))), Spot(f"bin {at}", x_dm, y_dm),
            draw(st.integers(1, 3)), draw(st.integers(0, 1)),
        )
        for at, (x_dm, y_dm) in enumerate(places)
    )  # fmt: skip
    wanted = []
    for item in ("soap", "tea"):
        held = sum(stocked.qty_each for stocked in bins if stocked.item == item)
        if held:
            wanted.append(WantedItem(item, draw(st.integers(1, held))))
    return BinProblem(layout, start, end, bins, tuple(wanted))


def shortest_by_trying_all(problem: BinProblem) -> int:
    """Every choice of bins that keeps the order of age, each walked exactly."""
    best = 10**9
    for is_chosen in product((False, True), repeat=len(problem.bins)):
        chosen = [stocked for stocked, is_in in zip(problem.bins, is_chosen, strict=True) if is_in]
        if all(is_allowed(problem, chosen, wanted) for wanted in problem.wanted):
            spots = [stocked.spot for stocked in chosen]
            best = min(best, exact_length_dm(problem.layout, problem.start, problem.end, spots))
    return best


def is_allowed(problem: BinProblem, chosen: list[StockedBin], wanted: WantedItem) -> bool:
    of_item = [stocked for stocked in chosen if stocked.item == wanted.item]
    newest = max((stocked.fifo_rank for stocked in of_item), default=0)
    older = [stocked for stocked in problem.bins if stocked.item == wanted.item and stocked.fifo_rank < newest]
    older_each = sum(stocked.qty_each for stocked in older)
    return (
        sum(stocked.qty_each for stocked in of_item) >= wanted.qty_each
        and all(stocked in of_item for stocked in older)
        and (not older or older_each < wanted.qty_each)
    )


@settings(max_examples=30, deadline=None)
@given(questions())
def test_no_choice_within_the_ranks_is_shorter_than_the_bound(problem: BinProblem) -> None:
    choice = choose_bins(problem, 200)
    held = {(stocked.item, stocked.spot.name, stocked.fifo_rank): stocked.qty_each for stocked in problem.bins}
    assert all(0 < qty_each <= held[place] for place, qty_each in picked(choice).items())
    for wanted in problem.wanted:
        own = [pick for pick in choice.picks if pick.stocked.item == wanted.item]
        assert sum(pick.qty_each for pick in own) == wanted.qty_each
        assert is_allowed(problem, [pick.stocked for pick in own], wanted)
    shortest = shortest_by_trying_all(problem)
    assert choice.lower_bound_dm <= shortest <= choice.distance_dm <= choice.by_name_dm


def test_until_the_search_is_loaded_items_are_tried_in_other_bins_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scattered, "_is_loaded", lambda: False)
    for name, optimum in (("varying_F2_m5_C30_a3_1.txt", 86), ("varying_F5_m10_C30_a7_0.txt", 120)):
        problem = published(name, 1)
        choice = choose_bins(problem, 5_000)
        assert optimum <= choice.distance_dm < choice.by_name_dm
        assert choice.lower_bound_dm == 0
        for wanted in problem.wanted:
            own = [pick.qty_each for pick in choice.picks if pick.stocked.item == wanted.item]
            assert sum(own) == wanted.qty_each


def test_the_same_seed_chooses_the_same_bins() -> None:
    problem = published("varying_F5_m10_C30_a7_0.txt", 1)
    assert picked(choose_bins(problem, 60_000, 5)) == picked(choose_bins(problem, 60_000, 5))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ((WantedItem("tea", 4),), "wanted[0].qty_each: 4 of tea are wanted, the bins hold 3"),
        ((WantedItem("tea", 1), WantedItem("tea", 1)), "wanted[1].item: 'tea' is wanted twice"),
        ((WantedItem("jam", 1),), "wanted[0].qty_each: 1 of jam are wanted, the bins hold 0"),
        ([WantedItem("tea", 1)], "wanted: must be a tuple of WantedItem"),
    ],
)
def test_wrong_questions_name_the_field(wanted: tuple[WantedItem, ...], said: str) -> None:
    with pytest.raises(FieldError) as error:
        BinProblem(Layout((0,), (0, 50)), DEPOT, DEPOT, (StockedBin("tea", Spot("A", 0, 5), 3),), wanted)
    assert str(error.value) == said


def test_without_anything_wanted_nobody_walks() -> None:
    choice = choose_bins(BinProblem(Layout((0,), (0, 50)), DEPOT, DEPOT, (), ()))
    assert (choice.picks, choice.distance_dm) == ((), 0)
