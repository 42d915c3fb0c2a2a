"""The sheets to print hold everything a person can say by scanning, and a scanner reads them."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import Command, parse_own_code
from fulfillment.domain.problems import ProblemKind
from fulfillment.domain.reasons import (
    ADJUSTING,
    NOT_SCANNED,
    OVER_RECEIVED,
    PASSING_OVER,
    REPRINTING,
    SET_ASIDE,
    SHORTING,
    WEIGHING_OTHERWISE,
)
from fulfillment.domain.roles import TokenRole
from kiosk_ui.bars import bars
from kiosk_ui.sheet_views import sheets
from kiosk_ui.words import WORDS
from tests.factories import FloorHand
from tests.web.test_desk_pages import entered


@pytest.fixture
def desk(hand: FloorHand) -> FlaskClient:
    return entered(hand, TokenRole.API)


def printed(kind: str) -> set[str]:
    """The values of one kind of code on all sheets."""
    read = [parse_own_code(code.code) for sheet in sheets() for code in sheet.codes]
    return {own[1] for own in read if own is not None and own[0] == kind}


def test_every_command_is_on_a_sheet() -> None:
    assert printed("C") == set(Command)


def test_every_reason_a_screen_asks_for_is_on_a_sheet() -> None:
    asked = {
        *SET_ASIDE, *ADJUSTING, *OVER_RECEIVED, *PASSING_OVER, *SHORTING, *WEIGHING_OTHERWISE, *NOT_SCANNED,
        *REPRINTING, *ProblemKind,
    }  # fmt: skip
    assert printed("Y") == {why.upper().replace("_", "-") for why in asked}


def test_every_code_has_bars_and_every_sheet_its_words() -> None:
    assert [code for sheet in sheets() for code in sheet.codes if bars(code.code) is None] == []
    assert {sheet.name for sheet in sheets()} == set(WORDS["sheets"]) - {"title", "hint"}


def test_the_page_is_on_the_way_of_every_desk_and_needs_no_script(desk: FlaskClient) -> None:
    assert 'href="/sheets"' in desk.get("/").text
    html = desk.get("/sheets").text
    assert len(re.findall(r"<svg", html)) == sum(len(sheet.codes) for sheet in sheets())
    assert re.findall(r"<script[^>]* src=\"/ui/(\w+)", html) == ["look"]  # light or dark, and nothing the codes need
    assert "Supplier sent more" in html


def test_nobody_prints_them_without_a_token(hand: FloorHand) -> None:
    assert create_app(hand.floor).test_client().get("/sheets").status_code == 401
