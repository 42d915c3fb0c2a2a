"""The planted bugs can still be planted: each text is in its source once, each named test is there."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

from tests.plant import ROOT, NotPlantable, planted
from tests.planted_bugs import PLANTS, Plant


@functools.cache
def names_of_tests(path: str) -> frozenset[str]:
    """Names of the tests of a file."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_planted_bug_is_still_a_change_of_the_code_and_its_test_still_exists(plant: Plant) -> None:
    for path, old, new in [(plant.path, plant.old, plant.new), *plant.more]:
        text = (ROOT / path).read_text("utf-8")
        assert text.count(old) == 1, f"{text.count(old)} times in {path}"
        assert old != new
        if path.endswith(".py"):
            ast.parse(text.replace(old, new))  # a bug somebody could have written, not a broken file
    path, _, name = plant.test.partition("::")
    assert name.partition("[")[0] in names_of_tests(path)


def test_there_are_plenty_of_them_and_no_two_of_one_name() -> None:
    assert len({plant.name for plant in PLANTS}) == len(PLANTS) >= 20
    assert {plant.engine for plant in PLANTS} == {"sqlite", "postgresql"}


def test_a_plant_is_gone_when_its_test_is_done_and_one_without_ground_is_told(tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("taken = 1\n", "utf-8")
    with planted(Plant("p", "a bug", "a.py", "= 1", "= 2", "t"), tmp_path):
        assert source.read_text("utf-8") == "taken = 2\n"
    assert source.read_text("utf-8") == "taken = 1\n"
    with (
        pytest.raises(NotPlantable, match="0 times"),
        planted(Plant("p", "a bug", "a.py", "= 1", "= 2", "t", more=(("a.py", "= 7", "= 8"),)), tmp_path),
    ):
        pass
    assert source.read_text("utf-8") == "taken = 1\n"
