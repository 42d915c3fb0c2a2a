"""Printable sheets of what is scanned but lies nowhere: commands and reasons, by occasion.

Shows constants of the floor only, no stock and no names, so whoever may see a page may print it. The bars come
from `bars`; the words under them from `words`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import render_template

from fulfillment.domain.codes import Command, own_code
from fulfillment.domain.moving import REASONS_FOR
from fulfillment.domain.problems import ProblemKind
from fulfillment.domain.reasons import (
    NOT_SCANNED,
    OVER_RECEIVED,
    PASSING_OVER,
    REPRINTING,
    SET_ASIDE,
    SHORTING,
    WEIGHING_OTHERWISE,
)
from fulfillment.domain.roles import ROLE_FLOWS, Permission, Role
from fulfillment.web.auth import needs
from kiosk_ui.views import blueprint
from kiosk_ui.words import say


@dataclass(frozen=True)
class Printed:
    """One barcode of a sheet."""

    code: str
    words: str


@dataclass(frozen=True)
class Sheet:
    """What is needed on one occasion; `name` is its key among the words."""

    name: str
    codes: tuple[Printed, ...]


_WAYS = (*ROLE_FLOWS[Role.ADMIN], "HOME", "LOGOUT")
_REASONS = {
    "over": OVER_RECEIVED, "damaged_arrival": SET_ASIDE, "set_aside": REASONS_FOR["HOLD"],
    "short": SHORTING, "free": REASONS_FOR["FREE"], "adjust": REASONS_FOR["ADJUST"], "override": PASSING_OVER,
    "weighed": WEIGHING_OTHERWISE, "not_scanned": NOT_SCANNED, "reprint": REPRINTING,
}  # fmt: skip


@blueprint.get("/sheets")
@needs(Permission.READ_BOARD)
def sheets_page() -> str:
    """Every command and every reason a person can scan."""
    return render_template("sheets.html", sheets=sheets())


def sheets() -> list[Sheet]:
    """All sheets, in the order of the day."""
    doing = [command for command in Command if command not in (*_WAYS, "PROBLEM")]
    return [
        Sheet("ways", _commands(_WAYS)), Sheet("commands", _commands(doing)),
        *(Sheet(name, _whys(reasons)) for name, reasons in _REASONS.items()),
        Sheet("problem", (*_commands(("PROBLEM",)), *_whys(ProblemKind))),
    ]  # fmt: skip


def _commands(commands: Iterable[str]) -> tuple[Printed, ...]:
    return tuple(Printed(own_code("C", command), say("command", command)) for command in commands)


def _whys(reasons: Iterable[str]) -> tuple[Printed, ...]:
    return tuple(Printed(own_code("Y", why.upper().replace("_", "-")), say(_kind_of(why), why)) for why in reasons)


def _kind_of(why: str) -> str:
    return "problem_kind" if isinstance(why, ProblemKind) else "why"
