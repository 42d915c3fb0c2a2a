"""Whatever is done to stock in whatever order, the book stays right and FIFO holds; more of it in the benchmarks."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.services.any_stock import AnyStock
from tests.services.conftest import OpenEmpty


def test_whatever_is_done_to_stock_leaves_the_book_right(
    open_empty: OpenEmpty, days: Callable[[int], int]
) -> None:
    run_state_machine_as_test(
        lambda: AnyStock(open_empty),
        settings=settings(
            max_examples=days(15), stateful_step_count=40, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
