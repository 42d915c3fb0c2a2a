"""`floor operator pin`, `floor hand-over`: PINs, when stations lock themselves.

A PIN is asked for, never an argument.
"""

from __future__ import annotations

import click

from fulfillment.domain.pins import PinRule
from fulfillment.domain.reasons import DomainError
from fulfillment.founding import on_floor, say
from fulfillment.services.people import pins
from fulfillment.services.scan_path import hand_over


@click.command("pin")
@click.argument("badge")
@click.option("--take-away", is_flag=True, help="leave this person without a PIN")
def pin_command(badge: str, take_away: bool) -> None:
    """Set the PIN of whoever has BADGE (it is asked for twice, unseen); one that was locked is open again."""
    if take_away:
        on_floor(lambda tx: pins.take_away(tx, badge))
        click.echo(f"{badge}: no PIN")
        return
    try:
        kept = pins.scrypt_of(click.prompt("PIN, 4 to 8 digits", hide_input=True, confirmation_prompt=True))
    except DomainError as error:
        raise click.UsageError(error.detail) from error
    on_floor(lambda tx: pins.set_pin(tx, badge, kept))
    click.echo(f"{badge}: PIN set")


@click.command("hand-over")
@click.option("--auto-lock", "auto_lock_min", type=click.IntRange(0, hand_over.AUTO_LOCK_MAX_MIN),
              help="minutes without a scan or a touch, 0 = never")  # fmt: skip
@click.option("--pin", "pin_rule", type=click.Choice([rule.value for rule in PinRule]), help="who is asked for a PIN")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def hand_over_command(auto_lock_min: int | None, pin_rule: str | None, json_file: str | None) -> None:
    """When stations lock themselves and who is asked for a PIN; without an option as it is."""
    if auto_lock_min is None and pin_rule is None:
        rules = on_floor(hand_over.rules, is_reading=True)
    else:
        rules = on_floor(lambda tx: hand_over.set_rules(tx, auto_lock_min, pin_rule))
    minutes = rules["auto_lock_min"]
    say(json_file, rules, f"stations lock themselves: {f'after {minutes} min' if minutes else 'never'}\n"
        f"a PIN is asked of: {rules['pin_rule']}")  # fmt: skip
