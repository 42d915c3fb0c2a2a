"""What keeps a floor right: refills, tidying, stock set aside, and counts."""

from __future__ import annotations

from functools import partial
from typing import Any

from simulators.days.house import QUARANTINE, House
from simulators.days.ports import Refused
from simulators.warehouse import beside

ROUNDS_MAX = 5


class Upkeep(House):
    """Between the orders."""

    def _refill(self) -> None:
        if not self._can("REPLENISH"):
            return
        while self._try(self.crew[0].replenish):
            self.report.refills += 1
            if self.report.refills > 5000:
                raise Refused("refills without end")

    def _tidy_up(self, number: int) -> None:
        """Somebody joins two half-empty places, and somebody finds a unit that is not fit for sale."""
        if not self._can("MOVE"):
            return
        worker = self.crew[1]
        for _ in range(2):
            places = [place for place in self.storage if self.world.look(place)]
            here = self.dice.choice(places)
            sku = self.world.look(here)[0].sku
            others = [place for place in self.world.places_of(sku) if place in places and place != here]
            if others:
                there, qty_each = self.dice.choice(others), self.world.look(here)[0].qty_each
                moved = self._try(
                    partial(worker.move_goods, here, sku, qty_each, there)
                )
                self.report.moves += bool(moved)
        here = self.dice.choice(sorted(place for place in self.storage if self.world.count(place) > 2))
        sku = self.world.look(here)[0].sku
        why = self.dice.choice(("DAMAGED", "QUALITY"))
        command = "DAMAGED" if why == "DAMAGED" else "HOLD"
        if self._try(lambda: worker.set_aside(here, sku, 1, command, why)):
            self.report.set_aside += 1
            status = "damaged" if command == "DAMAGED" else "hold"
            self._try(lambda: worker.to_quarantine(here, sku, 1, status, QUARANTINE))

    def _count(self, number: int) -> None:
        """The plan of the evening, then everything anybody wants counted, by whoever may count it."""
        self._plan_counts("zero")
        self._plan_counts("class", class_days=dict(self.options.class_days))
        put_into = [place for place in self.floor.put_into if self._is_storage(place)]
        self.floor.put_into.clear()
        self._plan_counts("asked", locations=[*put_into, *self.gear.to_count])
        self.gear.to_count.clear()
        for _ in range(ROUNDS_MAX):
            if not self._count_all():
                break
            # A count that differs may itself be wrong: it is counted once more. And where goods were missing or too
            # many, the other half of the mistake often lies beside.
            differing = self._differing()
            if not differing:
                break
            around = [place for place in map(self._beside, differing) if place]
            self._plan_counts("asked", locations=list(dict.fromkeys([*differing, *around])))
        self._decide()

    def _count_all(self) -> int:
        done = 0
        counters = self.crew[1:4]
        for counter in (*counters, *counters):  # a second round, because nobody counts again what he counted
            while self._try(counter.count_open):
                done += 1
        self.report.counts_done += done
        return done

    def _plan_counts(self, by: str, **more: Any) -> None:
        if by == "asked" and not more["locations"]:
            return
        status, answer = self._call("POST", "/api/v1/counts/plan", {"by": by, "limit": 1000, **more})
        if status >= 400:
            self._miss(f"count plans ({status} {str(answer)[:200]})")

    def _differing(self) -> list[str]:
        """Places whose count was posted with a difference since the last look."""
        places = []
        while True:
            path = f"/api/v1/counts?state=posted&after={self._last_count}&limit=500"
            results = self._must("GET", path)["results"]
            for result in results:
                self._last_count = max(self._last_count, int(result["id"]))
                self.report.count_differences += 1
                places.append(str(result["location"]))
            if not results:
                return places

    def _decide(self) -> None:
        """What waits for a supervisor is posted: it was counted twice."""
        for result in self._must("GET", "/api/v1/counts?state=pending&limit=500")["results"]:
            self._must("POST", f"/api/v1/counts/{result['id']}/post", {"why": "counted", "badge": "9001"})

    def _beside(self, place: str) -> str | None:
        return beside(self.storage, place)

    def _is_storage(self, place: str) -> bool:
        return place in self.storage

    def _put_aside_back(self) -> None:
        while self._try(self.crew[0].return_aside):
            pass
