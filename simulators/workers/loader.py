"""Loading a lane's parcels onto the truck and closing the manifest."""

from __future__ import annotations

from simulators.workers.person import Person
from simulators.world import (
    parcel_place,
    truck_place,
)


class Loader(Person):
    """Who loads."""

    def load(self, lane: str) -> int:
        """Carry every parcel of one lane onto its carrier's truck and close the manifest. How many went."""
        kiosk = self._enter("load", "LOAD")
        self._walk(lane)
        if kiosk.step.at == "load.parcel":  # another lane, left open
            self.go_home()
            kiosk = self._enter("load", "LOAD")
        self._learn(kiosk.step)
        sign = self._gear.signs.get(lane)
        if kiosk.step.at == "load.lane" and (sign is None or not self._scan(kiosk, sign).is_applied):
            return 0
        manifest = str(kiosk.step.fields.get("manifest") or lane)
        loaded: list[str] = []
        with self._gear.lock:
            waiting = list(self._gear.lanes.get(lane, ()))
        for parcel in waiting:
            self._check_stop()
            self._handle(self.floor.handling.load_parcel_s)
            outcome = self._scan(kiosk, parcel)
            if outcome.is_applied or outcome.code == "already_loaded":
                loaded.append(parcel)
                with self._gear.lock:
                    self._gear.lanes[lane].remove(parcel)
            elif outcome.code != "order_still_picking":  # a whole order's first parcels wait for its last
                self.floor.surprises.note(f"{self.name}: parcel {parcel} in {lane}: {outcome.code}")
        self._command(kiosk, "CLOSE")
        if kiosk.step.at == "load.confirm":
            # Parcels packed since we began stay for the next truck.
            manifest = str(kiosk.step.fields.get("manifest") or manifest)
            self._command(kiosk, "CONFIRM", must=True)
        for parcel in loaded:
            self._world.move_all(parcel_place(parcel), truck_place(f"{manifest}:{parcel}"))
        return len(loaded)
