"""`floor weighing …`: which benches weigh, how far off a parcel may be, what items were found to weigh.

Owns options and how things are printed; judges nothing.
"""

from __future__ import annotations

from typing import Any

import click

from fulfillment.bootstrap import open_floor
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.weighing import WeighRules
from fulfillment.founding import say
from fulfillment.services.packing import overridden_weights, weigh_rules
from fulfillment.settings import Settings

_json = click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")


@click.group("weighing")
def weighing_group() -> None:
    """The weigh check at the benches: who weighs, how far off a parcel may be, what items weigh."""


@weighing_group.command("rules")
@click.option("--floor-g", type=click.IntRange(0, 10_000), help="so many grams are always let pass")
@click.option("--percent", type=click.IntRange(0, 100), help="so many per cent of the content")
@click.option("--spreads", type=click.IntRange(0, 10), help="so many spreads of all units in it together")
@_json
def rules_command(floor_g: int | None, percent: int | None, spreads: int | None, json_file: str | None) -> None:
    """Show the rules and the benches that weigh; what is given is set. The largest of the three counts."""

    def work(tx: Any) -> dict[str, Any]:
        now = weigh_rules.describe(tx)
        wanted = {"weigh_floor_g": floor_g, "weigh_percent": percent, "weigh_spreads": spreads}
        values = {name: now[name] if value is None else value for name, value in wanted.items()}
        weigh_rules.set_rules(tx, WeighRules(*values.values()))
        return weigh_rules.describe(tx)

    is_set = not (floor_g is percent is spreads is None)
    floor = open_floor(Settings.from_env())
    try:
        found = floor.writer.write(work) if is_set else floor.read(weigh_rules.describe)
    finally:
        floor.close()
    say(json_file, found, _rules_line(found))


@weighing_group.command("station")
@click.argument("code")
@click.option("--on/--off", "weighs", required=True, help="whether the bench closes no parcel unweighed")
@_json
def station_command(code: str, weighs: bool, json_file: str | None) -> None:
    """Have the bench CODE weigh its parcels, or no longer."""

    def work(tx: Any) -> dict[str, Any]:
        weigh_rules.set_station(tx, code, weighs)
        return weigh_rules.describe(tx)

    found = _write(work)
    say(json_file, found, _rules_line(found))


@weighing_group.command("weights")
@click.option("--after", default="", metavar="SKU", help="items after this one")
@click.option("--limit", type=click.IntRange(1, 1000), default=weigh_rules.SHOWN, show_default=True)
@_json
def weights_command(after: str, limit: int, json_file: str | None) -> None:
    """What items were found to weigh, and from how many parcels."""
    floor = open_floor(Settings.from_env())
    try:
        items = floor.read(lambda tx: weigh_rules.unit_weights(tx, after, limit))
    finally:
        floor.close()
    say(json_file, {"items": items}, "\n".join(_weight_line(one) for one in items) or "nothing was learned yet")


@weighing_group.command("forget")
@click.argument("sku")
def forget_command(sku: str) -> None:
    """Let go of what was learned of SKU: other packaging, another supplier."""
    _write(lambda tx: weigh_rules.forget(tx, sku))
    click.echo(f"{sku}: its catalogue weight counts until enough is learned again")


@weighing_group.command("overridden")
@click.option("--after", type=int, metavar="ID", help="those before this one")
@click.option("--limit", type=click.IntRange(1, overridden_weights.MOST), default=overridden_weights.SHOWN,
              show_default=True)  # fmt: skip
@_json
def overridden_command(after: int | None, limit: int, json_file: str | None) -> None:
    """Parcels a supervisor let go with a weight they should not have, the last first."""
    floor = open_floor(Settings.from_env())
    try:
        parcels = floor.read(lambda tx: overridden_weights.overridden(tx, after, limit))
    finally:
        floor.close()
    lines = (
        f"{one['id']:>6}  {one['parcel']}  {one['order_number']:<16} {one['station']:<10} {one['weighed_g']} g"
        f" instead of {one['expected_g']} ± {one['tolerance_g']} g, {one['why']}, by {one['supervisor']}"
        for one in parcels
    )
    say(json_file, {"parcels": parcels}, "\n".join(lines) or "no parcel was let go with a wrong weight")


def _write(work: Any) -> Any:
    floor = open_floor(Settings.from_env())
    try:
        return floor.writer.write(work)
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    finally:
        floor.close()


def _rules_line(found: dict[str, Any]) -> str:
    return (
        f"off by at most {found['weigh_floor_g']} g, {found['weigh_percent']} % of the content or"
        f" {found['weigh_spreads']} spreads of its units, whichever is most; weighed at:"
        f" {', '.join(found['stations']) or 'no bench'}"
    )


def _weight_line(one: dict[str, Any]) -> str:
    used = "not known" if one["used_mg"] is None else f"{one['used_mg']} mg"
    return (
        f"{one['sku']:<20} {used} each; found {one['learned_mg']} mg in {one['parcels']} parcels of {one['units']}"
        f" units, catalogue {one['catalogue_g']} g{', which is wrong' if one['is_doubted'] else ''}"
    )
