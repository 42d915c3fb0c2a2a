from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picking_floors import TWO_BLOCKS, bin_at, layouts, spots_of

from picking import Closed, FieldError, Layout, OneWay, Spot, draw_layout, draw_tour

SVG = "{http://www.w3.org/2000/svg}"
DOCK = Spot("dock", 20, -30)
STOPS = [bin_at(0, 20), bin_at(0, 50), bin_at(40, 120), bin_at(80, 160)]


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(svg).iter(f"{SVG}text")]


def titles(svg: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(svg).iter(f"{SVG}title")]


def boxes(svg: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of every text, as wide as its letters are about."""
    found = []
    for node in ET.fromstring(svg).iter(f"{SVG}text"):
        size, x, y = (float(node.attrib[name]) for name in ("font-size", "x", "y"))
        wide = 0.55 * size * len(node.text or "")
        found.append((x - wide / 2, y - 0.7 * size, x + wide / 2, y))
    return found


def test_the_stops_carry_their_numbers_and_the_dock_its_name() -> None:
    assert sorted(texts(draw_tour(TWO_BLOCKS, DOCK, STOPS, DOCK))) == ["1", "2", "3", "4", "dock"]


def test_a_tour_that_ends_elsewhere_or_nowhere_shows_that() -> None:
    bench = Spot("bench", 60, -30)
    assert "bench" in texts(draw_tour(TWO_BLOCKS, DOCK, STOPS, bench))
    assert "end: bench" in titles(draw_tour(TWO_BLOCKS, DOCK, STOPS, bench))
    assert not any(title.startswith("end:") for title in titles(draw_tour(TWO_BLOCKS, DOCK, STOPS, None)))


def test_stops_at_one_point_share_one_number() -> None:
    stops = [bin_at(0, 20, 1), bin_at(0, 20, 2), bin_at(40, 30), bin_at(0, 20, 3)]
    svg = draw_tour(TWO_BLOCKS, DOCK, stops, DOCK)
    assert sorted(texts(svg)) == ["1-2,4", "3", "dock"]
    assert "1. X0000-Y0020-1; 2. X0000-Y0020-2; 4. X0000-Y0020-3" in titles(svg)


def test_names_from_outside_are_escaped() -> None:
    evil = Spot('"><script>x</script>&', 0, 20)
    for svg in (
        draw_tour(TWO_BLOCKS, evil, [evil], evil),
        draw_layout(TWO_BLOCKS, [evil], {evil.name: "<b>&"}),
    ):
        assert "<script" not in svg
        assert "<b>" not in svg
        assert evil.name in " ".join(titles(svg))


def test_nothing_in_a_picture_needs_a_style_sheet_or_meddles_with_the_page() -> None:
    svg = draw_tour(TWO_BLOCKS, DOCK, STOPS, DOCK)
    assert not any(word in svg for word in (" id=", "<style", " style=", " class=", "url(", "href"))


def test_one_way_closed_and_busy_stretches_are_drawn() -> None:
    rules = Layout(
        (0, 40, 80),
        (0, 100, 200),
        one_way=(OneWay(0, is_up=True, block=1),),
        closed=(Closed(1, 30, 60),),
        busy_dm=((2, 0, 250),),
    )
    plain, drawn = draw_layout(TWO_BLOCKS, []), draw_layout(rules, [])
    assert drawn.count("<polygon") - plain.count("<polygon") == 3
    assert {"closed", "busy: 25.0 m more"} <= set(titles(drawn))


def test_marks_stand_beside_their_spots() -> None:
    assert texts(draw_layout(TWO_BLOCKS, STOPS, {"X0000-Y0050-0": "short"})) == ["short"]


def test_a_tour_without_stops_and_a_walk_of_no_length_are_pictures_too() -> None:
    assert texts(draw_tour(Layout((0,), (0,)), DOCK, [], DOCK)) == ["dock"]
    assert ET.fromstring(draw_layout(Layout((0,), (0,)), [])).tag == f"{SVG}svg"


def test_a_walk_nobody_can_take_and_a_width_nobody_has_are_refused() -> None:
    shut = Layout((0,), (0, 100), closed=(Closed(0, 30, 60),))
    with pytest.raises(FieldError, match="no way leads from dock to X0000-Y0050-0"):
        draw_tour(shut, DOCK, [bin_at(0, 50)], DOCK)
    with pytest.raises(FieldError, match="width_px"):
        draw_tour(TWO_BLOCKS, DOCK, STOPS, DOCK, width_px=10)


def test_a_wide_screen_shows_numbers_a_phone_has_no_room_for() -> None:
    floor = Layout(tuple(range(0, 1400, 35)), (0, 300))
    stops = [bin_at(x, y) for x in range(0, 1400, 35) for y in (100, 106, 112)]
    phone, desk = (len(texts(draw_tour(floor, DOCK, stops, DOCK, width_px=width))) for width in (320, 2400))
    assert phone < len(stops) < desk


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_numbers_never_lie_on_each_other_and_the_picture_is_the_same_each_time(data: st.DataObject) -> None:
    layout = data.draw(layouts())
    stops = list(dict.fromkeys(data.draw(st.lists(spots_of(layout), max_size=30))))
    svg = draw_tour(layout, DOCK, stops, DOCK, width_px=320)
    assert svg == draw_tour(layout, DOCK, stops, DOCK, width_px=320)
    shown = boxes(svg)
    for at, a in enumerate(shown):
        for b in shown[:at]:
            assert not (a[0] < b[2] - 0.01 and b[0] < a[2] - 0.01 and a[1] < b[3] - 0.01 and b[1] < a[3] - 0.01)
