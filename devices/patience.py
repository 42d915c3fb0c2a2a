"""How long printers are waited for, in percent of what real ones need.

    100  a printer is silent after 3 s, what it says has to hold for 3 s, a delivery takes 30 s at most, a lease 45 s
     20  the same order of things in a fifth of the time: simulated printers, which draw nothing

Owns these times and that they stay in proportion: a lease is longer than the word to begin may be old plus a delivery,
whatever the percentage. Refuses less than LEAST_PERCENT: a busy machine would take every printer for silent.
"""

from __future__ import annotations

from dataclasses import dataclass

LEAST_PERCENT, MOST_PERCENT = 5, 400


@dataclass(frozen=True, slots=True)
class Patience:
    """All times follow from `percent`."""

    percent: int = 100

    def __post_init__(self) -> None:
        if not LEAST_PERCENT <= self.percent <= MOST_PERCENT:
            raise ValueError(f"{self.percent} is not within {LEAST_PERCENT} to {MOST_PERCENT} percent")

    @property
    def status_s(self) -> float:
        """After so long without an answer a printer is silent."""
        return 0.03 * self.percent

    @property
    def settle_s(self) -> float:
        """For so long "nothing is pending" has to hold before a job may be sent again: whether a printer that draws a
        label counts it as waiting all the time is unverified, and a second label would come of the doubt."""
        return 0.03 * self.percent

    @property
    def partial_s(self) -> float:
        """A sender that says nothing for so long within a format is gone."""
        return 0.1 * self.percent

    @property
    def delivery_s(self) -> float:
        """The longest that one attempt to print may take."""
        return 0.3 * self.percent

    @property
    def word_s(self) -> float:
        """The server's word that a job may begin is not used once it is older."""
        return 0.1 * self.percent

    @property
    def lease_ms(self) -> int:
        """How long a claim holds; longer than `word_s` and a delivery, or every slow job would become uncertain."""
        return 450 * self.percent


PATIENT = Patience()
