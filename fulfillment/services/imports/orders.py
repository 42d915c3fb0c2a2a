"""Orders from a CSV: rows gathered into orders, each taken in whole or not at all.

The file is read twice: once to learn where each order's last row is (its rows need not be adjacent), once to
take the orders in as they become whole, some at a time, so that scans go on meanwhile. Cancellations and
quantities of nothing are left out as announced; a wrong row keeps its whole order out. Invariant: importing
a file twice takes nothing in twice, whatever day its times were shifted to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.domain.orders import Policy
from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.common.actor import Actor
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.countries import NO_COUNTRY, country_code
from fulfillment.services.imports.reading import BadRow, Columns, Row, Sheet, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting, shorten
from fulfillment.services.ordering.orders import LineIn, OrderIn, ShipTo, take_in

ADDRESS = ("name", "address1", "address2", "city", "region", "postcode", "country", "phone")
COLUMNS = Columns(
    required=("order", "sku", "qty", "ordered_at"),
    optional=(
        "description", "unit_price", "currency", "customer", *ADDRESS, "policy", "priority", "may_substitute",
        "channel",
    ),
    other_headings={
        "description": ("title", "item_name"),
        "unit_price": ("price", "unit_price_gbp", "unit_price_eur", "unit_price_usd"),
        "customer": ("customer_id",),
        "name": ("ship_name", "ship_to_name"),
        "country": ("ship_country", "country_code"),
    },
)  # fmt: skip
CHANNEL = "file"
CANCELLED_PREFIX = "C"
MAX_NUMBER = 60
BATCH_ORDERS = 20
BATCH_LINES = 120  # some 60 ms: a scan that comes in between waits no longer

_LINE_FIELD = re.compile(r"lines\[([0-9]+)\]\.(\w+)")
_PRICE_CURRENCY = re.compile(r"unit_price_([a-z]{3})", re.IGNORECASE)
_COLUMN_OF_FIELD = {"number": "order", "qty_each": "qty", "policy": "policy", "ship_to.country": "country"}


@dataclass(frozen=True)
class OrderOptions:
    """How to read orders. `time_pattern`: as of strptime, '' = ISO 8601. `today`: for the shift, in the
    warehouse's time zone (None = now)."""

    max_line_each: int = 10_000
    is_shifted_to_today: bool = False
    cancelled_prefix: str = CANCELLED_PREFIX
    time_pattern: str = ""
    today: date | None = None


@dataclass(slots=True)
class _Gathered:
    """An order while its rows come in."""

    number: str
    channel: str
    ordered_at: datetime
    said: dict[str, tuple[str, int]] = field(default_factory=dict)
    lines: list[LineIn] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    wrong_row: int = 0


@dataclass(frozen=True, slots=True)
class _Outline:
    """What the first reading found: the last row of each order, orders with an unreadable row, the first day."""

    last_row: dict[str, int]
    unreadable: dict[str, int]
    first_on: date | None


