"""People with badges, stations, carts and totes, each brought to what somebody says of it.

Owns the way from a row of a form or a file to these; found and numbered in bulk they are in `setting_up`. Refuses what
would leave work without its place: another kind or place for a station, another size for a cart that is on its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.domain.roles import Role
from fulfillment.hot import Tx
from fulfillment.services.equipment import stations
from fulfillment.services.people import sessions
from fulfillment.services.set_up import setting_up
from fulfillment.services.touring import carts

MAX_POSITIONS = 100


def put_operator(tx: Tx, badge: str, values: Mapping[str, Any]) -> str:
    """Give somebody a badge, or bring them to `values` (name, role, language, is_active); created, updated, unchanged.

    Raises:
        DomainError: a badge no barcode can carry, no role, a language there is not.
    """
    known = tx.one("SELECT * FROM operator WHERE warehouse_id = :w AND badge = :badge", badge=badge)
    if not values.get("role", "" if known is None else known["role"]):
        raise DomainError("bad_role", f"role is one of {', '.join(Role)}", "role")
    if known is None:
        setting_up.add_operator(tx, badge, values.get("name", ""), values["role"], values.get("language", ""))
        if values.get("is_active", 1):
            return "created"
        known = tx.one("SELECT * FROM operator WHERE warehouse_id = :w AND badge = :badge", badge=badge)
        _change(tx, "operator", known, {"is_active": 0})
        return "created"
    if any(values.get(name, known[name]) != known[name] for name in ("role", "is_active")):
        sessions.end_all_of(tx, known["id"])  # what they were let in as they are no more
    return _change(tx, "operator", known, values)


def put_station(tx: Tx, code: str, values: Mapping[str, Any]) -> str:
    """Set a station up, or bring it to `values` (kind, location, name, its printers' codes, weighs; '' = none).

    Raises:
        DomainError: no kind, no code for a link; NotFound: no such place or printer; Conflict: another kind or place.
    """
    known = tx.one(
        "SELECT s.*, COALESCE(l.code, '') AS location FROM station s LEFT JOIN location l"
        " ON l.warehouse_id = s.warehouse_id AND l.id = s.location_id WHERE s.warehouse_id = :w AND s.code = :code",
        code=code,
    )
    if known is None:
        _check_code("S", code)
        given = {name: values.get(name) or None for name in ("location", *stations.PRINTERS)}
        setting_up.insert_station(tx, code, values.get("kind", ""), name=values.get("name", ""), **given)
        if values.get("weighs"):
            stations.change(tx, code, {"weighs": True})
        return "created"
    for name in ("kind", "location"):
        if name in values and values[name] != known[name]:
            raise Conflict("station_stays", f"{code} stays {known[name] or 'nowhere'}: set another station up", name)
    before = stations.shown(tx, code)
    wanted = {name: values[name] for name in ("name", *stations.PRINTERS, "weighs") if name in values}
    for name in stations.PRINTERS:
        if name in wanted:
            wanted[name] = wanted[name] or stations.NOBODY
    if "weighs" in wanted:
        wanted["weighs"] = bool(wanted["weighs"])
    stations.change(tx, code, wanted)
    return "unchanged" if stations.shown(tx, code) == before else "updated"


def put_cart(tx: Tx, code: str, values: Mapping[str, Any]) -> str:
    """Number a cart, or bring it to `values` (positions, levels).

    Raises:
        DomainError: no size, levels it cannot have; Conflict: it is on its way, its places stay what they are.
    """
    known = tx.one("SELECT * FROM cart WHERE warehouse_id = :w AND code = :code", code=code)
    positions = values.get("positions", known["positions"] if known is not None else 0)
    if not 1 <= positions <= MAX_POSITIONS:
        raise DomainError("bad_quantity", f"1 to {MAX_POSITIONS} places on a cart", "positions")
    usual = known["levels"] if known is not None and "positions" not in values else carts.usual_levels(positions)
    levels = carts.checked_levels(values.get("levels", usual), positions)
    if known is None:
        _check_code("K", code)
        setting_up.insert_cart(tx, code, positions, levels)
        return "created"
    if positions != known["positions"] and tx.one(
        "SELECT 1 FROM tour WHERE warehouse_id = :w AND cart_id = :id AND state IN ('planned', 'active') LIMIT 1",
        id=known["id"],
    ) is not None:  # fmt: skip
        raise Conflict("cart_in_use", f"cart {code} is on its way: it keeps its places until it is back", "positions")
    return _change(tx, "cart", known, {"positions": positions, "levels": levels})


def put_tote(tx: Tx, code: str, values: Mapping[str, Any]) -> str:
    """Number a tote; one that is there stays as it is.

    Raises:
        DomainError: a code no barcode can carry; Conflict: another handling unit has it.
    """
    known = tx.one("SELECT kind FROM lpn WHERE warehouse_id = :w AND code = :code", code=code)
    if known is None:
        _check_code("T", code)
        tx.add("lpn", code=code, kind="tote", **values)
        return "created"
    if known["kind"] not in ("tote", "batch"):
        raise Conflict("code_taken", f"{code} is a {known['kind']}", "code")
    return "unchanged"




def _change(tx: Tx, table: str, known: Any, values: Mapping[str, Any]) -> str:
    changes = {column: value for column, value in values.items() if known[column] != value}
    if not changes:
        return "unchanged"
    sets = ", ".join(f"{column} = :{column}" for column in changes)
    tx.put(f"UPDATE {table} SET {sets} WHERE warehouse_id = :w AND id = :id", id=known["id"], **changes)
    return "updated"


def _check_code(kind: str, code: str) -> None:
    try:
        own_code(kind, code)
    except BadCode as error:
        raise DomainError("bad_code", str(error), "code") from error
