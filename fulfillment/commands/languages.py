"""`floor operator …` and `floor translations …`: who reads which language, and whether the catalogues are whole.

Owns options and how things are printed; judges nothing.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from fulfillment.bootstrap import open_floor
from fulfillment.commands.hand_over import pin_command
from fulfillment.domain.languages import LANGUAGES
from fulfillment.domain.reasons import DomainError
from fulfillment.founding import say
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from kiosk_ui import catalogues

_json = click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")


@click.group("operator")
def operator_group() -> None:
    """The people with a badge, and the language screens speak to each."""


@operator_group.command("list")
@_json
def list_command(json_file: str | None) -> None:
    """Everybody with a badge."""
    floor = open_floor(Settings.from_env())
    try:
        found = floor.read(setting_up.operators)
    finally:
        floor.close()
    lines = (f"{one['badge']:<12} {one['role']:<12} {one['language'] or '-':<8} {one['name']}" for one in found)
    say(json_file, {"operators": found}, "\n".join(lines) or "nobody has a badge yet")


@operator_group.command("language")
@click.argument("badge")
@click.argument("language", type=click.Choice([*LANGUAGES, "-"]))
def language_command(badge: str, language: str) -> None:
    """Have screens speak LANGUAGE to whoever signs in with BADGE; - = what the device is set to."""
    floor = open_floor(Settings.from_env())
    try:
        found = floor.writer.write(lambda tx: setting_up.set_language(tx, badge, language.replace("-", "")))
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    finally:
        floor.close()
    click.echo(f"{badge}: {LANGUAGES.get(found['language'], 'what the device is set to')}")


operator_group.add_command(pin_command)


@click.group("translations")
def translations_group() -> None:
    """The catalogues of the screens' words, in the sources: for whoever keeps or translates them."""


@translations_group.command("check")
@_json
def check_command(json_file: str | None) -> None:
    """What is missing, fuzzy or wrong; exit code 1 when anything is."""
    found = [trouble for language in catalogues.TRANSLATED for trouble in catalogues.troubles(language)]
    rows = [{"language": one.language, "what": one.what, "message": one.message} for one in found]
    lines = "\n".join(f"{one.language:<8} {one.what:<12} {one.message}" for one in found)
    say(json_file, {"troubles": rows}, lines or f"whole: {', '.join(catalogues.TRANSLATED)}")
    sys.exit(1 if found else 0)


@translations_group.command("update")
def update_command() -> None:
    """Bring every language's file up to date with the words of the program; new ones wait for their translation."""
    for language in catalogues.TRANSLATED:
        click.echo(f"{language}: {'changed' if catalogues.update(language) else 'up to date'}")
    waiting: Any = [one for language in catalogues.TRANSLATED for one in catalogues.troubles(language)]
    click.echo(f"{len(waiting)} to look at: floor translations check")
