"""What the planner says when it is asked wrongly.

Owns the one error a caller can cause, and the two checks every value object uses. It refuses to guess: a
number in quotes, a bool or a float is not a whole number. Invariant: the error always names the field as
the caller wrote it.
"""

from __future__ import annotations


class FieldError(ValueError):
    """A field of the question is wrong; `field` is its path, such as ``stops[3].x_dm``."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(f"{field}: {words}")
        self.field = field
        self.words = words


def check_whole(field: str, value: object, low: int, high: int) -> None:
    """Refuse anything but an int from low to high; bool is an int to Python but not on the floor."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise FieldError(field, f"must be a whole number, got {value!r:.60}")
    if not low <= value <= high:
        raise FieldError(field, f"must be between {low} and {high}, got {value:.6g}")


def check_name(field: str, value: object) -> None:
    if not isinstance(value, str):
        raise FieldError(field, f"must be text, got {value!r:.60}")
    if not value.strip():
        raise FieldError(field, "must not be empty")
    if len(value) > 200:
        raise FieldError(field, f"must be at most 200 characters, got {len(value)}")
