from __future__ import annotations

import subprocess
import sys

import pytest

import picking


@pytest.mark.parametrize("name", picking.__all__)
def test_a_public_name_is_there(name: str) -> None:
    assert getattr(picking, name).__module__.startswith("picking.")


def test_every_public_name_that_is_imported_late_is_declared() -> None:
    late = [name for names in picking._HOMES.values() for name in names.split()]
    assert len(late) == len(set(late))
    assert set(late) <= set(picking.__all__)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'plan_everything'"):
        picking.plan_everything  # noqa: B018


def test_the_words_for_a_tour_bring_neither_numba_nor_or_tools_along() -> None:
    program = "import sys; from picking import Layout, Spot, TourProblem, plan_tour; print('numba' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
