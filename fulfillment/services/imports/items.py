"""Items from a CSV: created, or brought to what the file says; matched by SKU in any letter case.

A column the file has is the file's word, empty cells included; a column it does not have leaves the item as
it is. What holds of rotation and tolerance is settled from the item's own word, its zone's and the default, and
entered in the item's history. Refuses a barcode of another item, a wrong check digit, and making goods a
service (or the reverse) while stock or orders hold them. Invariant: importing a file twice changes nothing the
second time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fulfillment.domain.codes import barcode_key, gtin14
from fulfillment.domain.fifo import Rotation
from fulfillment.domain.inbound import ReturnDating
from fulfillment.domain.languages import LANGUAGES
from fulfillment.domain.putaway import Velocity
from fulfillment.domain.units import Uom
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting
from fulfillment.services.set_up import item_barcodes, item_names
from fulfillment.services.stock import policies

COLUMNS = Columns(
    required=("sku",),
    optional=(
        "name", "barcodes", "length_mm", "width_mm", "height_mm", "weight_g", "is_service", "tracks_lot",
        "tracks_expiry", "tracks_serial", "tolerance_days", "hs_code", "origin", "value_minor", "currency",
        "scan_each_max", "rotation", "min_life_days", "zone", "storage_class", "velocity", "return_dating",
        "is_fragile", "keeps_upright", "max_load_g", "look_alike", "note", *(f"name:{code}" for code in LANGUAGES),
    ),
    other_headings={f"name:{code}": (f"name_{code}", f"name_{code.split('_')[0]}") for code in LANGUAGES},
)  # fmt: skip
BATCH_ROWS = 100
MAX_SKU = 60
MAX_BARCODE = 80
DEFAULT_SCAN_EACH_MAX = 3
IMPORTED = "imported"

# What the file says of these is the item's own word; what holds follows from it.
_OWN = {"rotation": "own_rotation", "tolerance_days": "own_tolerance_days"}
_BARCODE = re.compile(r"(each|inner|case|pallet)([0-9]{0,6}):(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Barcode:
    code: str
    uom: str
    qty_each: int


@dataclass(frozen=True, slots=True)
class _ItemRow:
    row: Row
    sku: str
    values: dict[str, Any]
    names: dict[str, str]
    barcodes: tuple[_Barcode, ...] | None


def import_items(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Create and update items."""
    options = options or Options()
    with (
        reporting("items", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        seen: dict[str, int] = {}
        batch: list[_ItemRow] = []
        for row in sheet.rows():
            kept.saw(row.number)
            item = _read(row, kept, seen)
            if item is not None:
                batch.append(item)
            if len(batch) >= BATCH_ROWS:
                _store(writer, batch, kept)
                batch = []
        _store(writer, batch, kept)
    return report


def _read(row: Row | BadRow, kept: Journal, seen: dict[str, int]) -> _ItemRow | None:
    if isinstance(row, BadRow):
        kept.reject_bad(row)
        return None
    try:
        sku = cells.needed(row, "sku", MAX_SKU)
        values = _values(row)
        names = _names(row)
        barcodes = _barcodes(row) if "barcodes" in row.places else None
    except BadCell as bad:
        kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
        return None
    first = seen.setdefault(sku.upper(), row.number)
    if first != row.number:
        kept.reject(row, "sku", "duplicate_row", f"row {first} is about this SKU already")
        return None
    return _ItemRow(row, sku, values, names, barcodes)


def _values(row: Row) -> dict[str, Any]:
    """The item's columns the file has."""
    reads: dict[str, Any] = {
        "name": lambda: cells.text(row, "name"),
        "hs_code": lambda: _hs_code(row),
        "origin": lambda: _origin(row),
        "value_minor": lambda: cells.whole(row, "value_minor", 0, 10**12, 0),
        "currency": lambda: cells.currency_code(row, "currency"),
        "scan_each_max": lambda: cells.whole(row, "scan_each_max", 0, 1_000_000, DEFAULT_SCAN_EACH_MAX),
        "rotation": lambda: cells.word(row, "rotation", tuple(Rotation), ""),
        "tolerance_days": lambda: cells.whole(row, "tolerance_days", 0, 3_650) if row["tolerance_days"] else None,
        "min_life_days": lambda: cells.whole(row, "min_life_days", 0, 3_650, 0),
        "zone": lambda: cells.text(row, "zone", 20),
        "storage_class": lambda: _storage_class(row),
        "velocity": lambda: cells.word(row, "velocity", tuple(Velocity), ""),
        "max_load_g": lambda: cells.whole(row, "max_load_g", 0, 5_000_000) if row["max_load_g"] else None,
        # One spelling of the word: two would be two kinds of goods.
        "look_alike": lambda: cells.text(row, "look_alike", 60).upper(),
        "return_dating": lambda: cells.word(row, "return_dating", tuple(ReturnDating), ReturnDating.ORIGINAL),
    }
    for column, most in (("length_mm", 20_000), ("width_mm", 20_000), ("height_mm", 20_000), ("weight_g", 5_000_000)):
        reads[column] = lambda column=column, most=most: cells.whole(row, column, 0, most, 0)
    for column in ("is_service", "tracks_lot", "tracks_expiry", "tracks_serial", "is_fragile", "keeps_upright"):
        reads[column] = lambda column=column: cells.yes_or_no(row, column)
    return {_OWN.get(column, column): read() for column, read in reads.items() if column in row.places}


def _names(row: Row) -> dict[str, str]:
    """Names by language, of the columns the file has."""
    columns = {code: f"name:{code}" for code in LANGUAGES}
    return {code: cells.text(row, column) for code, column in columns.items() if column in row.places}


def _storage_class(row: Row) -> str:
    value = cells.text(row, "storage_class", 20).lower()
    if not policies.is_class(value):
        raise BadCell("storage_class", "bad_storage_class", "storage_class is one word of letters, digits and - _")
    return value


def _hs_code(row: Row) -> str:
    value = row["hs_code"].replace(".", "").replace(" ", "")
    if value and not (value.isascii() and value.isdigit() and 6 <= len(value) <= 12):
        raise BadCell("hs_code", "bad_hs_code", "hs_code has 6 to 12 digits")
    return value


def _origin(row: Row) -> str:
    value = row["origin"].upper()
    if value and not (len(value) == 2 and value.isascii() and value.isalpha()):
        raise BadCell("origin", "bad_country", "origin is not an ISO 3166 code like GB")
    return value


def _barcodes(row: Row) -> tuple[_Barcode, ...]:
    """`each:5012345678900;case12:15012345678907` → barcodes; a bare code is one of an each."""
    found: dict[str, _Barcode] = {}
    for part in filter(None, (part.strip() for part in row["barcodes"].split(";"))):
        match = _BARCODE.fullmatch(part)
        uom, count, code = match.groups() if match else (Uom.EACH.value, "", part)
        barcode = _Barcode(code_of_barcode(code.strip()), uom.lower(), int(count or 1))
        if uom.lower() == Uom.EACH:
            if barcode.qty_each != 1:
                raise BadCell("barcodes", "bad_barcode", f"{part}: an each is one", part)
        elif not 2 <= barcode.qty_each <= item_barcodes.MAX_PER_BARCODE:
            raise BadCell("barcodes", "bad_barcode", f"{part}: say how many it holds, as in {uom.lower()}12:…", part)
        if barcode.code in found:
            raise BadCell("barcodes", "bad_barcode", f"{part}: named twice in one row", part)
        found[barcode.code] = barcode
    return tuple(found.values())


def code_of_barcode(code: str) -> str:
    """A barcode as it is kept and matched.

    Raises:
        BadCell: nothing a scanner reads, or a wrong check digit.
    """
    if not code or len(code) > MAX_BARCODE or not code.isprintable() or not code.isascii():
        raise BadCell("barcodes", "bad_barcode", f"a barcode has 1 to {MAX_BARCODE} printable characters", code)
    if code.isdigit() and len(code) in (8, 12, 13, 14) and gtin14(code) is None:
        raise BadCell("barcodes", "wrong_check_digit", f"{code}: the check digit is wrong", code)
    return barcode_key(code)


def _store(writer: Writer, batch: Sequence[_ItemRow], kept: Journal) -> None:
    if not batch:
        return

    def work(tx: Tx) -> list[tuple[str, BadCell | None, str]]:
        return [_store_apart(tx, item) for item in batch]

    for item, (what, bad, note) in zip(batch, writer.write(work), strict=True):
        if bad is not None:
            kept.reject(item.row, bad.column, bad.reason, bad.words, bad.value)
            continue
        setattr(kept.report, what, getattr(kept.report, what) + 1)
        if note:
            kept.note(note, item.row.number)


def _store_apart(tx: Tx, item: _ItemRow) -> tuple[str, BadCell | None, str]:
    try:
        with tx.savepoint():
            what, note = _store_one(tx, item)
    except BadCell as bad:
        return "", bad, ""
    return what, None, note


def _store_one(tx: Tx, item: _ItemRow) -> tuple[str, str]:
    """`created`, `updated` or `unchanged`, and what else there is to say."""
    key = item.sku.upper()
    known = tx.one("SELECT * FROM item WHERE warehouse_id = :w AND sku_key = :key", key=key)
    if known is None:
        values = {"name": item.sku, **item.values}
        item_id = tx.insert("item", sku=item.sku, sku_key=key, **values)
        policies.settle_policies(tx, [item_id], are_new=True)
        item_names.change(tx, item_id, item.names)
        _, note = _set_barcodes(tx, item_id, item, item.barcodes or ())
        return "created", note
    changes = {column: value for column, value in item.values.items() if known[column] != value}
    if "is_service" in changes:
        _check_unused(tx, known["id"])
    if changes:
        touches_policy = not policies.POLICY_COLUMNS.isdisjoint(changes)
        if touches_policy:
            policies.remember(tx, known["id"])
        sets = ", ".join(f"{column} = :{column}" for column in changes)
        tx.put(f"UPDATE item SET {sets} WHERE warehouse_id = :w AND id = :id", id=known["id"], **changes)
        if touches_policy:
            policies.settle_policies(tx, [known["id"]], IMPORTED)
    is_changed, note = _set_barcodes(tx, known["id"], item, item.barcodes)
    is_renamed = item_names.change(tx, known["id"], item.names)
    return ("updated" if changes or is_changed or is_renamed else "unchanged"), note


def _check_unused(tx: Tx, item_id: int) -> None:
    for table in ("stock_balance", "demand", "receipt_line"):
        if tx.one(f"SELECT 1 FROM {table} WHERE warehouse_id = :w AND item_id = :id LIMIT 1", id=item_id) is not None:
            raise BadCell("is_service", "item_in_use", "stock, orders or receipts hold this item: it stays what it is")


def _set_barcodes(tx: Tx, item_id: int, item: _ItemRow, wanted: Sequence[_Barcode] | None) -> tuple[bool, str]:
    """Make the item's barcodes those wanted (None = leave them) and its SKU; whether anything changed."""
    known = {
        row["code"]: row
        for row in tx.all(
            "SELECT id, code, uom, qty_each FROM item_barcode WHERE warehouse_id = :w AND item_id = :id", id=item_id
        )
    }
    sku_code = barcode_key(item.sku)
    is_changed = False
    for barcode in wanted or ():
        row = known.get(barcode.code)
        if row is None:
            owner = item_barcodes.owner_of(tx, barcode.code)
            if owner is not None:
                raise BadCell(
                    "barcodes", "barcode_of_another_item", f"{barcode.code} is a barcode of {owner}", barcode.code
                )
            tx.add("item_barcode", item_id=item_id, code=barcode.code, uom=barcode.uom, qty_each=barcode.qty_each)
            is_changed = True
        elif (row["uom"], row["qty_each"]) != (barcode.uom, barcode.qty_each):
            tx.put(
                "UPDATE item_barcode SET uom = :uom, qty_each = :qty WHERE warehouse_id = :w AND id = :id",
                id=row["id"], uom=barcode.uom, qty=barcode.qty_each,
            )  # fmt: skip
            is_changed = True
    if wanted is not None:
        keep = {barcode.code for barcode in wanted} | {sku_code}
        for code, row in known.items():
            if code not in keep:
                tx.put("DELETE FROM item_barcode WHERE warehouse_id = :w AND id = :id", id=row["id"])
                is_changed = True
    note = ""
    if sku_code not in known and sku_code not in {barcode.code for barcode in wanted or ()}:
        # The SKU itself can be scanned or keyed, unless somebody else's barcode reads the same.
        owner = item_barcodes.owner_of(tx, sku_code)
        if owner is None:
            tx.add("item_barcode", item_id=item_id, code=sku_code, uom=Uom.EACH, qty_each=1)
            is_changed = True
        else:
            note = f"the SKU {item.sku} cannot be scanned: it is a barcode of {owner}"
    return is_changed, note
