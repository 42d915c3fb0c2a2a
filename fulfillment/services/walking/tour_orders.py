"""The order in which tours make their stops: what the warehouse has chosen, and the rank of each stop by it.

Owns `warehouse.tour_order` and `heavy_from_g`. A stop's rank follows from the goods that are picked there on that tour
(`domain/tour_order`). Changing the rule has every unfinished tour planned again, off the request path. Refuses a weight
that is none. Invariant: with the shortest walk chosen no stop has a rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.domain.tasks import PickMode
from fulfillment.domain.tour_order import MOST_HEAVY_FROM_G, TourOrder, after_its_rank, rank_of, rank_of_stop
from fulfillment.hot import Tx
from fulfillment.services.common.running import tell
from fulfillment.services.walking import floor_plan

Ranks = Mapping[str, int]
"""By a stop's location; empty: any order will do."""

NO_RANKS: Ranks = {}

Goods = tuple[str, int, bool]
"""What is picked at a stop: the location's code, grams a unit, whether it is fragile."""


def said(tx: Tx) -> dict[str, Any]:
    """The rule, and from which weight of a unit on goods are heavy."""
    row = tx.one("SELECT tour_order, heavy_from_g FROM warehouse WHERE id = :w")
    return {"tour_order": row["tour_order"], "heavy_from_g": row["heavy_from_g"]}


def is_heavy_first(tx: Tx) -> bool:
    """Whether tours take heavy goods first and fragile ones last."""
    return bool(said(tx)["tour_order"] == TourOrder.HEAVY_FIRST)


def set_rule(tx: Tx, tour_order: str | None = None, heavy_from_g: int | None = None) -> dict[str, Any]:
    """Choose the rule; None leaves a value as it is. Unfinished tours are planned again when anything changed.

    Raises:
        DomainError: no such rule, or a weight outside 1 g to 1 t.
    """
    now = said(tx)
    rule = now["tour_order"] if tour_order is None else tour_order
    from_g = now["heavy_from_g"] if heavy_from_g is None else heavy_from_g
    if rule not in {one.value for one in TourOrder}:
        raise DomainError("bad_tour_order", f"no rule {rule[:40]!r}", "tour_order")
    if not 1 <= from_g <= MOST_HEAVY_FROM_G:
        raise DomainError("bad_quantity", f"1 to {MOST_HEAVY_FROM_G} g", "heavy_from_g")
    wanted = {"tour_order": rule, "heavy_from_g": from_g}
    if wanted == now:
        return now
    tx.put("UPDATE warehouse SET tour_order = :rule, heavy_from_g = :from_g WHERE id = :w", rule=rule, from_g=from_g)
    floor_plan.changed(tx)
    tell(tx, "board", "TourOrderSet", tour_order=rule, heavy_from_g=from_g)
    return wanted


def check_zones(tx: Tx) -> None:
    """
    Raises:
        Conflict: carts that go from zone to zone cannot take heavy goods first.
    """
    if is_heavy_first(tx):
        words = "a cart that goes from zone to zone finds heavy goods in the last one too: pick by clusters or batches"
        raise Conflict("zones_not_ordered", words, "mode")


def ranks(heavy_from_g: int, goods: Iterable[Goods]) -> Ranks:
    """The rank of each stop; `heavy_from_g` 0: none has one."""
    if not heavy_from_g:
        return NO_RANKS
    found: dict[str, list[int]] = {}
    for code, weight_g, is_fragile in goods:
        found.setdefault(code, []).append(rank_of(weight_g, is_fragile, heavy_from_g))
    return {code: rank_of_stop(its) for code, its in found.items()}


def joined(one: Ranks, other: Ranks) -> Ranks:
    """The ranks of stops where what both pick is picked."""
    both = {code: [its[code] for its in (one, other) if code in its] for code in {**one, **other}}
    return {code: rank_of_stop(its) for code, its in both.items()}


def put_off(tx: Tx, tour_id: int, task_ids: Sequence[int]) -> None:
    """Stops a picker skips come last, or last of their rank where tours have an order."""
    rows, rank_at = _open(tx, tour_id)
    skipped = [row for row in rows if row["id"] in task_ids]
    others = [row for row in rows if row["id"] not in task_ids]
    at = len(others)
    if skipped and rank_at:
        at = after_its_rank([rank_at[row["code"]] for row in others], rank_at[skipped[0]["code"]])
    _put_last(tx, tour_id, [*skipped, *others[at:]])


def put_in_turn(tx: Tx, tour_id: int) -> None:
    """Stops that joined a tour at its end come where their rank has its turn, until it is planned again."""
    tour = tx.one("SELECT mode FROM tour WHERE warehouse_id = :w AND id = :id", id=tour_id)
    rows, rank_at = _open(tx, tour_id)
    if not rank_at or tour["mode"] == PickMode.ZONE:
        return
    wanted = sorted(rows, key=lambda row: rank_at[row["code"]])
    same = next((at for at, pair in enumerate(zip(rows, wanted, strict=True)) if pair[0] is not pair[1]), len(rows))
    _put_last(tx, tour_id, wanted[same:])


def _open(tx: Tx, tour_id: int) -> tuple[Sequence[Any], Ranks]:
    """The open stops of a tour as they follow, and the ranks of their places."""
    rule = said(tx)
    rows = tx.all(
        "SELECT k.id, l.code, i.weight_g, i.is_fragile FROM task k JOIN location l"
        " ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id JOIN item i ON i.warehouse_id = k.warehouse_id"
        " AND i.id = k.item_id WHERE k.warehouse_id = :w AND k.tour_id = :tour AND k.state = 'open'"
        " ORDER BY k.sequence, k.id",
        tour=tour_id,
    )
    goods = [(row["code"], row["weight_g"], bool(row["is_fragile"])) for row in rows]
    return rows, ranks(rule["heavy_from_g"] if rule["tour_order"] == TourOrder.HEAVY_FIRST else 0, goods)


def _put_last(tx: Tx, tour_id: int, rows: Sequence[Any]) -> None:
    """These stops come last, one after the other; all others stay as they are written."""
    last = tx.one(
        "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM task WHERE warehouse_id = :w AND tour_id = :tour",
        tour=tour_id,
    )["sequence"]
    for place, row in enumerate(rows, start=last + 1):
        tx.put("UPDATE task SET sequence = :place WHERE warehouse_id = :w AND id = :id", place=place, id=row["id"])
