"""What a refused scan expected and got, in the floor's words rather than in the codes dialogues speak in.

Pure. Names, numbers and sentences of the services pass as they are; only codes that stand for words (commands,
reasons, roles, flows, prompts) are turned into them, and only where a rejection is known to carry such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fulfillment.domain.codes import BadCode, OwnKind, parse_own_code
from kiosk_ui.words import WORDS, say

_NAMED = frozenset({"older_first", "not_allowed"})
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
    return turn(text) if turn is not None else text


def got_words(code: str, text: str) -> str:
    """What came, readable: a barcode of ours says what it stands for."""
    if code == "not_allowed":
        return say("role", text)
    if code == "reason_required":
        text = say("why", text) if text in WORDS["why"] else text
    try:
        own = parse_own_code(text)
    except BadCode:
        return text
    if own is None:
        return say("command", text) if text in WORDS["command"] else text
    kind, value = own
    if kind == OwnKind.COMMAND:
        return say("command", value)
    if kind == OwnKind.REASON:
        return say("why", value.lower().replace("-", "_"))
    return value


def _label(side: str, code: str, text: str) -> str:
    # A number says nothing without what it counts; the same rejection may name a place instead.
    own = f"{side}.{code}"
    is_meant = own in WORDS["screen"] and (code in _NAMED or text[:1].isdigit())
    return say("screen", own if is_meant else side)


def _reasons(text: str) -> str:
    return ", ".join(say("why", part) for part in re.split(r" or |, ", text))


def _things(text: str) -> str:
    return " or ".join(_thing(part) for part in text.split(" or "))


def _thing(text: str) -> str:
    for kind in ("command", "kind"):
        if text in WORDS[kind]:
            return say(kind, text)
    return text


def _prompt(text: str) -> str:
    return say("prompt", text)


def _role(text: str) -> str:
    if text in WORDS["role"]:
        return say("role", text)
    return _ROLE_FOR.sub(lambda found: say("screen", "role_for", flow=say("flow", found[1])), text)


def _hold(text: str) -> str:
    return say("hold", text)


_EXPECTED: Mapping[str, Callable[[str], str]] = {
    "reason_required": _reasons, "not_expected": _things, "finish_first": _prompt, "not_allowed": _role,
    "order_on_hold": _hold, "unknown_code": _things,
}  # fmt: skip
