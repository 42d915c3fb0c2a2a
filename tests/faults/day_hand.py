"""Somebody who scans and asks on a floor that is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.stock import allocate, ledger
from tests.factories import NOBODY, FloorHand
from tests.faults.recorded import Recording


class DayHand(FloorHand):
    """A hand whose scans are under test, each named after the screen it answered."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._screens: dict[str, str] = {}
        super().__init__(recording.floor())

    def _found(self, tx: Tx) -> None:
        """By its services each time: the day is lived again, statement by statement."""
        self._set_up(tx)

    def scan(self, station: str, code: str, qty_each: int | None = None, scan_id: str | None = None) -> dict[str, Any]:
        screen = self._screens.get(station, "signed out")
        with self.recording.hot(f"{screen} <- {code}", is_keyed=True):
            answer = super().scan(station, code, qty_each, scan_id)
        self._screens[station] = f"{answer['step']['flow']}.{answer['step']['state']}"
        return answer

    def good(self, station: str, code: str, qty_each: int | None = None) -> dict[str, Any]:
        """A scan that must be applied; its screen's fields."""
        answer = self.scan(station, code, qty_each)
        assert answer["outcome"] == "applied", answer
        return answer["step"]["fields"]

    def begin(self, station: str, flow: str, badge: str = "1001") -> dict[str, Any]:
        """Badge and command, whatever the station did before."""
        self.scan(station, own_code("B", badge))
        if self.step()["flow"] != "home":
            self.good(station, own_code("C", "HOME"))
        return self.good(station, own_code("C", flow))

    def ask(self, name: str, work: Callable[[Tx], Any], *, is_keyed: bool = False) -> Any:
        """What a program asks for; under test like a scan."""
        with self.recording.hot(name, is_keyed=is_keyed):
            return self.write(work)

    def lay(
        self, sku: str, qty_each: int, place: str, received_on: str, case_each: int = 0, **values: Any
    ) -> int:  # fmt: skip
        """A layer of its own, put away; in closed cases when they are that large."""

        def work(tx: Tx) -> int:
            item_id = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = :sku", sku=sku)["id"]
            place_id = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=place)["id"]
            number = tx.one("SELECT COUNT(*) AS n FROM receipt WHERE warehouse_id = :w")["n"]
            receipt_id = tx.insert(
                "receipt", number=f"S{number}", state="closed", received_on=received_on, content_sha256="",
                created_at_ms=tx.now_ms,
            )  # fmt: skip
            layer_id = tx.insert(
                "layer", item_id=item_id, receipt_id=receipt_id, received_on=received_on, case_each=case_each,
                created_at_ms=tx.now_ms, **values,
            )  # fmt: skip
            sealed = qty_each if case_each else 0
            ledger.post(tx, NOBODY, [Move(layer_id, item_id, 1, place_id, qty_each, MoveReason.RECEIVE,
                                          sealed_to_each=sealed)])  # fmt: skip
            allocate.allocate_waiting(tx, NOBODY, item_id)
            return layer_id

        return self.write(work)

    def order(self, number: str, *lines: tuple[str, int], country: str = "GB", **values: Any) -> None:
        with self.recording.hot(f"order {number}", is_keyed=True):
            super().order(number, *lines, country=country, **values)
