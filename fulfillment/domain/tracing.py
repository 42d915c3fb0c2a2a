"""A trace adds up: what came in of some layers is what lies here, in parcels, or went out.

Owns the sums and which layers belong together: goods that came back are a layer of their own and still the
goods they were. Refuses nothing; a sum that does not add up is shown, not hidden.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fulfillment.domain.stock import Virtual


@dataclass(frozen=True)
class Sums:
    """Units of the traced layers: what the ledger says came and went, and what the book says is here."""

    received_each: int = 0
    returned_each: int = 0
    found_each: int = 0
    arrived_each: int = 0
    in_house_each: int = 0
    in_parcels_each: int = 0
    shipped_each: int = 0
    lost_each: int = 0
    sent_each: int = 0
    sent_back_each: int = 0

    @property
    def is_balanced(self) -> bool:
        """Whether every unit that came is accounted for."""
        came = self.received_each + self.returned_each + self.found_each + self.arrived_each
        gone = self.shipped_each + self.lost_each + self.sent_each + self.sent_back_each
        return came == self.in_house_each + self.in_parcels_each + gone

    def __add__(self, other: Sums) -> Sums:
        return Sums(**{name: figure + getattr(other, name) for name, figure in vars(self).items()})


# What units are called that come from, or go to, each end of the world outside.
CAME: dict[Virtual, str] = {
    Virtual.SUPPLIER: "received_each",
    Virtual.CUSTOMER: "returned_each",
    Virtual.CARRIER: "returned_each",
    Virtual.ADJUSTMENT: "found_each",
    Virtual.IN_TRANSIT: "arrived_each",
}
WENT: dict[Virtual, str] = {
    Virtual.SUPPLIER: "sent_back_each",
    Virtual.CUSTOMER: "shipped_each",
    Virtual.CARRIER: "shipped_each",
    Virtual.ADJUSTMENT: "lost_each",
    Virtual.IN_TRANSIT: "sent_each",
}


def family(chosen: Iterable[int], origins: Mapping[int, int]) -> set[int]:
    """Layers with those they came back as and those they were before; `origins`: layer → the one it was."""
    kin: dict[int, set[int]] = defaultdict(set)
    for layer_id, origin_id in origins.items():
        kin[layer_id].add(origin_id)
        kin[origin_id].add(layer_id)
    found = set(chosen)
    to_visit = list(found)
    while to_visit:
        for other in kin[to_visit.pop()] - found:
            found.add(other)
            to_visit.append(other)
    return found
