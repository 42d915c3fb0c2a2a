"""Every word a screen shows, by stable code: the one place the translations start from.

Templates and scripts ask `say`; nothing else in this package holds a sentence. What stands in the tables here is
English and is what a translator is given: each entry with its kind as context, an entry beside one called `….one` as
a plural (`kiosk_ui.catalogues` reads the tables). A code without words is a failing test, and on the floor it shows
as itself rather than as an error page; words without a translation show in English.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import get_translations

from kiosk_ui.figures import number
from kiosk_ui.words.access import ACCESS
from kiosk_ui.words.advice import ADVICE
from kiosk_ui.words.boards import BOARDS
from kiosk_ui.words.commissioning import COMMISSIONING
from kiosk_ui.words.decisions import DECISIONS
from kiosk_ui.words.desks import DESKS
from kiosk_ui.words.devices import DEVICES
from kiosk_ui.words.flow_figures import FLOW_FIGURES
from kiosk_ui.words.flows import FLOWS
from kiosk_ui.words.offline import OFFLINE
from kiosk_ui.words.order_board import ORDER_BOARD
from kiosk_ui.words.phrases import PHRASES
from kiosk_ui.words.refusals import REFUSALS
from kiosk_ui.words.screens import SCREENS
from kiosk_ui.words.set_up import SET_UP
from kiosk_ui.words.training import TRAINING

# What a person with a handheld or at a bench reads, and what only a desk or the board on the wall shows.
KIOSK: Mapping[str, Mapping[str, str]] = {
    **FLOWS, **REFUSALS, **ADVICE, **PHRASES, **SCREENS, **OFFLINE, **COMMISSIONING, **TRAINING,
}  # fmt: skip
WORDS: Mapping[str, Mapping[str, str]] = {
    **KIOSK, **DECISIONS, **DESKS, **DEVICES, **BOARDS, **FLOW_FIGURES, **SET_UP, **ORDER_BOARD, **ACCESS,
}  # fmt: skip

# Prompts by which a state asks for something else than it mostly does: an empty tote for a full one.
UNUSUAL = frozenset({"scan_new_tote"})

# What the scripts of kiosk and bench say by themselves, without asking the server.
SCRIPTED = (
    "heard", "rejected", "no_answer", "not_kept", "waiting_scans", "all_sent", "manual", "manual_go", "look",
    "pin_no_answer", "unclear.locked",
    "unclear.pace", "unclear.cut", "unclear.two", "unclear.garbled", "unclear.stranger",
    "offline", "kept_here", "kept_in_order", "not_confirmed", "no_tour", "noted", "replay_stopped", "replay_seen",
)  # fmt: skip


def say(kind: str, code: str, **values: object) -> str:
    """The words for a code in the reader's language; the code itself, readable, when there are none.

    With a `count` the language's own form for so many is taken, where the words have more than one; the count is
    written as the language writes numbers.
    """
    sentence = _translated(kind, code, values.get("count", 2))
    if sentence is None:
        return str(code).replace("_", " ")
    if isinstance(values.get("count"), int):
        values = {**values, "count": number(values["count"])}
    return sentence.format(**values) if values else sentence


def table(kind: str) -> dict[str, str]:
    """All words of a kind in the reader's language, for a script; one thing under `code.one`."""
    found = {}
    for code in WORDS[kind]:
        base, is_one = code.removesuffix(".one"), code.endswith(".one")
        found[code] = _translated(kind, base, 1 if is_one else 2) or code
    return found


def script_words() -> dict[str, str]:
    """What the scripts of kiosk and bench need to have in hand, in the reader's language."""
    screen = table("screen")
    said = {code: screen[code] for name in SCRIPTED for code in (name, f"{name}.one") if code in screen}
    return {**said, "not_enrolled": say("problem", "not_enrolled")}


def command(flow: str, code: str) -> str:
    """A button's words, in this flow's own where it has some."""
    own = f"{flow}.{code}"
    return say("command", own if own in WORDS["command"] else code)


def advice(flow: str, code: str) -> str:
    """What to do about a refusal, in this flow's own words where it has some."""
    own = f"{flow}.{code}"
    return say("advice", own if own in WORDS["advice"] else code)


def prompt(flow: str, state: str, code: str) -> str:
    """What the screen asks for, in the words of this state where it has its own."""
    own = f"{flow}.{state}"
    is_usual = code.startswith("scan_") and code not in UNUSUAL
    return say("prompt", own if is_usual and own in WORDS["prompt"] else code)


def _translated(kind: str, code: str, count: object) -> str | None:
    sentences = WORDS[kind]
    sentence = sentences.get(code)
    if sentence is None:
        return None
    one = sentences.get(f"{code}.one")
    if one is None:
        return str(get_translations().upgettext(kind, sentence))
    return str(get_translations().unpgettext(kind, one, sentence, count if isinstance(count, int) else 2))
