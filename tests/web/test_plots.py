"""What is drawn: labels that never lie on each other, ways that never run into each other, words that are escaped."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.plots import HEIGHT, LABEL_PX, Line, cumulative, spread_labels, top_of
from kiosk_ui.process_drawing import OVER, Node, Way, process_map, tracks

SVG = "{http://www.w3.org/2000/svg}"


@given(st.lists(st.floats(0, 400), min_size=1, max_size=8).map(sorted))
def test_labels_stand_in_order_and_apart(wanted: list[float]) -> None:
    placed = spread_labels(wanted, LABEL_PX, 0, HEIGHT)
    assert all(later - earlier >= LABEL_PX - 1e-6 for earlier, later in itertools.pairwise(placed))
    assert placed[-1] <= HEIGHT + 1e-6


@given(st.integers(0, 10_000_000))
def test_a_scale_ends_just_above_what_it_shows(most: int) -> None:
    top = top_of(most)
    assert top >= most
    assert top % 4 == 0
    assert top == 4 or top < 2.5 * most


def test_a_plot_is_named_and_its_words_are_escaped() -> None:
    picture = cumulative(
        [Line("<b>To do</b>", [2, 5]), Line("Gone", [0, 1])], [0, 1000], [(0, "08:00 & on")], "A & B", "said <i>"
    )
    root = ElementTree.fromstring(picture)
    assert root.get("role") == "img"
    assert [root.findtext(f"{SVG}{name}") for name in ("title", "desc")] == ["A & B", "said <i>"]
    assert "<b>To do</b>" in [text.text for text in root.iter(f"{SVG}text")]
    with pytest.raises(ValueError, match="two moments"):
        cumulative([Line("", [1])], [0], [], "", "")


rows = st.tuples(st.integers(0, 9), st.integers(0, 9))


@given(st.lists(rows, max_size=25, unique=True))
def test_two_ways_in_one_track_never_touch(ends: list[tuple[int, int]]) -> None:
    of = {str(number): number for number in range(10)}
    placed = tracks([Way(str(source), str(target), ()) for source, target in ends], of)
    assert len(placed) == len(ends)
    for one in placed:
        for other in placed:
            if one is not other and one.track == other.track:
                low, high = sorted((one.source, one.target))
                other_low, other_high = sorted((other.source, other.target))
                assert high < other_low or other_high < low


def test_a_way_over_its_target_is_told_by_its_line_too() -> None:
    nodes = [Node("a", "A <1>", "3"), Node("b", "B", "2"), Node("c", "C", "1")]
    picture = process_map(
        nodes,
        [Way("a", "b", ("2 times", "▲ over"), verdict=OVER), Way("a", "c", ("once",)), Way("b", "a", ("back",), True),
         Way("b", "b", ("again",), True), Way("x", "a", ("nowhere",))],
        "Map", "said",
    )  # fmt: skip
    root = ElementTree.fromstring(picture)
    ways = [group.get("class") for group in root.iter(f"{SVG}g") if "way" in (group.get("class") or "").split()]
    assert sorted(ways) == ["way", "way way-back", "way way-back", "way way-over"]
    assert len([path for path in root.iter(f"{SVG}path") if path.get("class") == "way-inner"]) == 1
    assert "nowhere" not in picture
    assert "A &lt;1&gt;" in picture
