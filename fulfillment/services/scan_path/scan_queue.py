"""Scans a device has queued while it was out of reach: applied in order, each as if it had come alone.

One transaction for all of them, a part of its own for each: what is refused takes nothing with it, and the answer
is durable as a whole. Sent again, every scan gets the outcome it had. Nobody else writes meanwhile, so what one scan
has read last stands for the next one, and what nothing of a scan reads is written down together at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.reasons import DomainError, Forbidden, NotFound, Unauthorized
from fulfillment.hot import Tx
from fulfillment.services.records import audit_log
from fulfillment.services.scan_path.scan_arrival import ASKED_AHEAD, Again, ScanRequest, arrive_next, stand
from fulfillment.services.scan_path.scans import (
    Taken,
    answer_again,
    as_stored,
    current_step,
    save,
    stored_dialogue,
    take,
)

# Of these every scan of the queue has the same to say.
_OF_ALL = (Unauthorized, Forbidden, NotFound)


def handle_queue(tx: Tx, queued: Sequence[ScanRequest]) -> dict[str, Any]:
    """Apply the scans of one station; what became of each, and the screen after the last.

    Raises:
        Unauthorized, Forbidden: the token; NotFound: no such station.
    """
    station = _Station(tx, queued)
    outcomes = []
    for request in queued:
        try:
            with tx.savepoint():
                answer = station.hear(request)
        except _OF_ALL:
            raise
        except DomainError as error:
            station.forget()
            # A device has to know which of its scans nobody will ever take, or it would send them for ever.
            outcomes.append(
                {"scan_id": request.scan_id, "outcome": "refused", "code": error.code, "detail": error.detail}
            )
        else:
            outcomes.append({name: value for name, value in answer.items() if name != "step"})
    return {"station": queued[0].station, "outcomes": outcomes, "step": station.finish()}


class _Station:
    """The station of a queue between two of its scans, and those that are still to be written down."""

    def __init__(self, tx: Tx, queued: Sequence[ScanRequest]) -> None:
        standing = stand(tx, queued)
        self._tx = tx
        self._row = standing.row
        self._came = dict(standing.came)
        self._dialogue = stored_dialogue(standing.row, standing.asked)
        self._taken: list[Taken] = []
        self._stored = (standing.row["flow"], standing.row["operator_id"])
        self._is_saved = True

    def hear(self, request: ScanRequest) -> dict[str, Any]:
        """Apply one scan. Nothing of it is kept here unless all of it went well."""
        arrived = arrive_next(self._tx, request, self._row, self._came)
        if isinstance(arrived, Again):
            return answer_again(self._tx, request, arrived)
        taken = take(self._tx, request, arrived, self._dialogue)
        self._is_saved = not self._may_wait(taken)
        if self._is_saved:
            save(self._tx, taken)
            self._stored = (taken.dialogue.flow, taken.actor.operator_id)
        self._taken.append(taken)
        self._dialogue = as_stored(taken.dialogue)
        self._row = {**self._row, "operator_id": taken.actor.operator_id, "role": taken.actor.role}
        self._came[request.scan_id] = taken.row
        return taken.outcome

    def forget(self) -> None:
        """What was read within a part that was undone is read again."""
        self._dialogue = as_stored(self._dialogue)
        self._dialogue.facts = None

    def finish(self) -> dict[str, Any]:
        """Write down what is still to be; the screen as it stands."""
        if not self._taken:
            return current_step(self._tx, self._row["code"])
        if not self._is_saved:
            save(self._tx, self._taken[-1])
        self._tx.add_all("scan", [taken.row for taken in self._taken])
        audit_log.append_scans(self._tx, [(taken.actor, taken.row) for taken in self._taken])
        return self._taken[-1].outcome["step"]

    def _may_wait(self, taken: Taken) -> bool:
        # Others look at who does what where, and into the memory of some dialogues; never into that of one which
        # is asked ahead.
        now = (taken.dialogue.flow, taken.actor.operator_id)
        return now == self._stored and taken.dialogue.flow in ASKED_AHEAD
