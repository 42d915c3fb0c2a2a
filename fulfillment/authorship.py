"""Commands as authors: whatever a `floor …` command changes gets its entry in the audit log.

The entry names the command and its arguments, without what must stay out of a log: values that follow an option
for a secret, and everything a person's erasure was asked with. Workers only carry out what others asked for.
"""

from __future__ import annotations

import getpass
from typing import Any

import click

from fulfillment.domain.chaining import AuditKind
from fulfillment.services.records.audit_log import Author, written_by

# These change what others have decided already, or nothing.
WORKERS = frozenset({"work", "simulate", "simulate-days", "demo", "training"})
WITHOUT_ARGUMENTS = frozenset({"erase-buyer"})
SECRET_OPTIONS = ("token", "password", "pin", "secret", "key")


class TellingGroup(click.Group):
    """The command group: each command runs as the author of what it writes."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and name not in WORKERS:
            ctx.with_resource(written_by(_author(name, command, rest)))
        return name, command, rest


def _author(name: str, command: click.Command | None, arguments: list[str]) -> Author:
    subject = f"floor {name}"
    if isinstance(command, click.Group) and arguments and arguments[0] in command.commands:
        subject, arguments = f"{subject} {arguments[0]}", arguments[1:]
    content: dict[str, Any] = {"user": _user()}
    if name not in WITHOUT_ARGUMENTS:
        content["arguments"] = without_secrets(arguments)
    return Author(AuditKind.COMMAND, subject, content, once=True)


def without_secrets(arguments: list[str]) -> list[str]:
    """Arguments of a command with `***` for the value of every option named like a secret."""
    told: list[str] = []
    hides_next = False
    for argument in arguments:
        option, is_joined, _ = argument.partition("=")
        is_secret = option.startswith("-") and any(word in option.lower() for word in SECRET_OPTIONS)
        if hides_next:
            told.append("***")
        elif is_secret and is_joined:
            told.append(f"{option}=***")
        else:
            told.append(argument)
        hides_next = is_secret and not is_joined
    return told


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""  # a container without a name for its number
