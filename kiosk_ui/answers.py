"""What a refused scan expected and got, in the floor's words rather than in the codes dialogues speak in.

Pure. Names and numbers pass as they are. Codes that stand for words (commands, reasons, roles, flows, prompts) are
turned into them where a rejection is known to carry such; a phrase of the services is known by its English and said
in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

from fulfillment.domain.codes import BadCode, OwnKind, parse_own_code
from kiosk_ui.figures import day
from kiosk_ui.words import WORDS, say

_NAMED = frozenset({"older_first", "not_allowed"})
# What stands for a number in a phrase, and so must be one: a name may well hold an "a to b".
_NUMBERS = frozenset({"count", "free", "grams", "least", "most", "taken", "volume"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ROLE_FOR = re.compile(r"a role that may (\w+)")


def expected_label(code: str, text: str) -> str:
    """What stands before that which was expected."""
    return _label("expected", code, text)


def got_label(code: str, text: str) -> str:
    """What stands before that which came."""
    return _label("got", code, text)


def expected_words(code: str, text: str) -> str:
    """What was expected, readable."""
    turn = _EXPECTED.get(code)
    return turn(text) if turn is not None else _phrase(text)


def note_words(text: str) -> str:
    """What the carton's proposal notes, readable."""
    return "; ".join(_phrase(part) for part in text.split("; "))


def got_words(code: str, text: str) -> str:
    """What came, readable: a barcode of ours says what it stands for."""
    if code == "not_allowed":
        return say("role", text)
    if code == "reason_required":
        text = say("why", text) if text in WORDS["why"] else text
    try:
        own = parse_own_code(text)
    except BadCode:
        return _phrase(text)
    if own is None:
        return say("command", text) if text in WORDS["command"] else _phrase(text)
    kind, value = own
    if kind == OwnKind.COMMAND:
        return say("command", value)
    if kind == OwnKind.REASON:
        why = value.lower().replace("-", "_")
        return say("problem_kind" if why in WORDS["problem_kind"] else "why", why)
    return value


def _label(side: str, code: str, text: str) -> str:
    # A number says nothing without what it counts; the same rejection may name a place instead.
    own = f"{side}.{code}"
    is_meant = own in WORDS["screen"] and (code in _NAMED or text[:1].isdigit())
    return say("screen", own if is_meant else side)


def _reasons(text: str) -> str:
    return ", ".join(say("why", part) for part in re.split(r" or |, ", text))


def _things(text: str) -> str:
    return _either(text, _thing)


def _thing(text: str) -> str:
    for kind in ("command", "kind"):
        if text in WORDS[kind]:
            return say(kind, text)
    return _phrase(text)


def _prompt(text: str) -> str:
    return say("prompt", text) if text in WORDS["prompt"] else _phrase(text)


def _either(text: str, turn: Callable[[str], str]) -> str:
    return f" {say('screen', 'or')} ".join(turn(part) for part in text.split(" or "))


def _phrase(text: str) -> str:
    """A phrase of the services in the reader's language; a day as that writes it; anything else as it came."""
    for code, pattern in _phrases():
        found = pattern.fullmatch(text)
        if found is not None:
            return say("phrase", code, **{name: _phrase(value) for name, value in found.groupdict().items()})
    if _DAY.fullmatch(text):
        return day(text)
    return _either(text, _phrase) if " or " in text else text


@cache
def _phrases() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """How each phrase is known. Those without a name in them come first: they are themselves and nothing else."""
    written = sorted(WORDS["phrase"].items(), key=lambda entry: entry[1].count("{"))
    return tuple(
        (code, re.compile("".join(
            _filled(part[1:-1]) if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{\w+\})", words)
        )))
        for code, words in written
    )  # fmt: skip


def _role(text: str) -> str:
    if text in WORDS["role"]:
        return say("role", text)
    if _ROLE_FOR.fullmatch(text):
        return _ROLE_FOR.sub(lambda found: say("screen", "role_for", flow=say("flow", found[1])), text)
    return _phrase(text)


def _hold(text: str) -> str:
    return say("hold", text)


def _filled(name: str) -> str:
    value = r"[0-9]+" if name in _NUMBERS else _DAY.pattern if name == "day" else ".+?"
    return f"(?P<{name}>{value})"


_EXPECTED: Mapping[str, Callable[[str], str]] = {
    "reason_required": _reasons, "not_expected": _things, "finish_first": _prompt, "not_allowed": _role,
    "order_on_hold": _hold, "unknown_code": _things,
}  # fmt: skip
