"""docs/security.md: every threat and every item has a test that exists, or says in words why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| threat", "| item"))
]  # fmt: skip


def named(text: str) -> set[str]:
    """The tests a text names."""
    return set(re.findall(r"`(test_\w+)`", text))


def test_every_test_it_names_exists() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    existing = {name for source in sources for name in re.findall(r"^(?:async )?def (test_\w+)", source, re.MULTILINE)}
    assert sorted(named(TEXT) - existing) == []


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_row_has_a_test_or_says_why_there_is_none(row: list[str]) -> None:
    assert len(row) == 3
    assert named(row[2]) or "not yet" in " ".join(row) or "*reason*" in " ".join(row)


def test_every_chapter_has_its_line() -> None:
    items = {int(number) for row in ROWS for number in re.findall(r"(\d+)\.\d+\.\d+", row[0])}
    lines = {int(number) for number in re.findall(r"^- \*\*(\d+) ", TEXT, re.MULTILINE)}
    assert items | lines == set(range(1, 18))
    assert items & lines == set()
