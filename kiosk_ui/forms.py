"""What the desk's forms have in common: a badge as it was scanned or typed, and how long ago something was."""

from __future__ import annotations

from fulfillment.domain.codes import BadCode, parse_own_code
from fulfillment.domain.reasons import DomainError
from kiosk_ui.words import say


def badge_of(typed: str) -> str | None:
    """A badge as scanned or as typed; none = the token's bearer decides.

    Raises:
        DomainError: `misread`.
    """
    try:
        own = parse_own_code(typed.strip().upper())
    except BadCode as misread:
        raise DomainError("misread", str(misread), "badge") from misread
    return (own[1] if own is not None else typed.strip()) or None


def duration(elapsed_ms: int | None) -> str:
    """So long, in words, with seconds below a minute; – for nothing measured."""
    if elapsed_ms is None:
        return "–"
    return age(elapsed_ms) if elapsed_ms >= 60_000 else say("figures", "seconds", s=max(elapsed_ms, 0) // 1000)


def age(elapsed_ms: int) -> str:
    """So long, in words."""
    minutes = max(elapsed_ms, 0) // 60_000
    if minutes >= 24 * 60:
        return say("board", "days", d=minutes // 1440, h=minutes % 1440 // 60)
    if minutes >= 60:
        return say("board", "hours", h=minutes // 60, m=f"{minutes % 60:02d}")
    return say("board", "minutes", m=minutes)
