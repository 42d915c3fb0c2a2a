"""Stations as they are set up: added with their token, and changed afterwards.

Refuses to have anything but a bench weigh, and to change what a token or a flow hangs on: code, kind and place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.domain.reasons import NotFound
from fulfillment.hot import Tx
from fulfillment.services.packing import weigh_rules
from fulfillment.services.set_up import setting_up

PRINTERS = ("label_printer", "slip_printer", "item_printer")
NOBODY = "-"  # as a printer's code: none any more

_STATION = (
    "SELECT s.id, s.code, s.kind, s.name, s.weighs, l.code AS label_printer, p.code AS slip_printer,"
    " i.code AS item_printer FROM station s"
    " LEFT JOIN printer l ON l.warehouse_id = s.warehouse_id AND l.id = s.label_printer_id"
    " LEFT JOIN printer p ON p.warehouse_id = s.warehouse_id AND p.id = s.slip_printer_id"
    " LEFT JOIN printer i ON i.warehouse_id = s.warehouse_id AND i.id = s.item_printer_id"
    " WHERE s.warehouse_id = :w AND s.code = :code"
)


def add(
    tx: Tx, code: str, kind: str, location: str | None = None, name: str = "", label_printer: str | None = None,
    slip_printer: str | None = None, weighs: bool = False, item_printer: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A station and its token, which is shown this once.

    Raises:
        as `setting_up.add_station`; DomainError: bad_kind: it is no bench and is to weigh.
    """
    added = setting_up.add_station(tx, code, kind, location, name, label_printer, slip_printer, item_printer)
    if weighs:
        weigh_rules.set_station(tx, code, True)
    return {**added, "weighs": weighs}


def change(tx: Tx, code: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Change `name`, `label_printer`, `slip_printer`, `item_printer` or `weighs`; "-" as a printer takes it away.

    Raises:
        NotFound: no such station or printer; DomainError: bad_kind: only a bench weighs.
    """
    station = _station(tx, code)
    merged = {name: values.get(name, station[name]) for name in ("name", *PRINTERS)}
    label, slip, item = (_printer_id(tx, merged[name], name) for name in PRINTERS)
    tx.put(
        "UPDATE station SET name = :name, label_printer_id = :label, slip_printer_id = :slip, item_printer_id = :item"
        " WHERE warehouse_id = :w AND id = :id",
        id=station["id"], name=merged["name"], label=label, slip=slip, item=item,
    )  # fmt: skip
    if "weighs" in values:
        weigh_rules.set_station(tx, code, values["weighs"])
    changed = _station(tx, code)
    return {
        "code": code, "kind": changed["kind"], "name": changed["name"], "label_printer": changed["label_printer"],
        "slip_printer": changed["slip_printer"], "item_printer": changed["item_printer"],
        "weighs": bool(changed["weighs"]),
    }  # fmt: skip


def shown(tx: Tx, code: str) -> dict[str, Any]:
    """A station with its printers' codes.

    Raises:
        NotFound: no such station.
    """
    return dict(_station(tx, code))


def revoke_tokens(tx: Tx, code: str) -> int:
    """Sign every device of a station off; how many links lead nowhere from now on.

    Raises:
        NotFound: no such station.
    """
    return tx.run(
        "UPDATE access_token SET revoked_at_ms = :now WHERE warehouse_id = :w AND station_id = :id"
        " AND revoked_at_ms IS NULL",
        id=_station(tx, code)["id"], now=tx.now_ms,
    )  # fmt: skip


def codes(tx: Tx) -> list[str]:
    """All stations by their code."""
    return [row["code"] for row in tx.all("SELECT code FROM station WHERE warehouse_id = :w ORDER BY code")]


def _station(tx: Tx, code: str) -> Any:
    row = tx.one(_STATION, code=code)
    if row is None:
        raise NotFound("unknown_station", f"no station {code!r}", "station")
    return row


def _printer_id(tx: Tx, code: str | None, field: str) -> int | None:
    if code is None or code == NOBODY:
        return None
    row = tx.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound("unknown_printer", f"no printer {code!r}", field)
    return int(row["id"])
