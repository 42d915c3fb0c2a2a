"""Shifts: work rests in breaks and ends with the shift."""

from __future__ import annotations

import pytest

from picking import FieldError
from picking.shifts import PickerShift

SHIFT = PickerShift("Ann", 100, 200, ((120, 130), (150, 160)))


@pytest.mark.parametrize(
    ("began_ms", "took_ms", "ends_ms"),
    [
        (100, 20, 120),
        (100, 21, 131),
        (0, 20, 120),
        (125, 5, 135),
        (110, 30, 150),
        (110, 31, 161),
        (100, 80, 200),
        (100, 81, None),
        (199, 2, None),
    ],
)
def test_work_rests_in_breaks_and_ends_with_the_shift(began_ms: int, took_ms: int, ends_ms: int | None) -> None:
    assert SHIFT.end_of_work(began_ms, took_ms) == ends_ms


@pytest.mark.parametrize(
    ("earliest_ms", "took_ms", "begins_ms"),
    [(0, 20, 100), (0, 21, 160), (101, 20, 130), (135, 16, 160), (160, 40, 160), (161, 40, None)],
)
def test_work_that_is_not_cut_by_a_break_begins_where_it_fits(
    earliest_ms: int, took_ms: int, begins_ms: int | None
) -> None:
    assert SHIFT.first_fit(earliest_ms, took_ms) == begins_ms


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (("", 0, 1), "name"),
        (("Ann", 5, 5), "until_ms"),
        (("Ann", 0, 9, [(1, 2)]), "breaks"),
        (("Ann", 0, 9, ((1,),)), "breaks[0]"),
        (("Ann", 0, 9, ((3, 2),)), "breaks[0][1]"),
        (("Ann", 0, 9, ((1, 3), (2, 4))), "breaks[1][0]"),
        (("Ann", 0, 9, ((8, 10),)), "breaks[0][1]"),
    ],
)
def test_what_is_wrong_is_named(fields: tuple[object, ...], field: str) -> None:
    with pytest.raises(FieldError) as raised:
        PickerShift(*fields)  # type: ignore[arg-type]
    assert raised.value.field == field
