"""A stop of a batch: the units of several orders taken in one go, and in the book each order's own.

Every order keeps its task and its promises; the screen shows those of one item in one place that go into one tote as
one stop. Owns that grouping and how what the hand took is shared out: to the tasks in the order of the walk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.domain.tasks import PickMode
from fulfillment.flows.pick import ConfirmPick
from fulfillment.flows.pick_hand import HandPart
from fulfillment.hot import Tx
from fulfillment.services.touring import pick_walk
from fulfillment.services.touring.pick_walk import Stop

Confirm = Callable[[ConfirmPick, Any, Stop], object]
"""Puts a part of one task into its share; task and stop as they are read for it."""


def is_batch(row: Any) -> bool:
    """Whether a walk's row is of a batch."""
    return bool(row["mode"] == PickMode.BATCH)


def left_each(row: Any) -> int:
    """Units the stop still asks for: of all its orders in a batch."""
    return int(row["batch_each"] if is_batch(row) else row["left_each"])


def order_said(row: Any) -> str:
    """Whose stop it is, as the screen names it: the first order, and how many more."""
    others = row["batch_orders"] - 1 if is_batch(row) else 0
    return f"{row['number']} +{others}" if others > 0 else str(row["number"])


def tasks_of_stop(tx: Tx, task_id: int) -> list[int]:
    """The open tasks that are one stop with this one, itself among them, in the order of the walk."""
    rows = tx.all(
        "SELECT n.id FROM task k JOIN task n ON n.warehouse_id = k.warehouse_id AND n.tour_id = k.tour_id"
        " AND n.location_id = k.location_id AND n.item_id = k.item_id AND n.position = k.position AND n.state = 'open'"
        " JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " WHERE k.warehouse_id = :w AND k.id = :task AND (n.id = k.id OR t.mode = 'batch') ORDER BY n.sequence, n.id",
        task=task_id,
    )
    return [row["id"] for row in rows]


def confirm(tx: Tx, station_code: str, command: ConfirmPick, row: Any, confirm_one: Confirm) -> list[int]:
    """Share out what the hand took; the tasks of the stop that are still open.

    Raises:
        Refused: `too_many`, when less is asked for by now.
    """
    if not 0 < command.qty_each <= left_each(row):
        raise Refused(Rejected(Reject.TOO_MANY, expected=str(left_each(row)), got=str(command.qty_each)))
    rest_each, hand = command.qty_each, command.hand
    open_tasks = tasks_of_stop(tx, row["task_id"])
    for task_id in list(open_tasks):
        if rest_each == 0:
            break
        # Read for each: the part before has taken units, and promises may have changed hands for it.
        walk = pick_walk.walk_on(tx, tx.ask(pick_walk.question_of_task(station_code, task_id))[0])
        if walk is None or walk.stop is None:
            continue
        part_each = min(rest_each, walk.row["left_each"])
        mine, hand = split(hand, part_each)
        part = replace(command, task_id=task_id, qty_each=part_each, is_short=False, hand=mine)
        confirm_one(part, walk.row, walk.stop)
        rest_each -= part_each
        if part_each == walk.row["left_each"]:
            open_tasks.remove(task_id)
    if rest_each:
        raise Refused(Rejected(Reject.TOO_MANY, expected=str(command.qty_each - rest_each), got=str(command.qty_each)))
    return open_tasks


def split(hand: Sequence[HandPart], qty_each: int) -> tuple[tuple[HandPart, ...], tuple[HandPart, ...]]:
    """The first `qty_each` known units of a hand, and the others. A closed case is opened by sharing it out."""
    mine: list[HandPart] = []
    others: list[HandPart] = []
    for part in hand:
        take_each = min(qty_each, part.qty_each)
        qty_each -= take_each
        sealed_each = min(take_each, part.sealed_each)
        if take_each:
            mine.append(replace(part, qty_each=take_each, sealed_each=sealed_each))
        if take_each < part.qty_each:
            rest = replace(part, qty_each=part.qty_each - take_each, sealed_each=part.sealed_each - sealed_each)
            others.append(rest)
    return tuple(mine), tuple(others)
