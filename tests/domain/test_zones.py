"""In which turn a cart goes through zones."""

from __future__ import annotations

from fulfillment.domain.zones import turns


def test_a_cart_goes_through_the_zones_in_their_turn_and_only_where_it_has_something_to_fetch() -> None:
    assert turns(["C", "A"], ["A", "B", "C"]) == ("A", "C")


def test_from_the_zone_it_is_in_it_goes_on_and_round_again() -> None:
    assert turns(["A", "C"], ["A", "B", "C"], "B") == ("C", "A")


def test_a_zone_without_a_turn_is_none() -> None:
    assert turns(["X", ""], ["A", "B"], "X") == ()
