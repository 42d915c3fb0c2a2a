"""`floor audit-log`, `floor retention`, `floor erase-buyer`: what is kept, who asked for what, and what is let go.

Refuses an erasure while the buyer's goods are still here. Invariant: `--verify` and `--against` exit 0 only when
nothing of the log was changed, removed or cut off.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.chaining import AuditKind
from fulfillment.domain.reasons import DomainError
from fulfillment.founding import say
from fulfillment.services.common.actor import Actor
from fulfillment.services.records import audit_entries, audit_log, erasure, retention
from fulfillment.services.records.audit_log import Head
from fulfillment.settings import Settings


@click.command("audit-log")
@click.option("--since", help="entries from this time on (ISO 8601 with offset, or a date)")
@click.option("--kind", type=click.Choice([kind.value for kind in AuditKind]), default=None)
@click.option("--operator", "badge", default="", help="acts of this badge")
@click.option("--subject", default="", help="how the subject begins: a scan's id, 'POST /api/v1/orders', a command")
@click.option("--limit", type=click.IntRange(1, 5000), default=50, show_default=True, help="the newest so many")
@click.option("--verify", is_flag=True, help="walk the whole chain; exit 1 when anything is not what was written")
@click.option("--head", is_flag=True, help="say only which entry is the newest; keep that outside this machine")
@click.option("--against", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
              help="with a head kept earlier: verify that the chain still goes through it")  # fmt: skip
@click.option("--export", type=click.Path(dir_okay=False), metavar="FILE",
              help="write every entry asked for to FILE, one JSON object a line (- = standard output)")  # fmt: skip
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def audit_log_command(
    since: str | None, kind: str | None, badge: str, subject: str, limit: int, verify: bool, head: bool,
    against: str | None, export: str | None, json_file: str | None,
) -> None:  # fmt: skip
    """Say who did what: every scan, every change over HTTP, every command, chained by hashes.

    Once a day: `floor audit-log --head --json HEAD` and send HEAD to another machine.
    """
    floor = open_floor(Settings.from_env())
    sought = audit_entries.Sought(_since_ms(since), kind or "", badge, subject)
    try:
        if verify or against:
            sys.exit(_verify(floor, against, json_file))
        if head:
            _tell_head(floor, json_file)
        elif export:
            _export(floor, sought, export)
        else:
            rows = floor.read(lambda tx: audit_entries.newest(tx, sought, limit))
            say(json_file, {"entries": rows}, "\n".join(map(_line, rows)) or "no such entries")
    finally:
        floor.close()


@click.command("retention")
@click.option("--dry-run", is_flag=True, help="only say how much would be let go")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def retention_command(dry_run: bool, json_file: str | None) -> None:
    """Let go of answers of scans, events and buyers' data older than FLOOR_KEEP_…_DAYS; a worker does it daily."""
    floor = open_floor(Settings.from_env())
    try:
        report = retention.let_go(floor, retention.of_settings(floor.settings), dry_run)
    finally:
        floor.close()
    would = "would be let go" if dry_run else "let go"
    say(
        json_file, report,
        f"{report['scans']} answers of scans, {report['events']} events, {report['buyers']} buyers {would}",
    )  # fmt: skip


@click.command("erase-buyer")
@click.option("--order", default="", help="an order's number")
@click.option("--channel", default=None, help="with --order: where it was sold")
@click.option("--name", default="", help="every order addressed to this name")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def erase_buyer_command(order: str, channel: str | None, name: str, json_file: str | None) -> None:
    """Take a buyer's name, address, phone and notes out of everything; refused while an order is open.

    What was printed, exported or backed up before is not here to be erased.
    """
    floor = open_floor(Settings.from_env())
    try:
        buyer = erasure.Buyer(order, channel, name)
        report = erasure.erase_buyer(floor, Actor(occurred_at_ms=floor.clock()), buyer)
    finally:
        floor.close()
    say(
        json_file, report,
        f"erased from {len(report['orders'])} orders, {report['prints']} prints, {report['scans']} scans",
    )  # fmt: skip


def _verify(floor: Floor, against: str | None, json_file: str | None) -> int:
    kept = _kept_head(Path(against)) if against else None

    def look(tx: Any) -> tuple[list[str], Head]:
        findings = audit_log.verify_chain(tx, floor.warehouse_id, kept)
        return findings + audit_entries.verify_scans(tx), audit_log.head(tx, floor.warehouse_id)

    findings, now = floor.read(look)
    report = {"ok": not findings, "found": findings, "entries": now.entry_id, "head": now.sha256}
    words = "\n".join(findings) or f"{now.entry_id} entries, all as they were written"
    say(json_file, report, words)
    return 0 if not findings else 1


def _tell_head(floor: Floor, json_file: str | None) -> None:
    now = floor.read(lambda tx: audit_log.head(tx, floor.warehouse_id))
    report = {
        "warehouse_id": floor.warehouse_id, "id": now.entry_id, "sha256": now.sha256, "at_ms": floor.clock(),
    }  # fmt: skip
    say(json_file, report, f"entry {now.entry_id} {now.sha256}")


def _kept_head(file: Path) -> Head:
    try:
        kept = json.loads(file.read_text("utf-8"))
        return Head(int(kept["id"]), str(kept["sha256"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DomainError("bad_head", f"{file} holds no head of an audit log") from error


def _export(floor: Floor, sought: audit_entries.Sought, name: str) -> None:
    count, after = 0, 0
    with click.open_file(name, "w", encoding="utf-8") as file:
        while True:
            page = floor.read(lambda tx, after=after: audit_entries.entries(tx, sought, after, audit_entries.PAGE_MAX))
            for row in page["rows"]:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += len(page["rows"])
            if page["next"] is None:
                break
            after = page["next"]
    if name != "-":
        click.echo(f"{count} entries written to {name}")


def _since_ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not an ISO 8601 time", param_hint="--since") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _line(row: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(row["at_ms"] / 1000, UTC).isoformat(timespec="milliseconds")
    who = row["operator"]["badge"] if row["operator"] else row["token"]["name"] if row["token"] else "-"
    return f"{row['id']:>8} {at} {row['kind']:9} {who or '-':12} {row['station'] or '-':10} {row['subject']}"
