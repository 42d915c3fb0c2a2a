"""Whole shifts against a real server: gunicorn, planner, outbox worker, printers over TCP, people over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ORDERS = Path(__file__).resolve().parent.parent / "data" / "orders" / "twelve_orders.csv"
HEADINGS = "order=order_id,sku=sku,qty=qty,ordered_at=ts"

pytestmark = pytest.mark.scenario


def simulate(tmp_path: Path, *more: str) -> tuple[int, dict[str, Any]]:
    report = tmp_path / "report.json"
    run = subprocess.run(
        [sys.executable, "-m", "fulfillment.cli", "simulate", "--orders", str(ORDERS), "--map", HEADINGS, "--fast",
         "--workers", "4", "--json", str(report), *more],
        env={**os.environ, "FLOOR_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert report.exists(), run.stderr[-4000:]
    return run.returncode, json.loads(report.read_text("utf-8"))


def test_a_day_with_human_errors_ships_every_shippable_order(tmp_path: Path) -> None:
    code, report = simulate(tmp_path)
    why = [*report["differences"], *report["surprises"], *report["stuck"]]
    assert report["failures"] == [], "\n".join(map(str, why))
    assert code == 0
    assert report["orders_shipped"] == report["orders_shippable"] > 0
    assert report["verify_ok"] is True
    assert report["fifo_violations"] == 0
    assert report["world_differences"] == 0
    assert report["labels_decoded"] == report["labels_sent"] == report["parcels"] > 0
    assert report["label_mismatches"] == 0
    assert report["walk_dm"] <= report["walk_s_shape_dm"]
    assert 0 < report["tours_proven"] <= report["tours"]


def test_a_day_picked_zone_by_zone_ships_as_much(tmp_path: Path) -> None:
    code, report = simulate(tmp_path, "--zones", "3")
    why = [*report["differences"], *report["surprises"], *report["stuck"]]
    assert (code, report["failures"]) == (0, []), "\n".join(map(str, why))
    assert report["orders_shipped"] == report["orders_shippable"] > 0
    assert report["verify_ok"] is True
    assert report["world_differences"] == 0
    assert report["hand_overs"] > 0


def test_a_day_on_walkways_ships_as_much_and_walks_no_more_than_by_names(tmp_path: Path) -> None:
    code, report = simulate(tmp_path, "--walkways")
    why = [*report["differences"], *report["surprises"], *report["stuck"]]
    assert (code, report["failures"]) == (0, []), "\n".join(map(str, why))
    assert report["orders_shipped"] == report["orders_shippable"] > 0
    assert report["world_differences"] == 0
    assert 0 < report["walk_dm"] <= report["walk_location_order_dm"]
    assert report["walk_s_shape_dm"] == 0  # there are no aisles to walk in an S


def test_a_planted_fifo_break_is_found_by_the_audit(tmp_path: Path) -> None:
    code, report = simulate(tmp_path, "--plant", "fifo-break", "--no-errors", "--cancel", "0")
    assert report["planted"]["plant"] == "fifo-break"
    assert report["fifo_violations"] >= 1
    assert report["planted_found"] is True
    assert code == 0


def test_a_lost_unit_is_found_by_the_count(tmp_path: Path) -> None:
    code, report = simulate(tmp_path, "--plant", "lost-unit", "--no-errors", "--cancel", "0")
    assert report["planted"]["plant"] == "lost-unit"
    assert report["planted_found"] is True
    assert report["verify_ok"] is True
    assert code == 0


def test_an_order_file_without_orders_is_refused_in_words(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("order_id,sku,qty,ts\n", "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "fulfillment.cli", "simulate", "--orders", str(empty), "--map", HEADINGS],
        env={**os.environ, "FLOOR_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert "no order in it" in run.stderr
    assert "Traceback" not in run.stderr
