"""`floor account` and `floor session`: who may sign in at a desk, and who is signed in, for whoever has this machine.

Owns options and how things are printed.
"""

from __future__ import annotations

import click

from fulfillment.domain.accounts import CodeRule
from fulfillment.founding import on_floor, say, web_address
from fulfillment.services.people import accounts, company_ties, second_factors, sessions
from fulfillment.settings import Settings


@click.group("account")
def account_group() -> None:
    """Accounts of supervisors and admins: names and passphrases for the desk."""


@account_group.command("list")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def list_accounts(json_file: str | None) -> None:
    """Who may have an account, and by what name they sign in."""
    people = on_floor(accounts.people, is_reading=True)
    lines = [f"{one['badge']}  {one['name']}  {one['role']}  {one['sign_in_name'] or '-'}" for one in people]
    say(json_file, people, "\n".join(lines) or "nobody: add a supervisor or an admin first")


@account_group.command("link")
@click.argument("badge")
def link(badge: str) -> None:
    """Print the link by which somebody chooses name and passphrase: it works once, within a day."""
    code = on_floor(lambda tx: accounts.link_for(tx, badge))
    click.echo(f"{web_address(Settings.from_env())}/join?code={code}")


@account_group.command("remove")
@click.argument("badge")
def remove(badge: str) -> None:
    """Take somebody's account away; they are signed out everywhere."""
    on_floor(lambda tx: accounts.take_away(tx, badge))
    click.echo(f"{badge} has no account")


@account_group.command("untie")
@click.argument("badge")
def untie(badge: str) -> None:
    """Untie somebody's company log-in; they are signed out everywhere and sign in by passphrase."""
    on_floor(lambda tx: company_ties.untie_badge(tx, badge))
    click.echo(f"{badge} has no company log-in")


@account_group.command("codes")
@click.argument("rule", type=click.Choice([rule.value for rule in CodeRule]), required=False)
def codes(rule: str | None) -> None:
    """Who must have a code beside the passphrase; with free, admins or all, change it."""
    now = on_floor(lambda tx: second_factors.set_rule(tx, rule)) if rule else on_floor(second_factors.rule, True)
    click.echo(f"a code must have: {now}")


@click.group("session")
def session_group() -> None:
    """Who is signed in at a desk."""


@session_group.command("list")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def list_sessions(json_file: str | None) -> None:
    """Sessions that still hold, the one used last first."""
    rows = on_floor(sessions.listed, is_reading=True)
    lines = [f"{one['id']}  {one['badge']}  {one['name']}  {one['role']}  from {one['address']}" for one in rows]
    say(json_file, rows, "\n".join(lines) or "nobody is signed in")


@session_group.command("end")
@click.argument("session", type=int)
def end(session: int) -> None:
    """Sign one out."""
    on_floor(lambda tx: sessions.end(tx, session))
    click.echo(f"session {session} is over")
