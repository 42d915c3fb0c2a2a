from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from picking_floors import TWO_BLOCKS

from picking import FieldError, Spot
from picking.graph import Climb, FloorGraph, Node, Walkway
from picking.graph_drawing import draw_graph_tour
from picking.storeys import floor_of_storeys

SVG = "{http://www.w3.org/2000/svg}"
FOOT, HEAD = Spot("stairs below", 40, 0, 0), Spot("stairs above", 40, 0, 1)
MEZZANINE = floor_of_storeys({0: TWO_BLOCKS, 1: TWO_BLOCKS}, [FOOT, HEAD], [Climb(FOOT.name, HEAD.name, 9_000, 9_000)])
DOCK = Spot("dock", 0, 0)


def test_storeys_stand_one_above_the_other_with_their_stops_numbered() -> None:
    svg = draw_graph_tour(MEZZANINE, DOCK, [Spot("A", 0, 50), Spot("B<", 80, 150, 1)], DOCK)
    root = ET.fromstring(svg)
    assert sorted(node.text or "" for node in root.iter(f"{SVG}text")) == ["1", "2", "dock"]
    assert "2. B&lt;" in svg
    below, above = (float(node.attrib["cy"]) for node in root.iter(f"{SVG}circle"))
    assert above < below - 200
    assert svg.count("stroke-dasharray") == 1


def test_an_open_tour_and_one_without_stops_are_drawn() -> None:
    assert "end:" not in draw_graph_tour(MEZZANINE, DOCK, [Spot("A", 0, 50)], None)
    assert ET.fromstring(draw_graph_tour(MEZZANINE, DOCK, [], DOCK)).tag == f"{SVG}svg"


def test_one_way_walkways_show_their_direction() -> None:
    nodes = (Node("A", 0, 0), Node("B", 100, 0))
    both = draw_graph_tour(FloorGraph(nodes, (Walkway("A", "B"),)), DOCK, [], None)
    one_way = draw_graph_tour(FloorGraph(nodes, (Walkway("A", "B", is_one_way=True),)), DOCK, [], None)
    assert one_way.count("<polygon") == both.count("<polygon") + 1


def test_a_walk_nobody_can_take_is_refused() -> None:
    shut = floor_of_storeys({0: TWO_BLOCKS, 1: TWO_BLOCKS})
    with pytest.raises(FieldError, match="no way leads from dock to B"):
        draw_graph_tour(shut, DOCK, [Spot("B", 80, 150, 1)], DOCK)
