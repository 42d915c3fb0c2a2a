"""Sums of a trace, and which layers belong together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.stock import Virtual
from fulfillment.domain.tracing import CAME, WENT, Sums, family


def test_a_unit_that_is_nowhere_unbalances_the_sums() -> None:
    assert Sums(received_each=5, in_house_each=2, in_parcels_each=1, shipped_each=2).is_balanced
    assert not Sums(received_each=5, in_house_each=2, shipped_each=2).is_balanced


def test_what_was_found_must_lie_somewhere_too() -> None:
    assert Sums(received_each=5, found_each=1, in_house_each=4, lost_each=1, sent_each=1).is_balanced


def test_balanced_sums_stay_so_when_added() -> None:
    both = Sums(received_each=2, in_house_each=2) + Sums(returned_each=1, shipped_each=1)
    assert both == Sums(received_each=2, returned_each=1, in_house_each=2, shipped_each=1)
    assert both.is_balanced


def test_every_end_of_the_world_has_its_figure() -> None:
    assert set(CAME) == set(WENT) == set(Virtual)
    assert {*CAME.values(), *WENT.values()} <= set(vars(Sums()))


def test_goods_that_came_back_twice_are_one_family() -> None:
    origins = {2: 1, 3: 2, 4: 1, 9: 8}
    assert family({3}, origins) == family({1}, origins) == {1, 2, 3, 4}
    assert family({5}, origins) == {5}
    assert family(set(), origins) == set()


@given(st.dictionaries(st.integers(2, 30), st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_a_family_is_the_same_whichever_of_its_layers_is_asked_for(origins: dict[int, int], chosen: set[int]) -> None:
    found = family(chosen, origins)
    assert chosen <= found
    assert family(found, origins) == found
    assert all((layer in found) == (origin in found) for layer, origin in origins.items())
