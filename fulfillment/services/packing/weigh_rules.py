"""How benches weigh: which of them do, how far off a parcel may be, what each item was found to weigh.

Refuses to have anything but a bench weigh. Invariant: what is forgotten of an item leaves it as it was before its
first parcel was weighed, its catalogue weight trusted again.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.roles import StationKind
from fulfillment.domain.weighing import WeighRules, unit_weight
from fulfillment.hot import Tx
from fulfillment.services.packing.weighing import RULES, learned_of

SHOWN = 100  # items in one answer

_WEIGHTS = (
    "SELECT i.id, i.sku, i.weight_g AS catalogue_g, k.parcels, k.units AS learned_units, k.weight_g AS learned_g,"
    " k.squares_mg2, k.is_doubted FROM item_weight k JOIN item i ON i.warehouse_id = k.warehouse_id"
    " AND i.id = k.item_id WHERE k.warehouse_id = :w"
)


def describe(tx: Tx) -> dict[str, Any]:
    """The rules in force and the benches that weigh."""
    stations = tx.all("SELECT code FROM station WHERE warehouse_id = :w AND weighs = 1 ORDER BY code")
    house = tx.one(f"SELECT {', '.join(RULES)} FROM warehouse WHERE id = :w")
    return {**{name: house[name] for name in RULES}, "stations": [row["code"] for row in stations]}


def set_rules(tx: Tx, rules: WeighRules) -> None:
    """How far off a weighed parcel may be from now on."""
    tx.put(
        "UPDATE warehouse SET weigh_floor_g = :floor, weigh_percent = :percent, weigh_spreads = :spreads WHERE id = :w",
        floor=rules.floor_g, percent=rules.percent, spreads=rules.spreads,
    )  # fmt: skip


def set_station(tx: Tx, code: str, weighs: bool) -> None:
    """Whether a bench weighs its parcels. One that waits for its weight goes on waiting.

    Raises:
        NotFound: no such station; DomainError: it is no bench.
    """
    row = tx.one("SELECT id, kind FROM station WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound("unknown_station", f"no station {code!r}", "station")
    if weighs and row["kind"] != StationKind.BENCH:
        raise DomainError("bad_kind", f"station {code} is a {row['kind']}: only a bench weighs", "station")
    tx.put("UPDATE station SET weighs = :weighs WHERE warehouse_id = :w AND id = :id", id=row["id"], weighs=int(weighs))


def unit_weights(tx: Tx, after: str = "", limit: int = SHOWN) -> list[dict[str, Any]]:
    """What items were found to weigh, by SKU."""
    rows = tx.all(f"{_WEIGHTS} AND i.sku > :after ORDER BY i.sku LIMIT {int(limit)}", after=after)
    return [_view(row) for row in rows]


def forget(tx: Tx, sku: str) -> None:
    """Let go of what was learned of an item: other packaging, another supplier.

    Raises:
        NotFound: no such item, or nothing was learned of it.
    """
    forgotten = tx.run(
        "DELETE FROM item_weight WHERE warehouse_id = :w AND item_id IN"
        " (SELECT id FROM item WHERE warehouse_id = :w AND sku = :sku)",
        sku=sku,
    )
    if not forgotten:
        raise NotFound("no_unit_weight", f"nothing was learned of the weight of {sku!r}", "sku")


def _view(row: Any) -> dict[str, Any]:
    learned = learned_of(row)
    used = unit_weight(learned, row["catalogue_g"], is_doubted=bool(row["is_doubted"]))
    return {
        "sku": row["sku"], "catalogue_g": row["catalogue_g"], "is_doubted": bool(row["is_doubted"]),
        "parcels": learned.parcels, "units": learned.units, "learned_mg": learned.unit_mg,
        "variance_mg2": learned.variance_mg2, "used_mg": used.mg if used else None,
    }  # fmt: skip
