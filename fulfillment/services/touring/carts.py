"""How the places of a cart stand: on how many levels, and which cart a station walks with.

Owns `cart.levels`. Places are numbered from the top left, along a level and then the one below, as one reads.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx


def usual_levels(positions: int) -> int:
    """On how many levels a cart of so many places mostly has them: about twice as many beside as above each other."""
    return next(levels for levels in count(1) if positions <= levels * (2 * levels + 1))


def checked_levels(levels: int, positions: int) -> int:
    """The same number.

    Raises:
        DomainError: bad_levels, no cart of so many places can stand like that.
    """
    if not 1 <= levels <= positions:
        raise DomainError("bad_levels", f"1 to {positions} levels on a cart of {positions} places", "levels")
    return levels


def set_levels(tx: Tx, code: str, levels: int) -> dict[str, Any]:
    """Say on how many levels a cart's places stand.

    Raises:
        NotFound: an unknown cart; DomainError: bad_levels.
    """
    cart = tx.one("SELECT id, positions FROM cart WHERE warehouse_id = :w AND code = :code", code=code)
    if cart is None:
        raise NotFound("unknown_cart", f"no cart {code!r}", "code")
    checked_levels(levels, cart["positions"])
    tx.put("UPDATE cart SET levels = :levels WHERE warehouse_id = :w AND id = :id", id=cart["id"], levels=levels)
    return {"code": code, "positions": cart["positions"], "levels": levels}


def walked_with(connection: Any, station_code: str, warehouse_id: int) -> dict[str, Any] | None:
    """The cart of a station's walk: code, positions, levels; None when it is on no walk."""
    row = connection.execute(
        "SELECT c.code, c.positions, c.levels FROM tour t"
        " JOIN station s ON s.warehouse_id = t.warehouse_id AND s.id = t.station_id"
        " JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id"
        " WHERE t.warehouse_id = :w AND s.code = :station AND t.state = 'active' ORDER BY t.id LIMIT 1",
        {"w": warehouse_id, "station": station_code},
    ).fetchone()
    return None if row is None else {name: row[name] for name in ("code", "positions", "levels")}
