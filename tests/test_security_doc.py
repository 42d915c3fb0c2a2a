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


# The items of ASVS 5, level 2 (two of level 3 come for nothing), that bite on a warehouse floor.
ASKED = (
    "1.1.2 1.2.4 1.2.10 1.3.3 1.3.6 1.3.7 2.2.1-3 2.3.3-4 2.4.1 3.3.1-4 3.4.1-6 3.5.1-3 6.1.1 6.2.1 6.3.1-3 7.1.1-2"
    " 7.2.3-4 7.3.1-2 7.4.1-5 7.5.1-2 8.2.1-3 8.3.1 8.4.1 13.2.1-5 13.3.1-2 13.4.2-5 15.1.2-3 15.2.2 15.3.2-5"
    " 15.4.1-4 16.2.1-5 16.3.1-4 16.4.1-3 16.5.1-4"
)


def numbers(text: str) -> set[str]:
    """The items a text names: `3.4.3 to 3.4.6` and `3.4.3-6` are four of them."""
    found = set()
    for section, first, last in re.findall(r"(\d+\.\d+)\.(\d+)(?:(?: to \d+\.\d+\.|-)(\d+))?", text):
        found |= {f"{section}.{number}" for number in range(int(first), int(last or first) + 1)}
    return found


def test_every_item_that_bites_here_has_a_row() -> None:
    assert sorted(numbers(ASKED) - {number for row in ROWS for number in numbers(row[0])}) == []
