"""What a scale says, as the one line of text a bench is told: once a carton, and why it cannot weigh.

    W-S588-1795344086-C      W - state, grams - zeroing - check character

State S is a stable weight (the only one that is said again and again: once a carton), O more than the scale can weigh,
U less than its zero, F it cannot weigh; these have no grams. The zeroing is another number each time the scale has come
back to zero, so that whoever hears the line can tell the next carton from the one that still lies there, and a line
that comes twice from two cartons of one weight.

Owns the text and when it is said. Refuses to say a weight that moves: nobody could decide anything by it.
Invariant: between two weights with different zeroings the scale was empty.
"""

from __future__ import annotations

from devices.scales.reading import Reading, Weighing
from devices.scales.scale import EMPTY_BELOW_G, Settling

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS = {Weighing.STABLE: "S", Weighing.MOVING: "M", Weighing.OVER: "O", Weighing.UNDER: "U", Weighing.FAULT: "F"}
_TROUBLE = (Weighing.OVER, Weighing.UNDER, Weighing.FAULT)
TROUBLE_S = 1.0  # a pan that swings back from a carton taken off is under its zero for a moment


def weight_code(reading: Reading, zeroing: int) -> str:
    """A reading as text; a stable or moving one has its grams, not below 0."""
    grams = "" if reading.grams is None else str(max(0, reading.grams))
    body = f"W-{_LETTERS[reading.state]}{grams}-{zeroing}"
    return f"{body}-{_check_character(body)}"


class WeightCodes:
    """take(reading, now_s) → the text to say now, or None.

    `first_zeroing`: one no earlier run has used; the second a run begins in is such a number, for no scale is emptied
    every second.
    """

    def __init__(self, first_zeroing: int, empty_below_g: int = EMPTY_BELOW_G) -> None:
        self._settling = Settling(empty_below_g)
        self._empty_below_g = empty_below_g
        self._zeroing = first_zeroing
        self._is_empty = False
        self._trouble: Weighing | None = None
        self._since_s = 0.0
        self._is_told = False

    def take(self, reading: Reading, now_s: float) -> str | None:
        """What this reading gives to say: a carton's weight once; a trouble that lasts a second, once until it is over.

        `now_s`: of a clock that never goes back.
        """
        if reading.state is Weighing.STABLE and reading.grams is not None and reading.grams < self._empty_below_g:
            if not self._is_empty:
                self._zeroing += 1
            self._is_empty = True
        elif reading.state is Weighing.STABLE:
            self._is_empty = False
        is_trouble = self._is_trouble(reading, now_s)
        if self._settling.take(reading) is not None or is_trouble:
            return weight_code(reading, self._zeroing)
        return None

    def _is_trouble(self, reading: Reading, now_s: float) -> bool:
        trouble = reading.state if reading.state in _TROUBLE else None
        if trouble is not self._trouble:
            self._trouble, self._since_s, self._is_told = trouble, now_s, False
        if trouble is None or self._is_told or now_s - self._since_s < TROUBLE_S:
            return False
        self._is_told = True
        return True


def _check_character(text: str) -> str:
    # ISO/IEC 7064:2003, hybrid system MOD 37,36, over the text without its dashes.
    remainder = 36
    for character in text.replace("-", ""):
        remainder = ((remainder + _ALPHABET.index(character)) % 36 or 36) * 2 % 37
    return _ALPHABET[(37 - remainder) % 36]
