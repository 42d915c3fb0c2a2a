"""Jobs of one printer of a bench, one after another: begun with the server's word, written down before the first byte.

    taken ── the server says go, the printer is ready ──► sending ── the printer, or nobody, says ──► done (told until
                                                                                                    the server knows)

Owns that order. Refuses to send a job that was `sending` when the agent ended: nobody knows how far it came, so it is
reported uncertain. Invariant: between the server's word and the first byte lies one write to the disk and nothing else,
and the word is not used once it is older than `Patience.word_s`: the server's lease is longer than that and a delivery.
"""

from __future__ import annotations

import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from devices.agent_client import AgentClient, Refused, Unreachable, content_of
from devices.backoff import Backoff
from devices.config import AddressError
from devices.journal import Journal, KeptCommand
from devices.patience import Patience
from devices.protocols import NO_OUTPUT, UNCERTAIN, UNPRINTED, Deadline, DeviceError, PrinterStatus
from devices.registry import printer_at

log = logging.getLogger(__name__)


class _BegunBefore(Exception):
    """The job was put on the desk twice; what came of it is told by the first time."""


@dataclass(frozen=True, slots=True)
class PrintResult:
    """What came of a job, as the server is told. `detail` of one that is held is the reason in one word; `seen` is
    what the printer said of itself before and after."""

    outcome: str
    detail: str
    level: str = ""
    seen: Mapping[str, Any] = field(default_factory=dict)


class PrinterDesk:
    """One printer's jobs in their order, in a thread of its own. `in_use` is held while the printer works for us."""

    def __init__(
        self,
        code: str,
        journal: Journal,
        client: AgentClient,
        told: Callable[[], None],
        patience: Callable[[], Patience] = Patience,
    ) -> None:
        self.code = code
        self.in_use = threading.Lock()
        self._journal, self._client, self._told, self._patience = journal, client, told, patience
        self._jobs: deque[KeptCommand] = deque()
        self._bell = threading.Condition()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=f"printer {code}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, job: KeptCommand) -> None:
        with self._bell:
            self._jobs.append(job)
            self._bell.notify()

    def stop(self) -> None:
        """Begin nothing more."""
        with self._bell:
            self._is_stopping = True
            self._bell.notify()

    def has_ended(self, deadline: Deadline) -> bool:
        """Whether the job in hand ended in time."""
        self._thread.join(deadline.remaining_s())
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._carry_out(job)
            except Exception:  # the disk is full, say: the job is where the journal says, and the next one may go well
                log.exception("printer %s: job %s", self.code, job.id)
                self._rest(1.0)

    def _next(self) -> KeptCommand | None:
        with self._bell:
            self._bell.wait_for(lambda: self._jobs or self._is_stopping)
            return None if self._is_stopping else self._jobs.popleft()

    def _carry_out(self, job: KeptCommand) -> None:
        may_begin = self._ask(job)
        if may_begin is None:
            return  # the agent ends; the job is asked for again at its next start
        if not may_begin:
            self._journal.drop(job.id)
            return
        try:
            result = self._send(job)
        except _BegunBefore:
            return
        self._journal.finish(job.id, result.outcome, result.detail, result.level, result.seen)
        self._told()

    def _ask(self, job: KeptCommand) -> bool | None:
        line = Backoff(0.1, 5.0, random.Random())
        while not self._is_stopping:
            try:
                return self._client.may_begin(job.id, self._patience().word_s)
            except Unreachable:
                self._rest(line.next_s())
            except Refused as refusal:
                log.warning("printer %s: may job %s begin? %s", self.code, job.id, refusal)
                if refusal.status == 404:
                    return False
                self._rest(5.0)
        return None

    def _send(self, job: KeptCommand) -> PrintResult:
        payload = dict(job.payload)
        has_begun = False

        def begin() -> None:
            nonlocal has_begun
            if not self._journal.begin(job.id):
                raise _BegunBefore
            has_begun = True

        try:
            content = content_of(payload)
            with self.in_use:
                patience = self._patience()
                printer = printer_at(payload["address"], payload["language"], patience)
                receipt = printer.submit(content, payload["job_id"], patience.delivery_s, begin)
        except DeviceError as error:
            seen = _seen(error.before, error.after, error.detail)
            if error.reason == UNCERTAIN:
                return PrintResult("uncertain", str(error), seen=seen)
            if error.transient or error.reason in (UNPRINTED, NO_OUTPUT):
                return PrintResult("held", error.reason, seen=seen)
            return PrintResult("failed", str(error), seen=seen)
        except AddressError as error:
            return PrintResult("failed", f"bad_address: {error}")
        except Exception as error:  # a bug in a driver: nobody knows what left
            if not has_begun:  # the disk is full, say: nothing left
                raise
            log.exception("printer %s: job %s", self.code, job.id)
            return PrintResult("uncertain", f"{type(error).__name__}: {error}")
        seen = _seen(receipt.before, receipt.after) | {"is_reporting": receipt.is_reporting}
        return PrintResult("printed", receipt.detail, receipt.level.name, seen)

    def _rest(self, pause_s: float) -> None:
        with self._bell:
            self._bell.wait_for(lambda: self._is_stopping, pause_s)


def _seen(before: PrinterStatus | None, after: PrinterStatus | None, said: str = "") -> dict[str, Any]:
    def told(status: PrinterStatus | None) -> dict[str, Any] | None:
        return None if status is None else asdict(status)

    return {"before": told(before), "after": told(after), "said": said[:2000]}
