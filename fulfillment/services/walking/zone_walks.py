"""One walk from zone to zone: each zone's stops together, the cart handed over where the next zone takes carts over.

Owns nothing; it asks `walks` zone by zone. A stop in no zone that takes carts over is made by whoever has the cart
first. Invariant: a zone is left when all its stops are made, so no picker is sent into another's zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fulfillment.domain.zones import turns
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.walks import FREE_SHARE, Walk, length_dm, shortest
from picking import Spot


@dataclass(frozen=True)
class Zoning:
    """Zones in their turn, where each takes carts over, which stop lies in which; `current`: where the cart is.

    Without zones a walk is as everywhere else.
    """

    order: tuple[str, ...] = ()
    hand_over: Mapping[str, Spot] = field(default_factory=dict)
    zone_of: Mapping[str, str] = field(default_factory=dict)  # by a spot's name
    current: str = ""

    def legs(self, spots: Sequence[Spot]) -> list[tuple[str, list[Spot]]]:
        """The stops zone by zone, in the order the cart goes."""
        turn = turns((self._zone(spot) for spot in spots), self.order, self.current)
        first = self.current or (turn[0] if turn else "")
        legs: dict[str, list[Spot]] = {zone: [] for zone in (first, *turn)}
        for spot in spots:
            zone = self._zone(spot)
            legs[zone if zone in legs else first].append(spot)
        return [(zone, leg) for zone, leg in legs.items() if leg]

    def is_in_turn(self, spots: Sequence[Spot]) -> bool:
        """Whether stops in this order come zone by zone."""
        return list(spots) == [spot for _, leg in self.legs(spots) for spot in leg]

    def before(self, sequence: Sequence[Spot]) -> list[Spot | None]:
        """For each stop: where the cart is handed over on the way to it, None = nowhere."""
        vias: list[Spot | None] = []
        at = self.current
        for spot in sequence:
            zone = self._zone(spot) or at
            vias.append(self.hand_over[zone] if at and zone != at else None)
            at = zone
        return vias

    def path(self, sequence: Sequence[Spot]) -> list[Spot]:
        """The stops with the places between them where the cart is handed over."""
        vias = self.before(sequence)
        return [spot for via, stop in zip(vias, sequence, strict=True) for spot in (via, stop) if spot is not None]

    def last_of(self, made: Sequence[Spot]) -> str:
        """The zone the last of these stops lies in that lies in one."""
        return next((zone for spot in reversed(made) if (zone := self._zone(spot))), "")

    def hand_over_to(self, zone: str) -> Spot | None:
        """Where the cart is handed over on its way to another zone; None where it stays in its own."""
        return self.hand_over.get(zone) if self.current and zone != self.current else None

    def begun(self, current: str) -> Zoning:
        """The same with the cart in this zone."""
        return replace(self, current=current)

    def _zone(self, spot: Spot) -> str:
        zone = self.zone_of.get(spot.name, "")
        return zone if zone in self.hand_over else ""


NO_ZONES = Zoning()


def shortest_in(
    plan: FloorPlan, zoning: Zoning, start: Spot, stops: Sequence[Spot], time_limit_ms: int, seed: int,
    ranks: Mapping[str, int] | None = None,
) -> Walk:  # fmt: skip
    """The shortest walk that goes zone by zone; compared with, and bound by, what no zones would make of it.

    The limit is for both. `ranks`: see `walks.shortest`; a walk through several zones keeps none.
    """
    legs = zoning.legs(stops)
    if len(legs) < 2 and (not legs or zoning.current in ("", legs[0][0])):
        return shortest(plan, start, stops, time_limit_ms, seed, None if zoning.order else ranks)
    free_ms = time_limit_ms // FREE_SHARE
    free = shortest(plan, start, stops, free_ms, seed)
    share_ms = max(1, (time_limit_ms - free_ms) // len(legs))
    ends = [*(zoning.hand_over[zone] for zone, _ in legs[1:]), None]
    sequence: list[Spot] = []
    distance_dm = 0
    begin = end = start
    if zoning.current not in ("", legs[0][0]):  # nothing is left where the cart is
        begin = zoning.hand_over[legs[0][0]]
        distance_dm = length_dm(plan, [start, begin])
    for (_, spots), over in zip(legs, ends, strict=True):
        walk = shortest(replace(plan, drops=(over,)) if over else plan, begin, spots, share_ms, seed)
        sequence += walk.tour.sequence
        distance_dm += walk.tour.distance_dm
        begin = end = walk.end
    return Walk(replace(free.tour, sequence=tuple(sequence), distance_dm=distance_dm), end)