def import_orders(
    writer: Writer, source: Path | str | bytes, options: Options | None = None, how: OrderOptions | None = None
) -> ImportReport:
    """Take the orders of a file in and promise them what there is."""
    options, how = options or Options(), how or OrderOptions()
    with (
        reporting("orders", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        report.figures.update(orders=0, lines=0, units_each=0, orders_on_hold=0)
        warehouse = writer.write(lambda tx: tx.one("SELECT time_zone FROM warehouse WHERE id = :w"))
        _Reading(writer, sheet, kept, how, ZoneInfo(warehouse["time_zone"])).run()
    return report


class _Reading:
    """One import of one file."""

    def __init__(self, writer: Writer, sheet: Sheet, kept: Journal, how: OrderOptions, zone: ZoneInfo) -> None:
        self._writer = writer
        self._sheet = _with_line_names(sheet, kept)
        self._kept = kept
        self._how = how
        self._zone = zone
        self._currency = _currency_of_heading(sheet)
        self._open: dict[str, _Gathered] = {}
        self._batch: list[tuple[_Gathered, OrderIn]] = []
        self._shift = timedelta(0)
        self._outline = _Outline({}, {}, None)

    def run(self) -> None:
        self._outline = self._outline_of()
        if self._how.is_shifted_to_today and self._outline.first_on is not None:
            today = self._how.today or datetime.now(self._zone).date()
            self._shift = today - self._outline.first_on
            if self._shift:
                self._kept.note(f"times shifted by {self._shift.days} days: {self._outline.first_on} became {today}")
        for row in self._sheet.rows():
            self._kept.saw(row.number)
            if isinstance(row, BadRow):
                self._kept.reject_bad(row)
                continue
            self._take_row(row)
            key = _key(row)
            if self._outline.last_row.get(key) == row.number and key in self._open:
                self._close_order(key, self._open.pop(key))
        self._store()
        report = self._kept.report
        if report.left_out and not (report.created or report.unchanged or report.rejected):
            self._kept.note("nothing but cancellations and empty quantities: see --cancelled-prefix")

    def _outline_of(self) -> _Outline:
        last_row: dict[str, int] = {}
        unreadable: dict[str, int] = {}
        first_on: date | None = None
        for row in self._sheet.rows():
            if isinstance(row, BadRow):
                number = row.guess("order")
                if 0 < len(number) <= MAX_NUMBER:
                    unreadable.setdefault(_key_of(row.guess("channel")[:40], number), row.number)
                continue
            last_row[_key(row)] = row.number
            if self._how.is_shifted_to_today:
                try:
                    on = self._local(cells.moment(row, "ordered_at", self._how.time_pattern)).date()
                except BadCell:
                    continue  # reported when its turn comes
                first_on = on if first_on is None or on < first_on else first_on
        return _Outline(last_row, unreadable, first_on)

    def _local(self, moment: datetime) -> datetime:
        """The time on the wall of the warehouse, without an offset."""
        return moment if moment.tzinfo is None else moment.astimezone(self._zone).replace(tzinfo=None)

    def _take_row(self, row: Row) -> None:
        number = row["order"]
        prefix = self._how.cancelled_prefix.upper()
        if prefix and number.upper().startswith(prefix):
            self._kept.leave_out(row, "order", "cancellation", f"{shorten(number)} is a cancellation")
            return
        try:
            number = cells.needed(row, "order", MAX_NUMBER)
            qty_each = cells.whole(row, "qty", -(10**12), 10**12)
        except BadCell as bad:
            self._reject(row, bad)
            return
        if qty_each <= 0:
            reason = "negative_quantity" if qty_each < 0 else "zero_quantity"
            self._kept.leave_out(row, "qty", reason, f"{qty_each} of {shorten(row['sku'])} asks for nothing")
            return
        try:
            line = self._line(row, qty_each)
            ordered_at = self._local(cells.moment(row, "ordered_at", self._how.time_pattern))
            said = self._said(row)
        except BadCell as bad:
            self._reject(row, bad)
            return
        order = self._open.get(_key(row))
        if order is None:
            order = self._open[_key(row)] = _Gathered(number, row["channel"] or CHANNEL, ordered_at)
        order.ordered_at = min(order.ordered_at, ordered_at)
        for column, value in said.items():
            known, first = order.said.setdefault(column, (value, row.number))
            if known != value:
                words = f"row {first} of the same order says {shorten(known)!r}"
                self._reject(row, BadCell(column, "order_differs", words, value))
                return
        order.lines.append(line)
        order.rows.append(row)

    def _line(self, row: Row, qty_each: int) -> LineIn:
        sku = cells.needed(row, "sku", 60)
        if qty_each > self._how.max_line_each:
            raise BadCell(
                "qty", "absurd_quantity", f"{qty_each} of {sku}: a line has at most {self._how.max_line_each}"
            )
        currency = cells.currency_code(row, "currency") or self._currency
        return LineIn(sku, qty_each, cells.money(row, "unit_price", currency), currency, cells.text(row, "description"))

    def _said(self, row: Row) -> dict[str, str]:
        """What a row says about its whole order; cells that are empty say nothing."""
        said = {column: cells.text(row, column) for column in (*ADDRESS, "customer") if column != "country"}
        said["country"] = self._country(row)
        policy = row["policy"].lower()
        if policy and policy not in {known.value for known in Policy}:
            raise BadCell("policy", "bad_policy", f"policy is none of {', '.join(Policy)}")
        said["policy"] = policy
        if row["may_substitute"]:
            said["may_substitute"] = str(cells.whole(row, "may_substitute", 0, 1))
        if row["priority"]:
            said["priority"] = str(cells.whole(row, "priority", -100, 100))
        cells.text(row, "channel", 40)
        return {column: value for column, value in said.items() if value}

    def _country(self, row: Row) -> str:
        name = row["country"]
        code = country_code(name)
        if code is None:
            said = "is no country" if name.casefold() in NO_COUNTRY else "is not a country we know"
            self._kept.note(f"country: {shorten(name)!r} {said}; left empty", row.number)
            return ""
        return code

    def _reject(self, row: Row, bad: BadCell) -> None:
        """The row is wrong, so its order stays out: remembered until the order's last row."""
        self._kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
        key = _key(row)
        if not row["order"]:
            return
        order = self._open.get(key)
        if order is None:
            order = self._open[key] = _Gathered(row["order"], row["channel"] or CHANNEL, datetime.max)  # noqa: DTZ901
        order.wrong_row = order.wrong_row or row.number

    def _close_order(self, key: str, order: _Gathered) -> None:
        """All rows of an order have been read."""
        wrong_row = order.wrong_row or self._outline.unreadable.get(key, 0)
        if wrong_row:
            self._reject_along(order, wrong_row, order.rows)
        elif order.lines:
            self._batch.append((order, self._order_in(order)))
        if len(self._batch) >= BATCH_ORDERS or sum(len(one.lines) for one, _ in self._batch) >= BATCH_LINES:
            self._store()

    def _reject_along(self, order: _Gathered, wrong_row: int, rows: Sequence[Row]) -> None:
        for row in rows:
            self._kept.reject_along(
                row, "order_not_imported", f"order {shorten(order.number)} stays out because of row {wrong_row}"
            )

    def _order_in(self, order: _Gathered) -> OrderIn:
        said = {column: value for column, (value, _) in order.said.items()}
        customer = said.get("customer", "")
        name = said.get("name") or (f"Customer {customer}" if customer.isdigit() else customer)
        address = {column: said.get(column, "") for column in ADDRESS[1:]}
        return OrderIn(
            order.number, self._epoch_ms(order.ordered_at + self._shift), order.lines, ShipTo(name=name, **address),
            order.channel, said.get("policy") or Policy.SHIP_PARTIAL.value, int(said.get("priority") or 0),
            # Always, so that the content of an order does not depend on whether and when it was shifted.
            original_ordered_at=order.ordered_at.isoformat(sep=" "),
            may_substitute=said.get("may_substitute") == "1",
        )  # fmt: skip

    def _epoch_ms(self, local: datetime) -> int:
        # The clock time is what is kept: an hour that summer time skips or doubles is read as before the change.
        return int(local.replace(tzinfo=self._zone).astimezone(UTC).timestamp() * 1000)

    def _store(self) -> None:
        batch, self._batch = self._batch, []
        if not batch:
            return
        max_line_each = self._how.max_line_each

        def work(tx: Tx) -> list[tuple[bool, str] | DomainError]:
            return [_take_in_apart(tx, order, max_line_each) for _, order in batch]

        report = self._kept.report
        for (order, _), outcome in zip(batch, self._writer.write(work), strict=True):
            if isinstance(outcome, DomainError):
                self._reject_order(order, outcome)
                continue
            is_new, held_for = outcome
            if not is_new:
                report.unchanged += 1
                continue
            report.created += 1
            report.figures["orders"] += 1
            report.figures["lines"] += len(order.lines)
            report.figures["units_each"] += sum(line.qty_each for line in order.lines)
            if held_for:
                report.figures["orders_on_hold"] += 1
                self._kept.note(f"orders on hold for unknown SKU {shorten(held_for)}", order.rows[0].number)

    def _reject_order(self, order: _Gathered, error: DomainError) -> None:
        match = _LINE_FIELD.fullmatch(error.field or "")
        at, name = (int(match[1]), match[2]) if match else (0, error.field or "")
        row = order.rows[at]
        column = _COLUMN_OF_FIELD.get(name, name)
        words = error.detail
        if isinstance(error, Conflict):
            words = (
                f"order {shorten(order.number)} was taken in before with other content;"
                f" its {len(order.rows)} rows stay out"
            )
        self._kept.reject(row, column if column in self._sheet.places else "", error.code, words)
        self._reject_along(order, row.number, [other for other in order.rows if other is not row])


def _take_in_apart(tx: Tx, order: OrderIn, max_line_each: int) -> tuple[bool, str] | DomainError:
    try:
        with tx.savepoint():
            is_new = take_in(tx, Actor(occurred_at_ms=tx.now_ms), order, max_line_each)
    except DomainError as error:
        return error
    held = is_new and tx.one(
        "SELECT hold_note FROM sales_order WHERE warehouse_id = :w AND channel = :channel AND number = :number"
        " AND hold_reason <> ''",
        channel=order.channel, number=order.number,
    )  # fmt: skip
    return is_new, held["hold_note"] if held else ""


def _key(row: Row) -> str:
    return _key_of(row["channel"], row["order"])


def _key_of(channel: str, number: str) -> str:
    return f"{channel or CHANNEL}\0{number}"


def _with_line_names(sheet: Sheet, kept: Journal) -> Sheet:
    """A file with `name` and neither a description nor an address means the name of the item."""
    places: dict[str, Any] = dict(sheet.places)
    if "name" in places and not places.keys() & {"description", "address1", "address2", "city", "postcode"}:
        places["description"] = places.pop("name")
        kept.note("column name is taken for the item's name: the file has no address")
        return Sheet(**{**vars(sheet), "places": places})
    return sheet


def _currency_of_heading(sheet: Sheet) -> str:
    """`unit_price_gbp` says GBP."""
    place = sheet.places.get("unit_price")
    match = _PRICE_CURRENCY.fullmatch(sheet.headings[place]) if place is not None else None
    return match[1].upper() if match else ""
