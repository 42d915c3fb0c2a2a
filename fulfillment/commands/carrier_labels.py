"""`floor carrier-labels …`: labels bought from carriers, those somebody has to look at, and what is decided about them.

Owns options and how things are printed; judges nothing. Exit code 2: what was asked cannot be done, in words.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import click

from fulfillment.domain.effects import LabelDecision
from fulfillment.founding import on_floor, say
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.shipping import carrier_labels, label_decisions
from fulfillment.services.shipping.carrier_labels import Service

_json = click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")


@click.group("carrier-labels")
def carrier_labels_group() -> None:
    """Labels bought from carriers: which there are, which want a decision, where a carrier sells them."""


@carrier_labels_group.command("list")
@click.option("--trouble", is_flag=True, help="those somebody has to look at")
@click.option("--orphans", is_flag=True, help="paid for (or maybe) and on no parcel that leaves")
@click.option("--parcel", default="", help="of this parcel")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@_json
def list_command(trouble: bool, orphans: bool, parcel: str, limit: int, json_file: str | None) -> None:
    """The newest labels."""
    sought = {"orphans": orphans, "trouble": trouble, "parcel": parcel, "limit": limit}
    found = on_floor(lambda tx: carrier_labels.listed(tx, **sought), is_reading=True)
    say(json_file, found, "\n".join(_line(row) for row in found) or "no labels")


@carrier_labels_group.command("decide")
@click.argument("reference")
@click.argument("decision", type=click.Choice([word.value for word in LabelDecision]))
@click.option("--badge", required=True, help="the supervisor who decides")
@click.option("--tracking-number", default="", help="of the label that was found")
@click.option("--cost-minor", type=click.IntRange(0, 99_999_999), default=0, help="what it cost, in cents")
@_json
def decide_command(
    reference: str, decision: str, badge: str, tracking_number: str, cost_minor: int, json_file: str | None
) -> None:
    """What a supervisor decides about a label: it was found, another is bought, or none from us."""
    found = on_floor(
        lambda tx: label_decisions.decide(
            tx, Actor(tx.now_ms), reference, decision, badge, tracking_number, cost_minor
        )
    )  # fmt: skip
    say(json_file, found, _line(found))


@carrier_labels_group.command("service")
@click.argument("carrier")
@click.option("--url", help="where its labels are bought; an empty one: they are ours")
@click.option("--token-file", help="the name of a file in FLOOR_HOME/carrier-tokens")
@click.option("--can-look-up/--cannot-look-up", default=None, help="a reference finds what was bought under it")
@click.option("--keeps-keys/--keeps-no-keys", default=None, help="one label a key, by contract")
@_json
def service_command(
    carrier: str, url: str | None, token_file: str | None, can_look_up: bool | None, keeps_keys: bool | None,
    json_file: str | None,
) -> None:  # fmt: skip
    """Show where CARRIER sells its labels; what is given is set."""
    given = {"url": url, "token_file": token_file, "can_look_up": can_look_up, "keeps_keys": keeps_keys}
    wanted = {name: value for name, value in given.items() if value is not None}

    def work(tx: Tx) -> dict[str, Any]:
        stands = carrier_labels.service_of(tx, carrier)
        if not wanted:
            return stands
        known = Service(**{name: stands[name] for name in asdict(Service(""))})
        return carrier_labels.set_service(tx, carrier, replace(known, **wanted))

    found = on_floor(work, is_reading=not wanted)
    say(json_file, found, _service_line(found))


def _line(row: Any) -> str:
    number = f" {row['tracking_number']}" if row["tracking_number"] else ""
    cost = f" {row['cost_minor']} {row['currency']} cents" if row["cost_minor"] else ""
    why = f": {row['detail'] or row['result']}" if row["detail"] or row["result"] else ""
    whose = f"{row['reference']} {row['carrier']} parcel {row['parcel']} ({row['parcel_state']})"
    return f"{whose} {row['state']}{number}{cost}{why}"


def _service_line(found: Any) -> str:
    if not found["url"]:
        return f"{found['carrier']}: labels are ours"
    promises = [words for name, words in (("can_look_up", "looks up"), ("keeps_keys", "keeps keys")) if found[name]]
    token = f", token in {found['token_file']}" if found["token_file"] else ""
    return f"{found['carrier']}: {found['url']}{token}{', ' if promises else ''}{', '.join(promises)}"
