"""Rules of measures: whole numbers, rounded to the safe side."""

from __future__ import annotations

import pytest

from fulfillment.domain.units import Uom, volume_ml


@pytest.mark.parametrize(
    ("size", "qty_each", "volume"),
    [((100, 100, 100), 1, 1000), ((1, 1, 1), 1, 1), ((10, 10, 11), 1, 2), ((10, 10, 11), 10, 11), ((0, 5, 5), 3, 0)],
)
def test_a_volume_is_never_a_fraction_too_small(size: tuple[int, int, int], qty_each: int, volume: int) -> None:
    assert volume_ml(*size, qty_each) == volume


def test_goods_come_in_four_sizes() -> None:
    assert [uom.value for uom in Uom] == ["each", "inner", "case", "pallet"]
