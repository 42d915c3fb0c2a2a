"""A few requests of every operation, made up from the interface's own description: no answer is a failure of ours.

A seeded share of `python -m tests.benchmarks.any_request`, which asks each a hundred times and more.
"""

from __future__ import annotations

from fulfillment.settings import Settings
from tests.benchmarks.any_request import check


def test_what_fits_the_document_never_breaks_the_server(settings: Settings) -> None:
    found = check(settings, examples=2, seed=7, phases="fuzzing")
    assert [one.words for one in found if not one.is_right] == []
    assert all("Tested: " in one.words for one in found)
