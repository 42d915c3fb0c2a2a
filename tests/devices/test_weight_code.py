"""What a scale's readings give to say: each carton once, a trouble once, nothing while it moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devices.scales.reading import Reading, Weighing
from devices.scales.weight_code import TROUBLE_S, WeightCodes, weight_code

EMPTY = Reading(Weighing.STABLE, 0, is_zero=True)
MOVING = Reading(Weighing.MOVING, 300)


def still(grams: int) -> Reading:
    return Reading(Weighing.STABLE, grams)


def said(*readings: Reading) -> list[str]:
    """What is said of these readings, four of them a second, without the check characters."""
    codes = WeightCodes(100)
    heard = (codes.take(reading, turn / 4) for turn, reading in enumerate(readings))
    return [code[:-2] for code in heard if code is not None]


def test_the_text_is_state_grams_zeroing_and_a_check_character() -> None:
    assert weight_code(still(588), 17) == "W-S588-17-5"
    assert weight_code(Reading(Weighing.MOVING, 588), 17) == "W-M588-17-B"
    assert weight_code(Reading(Weighing.OVER), 17) == "W-O-17-A"
    assert weight_code(still(-3), 17)[:-2] == "W-S0-17"


def test_each_carton_is_said_once_with_a_zeroing_of_its_own() -> None:
    assert said(EMPTY, MOVING, still(588), still(588), MOVING, EMPTY, EMPTY, still(588)) == ["W-S588-101", "W-S588-102"]


def test_what_is_added_without_taking_the_carton_off_is_not_said() -> None:
    assert said(EMPTY, still(588), MOVING, still(940)) == ["W-S588-101"]


def test_a_carton_that_lay_there_from_the_beginning_is_one_too() -> None:
    assert said(still(588), EMPTY, still(588)) == ["W-S588-100", "W-S588-101"]


def test_a_trouble_is_said_once_until_it_is_over() -> None:
    over, fault = [Reading(Weighing.OVER)] * 6, [Reading(Weighing.FAULT, detail="not calibrated")] * 5
    assert said(EMPTY, *over, MOVING, *over, *fault) == ["W-O-101", "W-O-101", "W-F-101"]


def test_a_pan_that_swings_below_zero_for_a_moment_is_no_trouble() -> None:
    under = [Reading(Weighing.UNDER)] * int(TROUBLE_S * 4)
    assert said(EMPTY, still(588), *under, EMPTY, *under, still(700)) == ["W-S588-101", "W-S700-102"]


readings = st.one_of(
    st.integers(-50, 30_000).map(still),
    st.just(EMPTY),
    st.integers(-50, 30_000).map(lambda grams: Reading(Weighing.MOVING, grams)),
    st.sampled_from([Reading(state) for state in (Weighing.OVER, Weighing.UNDER, Weighing.FAULT)]),
)


@given(st.lists(readings, max_size=60))
def test_between_two_weights_the_scale_was_empty(sequence: list[Reading]) -> None:
    codes = WeightCodes(1)
    zeroings: list[str] = []
    was_empty = True
    for reading in sequence:
        code = codes.take(reading, 0.0)
        if code is not None and code.startswith("W-S"):
            assert was_empty
            assert reading.state is Weighing.STABLE
            was_empty = False
            zeroings.append(code.split("-")[2])
        if reading.state is Weighing.STABLE and reading.grams is not None and reading.grams < 5:
            was_empty = True
    assert len(set(zeroings)) == len(zeroings)
