"""What a person at the desk asks of a bench: to try a device out, to look what is plugged in.

Owns letting a port go for a trial and taking it up again, whatever came of it.
Refuses two trials at a time: of one device each would find its port taken.
Invariant: every such command gets a result, one line a person can read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from threading import Event, Lock
from typing import Any

from devices.config import AddressError
from devices.discovery import discover
from devices.floor_file import OwnDevice
from devices.journal import Journal, KeptCommand
from devices.probe import ProbeRefused
from devices.protocols import Deadline
from devices.registry import DeviceType
from devices.states import DeviceState
from devices.supervisor import Supervisor
from devices.trial import LONGEST_S, TRIAL_S, try_out

_FOUND_MOST, _WORDS_MOST = 60, 200  # as much as the server takes at once
_LET_GO_S = 5.0


class Trials:
    """`own`: the bench's devices by their code, as they are now; `in_use_of` holds a printer's jobs back; `is_known`
    is set while `own` is what the server says; `told` is called when there is a result."""

    def __init__(
        self, supervisor: Supervisor, own: Mapping[str, OwnDevice],
        in_use_of: Callable[[str], AbstractContextManager[Any]], journal: Journal, is_known: Event,
        told: Callable[[], None],
    ) -> None:  # fmt: skip
        self._supervisor, self._own, self._in_use_of = supervisor, own, in_use_of
        self._journal, self._is_known, self._told = journal, is_known, told
        self._one = Lock()

    def carry_out(self, command: KeptCommand) -> None:
        """Do what was asked, and keep what came of it until the server has it."""
        if command.kind == "test":
            self._journal.finish(command.id, "done", self._tried(command.payload))
        else:
            said, seen = _discovered(str(command.payload.get("subnet", "")))
            self._journal.finish(command.id, "done", said, seen=seen)
        self._told()

    def _tried(self, asked: Mapping[str, Any]) -> str:
        within_s = min(max(float(asked.get("seconds", TRIAL_S)), 1.0), LONGEST_S)
        self._is_known.wait(_LET_GO_S)  # an address that was changed a moment ago is on its way
        with self._one:
            device = self._own.get(str(asked.get("device")))
            return "unknown_device" if device is None else self._trial_of(device, within_s)

    def _trial_of(self, device: OwnDevice, within_s: float) -> str:
        # A port has one reader: it is let go for the trial, and taken up again whatever came of it.
        in_use = self._in_use_of(device.code) if device.kind == DeviceType.PRINTER else nullcontext()
        try:
            self._supervisor.disable(device.code)
            give_up = Deadline.after(_LET_GO_S)
            while self._supervisor.status(device.code).state is not DeviceState.DISABLED and not give_up.is_over():
                time.sleep(0.02)
            with in_use:
                return str(try_out(DeviceType(device.kind), device.address, device.language, within_s))
        except (AddressError, KeyError) as error:
            return f"faulted bad_address {error}"
        finally:
            if device.is_enabled and device.code in self._supervisor.statuses():
                self._supervisor.enable(device.code)


def _discovered(subnet: str) -> tuple[str, dict[str, Any]]:
    try:
        found = discover(subnet=subnet)
    except ProbeRefused as error:
        return f"refused {error}", {}
    proposals = [
        {"address": one.address, "kind": one.kind, "words": one.words[:_WORDS_MOST]}
        for one in found.proposals[:_FOUND_MOST]
        if len(one.address) <= _WORDS_MOST
    ]
    return "found", {"found": proposals, "missed": [words[:_WORDS_MOST] for words in found.missed[:_FOUND_MOST]]}
