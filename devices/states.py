"""How a device is, in six words and a reason, so that the board, the log and the person say the same.

Owns DeviceState, DeviceStatus and what a failure means for a device.
Refuses a state that is not the device's whole story: what is not ready says why.
Invariant: reasons are the stable words of DeviceError; `detail` is for a person and may change.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devices.protocols import DeviceError, PrinterStatus


class DeviceState(StrEnum):
    """What can be expected of a device at a moment."""

    CONNECTING = "connecting"  # nothing is known yet; or it is the device that has to call
    READY = "ready"
    DEGRADED = "degraded"  # works, and somebody should look at it
    FAULTED = "faulted"  # is there and does not work: paper out, no permission, a crash of its driver
    OFFLINE = "offline"  # is not there: unplugged, switched off, cut off
    DISABLED = "disabled"  # a person said so


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """`reason`: a stable word, "" only where the state says it all."""

    state: DeviceState
    reason: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        if not self.reason and self.state in (DeviceState.DEGRADED, DeviceState.FAULTED, DeviceState.OFFLINE):
            raise ValueError(f"a device that is {self.state} has a reason")

    @property
    def is_working(self) -> bool:
        return self.state in (DeviceState.READY, DeviceState.DEGRADED)


READY = DeviceStatus(DeviceState.READY)
CONNECTING = DeviceStatus(DeviceState.CONNECTING)
DISABLED = DeviceStatus(DeviceState.DISABLED)
# Everything else is a fault of something that is there: a port that is taken, a queue that is missing, a printer that
# takes the connection and does not answer.
_NOT_THERE = frozenset({"unreachable", "connection_lost", "not_open", "timeout"})


def status_after(error: DeviceError) -> DeviceStatus:
    """What a failure says of the device."""
    state = DeviceState.OFFLINE if error.reason in _NOT_THERE else DeviceState.FAULTED
    return DeviceStatus(state, error.reason, error.detail)


def status_of_printer(status: PrinterStatus) -> DeviceStatus:
    """A printer that is held is at fault; one that is ready with a reason (paper near its end) is degraded."""
    if status.state == "held":
        return DeviceStatus(DeviceState.FAULTED, status.reasons[0], " ".join(status.reasons))
    if status.state == "ready" and status.reasons:
        return DeviceStatus(DeviceState.DEGRADED, status.reasons[0], " ".join(status.reasons))
    return READY
