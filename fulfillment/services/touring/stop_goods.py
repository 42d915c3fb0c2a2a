"""Which goods a stop fetches: what else of the item there is, its promises moved to other goods, and moved back.

Owns the goods of a stop that is written and not begun. Whoever claims the tour or the goods at the same moment has them
before this, or finds them as this leaves them. Invariant: a stop's promises lie in its one place and add up to what
they were; what it gives up goes to whoever waits, as any goods that become free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fulfillment.domain.chaining import digest
from fulfillment.domain.fifo import Layer, passes_over
from fulfillment.domain.overriding import Goods, Lying, choices, has_begun
from fulfillment.domain.reasons import Conflict, NotFound
from fulfillment.domain.stock import STORAGE_KINDS
from fulfillment.domain.tasks import TaskState, TourState
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.today import local_day
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.touring import replanning

TAKEN_BACK = "the choice was taken back"

_STOP = (
    "SELECT k.id, k.tour_id, t.wave_id, k.order_id, k.item_id, k.location_id, k.state, k.qty_each, k.done_each,"
    " l.code AS location, o.number, i.sku, i.name, i.rotation, i.tolerance_days, i.min_life_days,"
    " t.state AS tour_state, t.station_id, (SELECT n.location_id FROM task n WHERE n.warehouse_id = k.warehouse_id"
    " AND n.tour_id = k.tour_id AND n.state = 'open' ORDER BY n.sequence, n.id LIMIT 1) AS next_location_id"
    " FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
    " JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
    " JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
    " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
    " WHERE k.warehouse_id = :w AND k.kind = 'pick' AND k.id = :id"
)
_STORAGE = ", ".join(f"'{kind.value}'" for kind in sorted(STORAGE_KINDS))
_LYING = (
    "SELECT b.location_id, l.code, l.kind, l.is_pickable, b.layer_id, b.status, b.on_hand_each, b.allocated_each,"
    " y.received_on, y.expiry_on, y.lot FROM stock_balance b"
    " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
    " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id WHERE b.warehouse_id = :w"
    f" AND b.item_id = :item AND b.lpn_id = 0 AND l.kind IN ({_STORAGE}) ORDER BY b.location_id, b.layer_id"
)

Part = tuple[int, int, int]
"""location, layer, units."""


def stop(tx: Tx, task_id: int) -> Any:
    """A stop of a tour, with its order, its item and who is where.

    Raises:
        NotFound: no such stop.
    """
    row = tx.one(_STOP, id=task_id)
    if row is None:
        raise NotFound("unknown_stop", f"no stop {task_id}")
    return row


def hold(tx: Tx, task_id: int) -> Any:
    """The stop as it stands, its tour held until this transaction ends: nobody claims or plans it meanwhile.

    Raises:
        NotFound: no such stop; Conflict: it is done, or its picker's already.
    """
    tx.run(
        "UPDATE tour SET priority = priority WHERE warehouse_id = :w AND id ="
        " (SELECT k.tour_id FROM task k WHERE k.warehouse_id = :w AND k.id = :id)",
        id=task_id,
    )
    row = stop(tx, task_id)
    if row["state"] != TaskState.OPEN:
        raise Conflict("stop_done", f"this stop is {row['state']}", "stop")
    if is_begun(row):
        raise Conflict("stop_begun", "its picker is at it, or on the way to it", "stop")
    return row


def is_begun(row: Any) -> bool:
    """Whether a stop is its picker's already."""
    return has_begun(
        row["done_each"],
        is_walked=row["tour_state"] == TourState.ACTIVE and row["station_id"] is not None,
        is_next=row["location_id"] == row["next_location_id"],
    )


def promises(tx: Tx, task_id: int) -> Sequence[Any]:
    """What the stop is promised and has not picked."""
    return tx.all(
        "SELECT * FROM allocation WHERE warehouse_id = :w AND task_id = :task AND qty_each > 0 ORDER BY id",
        task=task_id,
    )


def version(row: Any, own: Iterable[Any]) -> str:
    """What changes whenever the stop's goods do: whoever chooses says what they saw."""
    return digest([row["location_id"], *(f"{one['id']}:{one['qty_each']}" for one in own)])[:16]


