"""Rules of the comparison: what each system's rule makes of the same two bins."""

from __future__ import annotations

import pytest

from tests.benchmarks.fifo_rules import RULES, Asked, Event, Landed, Left, Rule, TrueLayer, judge, play

OLD, MIDDLE, NEW = (TrueLayer(day, number, day) for number, day in enumerate((10, 14, 20), start=1))


def rule(name: str) -> Rule:
    return next(rule for rule in RULES if rule.name.startswith(name))


def landed(location: str, layer: TrueLayer, qty_each: int, hand: str = "") -> Landed:
    return Landed(1, location, layer, qty_each, hand)


def passed(name: str, *events: Event) -> tuple[int, int]:
    score = play(rule(name), events)
    assert score.unserved == 0
    return score.passed_units, score.worst_days


def test_our_rule_takes_the_oldest_wherever_it_lies() -> None:
    stream = (landed("A", NEW, 5), landed("B", OLD, 5), landed("A", MIDDLE, 5), Asked(1, "o", 12))
    assert passed("Floorline", *stream) == (0, 0)


def test_a_topped_up_bin_looks_as_old_as_its_oldest_unit() -> None:
    """A holds one old and five new units, B five of the middle: by one date a bin, A goes first to its end."""
    stream = (landed("A", OLD, 1), landed("A", NEW, 5), landed("B", MIDDLE, 5), Asked(1, "o", 4))
    assert passed("Odoo", *stream) == (3, 6)
    assert passed("Floorline", *stream) == (0, 0)


def test_rows_in_order_of_insertion_forget_that_late_goods_may_be_old() -> None:
    assert passed("GreaterWMS", landed("A", NEW, 5), landed("B", OLD, 5), Asked(1, "o", 3)) == (3, 10)


def test_goods_carried_to_another_bin_look_new_to_insertion_order() -> None:
    carried = (Left(1, "A", 5, "h"), landed("C", OLD, 5, "h"))
    stream = (landed("A", OLD, 5), landed("B", NEW, 5), *carried, Asked(1, "o", 2))
    assert passed("GreaterWMS", *stream) == (2, 10)


def test_the_largest_quantity_first_leaves_old_remainders_behind() -> None:
    assert passed("ModernWMS", landed("A", OLD, 2), landed("B", NEW, 9), Asked(1, "o", 3)) == (2, 10)


def test_the_smallest_quantity_first_is_no_better() -> None:
    assert passed("OpenBoxes", landed("A", OLD, 9), landed("B", NEW, 2), Asked(1, "o", 2)) == (2, 10)


def test_a_bin_row_keeps_its_age_after_it_ran_empty() -> None:
    stream = (landed("A", OLD, 2), Asked(1, "o", 2), landed("B", MIDDLE, 4), landed("A", NEW, 4), Asked(1, "p", 3))
    assert passed("ERPNext", *stream) == (3, 6)


def test_units_put_back_are_the_ones_that_were_taken() -> None:
    stream = (landed("A", OLD, 2), landed("B", NEW, 2), Asked(1, "o", 2), landed("A", NEW, 2, "o"), Asked(1, "p", 4))
    assert passed("Floorline", *stream) == (0, 0)
    assert play(rule("Floorline"), stream).units == 6


@pytest.mark.parametrize(("taken", "free", "expected"), [
    ([(NEW, 3)], {OLD: 1, NEW: 9}, (1, 10)),
    ([(NEW, 3)], {NEW: 9}, (0, 0)),
    ([(OLD, 3)], {NEW: 9}, (0, 0)),
    ([(OLD, 1), (NEW, 2)], {MIDDLE: 5}, (2, 6)),
])  # fmt: skip
def test_a_unit_passes_over_only_what_could_have_gone_in_its_stead(
    taken: list[tuple[TrueLayer, int]], free: dict[TrueLayer, int], expected: tuple[int, int]
) -> None:
    assert judge(taken, free) == expected
