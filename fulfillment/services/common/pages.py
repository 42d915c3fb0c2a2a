"""How much of a list somebody may ask for, which text they look for in it, and lists as columns of cards.

Owns nothing and reads nothing; every list that is asked for in pages asks here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fulfillment.domain.reasons import DomainError

COLUMN_SHOWN = 60
COLUMN_MAX = 500
LANES_MAX = 40


def check_limit(limit: int, most: int) -> None:
    """Refuse a page of nothing and one too large.

    Raises:
        DomainError: `bad_limit`.
    """
    if not 1 <= limit <= most:
        raise DomainError("bad_limit", f"1 to {most}", "limit")


def literal(text: str) -> str:
    """What somebody typed, for `LIKE … ESCAPE '!'`: no pattern, for an underscore is a letter of many codes."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def columns(cards: Mapping[str, Sequence[Any]], shown: int) -> list[dict[str, Any]]:
    """Cards by column as a board shows them: whole counts, and the first of each."""
    return [{"column": column, "count": len(some), "cards": some[:shown]} for column, some in cards.items()]


def rows(cards: Mapping[str, Sequence[Any]], lanes: Sequence[str], shown: int) -> list[dict[str, Any]]:
    """The same in rows by what each card says its `lane` is, in the order given: a cell a column."""
    return [
        {
            "lane": lane,
            "cells": columns(
                {column: [card for card in some if card["lane"] == lane] for column, some in cards.items()}, shown
            ),
        }
        for lane in lanes[:LANES_MAX]
    ]  # fmt: skip
