"""What a parcel should weigh, what is said when it does not, and what right parcels teach. Pure: no table, no scale."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.weighing import (
    LEARN_FLOOR_G,
    PARCELS_ENOUGH,
    PARCELS_KEPT,
    Expected,
    Judged,
    Learned,
    Lesson,
    Part,
    ScaleReading,
    ScaleState,
    Suspect,
    UnitWeight,
    WeighRules,
    expect_weight,
    explain,
    keyed_weight_g,
    learn,
    lesson,
    lesson_of,
    parse_reading,
    unit_weight,
)

MUG = UnitWeight(350_000, is_learned=True)
PEN = UnitWeight(12_000, is_learned=True)
RULES = WeighRules(20, 2, 3)

weights = st.builds(UnitWeight, st.integers(0, 30_000_000), st.integers(0, 10**12), st.booleans())
parts_of_any = st.lists(st.builds(Part, st.integers(1, 9), st.integers(1, 5000), weights), min_size=1, max_size=6)
lessons = st.tuples(st.integers(1, 100_000), st.integers(1, 500))


def taught(*parcels: tuple[int, int]) -> Learned:
    """What parcels of (grams, units) teach, one after the other."""
    known = Learned()
    for grams, units in parcels:
        known = learn(known, grams, units)
    return known


# --- readings and keyed weights --------------------------------------------------------------------------------


@given(st.sampled_from(ScaleState), st.integers(0, 9_999_999), st.integers(0, 10**12 - 1))
def test_a_reading_comes_back_from_its_code(state: ScaleState, grams: int, zeroing: int) -> None:
    reading = ScaleReading(state, grams if state in (ScaleState.STABLE, ScaleState.MOVING) else 0, zeroing)
    assert parse_reading(reading.value) == reading


@pytest.mark.parametrize(
    "value", ["", "S", "S1234", "S-1", "1234-1", "O12-1", "S12345678-1", "S12-1-", "X12-1", "S1٣-1"]
)
def test_what_is_no_reading(value: str) -> None:
    assert parse_reading(value) is None


@pytest.mark.parametrize(
    ("text", "grams"),
    [("1234 g", 1234), ("1234G", 1234), ("1.234 kg", 1234), ("1,2 KG", 1200), ("12kg", 12_000), ("0.05 kg", 50)],
)
def test_a_weight_is_typed_with_its_unit(text: str, grams: int) -> None:
    assert keyed_weight_g(text) == grams


@pytest.mark.parametrize("text", ["1234", "12.5 g", "1.2345 kg", "kg", "-5 g", "1 lb", "12345678 g", "1,234.5 kg"])
def test_a_number_without_a_unit_or_finer_than_a_gram_is_no_weight(text: str) -> None:
    assert keyed_weight_g(text) is None


# --- expected and allowed --------------------------------------------------------------------------------------


def test_the_carton_and_what_is_in_it() -> None:
    assert expect_weight([Part(1, 2, MUG), Part(2, 3, PEN)], 240, RULES) == Expected(240 + 700 + 36, 20)


def test_one_unknown_weight_makes_the_whole_parcel_unknown() -> None:
    assert expect_weight([Part(1, 2, MUG), Part(2, 1, None)], 240, RULES) is None


@pytest.mark.parametrize(
    ("units", "variance_mg2", "tolerance_g"),
    [
        (1, 0, 20),  # so many grams
        (10, 0, 70),  # 2 % of 3,500 g; the carton is no part of it
        (1, 15_000**2, 45),  # three spreads of 15 g
        (4, 15_000**2, 90),  # four units differ each on its own: twice, not four times as much
    ],
)
def test_the_largest_of_three_tolerances_counts(units: int, variance_mg2: int, tolerance_g: int) -> None:
    expected = expect_weight([Part(1, units, UnitWeight(350_000, variance_mg2))], 900, RULES)
    assert expected is not None
    assert expected.tolerance_g == tolerance_g


def test_the_tolerance_itself_is_still_within() -> None:
    expected = Expected(1000, 20)
    assert [expected.judge(grams) for grams in (979, 980, 1020, 1021)] == [
        Judged.OUTSIDE, Judged.WITHIN, Judged.WITHIN, Judged.OUTSIDE,
    ]  # fmt: skip


@given(parts_of_any, st.integers(0, 5000), st.integers(0, 10_000), st.integers(0, 100), st.integers(0, 10))
def test_a_tolerance_is_whole_never_negative_and_never_below_its_floor(
    parts: list[Part], tare_g: int, floor_g: int, percent: int, spreads: int
) -> None:
    expected = expect_weight(parts, tare_g, WeighRules(floor_g, percent, spreads))
    assert expected is not None
    assert isinstance(expected.grams, int)
    assert isinstance(expected.tolerance_g, int)
    assert expected.tolerance_g >= floor_g
    assert expected.grams >= tare_g
    assert expected.judge(expected.grams) == Judged.WITHIN


@given(parts_of_any, st.integers(0, 5000), st.randoms())
def test_the_order_of_the_content_makes_no_difference(parts: list[Part], tare_g: int, chance: object) -> None:
    mixed = list(parts)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert expect_weight(mixed, tare_g, RULES) == expect_weight(parts, tare_g, RULES)


# --- what explains a difference --------------------------------------------------------------------------------


def test_a_missing_mug_is_named_and_a_pen_too_many() -> None:
    parts = [Part(1, 2, MUG), Part(2, 3, PEN)]
    assert explain(parts, -345, 20) == Suspect(1, -1)
    assert explain(parts, 30, 5) is None
    assert explain([Part(2, 3, PEN)], 25, 5) == Suspect(2, 2)


def test_one_heavy_piece_is_likelier_than_thirty_light_ones() -> None:
    assert explain([Part(1, 2, MUG), Part(2, 60, PEN)], -348, 20) == Suspect(1, -1)


def test_nothing_is_missing_that_is_not_in_it() -> None:
    assert explain([Part(1, 1, MUG)], -700, 20) is None
    assert explain([Part(1, 1, MUG)], 700, 20) == Suspect(1, 2)


@given(parts_of_any, st.integers(-50_000, 50_000), st.integers(0, 500))
def test_a_suspect_really_explains(parts: list[Part], difference_g: int, tolerance_g: int) -> None:
    found = explain(parts, difference_g, tolerance_g)
    if found is None:
        return
    assert (found.units > 0) == (difference_g > 0)
    assert any(
        part.item_id == found.item_id and part.weight is not None and part.units >= -found.units
        and abs(difference_g * 1000 - found.units * part.weight.mg) <= tolerance_g * 1000
        for part in parts
    )  # fmt: skip


# --- learning --------------------------------------------------------------------------------------------------


def test_the_catalogue_counts_until_enough_parcels_agree() -> None:
    some = taught(*[(700, 2)] * (PARCELS_ENOUGH - 1))
    assert unit_weight(some, 340) == UnitWeight(340_000)
    enough = learn(some, 700, 2)
    assert unit_weight(enough, 340) == UnitWeight(350_000, 0, is_learned=True)


def test_without_catalogue_or_enough_parcels_nobody_knows() -> None:
    assert unit_weight(Learned(), 0) is None
    assert unit_weight(taught((350, 1)), 340, is_doubted=True) is None


def test_a_first_parcel_that_was_wrong_does_not_stay() -> None:
    known = taught((700, 1), (350, 1), *[(352, 1)] * 5)  # two mugs were in the first, packed as one
    assert (known.parcels, known.unit_mg) == (6, (350 + 5 * 352) * 1000 // 6 + 1)


def test_one_wrong_parcel_among_those_still_learning_does_not_stay() -> None:
    known = taught((350, 1), (350, 1), (700, 1), *[(350, 1)] * PARCELS_ENOUGH)
    assert unit_weight(known, 0) == UnitWeight(350_000, 0, is_learned=True)


def test_what_is_learned_is_not_shaken_by_one_parcel() -> None:
    known = taught(*[(350, 1)] * 10)
    assert learn(known, 350 + LEARN_FLOOR_G + 1, 1) == known
    assert learn(known, 350 + LEARN_FLOOR_G, 1) != known


@pytest.mark.parametrize(("grams", "units"), [(0, 1), (-5, 1), (350, 0), (100_001, 1)])
def test_nonsense_teaches_nothing(grams: int, units: int) -> None:
    assert learn(taught((350, 1)), grams, units) == taught((350, 1))


@given(st.lists(lessons, min_size=1, max_size=PARCELS_KEPT), st.randoms())
def test_what_was_learned_does_not_depend_on_the_order(parcels: list[tuple[int, int]], chance: object) -> None:
    def together(some: list[tuple[int, int]]) -> Learned:
        known = Learned()
        for grams, units in some:
            known = known.plus(lesson_of(grams, units))
        return known

    mixed = list(parcels)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert together(mixed) == together(parcels)
    assert together(parcels).variance_mg2 >= 0


@given(
    st.integers(20, 5_000),
    st.lists(st.tuples(st.integers(1, 4), st.integers(-1, 1)), min_size=1, max_size=PARCELS_KEPT - 1),
    st.randoms(),
)
def test_parcels_that_agree_teach_the_same_in_any_order(
    unit_g: int, noisy: list[tuple[int, int]], chance: object
) -> None:
    parcels = [(unit_g * units + noise, units) for units, noise in noisy]
    mixed = list(parcels)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert taught(*mixed) == taught(*parcels)
    assert taught(*parcels).parcels == len(parcels)
    assert abs(taught(*parcels).unit_mg - unit_g * 1000) <= 1000


@given(st.integers(1, 5_000), st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=450, max_size=450))
def test_old_parcels_fade_and_the_weight_stays(unit_g: int, parcels: list[tuple[int, int]]) -> None:
    known = Learned()
    for units, noise in parcels:
        known = learn(known, unit_g * units + noise, units)
        assert known.parcels < PARCELS_KEPT
        assert known.units >= known.parcels
        assert max(known.weight_g, known.squares_mg2) < 2**63
    assert unit_g * 1000 - 500 <= known.unit_mg <= unit_g * 1000 + 3500


def test_fading_keeps_weight_and_spread() -> None:
    known = taught(*[(350 + n % 3, 1) for n in range(PARCELS_KEPT - 1)])
    faded = known.faded()
    assert faded.parcels == known.parcels // 2
    assert abs(faded.unit_mg - known.unit_mg) <= 5
    assert abs(faded.variance_mg2 - known.variance_mg2) <= known.variance_mg2 // 20


def test_parcels_of_more_units_say_the_same_of_a_single_one() -> None:
    # Units of 345 and 355 g: alone, and five of each together, which cannot differ as much.
    alone = taught(*[(345, 1), (355, 1)] * 20)
    assert alone.unit_mg == 350_000
    assert 5_000**2 <= alone.variance_mg2 <= 5_200**2


# --- which parcel teaches what ---------------------------------------------------------------------------------


def test_a_parcel_of_one_item_teaches_that_item() -> None:
    assert lesson([Part(1, 2, MUG)], 940, 240) == Lesson(1, 700, 2)
    assert lesson([Part(1, 2, None)], 940, 240) == Lesson(1, 700, 2)


def test_the_only_new_item_is_learned_by_what_the_others_leave() -> None:
    assert lesson([Part(1, 2, MUG), Part(2, 3, None)], 240 + 700 + 36, 240) == Lesson(2, 36, 3)
    assert lesson([Part(1, 2, MUG), Part(2, 3, UnitWeight(12_000))], 976, 240) == Lesson(2, 36, 3)


def test_two_new_items_cannot_be_told_apart_and_two_known_ones_need_no_lesson() -> None:
    assert lesson([Part(1, 2, None), Part(2, 3, None)], 976, 240) is None
    assert lesson([Part(1, 2, MUG), Part(2, 3, PEN)], 976, 240) is None


def test_a_light_item_is_not_learned_beside_goods_that_differ_more() -> None:
    stone = UnitWeight(3_000_000, 50_000**2, is_learned=True)
    assert lesson([Part(1, 1, stone), Part(2, 1, None)], 240 + 3_012, 240) is None


def test_a_parcel_lighter_than_its_known_goods_teaches_nothing() -> None:
    assert lesson([Part(1, 2, MUG), Part(2, 3, None)], 900, 240) is None
