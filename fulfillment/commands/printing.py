"""`floor prints …`: what was printed, attempt by attempt, and what a person decides about it.

Owns options and how things are printed; judges nothing. Exit code 2: what was asked cannot be done, in words.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from fulfillment.domain.effects import EffectState
from fulfillment.founding import on_floor, say
from fulfillment.services.printing import print_attempts, print_decisions, stand_ins

_JSON = click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
_PRINT = click.argument("effect_id", type=click.IntRange(1), metavar="PRINT")


@click.group("prints")
def prints_group() -> None:
    """Prints: what came of each, attempt by attempt; decide about one nobody knows the fate of."""


@prints_group.command("list")
@click.option("--state", type=click.Choice([state.value for state in EffectState]), help="only these")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@_JSON
def list_command(state: str | None, limit: int, json_file: str | None) -> None:
    """The newest prints."""
    found = on_floor(lambda tx: list(print_attempts.prints(tx, state or "", limit)), is_reading=True)
    say(json_file, found, "\n".join(_line(row) for row in found) or "no prints")


@prints_group.command("show")
@_PRINT
@_JSON
def show_command(effect_id: int, json_file: str | None) -> None:
    """One print with all its attempts: what the printer said before and after, and what it proves."""
    found = on_floor(lambda tx: print_attempts.of_print(tx, effect_id), is_reading=True)
    lines = [_line(found), *(_try_line(attempt) for attempt in found["tries"])]
    say(json_file, found, "\n".join(lines))


@prints_group.command("seen")
@_PRINT
@_JSON
def seen_command(effect_id: int, json_file: str | None) -> None:
    """The paper of PRINT is in somebody's hand: it did come out."""
    found = on_floor(lambda tx: print_decisions.seen(tx, effect_id))
    say(json_file, found, f"print {effect_id} is confirmed")


@prints_group.command("again")
@_PRINT
@_JSON
def again_command(effect_id: int, json_file: str | None) -> None:
    """The paper of PRINT is nowhere: print it once more, marked REPRINT where its template can."""
    found = on_floor(lambda tx: print_decisions.again(tx, effect_id))
    say(json_file, found, f"print {found['print']} instead of print {effect_id}")


@prints_group.command("move")
@_PRINT
@click.option("--to", "printer_code", required=True, metavar="PRINTER")
@_JSON
def move_command(effect_id: int, printer_code: str, json_file: str | None) -> None:
    """Have PRINT, which still waits, printed by another printer."""
    found = on_floor(lambda tx: stand_ins.move(tx, effect_id, printer_code))
    say(json_file, found, f"print {effect_id} goes to {found['printer']} ({found['printer_state']})")


@prints_group.command("stand-in")
@click.argument("printer_code", metavar="PRINTER")
@click.option("--to", "stand_in", metavar="OTHER", help="who prints for it; without it: nobody any more")
@_JSON
def stand_in_command(printer_code: str, stand_in: str | None, json_file: str | None) -> None:
    """Let OTHER print what waits for PRINTER while that one cannot."""
    found = on_floor(lambda tx: stand_ins.set_stand_in(tx, printer_code, stand_in))
    say(json_file, found, f"{printer_code}: {stand_in or 'nobody'} stands in")


def _line(row: Any) -> str:
    proof = f" ({row['receipt_level']})" if row["receipt_level"] else ""
    words = f": {row['result']}" if row["result"] else ""
    tries = f"{row['attempts']} attempt{'' if row['attempts'] == 1 else 's'}"
    where = row["printer"] or "no printer"
    return f"{row['id']:>6} {row['subject']} {row['template']} at {where}, {tries}, {row['state']}{proof}{words}"


def _try_line(attempt: Any) -> str:
    at = datetime.fromtimestamp(attempt["began_at_ms"] / 1000, UTC).isoformat(timespec="milliseconds")
    took = attempt["ended_at_ms"] - attempt["began_at_ms"]
    level = f" {attempt['receipt_level']}" if attempt["receipt_level"] else ""
    statuses = f"{_status(attempt['before_status'])} -> {_status(attempt['after_status'])}"
    return (
        f"    #{attempt['fence']} {at} {took} ms at {attempt['printer']}: {attempt['outcome']}{level}"
        f" [{statuses}] {attempt['detail']}"
    )


def _status(said: Any) -> str:
    if said is None:
        return "said nothing"
    counts = ", ".join(
        f"{name.replace('_', ' ')} {said[name]}"
        for name in ("odometer", "boot", "buffered_formats", "labels_remaining")
        if said[name] is not None
    )
    return " ".join((said["state"], *said["reasons"])) + (f" ({counts})" if counts else "")
