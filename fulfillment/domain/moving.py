"""Free moves and changes of condition: from where goods may be taken, where they may go, and as what they arrive.

Owns which reasons fit which change and who may make it. Room, mixing and burying are putaway's rules. Invariant:
what was set aside in quarantine comes back among the available only by FREE, never by being carried elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from fulfillment.domain.reasons import ADJUSTING, SET_ASIDE, Reject, Rejected, Why
from fulfillment.domain.roles import Role
from fulfillment.domain.stock import STORAGE_KINDS, LocationKind, Status

# Where goods may stand loose or on a pallet without being stored: nothing there is promised to orders.
FLOOR_KINDS = frozenset({LocationKind.DOCK, LocationKind.STAGING, LocationKind.STATION, LocationKind.QUARANTINE})
MOVABLE_KINDS = STORAGE_KINDS | FLOOR_KINDS

# Command → what the units become; ADJUST is not among them: it changes how many there are.
STATUS_AFTER: Mapping[str, Status] = {
    "HOLD": Status.HOLD,
    "DAMAGED": Status.DAMAGED,
    "FREE": Status.AVAILABLE,
}

REASONS_FOR: Mapping[str, tuple[Why, ...]] = {
    "HOLD": SET_ASIDE,
    "DAMAGED": SET_ASIDE,
    "FREE": (*SET_ASIDE, Why.FOUND, Why.DATA_ERROR),
    "ADJUST": ADJUSTING,
}

# The other two only take stock out of sale; these two put it on sale or change how much there is.
SUPERVISED = frozenset({"FREE", "ADJUST"})
SUPERVISORS = frozenset({Role.SUPERVISOR, Role.ADMIN})

# What a scan takes when nobody said which: goods on sale first. FREE takes what is surest to be good first.
TAKEN_FIRST = (Status.AVAILABLE, Status.QUARANTINE, Status.HOLD, Status.DAMAGED)
FREED_FIRST = (Status.HOLD, Status.QUARANTINE, Status.DAMAGED)


def may_change(role: str, change: str) -> bool:
    """Whether somebody with this role may make the change a command stands for."""
    return change not in SUPERVISED or role in SUPERVISORS


def statuses_for(change: str, status: str = "") -> tuple[Status, ...]:
    """From which statuses a change takes its units, in that order; `status` names the one that is meant."""
    if change == "FREE":
        wanted: tuple[Status, ...] = FREED_FIRST
    elif change in STATUS_AFTER:
        wanted = tuple(one for one in TAKEN_FIRST if one != STATUS_AFTER[change])
    else:
        wanted = TAKEN_FIRST
    return tuple(one for one in wanted if one == status) if status else wanted


def arriving_status(to_kind: str, status: str) -> Status:
    """What units are once they lie there: whatever was for sale is not while it stands in quarantine."""
    if to_kind == LocationKind.QUARANTINE and status == Status.AVAILABLE:
        return Status.QUARANTINE
    return Status(status)


def check_destination(to_kind: str, to_code: str, from_kind: str, status: str) -> Rejected | None:
    """None when units of this status may be carried there, as far as the kinds of both places say."""
    if to_kind not in MOVABLE_KINDS:
        return Rejected(Reject.WRONG_LOCATION, expected="storage, quarantine, a dock or staging", got=to_code)
    leaves = from_kind == LocationKind.QUARANTINE and to_kind != LocationKind.QUARANTINE
    if leaves and status == Status.QUARANTINE:
        return Rejected(Reject.WRONG_LOCATION, expected="a quarantine location, or FREE first", got=to_code)
    return None
