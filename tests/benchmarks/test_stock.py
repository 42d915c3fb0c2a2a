"""The benchmark of stock measures what it says: its races have one winner, and what nobody measured is not passed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import stock, stock_races


@pytest.mark.scenario
def test_the_races_over_http_have_one_winner_and_no_server_error(engine: str) -> None:
    rows = stock_races.rows(True, [engine])
    assert [row["name"] for row in rows if not row["ok"]] == []
    assert sum("exactly one winner" in row["name"] for row in rows) == len(stock_races.QUICK_ASKERS)


def test_a_part_that_is_missing_or_falls_over_is_not_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fall_over(quick: bool, engines: list[str]) -> list[dict[str, Any]]:
        raise ConnectionError("no server")

    monkeypatch.setattr(stock_races, "rows", fall_over)
    monkeypatch.setattr(stock, "PARTS", {"races": "falls over", "nothing": "is not there"})
    assert stock.main(["--quick", "--only", "races", "--only", "nothing", "--json", str(tmp_path / "rows.json")]) == 1
    told = json.loads((tmp_path / "rows.json").read_text("utf-8"))
    assert not told["ok"]
    assert [row["name"] for row in told["rows"]] == [
        "races: not measured, ConnectionError: no server",
        "nothing: not measured, there is no tests.benchmarks.stock_nothing",
    ]


@pytest.mark.parametrize(("ok", "exit_code"), [(True, 0), (False, 1)])
def test_one_row_below_its_goal_is_no_success(monkeypatch: pytest.MonkeyPatch, ok: bool, exit_code: int) -> None:
    monkeypatch.setattr(stock_races, "rows", lambda quick, engines: [stock_races.row("oversold", 0, 0, ok)])
    assert stock.main(["--only", "races"]) == exit_code


def test_a_row_named_by_its_figure_and_engine_is_printed_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {"figure": "scans a second", "engine": "sqlite", "value": 7, "goal": 5, "ok": True}
    monkeypatch.setattr(stock_races, "rows", lambda quick, engines: [one])
    assert stock.main(["--only", "races"]) == 0
    assert "scans a second (sqlite): 7 (goal 5)" in capsys.readouterr().err
