"""`floor import`: exit codes, a dry run that changes nothing, reports as JSON, columns in the help."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment.bootstrap import migrate
from fulfillment.commands.importing import import_group
from fulfillment.services.imports import items, locations, orders, stock
from fulfillment.settings import Settings
from tests.factories import FloorHand

AT = "2026-03-02 08:10:00"


def floor_import(settings: Settings, *words: str, typed: bytes | None = None) -> Result:
    return CliRunner().invoke(import_group, words, obj=settings, input=typed)


@pytest.fixture
def orders_csv(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(f"order,sku,qty,ordered_at\n1,CUP,2,{AT}\nC2,CUP,2,{AT}\n", encoding="utf-8")
    return path


def test_a_clean_import_ends_with_0_and_says_what_it_did(hand: FloorHand, settings: Settings, orders_csv: Path) -> None:
    result = floor_import(settings, "orders", str(orders_csv))
    assert result.exit_code == 0, result.output
    assert "2 rows read, 1 created, 0 updated, 0 unchanged, 1 rows left out, 0 rows rejected" in result.output
    assert hand.order_state("1") == "hold"


def test_a_rejected_row_ends_with_1_and_names_row_and_column(hand: FloorHand, settings: Settings) -> None:
    content = f"order,sku,qty,ordered_at\n1,CUP,80995,{AT}\n".encode()
    result = floor_import(settings, "orders", "-", typed=content)
    assert result.exit_code == 1
    assert "row 2, qty: 80995 of CUP: a line has at most 10000 [80995]" in result.stderr


def test_a_dry_run_reports_the_same_and_writes_nothing(
    hand: FloorHand, settings: Settings, orders_csv: Path, tmp_path: Path
) -> None:
    told = []
    for words in (["--dry-run"], []):
        out = tmp_path / "report.json"
        result = floor_import(settings, "orders", str(orders_csv), "--json", str(out), *words)
        assert result.exit_code == 0, result.output
        report = json.loads(out.read_text(encoding="utf-8"))
        assert report.pop("is_dry_run") is bool(words)
        report.pop("elapsed_ms")
        told.append(report)
        there = hand.one("SELECT COUNT(*) AS n FROM sales_order WHERE warehouse_id = :w")["n"]
        assert there == (0 if words else 1)
    assert told[0] == told[1]
    assert told[0]["left_out_rows"][0]["reason"] == "cancellation"


def test_json_to_standard_output_is_nothing_but_json(hand: FloorHand, settings: Settings, orders_csv: Path) -> None:
    result = floor_import(settings, "orders", str(orders_csv), "--json", "-")
    assert json.loads(result.stdout)["ok"] is True
    assert "2 rows read" in result.stderr


def test_map_and_reject_and_limit_are_passed_on(hand: FloorHand, settings: Settings, tmp_path: Path) -> None:
    file, reject = tmp_path / "o.csv", tmp_path / "r.csv"
    file.write_text("order_id;sku;qty;ts\n" + f"1;CUP;x;{AT}\n2;CUP;x;{AT}\n", encoding="utf-8")
    words = ["orders", str(file), "--map", "order=order_id,ordered_at=ts", "--reject", str(reject)]
    result = floor_import(settings, *words, "--limit-errors", "1", "--json", "-")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["rejected"], len(report["errors"])) == (1, 2, 1)
    assert len(reject.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize(
    "words",
    [
        ["orders", "{file}", "--map", "order"],
        ["orders", "{file}", "--reject", "{file}"],
        ["orders", "{file}", "--reject", "{file}/no/such/folder"],
        ["locations", "{file}", "--cross-aisles-y-dm", "0,front"],
        ["orders"],
    ],
)
def test_a_wrong_command_line_ends_with_2(
    hand: FloorHand, settings: Settings, orders_csv: Path, words: list[str]
) -> None:
    result = floor_import(settings, *(word.format(file=orders_csv) for word in words))
    assert result.exit_code == 2
    assert "Error:" in result.stderr


def test_an_unreadable_file_ends_with_1_and_words(hand: FloorHand, settings: Settings, tmp_path: Path) -> None:
    result = floor_import(settings, "items", str(tmp_path / "none.csv"))
    assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
    assert "file: no such file" in result.stderr


def test_without_a_floor_or_a_warehouse_it_says_so(tmp_path: Path, orders_csv: Path) -> None:
    empty = Settings(tmp_path, f"sqlite:///{tmp_path / 'other.sqlite'}")
    assert "floor init" in floor_import(empty, "orders", str(orders_csv)).stderr
    migrate(empty)
    result = floor_import(empty, "orders", str(orders_csv))
    assert (result.exit_code, "no warehouse" in result.stderr) == (1, True)


def test_cross_aisles_are_given_as_numbers(hand: FloorHand, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "locations.csv"
    file.write_text("code,kind\nB1,bin\n", encoding="utf-8")
    result = floor_import(settings, "locations", str(file), "--cross-aisles-y-dm", "0,300,600")
    assert result.exit_code == 0, result.output
    assert hand.one("SELECT cross_aisle_y_dm FROM warehouse WHERE id = :w")["cross_aisle_y_dm"] == "[0, 300, 600]"


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("items", items.COLUMNS),
        ("locations", locations.COLUMNS),
        ("stock", stock.COLUMNS),
        ("orders", orders.COLUMNS),
    ],
)
def test_the_help_lists_every_column_and_the_exit_codes(kind: str, columns: object) -> None:
    result = CliRunner().invoke(import_group, [kind, "--help"])
    assert result.exit_code == 0
    for column in (*columns.required, *columns.optional):  # type: ignore[attr-defined]
        assert column in result.output
    assert "Exit code: 0" in result.output
