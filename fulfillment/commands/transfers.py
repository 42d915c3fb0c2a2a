"""`floor transfer …`: transfers between warehouses, and their exchange when both lie in one database.

Owns the words and the two open floors. Warehouses apart exchange the same over HTTP (docs/api.md). Refuses to hand
a transfer to a warehouse it is not meant for. Invariant: every command can be repeated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.reasons import Conflict, NotFound
from fulfillment.founding import say
from fulfillment.services.common.actor import Actor
from fulfillment.services.transferring import exchange, transfers
from fulfillment.settings import Settings

_JSON = click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")


@click.group("transfer")
def transfer_group() -> None:
    """Stock for other warehouses: what is asked for, on its way, arrived."""


@transfer_group.command("list")
@click.option("--state", type=click.Choice(["open", "sent", "received", "cancelled"]), default=None)
@_JSON
def list_command(state: str | None, json_file: str | None) -> None:
    """The newest transfers."""
    with _here() as floor:
        report = floor.read(lambda tx: transfers.listed(tx, state))
    lines = [
        f"{row['number']:20} {row['state']:10} to {row['to_warehouse']}: {row['asked_each']} asked,"
        f" {row['sent_each']} sent, {row['arrived_each']} arrived"
        for row in report
    ]
    say(json_file, {"transfers": report}, "\n".join(lines) or "no transfers")


@transfer_group.command("asn")
@click.argument("number")
@_JSON
def asn_command(number: str, json_file: str | None) -> None:
    """What left on a transfer, as a body for the other warehouse's POST /receipts."""
    with _here() as floor:
        report = floor.read(lambda tx: transfers.announcement(tx, number))
    say(json_file, report, json.dumps(report, indent=2))


@transfer_group.command("deliver")
@click.argument("number")
@click.option("--to-warehouse-id", type=click.IntRange(1), required=True, help="the other one, in this database")
@_JSON
def deliver_command(number: str, to_warehouse_id: int, json_file: str | None) -> None:
    """Announce a sent transfer at its other end: its pallets can be received there, each in one scan."""
    with _here() as floor:
        meant_for = floor.read(lambda tx: transfers.describe(tx, number))["to_warehouse"]
        announcement = floor.read(lambda tx: transfers.announcement(tx, number))
    with _there(to_warehouse_id, meant_for) as other:
        is_new = other.writer.write(lambda tx: exchange.announce(tx, announcement))
    pallets = len(announcement["units"])
    say(json_file, {"number": number, "announced": is_new, "pallets": pallets},
        f"{'announced' if is_new else 'announced before'} at {meant_for}: {number}, {pallets} pallets")  # fmt: skip


@transfer_group.command("arrived")
@click.argument("number")
@click.option("--to-warehouse-id", type=click.IntRange(1), required=True, help="the other one, in this database")
@_JSON
def arrived_command(number: str, to_warehouse_id: int, json_file: str | None) -> None:
    """Report back what the other end received; exit 1 when something was lost or too much came."""
    with _here() as floor:
        meant_for = floor.read(lambda tx: transfers.describe(tx, number))["to_warehouse"]
        with _there(to_warehouse_id, meant_for) as other:
            lines = other.read(lambda tx: exchange.received(tx, number))

        def work(tx: Any) -> dict[str, Any]:
            transfers.arrived(tx, Actor(occurred_at_ms=tx.now_ms), number, lines)
            return transfers.describe(tx, number)

        report = floor.writer.write(work)
    words = [f"{entry['sku']}: {entry['lost_each']} lost, {entry['over_each']} too many"
             for entry in report["differences"]]  # fmt: skip
    say(json_file, report, "\n".join([*words, f"{number} is received at {meant_for}"]))
    if report["differences"]:
        raise SystemExit(1)


@contextmanager
def _here() -> Iterator[Floor]:
    floor = open_floor(Settings.from_env())
    try:
        yield floor
    finally:
        floor.close()


@contextmanager
def _there(warehouse_id: int, code: str) -> Iterator[Floor]:
    settings = replace(Settings.from_env(), warehouse_id=warehouse_id)
    floor = open_floor(settings, warehouse_id)
    try:
        row = floor.read(lambda tx: tx.one("SELECT code FROM warehouse WHERE id = :w"))
        if row is None:
            raise NotFound("unknown_warehouse", f"no warehouse {warehouse_id} in this database: floor init founds it")
        if row["code"] != code:
            raise Conflict("wrong_warehouse", f"warehouse {warehouse_id} is {row['code']}, not {code}")
        yield floor
    finally:
        floor.close()
