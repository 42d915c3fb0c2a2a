from __future__ import annotations

import pytest

from fulfillment.domain.closed_hours import minute_of, since_begin, time_of, until_begin


@pytest.mark.parametrize(
    ("text", "minute"),
    [("11:00", 660), ("0:05", 5), (" 23:59 ", 1439), ("24:00", None), ("11", None), ("11:60", None), ("", None)],
)
def test_a_time_of_the_day_is_a_minute(text: str, minute: int | None) -> None:
    assert minute_of(text) == minute
    assert minute is None or minute_of(time_of(minute)) == minute


@pytest.mark.parametrize(
    ("begins", "ends", "minute", "since"),
    [(660, 690, 659, None), (660, 690, 660, 0), (660, 690, 689, 29), (660, 690, 690, None),
     (1320, 300, 1319, None), (1320, 300, 1439, 119), (1320, 300, 0, 120), (1320, 300, 300, None)],
)  # fmt: skip
def test_hours_last_until_they_end_over_midnight_too(begins: int, ends: int, minute: int, since: int | None) -> None:
    assert since_begin(begins, ends, minute) == since


def test_the_next_begin_may_be_tomorrow() -> None:
    assert (until_begin(660, 650), until_begin(660, 661)) == (10, 1439)
