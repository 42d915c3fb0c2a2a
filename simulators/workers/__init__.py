"""Simulated people. Each drives kiosks and benches as a person does: read the screen, act, scan, read on.

Owns the conduct of receivers, putaway, pickers, packers, loaders and counters, their mistakes and how they
recover. Decides from the screen and from what lies before them, never from a database. Invariant: every
unit a worker moves is moved in the `World` too, and a worker who cannot go on says so (`Stuck`) instead of
guessing.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulators.workers.counter import Counter
from simulators.workers.floor import Bench, Floor, Surprises
from simulators.workers.loader import Loader
from simulators.workers.mover import Mover
from simulators.workers.pace import Handling, Pace, ShiftOver, Stuck
from simulators.workers.packer import Packer
from simulators.workers.picker import Picker
from simulators.workers.receiver import Receiver
from simulators.workers.replenisher import Replenisher
from simulators.workers.returner import Returner
from simulators.workers.sender import Sender
from simulators.world import tote_place

__all__ = ["Bench", "Floor", "Handling", "Pace", "ShiftOver", "Stuck", "Surprises", "Worker"]


class Worker(Receiver, Picker, Packer, Returner, Loader, Counter, Mover, Replenisher, Sender):
    """One person who does whatever is to be done."""

    def resume(self) -> None:
        """Take up a handheld laid down in the middle of something; come to where nothing is in hand."""
        kiosk = self.handheld
        at = kiosk.step.at
        if at.startswith("pick.") and at != "pick.cart":
            self._sign_in(kiosk, "")
            location = kiosk.step.fields.get("location")
            self.place = str(location["code"]) if isinstance(location, Mapping) else self.place
            self._walk_tour(kiosk, [])
        elif at in ("putaway.location", "load.confirm"):
            self._sign_in(kiosk, "")
            self._command(kiosk, "BACK", must=True)
        elif at == "receive.item":
            # The delivery is given to whoever comes first; what this handheld had open is over.
            self._sign_in(kiosk, "")
            self._command(kiosk, "DONE", must=True)
        elif at == "count.item":
            self._sign_in(kiosk, "")
            self._count_what_lies(kiosk, str(kiosk.step.fields["location"]["code"]))
        elif at in ("put_back.item", "put_back.location"):
            self._sign_in(kiosk, "")
            self._empty_into_bins(kiosk, tote_place(str(kiosk.step.fields["tote"]["barcode"])))
