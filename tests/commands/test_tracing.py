"""`floor trace` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment.cli import floor_command
from fulfillment.domain.reasons import NotFound
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.packing.a_bench import pick_into
from tests.services.tracing.test_trace import goods


@pytest.fixture
def stocked(hand: FloorHand, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FloorHand:
    monkeypatch.setenv("FLOOR_HOME", str(settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", settings.database_url)
    hand.item("MUG")
    goods(hand, "MUG", 10, lot="L1", receipt="PO-77")
    hand.order("SO-1", ("MUG", 2))
    pick_into(hand, "SO-1")
    return hand


def floor(*words: str) -> Result:
    return CliRunner().invoke(floor_command, ["trace", *words])


def test_a_lot_is_told_from_its_supplier_to_its_orders(stocked: FloorHand) -> None:
    said = floor("--lot", "L1")
    assert said.exit_code == 0
    assert "Potter → receipt PO-77 → layer 1: MUG lot L1, received 2026-01-01, 10 each" in said.output
    assert "through A01-01-1 → CART-0001 → STAGE-1" in said.output
    assert "order SO-1 (picked) Jo Buyer, GB: 2 in totes" in said.output
    assert said.output.endswith("10 received, 10 in house: adds up\n")


def test_the_trace_and_the_recall_list_go_to_files(stocked: FloorHand, tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("trace.json", "recall.csv")]
    assert floor("--order", "SO-1", "--json", files[0], "--recall", files[1]).exit_code == 0
    assert json.loads(Path(files[0]).read_text("utf-8"))["balanced"] is True
    assert Path(files[1]).read_bytes().count(b"\r\n") == 3
    assert floor("--lot", "L1", "--recall", "-").output.startswith("where,order,")
    assert json.loads(floor("--sku", "mug", "--json", "-").output)["asked"] == {"sku": "mug"}


def test_a_book_that_does_not_add_up_is_no_success(stocked: FloorHand) -> None:
    stocked.write(lambda tx: tx.run("UPDATE stock_balance SET on_hand_each = 7 WHERE warehouse_id = :w AND lpn_id = 0"))
    said = floor("--lot", "L1")
    assert said.exit_code == 1
    assert "DOES NOT ADD UP" in said.output


def test_what_nobody_knows_is_said_in_a_line(stocked: FloorHand) -> None:
    assert isinstance(floor("--lot", "L9").exception, NotFound)
