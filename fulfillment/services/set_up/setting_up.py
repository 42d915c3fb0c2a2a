"""An empty warehouse and what a floor needs before the first scan: people, stations, totes, carts, printers."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.domain.languages import LANGUAGES
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.roles import Role, StationKind, TokenRole
from fulfillment.domain.stock import LocationKind, Virtual
from fulfillment.hot import Tx
from fulfillment.services.packing import cartons
from fulfillment.services.stock.ledger import FIRST_REAL_LOCATION_ID, VIRTUAL_IDS
from fulfillment.services.touring import carts

# Countries of the European Union (ISO 3166-1 alpha-2), as of 2026.
EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"

# code, name, service, countries it takes, local cut-off, ship lane
CARRIERS = (
    ("DOM", "Domestic Post", "Next day", "GB GG JE IM", "17:00", "LANE-DOM"),
    ("EU", "Continental Parcel", "Road 2-4 days", EU + " CH NO", "15:30", "LANE-EU"),
    ("WORLD", "Airfreight Parcel", "Air 3-7 days", "*", "14:00", "LANE-WORLD"),
)


def found_warehouse(tx: Tx, code: str, time_zone: str, gs1_company_prefix: str) -> bool:
    """Write the warehouse, its virtual locations and the empty handling unit; False when it stands already."""
    if tx.one("SELECT id FROM warehouse WHERE id = :w") is not None:
        return False
    tx.put(
        "INSERT INTO warehouse (id, code, name, time_zone, gs1_company_prefix)"
        " VALUES (:w, :code, :code, :zone, :prefix)",
        code=code, zone=time_zone, prefix=gs1_company_prefix,
    )  # fmt: skip
    for virtual in Virtual:
        _insert_location(tx, VIRTUAL_IDS[virtual], virtual.value, LocationKind.VIRTUAL)
    # Real locations are numbered after the virtual ones; this one is where nobody looks for lost things.
    _insert_location(tx, FIRST_REAL_LOCATION_ID, "NOWHERE", LocationKind.VIRTUAL)
    tx.put("INSERT INTO lpn (warehouse_id, id, code, kind) VALUES (:w, 0, '-', 'none')")
    cartons.found_types(tx)
    return True


def _insert_location(tx: Tx, location_id: int, code: str, kind: str) -> None:
    tx.put(
        "INSERT INTO location (warehouse_id, id, code, kind) VALUES (:w, :id, :code, :kind)",
        id=location_id, code=code, kind=kind,
    )  # fmt: skip


def found_carriers(tx: Tx) -> int:
    """The default carriers, for each whose ship lane exists; returns how many are new."""
    new = 0
    for code, name, service, countries, cut_off, lane in CARRIERS:
        row = tx.one(
            "SELECT id FROM location WHERE warehouse_id = :w AND code = :code AND kind = 'ship_lane'", code=lane
        )
        known = tx.one("SELECT id FROM carrier WHERE warehouse_id = :w AND code = :code", code=code)
        if row is None or known is not None:
            continue
        tx.add(
            "carrier", code=code, name=name, service=service, countries=countries, cut_off_local=cut_off,
            lane_location_id=row["id"],
        )  # fmt: skip
        new += 1
    return new


def add_operator(tx: Tx, badge: str, name: str, role: str, language: str = "") -> dict[str, Any]:
    """A person with a badge; returns the badge's barcode. `language`: what screens speak to them, '' = the device's."""
    if role not in {member.value for member in Role}:
        raise DomainError("bad_role", f"no role {role!r}", "role")
    _check_code("badge", "B", badge)
    if tx.one("SELECT id FROM operator WHERE warehouse_id = :w AND badge = :badge", badge=badge) is not None:
        raise Conflict("operator_exists", f"badge {badge} is taken", "badge")
    _check_language(language)
    tx.add("operator", badge=badge, name=name, role=role, language=language)
    return {"badge": badge, "name": name, "role": role, "barcode": own_code("B", badge)}


def set_language(tx: Tx, badge: str, language: str) -> dict[str, Any]:
    """Have screens speak another language to a person; '' = what the device is set to.

    Raises:
        NotFound: nobody has this badge; DomainError: bad_language.
    """
    _check_language(language)
    if tx.one("SELECT id FROM operator WHERE warehouse_id = :w AND badge = :badge", badge=badge) is None:
        raise NotFound("unknown_badge", f"nobody has the badge {badge!r}", "badge")
    tx.put("UPDATE operator SET language = :language WHERE warehouse_id = :w AND badge = :badge",
           badge=badge, language=language)  # fmt: skip
    return {"badge": badge, "language": language}


def operators(tx: Tx) -> list[dict[str, Any]]:
    """Everybody with a badge that still counts, by badge."""
    rows = tx.all(
        "SELECT badge, name, role, language FROM operator WHERE warehouse_id = :w AND is_active = 1 ORDER BY badge"
    )
    return [{name: row[name] for name in ("badge", "name", "role", "language")} for row in rows]


def add_station(
    tx: Tx, code: str, kind: str, location: str | None = None, name: str = "", label_printer: str | None = None,
    slip_printer: str | None = None, item_printer: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A station and its token; the token is shown this once and stored as a hash."""
    insert_station(tx, code, kind, location, name, label_printer, slip_printer, item_printer)
    return {"code": code, "kind": kind, "token": add_station_token(tx, code)}


