"""Cartons: what is asked, what must hold of every packing, and which carton is chosen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picking.cartons import (
    CartonPlan,
    CartonProblem,
    CartonType,
    PackedCarton,
    Piece,
    Placement,
    choose_cartons,
    faults_of_carton,
    faults_of_plan,
)
from picking.errors import FieldError

SMALL = CartonType("S", 200, 150, 100, 5_000, tare_g=80, cost_minor=30)
MEDIUM = CartonType("M", 400, 300, 200, 15_000, tare_g=250, cost_minor=70)
LARGE = CartonType("L", 600, 400, 400, 25_000, tare_g=600, cost_minor=150)
TYPES = (SMALL, MEDIUM, LARGE)


def plan(*pieces: Piece, types: tuple[CartonType, ...] = TYPES, **rules: Any) -> CartonPlan:
    """A plan that an independent check has nothing against."""
    problem = CartonProblem(types, pieces, **rules)
    chosen = choose_cartons(problem)
    assert faults_of_plan(problem, chosen) == []
    return chosen


def codes(chosen: CartonPlan) -> list[str]:
    return [packed.carton.code for packed in chosen.cartons]


# --- what is asked -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("length_mm", lambda: CartonType("S", 0, 1, 1, 1)),
        ("max_weight_g", lambda: CartonType("S", 1, 1, 1, 0)),
        ("cost_minor", lambda: CartonType("S", 1, 1, 1, 1, cost_minor=-1)),
        ("code", lambda: CartonType(" ", 1, 1, 1, 1)),
        ("qty_each", lambda: Piece("a", 1, 1, 1, qty_each=0)),
        ("weight_g", lambda: Piece("a", 1, 1, 1, weight_g=1.5)),  # type: ignore[arg-type]
        ("upright", lambda: Piece("a", 1, 1, 1, upright="x")),
        ("is_fragile", lambda: Piece("a", 1, 1, 1, is_fragile=1)),  # type: ignore[arg-type]
        ("max_load_g", lambda: Piece("a", 1, 1, 1, max_load_g=-1)),
        ("types", lambda: CartonProblem((), (Piece("a"),))),
        ("pieces", lambda: CartonProblem(TYPES, ())),
        ("pieces[1].name", lambda: CartonProblem(TYPES, (Piece("a"), Piece("a")))),
        ("types[1].code", lambda: CartonProblem((SMALL, SMALL), (Piece("a"),))),
        ("pieces[0]", lambda: CartonProblem(TYPES, ("a",))),  # type: ignore[arg-type]
        ("support_percent", lambda: CartonProblem(TYPES, (Piece("a"),), support_percent=0)),
        ("pieces", lambda: CartonProblem(TYPES, tuple(Piece(f"p{n}", qty_each=60_000) for n in range(2)))),
    ],
)
def test_a_wrong_question_names_its_field(field: str, make: Any) -> None:
    with pytest.raises(FieldError) as wrong:
        make()
    assert wrong.value.field == field


def test_the_order_of_the_question_does_not_matter() -> None:
    pieces = (Piece("a", 100, 100, 50, 200, 3), Piece("b", 180, 90, 40, 300, 2), Piece("c", 60, 60, 60, 50, 9))
    there, back = plan(*pieces), plan(*reversed(pieces), types=tuple(reversed(TYPES)))
    assert [packed.placements for packed in there.cartons] == [packed.placements for packed in back.cartons]


# --- what must hold of every packing ---------------------------------------------------------------------------

_edges = st.integers(20, 260)
_pieces = st.builds(
    lambda size, weight, qty, upright, is_fragile, load: (size, weight, qty, upright, is_fragile, load),
    st.one_of(st.tuples(_edges, _edges, _edges), st.just((0, 0, 0))),
    st.sampled_from((0, 40, 700, 2_500, 6_000)),
    st.integers(1, 9),
    st.sampled_from(("lwh", "h", "lw")),
    st.booleans(),
    st.sampled_from((None, None, 0, 500, 3_000)),
)


@given(st.lists(_pieces, min_size=1, max_size=9), st.integers(0, 3), st.sampled_from((60, 75, 100)))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_packing_can_be_packed(pieces: list[Any], seed: int, support_percent: int) -> None:
    """Nothing overlaps, sticks out, hangs in the air, crushes what is fragile or is lost; the bound is one."""
    problem = CartonProblem(
        TYPES,
        tuple(
            Piece(f"p{at}", *size, weight, qty, upright, is_fragile, load, volume_ml=0 if size[0] else 40 * at)
            for at, (size, weight, qty, upright, is_fragile, load) in enumerate(pieces)
        ),
        support_percent=support_percent,
    )
    assert faults_of_plan(problem, choose_cartons(problem, time_limit_ms=40, seed=seed)) == []


ONE = CartonProblem((LARGE,), (Piece("a", 100, 100, 100, 1_000, 2), Piece("b", 200, 100, 50, 3_000, 1, max_load_g=500)))


@pytest.mark.parametrize(
    ("placements", "fault"),
    [
        ((Placement("a", 0, 0, 0, 100, 100, 100), Placement("a", 50, 0, 0, 100, 100, 100)), "in the place of"),
        ((Placement("a", 550, 0, 0, 100, 100, 100),), "sticks out"),
        ((Placement("a", 0, 0, -1, 100, 100, 100),), "sticks out"),
        ((Placement("a", 0, 0, 0, 100, 100, 90),), "lies as"),
        ((Placement("a", 0, 0, 10, 100, 100, 100),), "is held on"),
        ((Placement("a", 0, 0, 0, 100, 100, 100), Placement("a", 60, 0, 100, 100, 100, 100)), "is held on"),
        ((Placement("a", 0, 0, 0, 100, 100, 100), Placement("b", 0, 0, 100, 100, 50, 200)), "is heavier than"),
        ((Placement("b", 0, 0, 0, 200, 100, 50), Placement("a", 0, 0, 50, 100, 100, 100)), "carries 1000 g"),
        ((Placement("b", 0, 0, 0, 200, 100, 50, 2),), "weighs"),
    ],
)
def test_the_check_finds_what_cannot_be(placements: tuple[Placement, ...], fault: str) -> None:
    weights = {"a": 1_000, "b": 3_000}
    problem = ONE if fault != "weighs" else CartonProblem((CartonType("W", 600, 400, 400, 5_000),), ONE.pieces)
    packed = PackedCarton(
        problem.types[0], placements, (), sum(weights[block.name] * block.qty_each for block in placements),
        sum(block.volume_mm3 for block in placements),
    )  # fmt: skip
    assert any(fault in words for words in faults_of_carton(problem, packed))


def test_the_check_misses_nobody() -> None:
    chosen = choose_cartons(ONE)
    lost = CartonPlan((), (), (), 0, 0, "none", 0, 0)
    assert faults_of_plan(ONE, chosen) == []
    assert any("asked for" in words for words in faults_of_plan(ONE, lost))


# --- which carton is chosen ------------------------------------------------------------------------------------


def test_the_cheapest_carton_that_holds_all_is_chosen() -> None:
    assert codes(plan(Piece("mug", 90, 90, 100, 300, 2))) == ["S"]
    assert codes(plan(Piece("mug", 90, 90, 100, 300, 20))) == ["M"]


def test_fewer_parcels_go_before_less_cost() -> None:
    # Two small ones would cost 60, one of the medium size 70.
    assert codes(plan(Piece("brick", 190, 140, 90, 1_000, 2))) == ["M"]


def test_without_costs_the_smallest_volume_is_the_cheapest() -> None:
    types = (CartonType("LONG", 900, 100, 100, 9_000), CartonType("CUBE", 210, 210, 210, 9_000))
    assert codes(plan(Piece("jar", 80, 80, 80, 100), types=types)) == ["LONG"]


def test_goods_are_turned_unless_they_must_stand() -> None:
    tall = CartonType("TALL", 100, 100, 400, 9_000)
    assert plan(Piece("rod", 390, 90, 90, 100), types=(tall,)).cartons[0].placements[0].upright_mm == 390
    stuck = plan(Piece("vase", 390, 90, 90, 100, upright="h"), types=(tall,))
    assert not stuck.cartons
    assert "390 × 90 × 90 mm" in stuck.left_out[0].words


def test_nothing_lies_on_what_is_fragile() -> None:
    box = CartonType("BOX", 100, 100, 300, 9_000)
    chosen = plan(
        Piece("glass", 100, 100, 100, 200, is_fragile=True), Piece("book", 100, 100, 100, 900, 2), types=(box,)
    )
    assert [block.name for block in chosen.cartons[0].placements][-1] == "glass"
    two = plan(Piece("glass", 100, 100, 100, 200, 2, is_fragile=True), types=(box,))
    assert len(two.cartons) == 2


def test_heavy_lies_below_light() -> None:
    box = CartonType("BOX", 200, 200, 300, 20_000)
    chosen = plan(Piece("iron", 200, 200, 100, 8_000), Piece("pillow", 200, 200, 200, 100), types=(box,))
    assert [block.name for block in chosen.cartons[0].placements] == ["iron", "pillow"]


def test_a_pile_bears_no_more_than_its_lowest_can() -> None:
    box = CartonType("BOX", 100, 100, 500, 20_000)
    chosen = plan(Piece("tray", 100, 100, 100, 400, 5, max_load_g=800), types=(box,))
    assert [packed.contents() for packed in chosen.cartons] == [{"tray": 3}, {"tray": 2}]


def test_an_order_too_heavy_for_a_parcel_is_split() -> None:
    chosen = plan(Piece("dumbbell", 100, 60, 60, 5_000, 10))
    assert (len(chosen.cartons), chosen.bound_parcels) == (3, 3)
    assert all(packed.weight_g <= 25_000 for packed in chosen.cartons)


def test_the_cartons_own_weight_counts() -> None:
    heavy = CartonType("CRATE", 400, 400, 400, 20_000, tare_g=6_000)
    chosen = plan(Piece("weight", 100, 100, 100, 5_000, 4), types=(heavy,), max_parcel_g=25_000)
    assert [packed.weight_g for packed in chosen.cartons] == [21_000, 11_000]


def test_what_fits_nowhere_is_said_and_the_rest_is_packed() -> None:
    chosen = plan(
        Piece("lamp", 1_500, 300, 300, 4_000), Piece("bulb", 60, 60, 100, 50, 3), Piece("anvil", 9, 9, 9, 40_000)
    )
    assert {left.name: left.words for left in chosen.left_out} == {
        "lamp": "goes into no carton type: 1500 × 300 × 300 mm",
        "anvil": "one weighs 40000 g, no carton type bears more than 24400 g",
    }
    assert chosen.cartons[0].contents() == {"bulb": 3}
    assert "left out: 1 × lamp" in chosen.summary()


def test_goods_of_unknown_size_count_by_volume_and_weight() -> None:
    chosen = plan(Piece("bag", volume_ml=900, weight_g=100, qty_each=3), Piece("pin", weight_g=5))
    assert codes(chosen) == ["M"]
    assert chosen.cartons[0].loose == (("bag", 3), ("pin", 1))
    assert "size unknown, counted by volume and weight only: bag, pin" in chosen.notes
    assert chosen.cartons[0].placements == ()


def test_many_goods_of_unknown_size_are_shared_out() -> None:
    chosen = plan(Piece("sack", volume_ml=30_000, weight_g=9_000, qty_each=5), Piece("nothing", qty_each=40))
    assert sum(packed.contents()["sack"] for packed in chosen.cartons) == 5
    assert len(chosen.cartons) == 3


def test_an_exact_search_finds_what_the_heuristic_does_not() -> None:
    # Four bricks turned about one another like a windmill, with a plug in the middle.
    tight = CartonType("TIGHT", 100, 100, 20, 9_000, cost_minor=1)
    wide = CartonType("WIDE", 200, 200, 20, 9_000, cost_minor=9)
    chosen = plan(
        Piece("brick", 60, 40, 20, 100, 4, upright="h"), Piece("plug", 20, 20, 20, 10, upright="h"), types=(tight, wide)
    )
    assert codes(chosen) == ["TIGHT"]
    assert chosen.fill_percent == 100
    assert chosen.solver == "extreme points + CP-SAT"


def test_a_plan_never_costs_less_than_its_bound() -> None:
    chosen = plan(Piece("mug", 90, 90, 100, 300, 20))
    assert chosen.bound_parcels <= len(chosen.cartons)
    assert chosen.bound_cost_minor <= chosen.cost_minor


# --- how it is shown -------------------------------------------------------------------------------------------


def test_a_picture_shows_each_kind_with_its_number_and_escapes_names() -> None:
    chosen = plan(Piece('<script>"a"&', 90, 90, 100, 300, 2), Piece("tea", 60, 60, 60, 100, 3))
    picture = chosen.picture()
    assert "<script" not in picture
    assert "2 × &lt;script&gt;&quot;a&quot;&amp;" in picture
    assert "3 × tea" in picture
    assert 'style="' not in picture  # the pages' policy forbids it
    assert re.search(r'viewBox="0 0 320 \d+"', picture)


def test_a_picture_holds_only_what_xml_can() -> None:
    from xml.etree import ElementTree

    chosen = plan(Piece("bell\x07\x00 \ud800", 90, 90, 100, 300, 2), Piece("pin", weight_g=1))
    ElementTree.fromstring(chosen.picture())
    ElementTree.fromstring(CartonPlan((), (), (), 0, 0, "none", 0, 0).picture())


def test_contents_are_listed_in_the_order_they_go_in() -> None:
    box = CartonType("BOX", 100, 100, 300, 9_000)
    chosen = plan(Piece("a", 100, 100, 100, 200), Piece("z", 100, 100, 100, 5_000), types=(box,))
    assert list(chosen.cartons[0].contents()) == ["z", "a"]
