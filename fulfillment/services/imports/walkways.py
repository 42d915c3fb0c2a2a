"""Points and walkways from CSV files: described, or brought to what the file says; matched by code.

A file with a wrong row changes nothing: half a floor would send people through walls. A column the file does not have
leaves a row as it is. Invariant: importing a file twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting
from fulfillment.services.walking import floor_plan, walkways

POINTS = Columns(required=("code", "x_dm", "y_dm"), optional=("storey", "note"))
WALKWAYS = Columns(required=("code", "from", "to"), optional=("length_dm", "takes_s", "is_one_way", "note"))

Put = Callable[[Tx, str, dict[str, Any]], str]
Judge = Callable[[Tx], Mapping[str, DomainError]]
Values = Callable[[Row], dict[str, Any]]


def import_walk_points(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Describe the points walkways lead to."""
    return _import(
        "walk_points", POINTS, _point_values, walkways.put_point, writer, source, options, walkways.wrong_points
    )  # fmt: skip


def import_walkways(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Describe the walkways, stairs and lifts of a floor that is no grid."""
    return _import("walkways", WALKWAYS, _walkway_values, walkways.put_walkway, writer, source, options)


def _import(
    name: str, columns: Columns, values: Values, put: Put, writer: Writer, source: Path | str | bytes,
    options: Options | None, judge: Judge | None = None,
) -> ImportReport:  # fmt: skip
    options = options or Options()
    with (
        reporting(name, options) as report,
        open_sheet(source, columns, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        rows: dict[str, tuple[Row, dict[str, Any]]] = {}
        for row in sheet.rows():
            kept.saw(row.number)
            _read(row, values, kept, rows)
        if not report.rejected and rows:
            _store(writer, put, judge, kept, rows)
    return report


def _read(row: Row | BadRow, values: Values, kept: Journal, rows: dict[str, tuple[Row, dict[str, Any]]]) -> None:
    if isinstance(row, BadRow):
        kept.reject_bad(row)
        return
    try:
        code = cells.needed(row, "code", walkways.MAX_CODE).upper()
        if code in rows:
            raise BadCell("code", "duplicate_row", f"row {rows[code][0].number} is about {code} already")
        rows[code] = row, values(row)
    except BadCell as bad:
        kept.reject(row, bad.column, bad.reason, bad.words, bad.value)


def _store(
    writer: Writer, put: Put, judge: Judge | None, kept: Journal, rows: dict[str, tuple[Row, dict[str, Any]]]
) -> None:
    """All of them or none; every row that is wrong is told. `judge`: what only shows when all of them are there."""
    wrong: list[tuple[Row, DomainError]] = []

    def work(tx: Tx) -> list[str]:
        came = []
        for code, (row, values) in rows.items():
            try:
                with tx.savepoint():
                    came.append(put(tx, code, values))
            except DomainError as error:
                wrong.append((row, error))
        if judge is not None:
            wrong.extend((rows[code][0], error) for code, error in judge(tx).items() if code in rows)
        if wrong:
            raise _Wrong
        if any(what != "unchanged" for what in came):
            floor_plan.changed(tx)
        return came

    try:
        for what in writer.write(work):
            setattr(kept.report, what, getattr(kept.report, what) + 1)
    except _Wrong:
        for row, error in wrong:
            kept.reject(row, error.field or "code", error.code, error.detail)


class _Wrong(Exception):
    """Something of the file is wrong: none of it is kept."""


def _point_values(row: Row) -> dict[str, Any]:
    far = walkways.FARTHEST_DM
    values = {column: cells.whole(row, column, -far, far) for column in ("x_dm", "y_dm")}
    if "storey" in row.places:
        values["storey"] = cells.whole(row, "storey", 0, walkways.HIGHEST_STOREY, 0)
    return values


def _walkway_values(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {
        column: cells.needed(row, column, walkways.MAX_CODE).upper() for column in ("from", "to")
    }
    for column, most in (("length_dm", walkways.FARTHEST_DM), ("takes_s", walkways.LONGEST_S)):
        if column in row.places:
            values[column] = cells.whole(row, column, 0, most) if row[column] else None
    if "is_one_way" in row.places:
        values["is_one_way"] = cells.yes_or_no(row, "is_one_way")
    return values