def insert_station(
    tx: Tx, code: str, kind: str, location: str | None = None, name: str = "", label_printer: str | None = None,
    slip_printer: str | None = None, item_printer: str | None = None,
) -> None:  # fmt: skip
    """A station no device is signed on at yet."""
    if kind not in {member.value for member in StationKind}:
        raise DomainError("bad_kind", f"no station kind {kind!r}", "kind")
    if tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :code", code=code) is not None:
        raise Conflict("station_exists", f"station {code} exists", "code")
    tx.insert(
        "station", code=code, kind=kind, name=name,
        location_id=_id_of(tx, "location", location, "location"),
        label_printer_id=_id_of(tx, "printer", label_printer, "label_printer"),
        slip_printer_id=_id_of(tx, "printer", slip_printer, "slip_printer"),
        item_printer_id=_id_of(tx, "printer", item_printer, "item_printer"),
    )  # fmt: skip


def add_station_token(tx: Tx, code: str) -> str:
    """A token for one more device of a station.

    Raises:
        NotFound: no such station.
    """
    station = tx.one("SELECT id, kind FROM station WHERE warehouse_id = :w AND code = :code", code=code)
    if station is None:
        raise NotFound("unknown_station", f"no station {code!r}", "code")
    role = TokenRole.BOARD if station["kind"] == StationKind.BOARD else TokenRole.STATION
    return add_token(tx, f"station {code}", role, station["id"])


def add_token(
    tx: Tx, name: str, role: str, station_id: int | None = None, expires_at_ms: int | None = None, scope: str = ""
) -> str:  # fmt: skip
    """A new bearer token; only its SHA-256 is kept. `scope`: permissions it is narrowed to, '' = all of its role."""
    token = "fl_" + secrets.token_urlsafe(32)
    tx.add(
        "access_token", token_sha256=hash_token(token), name=name, role=role, station_id=station_id,
        created_at_ms=tx.now_ms, expires_at_ms=expires_at_ms, scope=scope,
    )  # fmt: skip
    return token


def hash_token(token: str) -> str:
    """How a token is stored. It has 256 random bits, so a fast hash is as good as a slow one."""
    return hashlib.sha256(token.encode()).hexdigest()


def add_totes(tx: Tx, count: int) -> list[dict[str, str]]:
    """Number new empty totes; returns code and barcode of each."""
    if not 1 <= count <= 10_000:
        raise DomainError("bad_quantity", "1 to 10000 totes at a time", "count")
    first = _next_number(tx, "lpn", 6)
    codes = [f"{number:06d}" for number in range(first, first + count)]
    for code in codes:
        tx.add("lpn", code=code, kind="tote")
    return [{"code": code, "barcode": own_code("T", code)} for code in codes]


def add_carts(tx: Tx, count: int, positions: int, levels: int | None = None) -> list[dict[str, Any]]:
    """Number new carts, each with a location of its own for what lies on it; `levels` None: as they mostly are."""
    if not 1 <= count <= 1_000:
        raise DomainError("bad_quantity", "1 to 1000 carts at a time", "count")
    if not 1 <= positions <= 100:
        raise DomainError("bad_quantity", "1 to 100 places on a cart", "positions")
    levels = carts.checked_levels(carts.usual_levels(positions) if levels is None else levels, positions)
    first = _next_number(tx, "cart", 4)
    added = []
    for number in range(first, first + count):
        code = f"{number:04d}"
        insert_cart(tx, code, positions, levels)
        added.append({"code": code, "barcode": own_code("K", code), "positions": positions, "levels": levels})
    return added


def insert_cart(tx: Tx, code: str, positions: int, levels: int) -> None:
    """A cart with the location for what lies on it."""
    location_id = tx.insert("location", code=f"CART-{code}", kind=LocationKind.CART)
    tx.add("cart", code=code, positions=positions, levels=levels, location_id=location_id)


def _next_number(tx: Tx, table: str, digits: int) -> int:
    """One above the largest code of so many digits: what was taken away in between is not numbered again."""
    rows = tx.all(f"SELECT code FROM {table} WHERE warehouse_id = :w AND LENGTH(code) = {digits}")
    return 1 + max((int(row["code"]) for row in rows if row["code"].isascii() and row["code"].isdigit()), default=0)


def add_printer(tx: Tx, code: str, address: str, language: str, dpi: int = 203) -> dict[str, Any]:
    """A printer by its address; the worker that prints finds out how it is."""
    if language not in ("zpl", "escpos"):
        raise DomainError("bad_language", "zpl or escpos", "language")
    if tx.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = :code", code=code) is not None:
        raise Conflict("printer_exists", f"printer {code} exists", "code")
    tx.add("printer", code=code, address=address, language=language, dpi=dpi)
    return {"code": code, "address": address, "language": language, "dpi": dpi}


def _id_of(tx: Tx, table: str, code: str | None, field: str) -> int | None:
    if code is None:
        return None
    row = tx.one(f"SELECT id FROM {table} WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound(f"unknown_{table}", f"no {table} {code!r}", field)
    return row["id"]


def _check_code(field: str, kind: str, value: str) -> None:
    try:
        own_code(kind, value)
    except BadCode as error:
        raise DomainError("bad_code", str(error), field) from error


def _check_language(language: str) -> None:
    if language and language not in LANGUAGES:
        raise DomainError("bad_language", f"no language {language!r}; there are {', '.join(LANGUAGES)}", "language")