def goods(tx: Tx, row: Any, own: Sequence[Any]) -> list[Goods]:
    """All goods of the stop's item, in FIFO's order."""
    mine: dict[tuple[int, int], int] = {}
    for one in own:
        place = (one["location_id"], one["layer_id"])
        mine[place] = mine.get(place, 0) + one["qty_each"]
    lying = [
        Lying(
            one["location_id"], one["code"], one["kind"], bool(one["is_pickable"]),
            Layer(one["layer_id"], one["received_on"], one["expiry_on"]), one["lot"], one["status"],
            one["on_hand_each"], one["on_hand_each"] - one["allocated_each"],
            mine.get((one["location_id"], one["layer_id"]), 0) if one["status"] == "available" else 0,
        )
        for one in tx.all(_LYING, item=row["item_id"])
    ]  # fmt: skip
    return choices(left_each(row), lying, allocate.policy_of(row), local_day(tx))


def left_each(row: Any) -> int:
    """The units the stop still has to fetch."""
    return int(row["qty_each"] - row["done_each"])


def give_up(tx: Tx, actor: Actor, own: Iterable[Any], note: str) -> None:
    """The stop's goods are free, for the promises that follow in this transaction."""
    for one in own:
        ledger.give_up(tx, actor, one, one["qty_each"], note)


def move(tx: Tx, actor: Actor, row: Any, parts: Sequence[Part], note: str, why: str) -> None:
    """Promise these goods to the stop, all in one place, and send its picker there; `why` is used once.

    Raises:
        Conflict: `not_enough_free`, somebody else was faster; `changed_since`, the stop is another by now.
    """
    for location_id, layer_id, qty_each in parts:
        promised = ledger.promise(tx, actor, row["order_id"], row["item_id"], location_id, layer_id, qty_each, note)
        if promised is None:
            raise Conflict("not_enough_free", "somebody else was promised them at this moment", "layer")
        tx.put("UPDATE allocation SET task_id = :task WHERE warehouse_id = :w AND id = :id",
               task=row["id"], id=promised)  # fmt: skip
    tx.claim(
        lambda: Conflict("changed_since", "the stop was changed at this moment: look again", "stop"),
        "UPDATE task SET location_id = :to WHERE warehouse_id = :w AND id = :id AND state = 'open'"
        " AND location_id = :was AND done_each = :done",
        to=parts[0][0], id=row["id"], was=row["location_id"], done=row["done_each"],
    )  # fmt: skip
    allocate.allocate_waiting(tx, actor, row["item_id"])
    allocate.settle_order(tx, actor, row["order_id"])
    replanning.ask(tx, row["tour_id"], why)


def take_back(tx: Tx, actor: Actor, act: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Give a stop the goods back it had before an act, while nobody has begun it.

    Raises:
        Conflict: `stop_done`, `stop_begun`; `changed_since`, it has others by now; `goods_taken`, somebody else was
            promised what it had; `older_free`, it would pass over what is free now.
    """
    row = hold(tx, act["task_id"])
    own = promises(tx, row["id"])
    if as_parts(own) != _parts(after["goods"]):
        raise Conflict("changed_since", "its goods were changed again since")
    give_up(tx, actor, own, TAKEN_BACK)
    wanted = {(at, layer_id): qty_each for at, layer_id, qty_each in _parts(before["goods"])}
    free = {(part.location_id, part.layer.layer_id): part for part in allocate.free_stock(tx, row["item_id"])}
    if any(place not in free or free[place].free_each < qty_each for place, qty_each in wanted.items()):
        raise Conflict("goods_taken", "what it had before is promised to somebody else, or gone")
    stays = [part.layer for place, part in free.items() if part.free_each > wanted.get(place, 0)]
    policy = allocate.policy_of(row)
    if any(passes_over(free[place].layer, stays, policy) for place in wanted):
        raise Conflict("older_free", "older goods are free by now: choose those instead")
    move(tx, actor, row, _parts(before["goods"]), TAKEN_BACK, f"fifo-undo:{act['id']}")


def as_parts(own: Iterable[Any]) -> list[Part]:
    """Promises as (location, layer, units), once a place and layer."""
    sums: dict[tuple[int, int], int] = {}
    for one in own:
        key = (one["location_id"], one["layer_id"])
        sums[key] = sums.get(key, 0) + one["qty_each"]
    return sorted((*key, qty_each) for key, qty_each in sums.items())


def _parts(kept: Iterable[Sequence[int]]) -> list[Part]:
    return sorted((one[0], one[1], one[2]) for one in kept)
