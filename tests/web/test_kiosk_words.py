"""Whatever code a screen can be handed, there are words for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import devices
import fulfillment.flows
import kiosk_ui
from devices.registry import DRIVERS
from fulfillment.domain.codes import Command
from fulfillment.domain.devices import AgentState, DeviceKind
from fulfillment.domain.effects import EffectState, PrinterState
from fulfillment.domain.orders import OrderState, Policy
from fulfillment.domain.reasons import HoldReason, Reject
from fulfillment.domain.roles import Role
from fulfillment.domain.tasks import TaskKind
from fulfillment.scanning.classify import ReadKind
from fulfillment.services.scan_path.scans import FLOWS
from kiosk_ui.screens import QUANTITIES, SCREENS
from kiosk_ui.words import WORDS, prompt, say

PAGES = Path(kiosk_ui.__file__).parent


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("reject", Reject), ("command", Command), ("lane", OrderState), ("print", EffectState),
        ("printer", PrinterState), ("hold", HoldReason), ("policy", Policy), ("role", Role), ("task", TaskKind),
        ("kind", ReadKind), ("flow", ("home", *FLOWS)), ("device_state", PrinterState), ("device_kind", DeviceKind),
        ("agent_state", AgentState),
    ],
)  # fmt: skip
def test_every_code_has_words(kind: str, codes: Iterable[str]) -> None:
    assert [code for code in codes if code not in WORDS[kind]] == []


def test_every_driver_every_reason_of_a_device_and_every_part_of_an_address_has_words() -> None:
    source = "\n".join(path.read_text("utf-8") for path in Path(devices.__file__).parent.rglob("*.py"))
    reasons = set(re.findall(r'DeviceError\(\s*"(\w+)"|DeviceStatus\(DeviceState\.\w+, "(\w+)"', source))
    found = {word for pair in reasons for word in pair if word}
    assert len(found) >= 20
    assert sorted(found - set(WORDS["device_reason"])) == []
    assert {driver.language: driver.words for driver in DRIVERS} == WORDS["driver"]
    parts = set(re.findall(r'AddressError\(\s*"(\w+)"|_one_of\("(\w+)"', source))
    assert sorted({word for pair in parts for word in pair if word} - set(WORDS["address_part"])) == []


def test_every_prompt_and_notice_of_a_dialogue_has_words() -> None:
    prompts, notices = set(), set()
    for source in Path(fulfillment.flows.__file__).parent.glob("*.py"):
        tree = ast.parse(source.read_text())
        prompts |= set(_prompts(tree))
        notices |= set(re.findall(r'"notice"\] = "(\w+)"|"notice": "(\w+)"', source.read_text()))
    assert len(prompts) >= 10
    assert sorted(code for code in prompts if code not in WORDS["prompt"]) == []
    assert sorted(code for pair in notices for code in pair if code and code not in WORDS["notice"]) == []


def test_screens_are_named_by_states_that_exist_and_have_their_template() -> None:
    named = {*SCREENS, *QUANTITIES}
    source = "\n".join(path.read_text() for path in Path(fulfillment.flows.__file__).parent.glob("*.py"))
    assert [state for _, state in named if f'"{state}"' not in source] == []
    assert [flow for flow, _ in named if flow not in {"home", *FLOWS}] == []
    files = {path.stem for path in (PAGES / "templates" / "screens").iterdir()}
    assert files == set(SCREENS.values()) | {"plain"}


def test_templates_and_scripts_ask_only_for_words_that_exist() -> None:
    asked = set()
    for template in (PAGES / "templates").rglob("*.html"):
        asked |= set(re.findall(r"say\('(\w+)', '(\w+)'[,)]", template.read_text()))
    board, scan = ((PAGES / "static" / name).read_text() for name in ("board.js", "scan.js"))
    asked |= set(re.findall(r'say\("(\w+)", "(\w+)"', board))
    asked |= {("screen", code) for code in re.findall(r'say\("(\w+)"', scan)} - {("screen", "not_enrolled")}
    assert [(kind, code) for kind, code in sorted(asked) if code not in WORDS[kind]] == []


def test_a_sentence_counts_one_thing_as_one() -> None:
    assert say("screen", "units_left", count=2) == "2 units left"
    assert say("screen", "units_left", count=1) == "1 unit left"


def test_a_code_without_words_shows_as_itself() -> None:
    assert say("reason", "head_open") == "head open"


def test_a_state_may_say_its_prompt_in_its_own_words() -> None:
    assert prompt("pick", "drop", "scan_location") == WORDS["prompt"]["pick.drop"]
    assert prompt("load", "lane", "scan_location") == WORDS["prompt"]["load.lane"]
    assert prompt("pick", "tote", "scan_new_tote") == WORDS["prompt"]["scan_new_tote"]
    assert prompt("pack", "item", "fetch_tote") == WORDS["prompt"]["fetch_tote"]


def _prompts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Step":
            third = node.args[2]
            for part in ast.walk(third):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and not _is_tested(third, part):
                    yield part.value


def _is_tested(expression: ast.expr, part: ast.Constant) -> bool:
    """A constant in the condition of `a if b else c` is no prompt."""
    return isinstance(expression, ast.IfExp) and any(part is node for node in ast.walk(expression.test))
