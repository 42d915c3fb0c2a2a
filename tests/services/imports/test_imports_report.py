"""A reject file is opened in a spreadsheet, corrected, and imported again: nothing runs in it, nothing is lost."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from fulfillment.services import imports
from fulfillment.services.imports import Options, OrderOptions
from tests.factories import FloorHand

HEADING = "order,sku,qty,ordered_at,name,city,country,phone\n"
EVIL = '=HYPERLINK(""http://x"",""Jo"")'


def test_no_cell_of_a_reject_file_is_a_formula(hand: FloorHand, tmp_path: Path) -> None:
    reject = tmp_path / "reject.csv"
    sheet = f'{HEADING}S1,MUG,x,2026-01-01,"{EVIL}",Town,GB,+44 20 1\nS2,@SUM(A1),-2,2026-01-01,Jo,Town,GB,-\n'
    imports.import_orders(hand.floor.writer, sheet.encode(), Options(reject=reject), OrderOptions(100))
    rows = list(csv.DictReader(io.StringIO(reject.read_text("utf-8"))))
    assert len(rows) == 2
    assert rows[0]["name"] == '\'=HYPERLINK("http://x","Jo")'
    assert rows[0]["phone"] == "'+44 20 1"
    assert (rows[1]["sku"], rows[1]["qty"]) == ("'@SUM(A1)", "-2")


def test_a_corrected_reject_file_brings_back_what_the_cells_were(hand: FloorHand, tmp_path: Path) -> None:
    hand.item("MUG")
    reject = tmp_path / "reject.csv"
    sheet = f'{HEADING}S1,MUG,x,2026-01-01,"{EVIL}",Town,GB,+44 20 1\n'
    imports.import_orders(hand.floor.writer, sheet.encode(), Options(reject=reject), OrderOptions(100))
    corrected = reject.read_text("utf-8").replace(",x,", ",2,", 1)
    report = imports.import_orders(hand.floor.writer, corrected.encode(), Options(), OrderOptions(100))
    assert (report.created, report.rejected) == (1, 0)
    order = hand.one("SELECT ship_to_name, phone FROM sales_order WHERE warehouse_id = :w")
    assert order == {"ship_to_name": '=HYPERLINK("http://x","Jo")', "phone": "+44 20 1"}
