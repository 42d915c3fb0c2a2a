"""Opening stock from a CSV: what lies where on the day the floor starts, as layers in the ledger.

Every row moves goods from the supplier into a storage location under the rules of putaway. One receipt a
file and date, numbered by the file's content. Refuses what putaway refuses, and a place, SKU and date that
an opening stock file filled before with another quantity: that is corrected by a count, not by a second
import. Invariant: no row is ever taken twice, whichever file it comes in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from fulfillment.domain.fifo import Layer, Rotation, rank
from fulfillment.domain.putaway import check_putaway
from fulfillment.domain.reasons import MoveReason, Reject, Rejected
from fulfillment.domain.stock import Access, Move, Virtual
from fulfillment.hot import Tx, Writer
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting
from fulfillment.services.receiving.putaway import arriving_layer, storage_at
from fulfillment.services.stock import allocate, ledger

COLUMNS = Columns(
    required=("sku", "location", "qty", "received_on"), optional=("lot", "expiry_on", "serial", "note")
)
SUPPLIER = "opening stock"  # marks the receipts of this import
BATCH_ROWS = 50
BATCH_ITEMS = 5
MAX_ROW_EACH = 1_000_000

_WORDS = {
    Reject.NOT_STORAGE: "{location} is not a storage location",
    Reject.MIXED_ITEM: "another item lies in {location}",
    Reject.WOULD_BURY_OLDER: "older goods in {location} would be out of reach behind these",
    Reject.LOCATION_FULL: "{location} has room for {expected}",
    Reject.WRONG_ZONE: "{location} is not in {expected}",
    Reject.TOO_HIGH: "these stand {expected} high, too high for {location}",
}


@dataclass(frozen=True, slots=True)
class _StockRow:
    row: Row
    sku: str
    location: str
    qty_each: int
    received_on: str
    lot: str
    expiry_on: str
    serial: str

    @property
    def key(self) -> tuple[str, ...]:
        return (self.sku.upper(), self.location, self.received_on, self.lot, self.expiry_on, self.serial)


def import_stock(
    writer: Writer, source: Path | str | bytes, options: Options | None = None, today: date | None = None
) -> ImportReport:
    """Put opening stock where the file says, then promise it to the orders that wait."""
    options = options or Options()
    with (
        reporting("stock", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        report.figures.update(receipts=0, layers=0, units_each=0, orders_served=0)
        latest = (today or _today(writer)) + timedelta(days=1)
        rows = _read_all(sheet.rows(), kept, latest)
        items: set[int] = set()
        done = 0
        for batch in _batches(_in_order(writer, rows), BATCH_ROWS):
            items |= _store(writer, batch, kept, sheet.content_sha256)
            done += len(batch)
            if options.progress:
                options.progress(done, len(rows))
        # Only now, when the oldest layers of every item lie in their places.
        for some in _batches(sorted(items), BATCH_ITEMS):
            report.figures["orders_served"] += writer.write(partial(_allocate, item_ids=some))
    return report


def _today(writer: Writer) -> date:
    return datetime.fromtimestamp(writer.write(lambda tx: tx.now_ms) / 1000, UTC).date()


def _read_all(rows: Iterator[Row | BadRow], kept: Journal, latest: date) -> list[_StockRow]:
    # All at once: flow racks and stacks are filled in the order of age, whatever the order of the rows.
    found: list[_StockRow] = []
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        kept.saw(row.number)
        if isinstance(row, BadRow):
            kept.reject_bad(row)
            continue
        try:
            part = _read(row, latest)
        except BadCell as bad:
            kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
            continue
        first = seen.setdefault(part.key, row.number)
        if first != row.number:
            kept.reject(row, "sku", "duplicate_row", f"row {first} says the same SKU, place and date: add them up")
            continue
        found.append(part)
    return found


def _read(row: Row, latest: date) -> _StockRow:
    part = _StockRow(
        row, cells.needed(row, "sku", 60), cells.needed(row, "location", 30).upper(),
        cells.whole(row, "qty", 1, MAX_ROW_EACH), cells.day(row, "received_on", is_needed=True),
        cells.text(row, "lot", 40), cells.day(row, "expiry_on"), cells.text(row, "serial", 40),
    )  # fmt: skip
    if part.received_on > latest.isoformat():
        raise BadCell("received_on", "bad_date", "received_on lies in the future")
    if part.serial and part.qty_each != 1:
        raise BadCell("qty", "bad_quantity", "a serial number is of one piece")
    return part


def _in_order(writer: Writer, rows: Sequence[_StockRow]) -> list[_StockRow]:
    """What leaves first comes first; into a place where the last in is the first out, it comes last."""

    def named(tx: Tx) -> tuple[set[str], dict[str, str]]:
        stacks = tx.all("SELECT code FROM location WHERE warehouse_id = :w AND access = :a", a=Access.LIFO)
        items = tx.all("SELECT sku_key, rotation FROM item WHERE warehouse_id = :w")
        return {row["code"] for row in stacks}, {row["sku_key"]: row["rotation"] for row in items}

    stacks, rotations = writer.write(named)

    def age(part: _StockRow) -> int:
        rotation = rotations.get(part.sku.upper(), Rotation.FIFO)
        leaves, _ = rank(Layer(0, part.received_on, part.expiry_on), rotation)
        return -leaves if part.location in stacks else leaves

    return sorted(rows, key=age)


def _batches(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _store(writer: Writer, batch: Sequence[_StockRow], kept: Journal, content_sha256: str) -> set[int]:
    """Take rows in, each whole or not at all; the items they are of."""
    figures = kept.report.figures

    def work(tx: Tx) -> list[tuple[int, bool, int, int] | BadCell]:
        return [_store_apart(tx, part, content_sha256) for part in batch]

    items: set[int] = set()
    for part, outcome in zip(batch, writer.write(work), strict=True):
        if isinstance(outcome, BadCell):
            kept.reject(part.row, outcome.column, outcome.reason, outcome.words, outcome.value)
            continue
        item_id, is_new, receipts, layers = outcome
        items.add(item_id)
        if is_new:
            kept.report.created += 1
            figures["receipts"] += receipts
            figures["layers"] += layers
            figures["units_each"] += part.qty_each
        else:
            kept.report.unchanged += 1
    return items


def _store_apart(tx: Tx, part: _StockRow, content_sha256: str) -> tuple[int, bool, int, int] | BadCell:
    try:
        with tx.savepoint():
            return _store_one(tx, part, content_sha256)
    except BadCell as bad:
        return bad


def _store_one(tx: Tx, part: _StockRow, content_sha256: str) -> tuple[int, bool, int, int]:
    """The item, whether the row is new, and how many receipts and layers it made."""
    item, location = _item(tx, part), _location(tx, part)
    known_each = _known_each(tx, item["id"], location["id"], part)
    if known_each == part.qty_each:
        return item["id"], False, 0, 0
    if known_each:
        raise BadCell(
            "qty", "stock_differs",
            f"an opening stock file put {known_each} there already: a count corrects it, another import does not",
        )  # fmt: skip
    receipt_id, is_new_receipt = _receipt(tx, part, content_sha256)
    tx.put(
        "INSERT INTO receipt_line (warehouse_id, id, receipt_id, item_id, lot, expiry_on, expected_each, received_each)"
        " VALUES (:w, (SELECT COALESCE(MAX(id), 0) + 1 FROM receipt_line WHERE warehouse_id = :w), :receipt, :item,"
        " :lot, :expiry, :qty, :qty) ON CONFLICT (warehouse_id, receipt_id, item_id, lot, expiry_on, received_on)"
        " DO UPDATE SET"
        " expected_each = receipt_line.expected_each + excluded.expected_each,"
        " received_each = receipt_line.received_each + excluded.received_each",
        receipt=receipt_id, item=item["id"], lot=part.lot, expiry=part.expiry_on, qty=part.qty_each,
    )  # fmt: skip
    layer_id, is_new_layer = _layer(tx, receipt_id, item["id"], part)
    wrong = check_putaway(storage_at(tx, location["id"]), arriving_layer(tx, layer_id), part.qty_each)
    if wrong is not None:
        raise BadCell(
            "qty" if wrong.code == Reject.LOCATION_FULL else "location", wrong.code.value, _in_words(wrong, part)
        )
    actor = Actor(occurred_at_ms=tx.now_ms)
    move = Move(
        layer_id, item["id"], ledger.VIRTUAL_IDS[Virtual.SUPPLIER], location["id"], part.qty_each, MoveReason.RECEIVE
    )
    ledger.post(tx, actor, [move])
    return item["id"], True, int(is_new_receipt), int(is_new_layer)


def _item(tx: Tx, part: _StockRow) -> Any:
    item = tx.one("SELECT * FROM item WHERE warehouse_id = :w AND sku_key = :key", key=part.sku.upper())
    if item is None:
        raise BadCell("sku", "unknown_sku", f"there is no item {part.sku}")
    if item["is_service"]:
        raise BadCell("sku", "service_item", f"{item['sku']} is a service, not goods")
    for column, value in (("lot", part.lot), ("expiry_on", part.expiry_on), ("serial", part.serial)):
        if item[f"tracks_{column.removesuffix('_on')}"] and not value:
            raise BadCell(
                column, f"{column.removesuffix('_on')}_required", f"{item['sku']} needs {column} in every row"
            )
    if part.serial and not item["tracks_serial"]:
        raise BadCell("serial", "serial_not_tracked", f"{item['sku']} has no serial numbers")
    return item


def _location(tx: Tx, part: _StockRow) -> Any:
    location = tx.one("SELECT id, code FROM location WHERE warehouse_id = :w AND code = :code", code=part.location)
    if location is None:
        raise BadCell("location", "unknown_location", f"there is no location {part.location}")
    return location


def _known_each(tx: Tx, item_id: int, location_id: int, part: _StockRow) -> int:
    """What opening stock files put of this there before (and may have left since)."""
    if part.serial:
        known = tx.one(
            "SELECT y.received_on, r.supplier FROM layer y"
            " JOIN receipt r ON r.warehouse_id = y.warehouse_id AND r.id = y.receipt_id"
            " WHERE y.warehouse_id = :w AND y.item_id = :item AND y.serial = :serial",
            item=item_id, serial=part.serial,
        )  # fmt: skip
        if known is not None and (known["received_on"], known["supplier"]) != (part.received_on, SUPPLIER):
            raise BadCell("serial", "serial_known", f"serial {part.serial} was received on {known['received_on']}")
    row = tx.one(
        "SELECT COALESCE(SUM(m.qty_each), 0) AS n FROM layer y"
        " JOIN receipt r ON r.warehouse_id = y.warehouse_id AND r.id = y.receipt_id"
        " JOIN stock_move m ON m.warehouse_id = y.warehouse_id AND m.layer_id = y.id"
        " WHERE y.warehouse_id = :w AND y.item_id = :item AND y.received_on = :day AND y.lot = :lot"
        " AND y.expiry_on = :expiry AND y.serial = :serial AND r.supplier = :supplier AND m.reason = 'receive'"
        " AND m.to_location_id = :location",
        item=item_id, day=part.received_on, lot=part.lot, expiry=part.expiry_on, serial=part.serial,
        supplier=SUPPLIER, location=location_id,
    )  # fmt: skip
    return int(row["n"])


def _receipt(tx: Tx, part: _StockRow, content_sha256: str) -> tuple[int, bool]:
    number = f"STOCK-{part.received_on.replace('-', '')}-{content_sha256[:10].upper()}"
    known = tx.one("SELECT id FROM receipt WHERE warehouse_id = :w AND number = :number", number=number)
    if known is not None:
        return known["id"], False
    receipt_id = tx.insert(
        "receipt", number=number, state="closed", supplier=SUPPLIER, received_on=part.received_on,
        content_sha256=content_sha256, created_at_ms=tx.now_ms, closed_at_ms=tx.now_ms,
    )  # fmt: skip
    tell(tx, "board", "ReceiptAnnounced", receipt=number)
    return receipt_id, True


def _layer(tx: Tx, receipt_id: int, item_id: int, part: _StockRow) -> tuple[int, bool]:
    known = tx.one(
        "SELECT id FROM layer WHERE warehouse_id = :w AND receipt_id = :receipt AND item_id = :item AND lot = :lot"
        " AND expiry_on = :expiry AND serial = :serial",
        receipt=receipt_id, item=item_id, lot=part.lot, expiry=part.expiry_on, serial=part.serial,
    )  # fmt: skip
    if known is not None:
        return known["id"], False
    layer_id = tx.insert(
        "layer", item_id=item_id, receipt_id=receipt_id, received_on=part.received_on, lot=part.lot,
        expiry_on=part.expiry_on, serial=part.serial, created_at_ms=tx.now_ms,
    )  # fmt: skip
    return layer_id, True


def _in_words(wrong: Rejected, part: _StockRow) -> str:
    words = _WORDS.get(wrong.code, wrong.code.value)
    return words.format(location=part.location, expected=wrong.expected)


def _allocate(tx: Tx, item_ids: Sequence[int]) -> int:
    actor = Actor(occurred_at_ms=tx.now_ms)
    return len({order for item_id in item_ids for order in allocate.allocate_waiting(tx, actor, item_id)})
