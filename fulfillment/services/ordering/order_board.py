"""The order board as it is read: columns with their whole counts, swimlanes, and a page of cards for each cell.

A column is a state of the order's own machine, so nothing here can say something else than the floor does. Plain SQL
on a reading connection; nothing here writes or decides. Finished columns hold what was finished in the last days.
Invariant: counts are of all cards, however few of them a page shows.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.cards import FINISHED, OPEN, Swimlane, Urgency, urgency_of, ways
from fulfillment.domain.orders import OrderState
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.common.pages import check_limit, literal
from fulfillment.services.common.row_sets import among, numbers
from fulfillment.services.stock.lookup import PERSON

CELL_SHOWN = 15
"""Cards of a cell that come with the page; more come as somebody scrolls."""
ROW_CELL_SHOWN = 5
"""The same where there are swimlanes: there are many more cells then."""
PAGE_MAX = 200
LANES_MAX = 30
DAYS_MAX = 31
NOBODY = "-"
"""As an owner: nobody's."""

DAY_MS, HOUR_MS = 86_400_000, 3_600_000


@dataclass(frozen=True)
class Sought:
    """Which cards: all of these hold, '' asks for nothing. `owner` is a badge or a person's number (#12);
    `days`: how long ago something may have been finished to be shown still."""

    q: str = ""
    channel: str = ""
    carrier: str = ""
    urgency: str = ""
    owner: str = ""
    label: str = ""
    is_blocked: bool = False
    is_late: bool = False
    days: int = 1
    lanes: str = Swimlane.NONE


def board(tx: Tx, sought: Sought, shown: int | None = None) -> dict[str, Any]:
    """Columns with count and limit, then a row of cells for each swimlane; `shown` cards a cell come with it.

    Raises:
        DomainError: filters that make no sense.
    """
    if shown is None:
        shown = CELL_SHOWN if sought.lanes == Swimlane.NONE else ROW_CELL_SHOWN
    check(sought, shown)
    counts = _counts(tx, sought)
    found = {(row["lane"], row["state"]): row["cards"] for part in _PARTS for row in _found(tx, sought, part)}
    limits = {
        row["board_column"]: row["cards_max"]
        for row in tx.all("SELECT board_column, cards_max FROM column_limit WHERE warehouse_id = :w")
    }
    lanes = sorted({lane for lane, _ in found}, key=_place_of_lane(sought.lanes)) or [""]
    cards: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in (row for part in _PARTS for row in _first_cards(tx, sought, part, shown)):
        cards.setdefault((row["lane"], row["state"]), []).append(dict(row))
    whole = {row["card"]: row for row in full_cards(tx, [row for rows in cards.values() for row in rows])}
    columns = [
        {
            "column": state.value, "count": counts.get(state, 0),
            "found": sum(found.get((lane, state), 0) for lane in lanes), "cards_max": limits.get(state),
            "is_over": state in limits and counts.get(state, 0) > limits[state],
        }
        for state in OrderState
    ]  # fmt: skip
    return {
        "now_ms": tx.now_ms, "lanes_by": sought.lanes, "columns": columns,
        "lanes": [
            {"lane": lane, "cells": [_cell(state, found.get((lane, state), 0), cards.get((lane, state), ()), whole)
                                     for state in OrderState]}
            for lane in lanes[:LANES_MAX]
        ],
        "lanes_left_off": max(0, len(lanes) - LANES_MAX),
    }  # fmt: skip


def cell(
    tx: Tx, sought: Sought, column: str, lane: str = "", after: str = "", limit: int = CELL_SHOWN
) -> dict[str, Any]:
    """More cards of one cell, from the card after `after` on; `next` is the `after` of the following page.

    Raises:
        DomainError: no such column, a cursor or a limit that makes no sense.
    """
    check(sought, limit)
    if column not in tuple(OrderState):
        raise DomainError("bad_column", f"no column {column[:40]!r}", "column")
    state = OrderState(column)
    conditions, params = _conditions(sought, tx.now_ms)
    key = _KEYS[state in FINISHED]
    follows = ""
    if after:
        names = [f"after_{place}" for place in range(len(key))]
        params.update(zip(names, _cursor(after, len(key)), strict=True))
        follows = f" AND ({', '.join(key)}) > ({', '.join(f':{name}' for name in names)})"
    rows = tx.all(
        f"SELECT {_COLUMNS}, {_LANES[sought.lanes]} AS lane{_FROM} AND o.state = :state{_since(state in FINISHED)}"
        f"{conditions} AND {_LANES[sought.lanes]} = :lane{follows} ORDER BY {', '.join(key)} LIMIT {int(limit) + 1}",
        **{**params, **_times(tx, sought, {state in FINISHED})}, state=state.value, lane=lane,
    )  # fmt: skip
    page = full_cards(tx, [dict(row) for row in rows[:limit]])
    return {"column": column, "lane": lane, "cards": page, "next": _next(page[-1]) if len(rows) > limit else None}


def full_cards(tx: Tx, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Card rows with what is counted beside them: units, labels, comments, and where each may go."""
    ids = [row["card"] for row in rows]
    if not ids:
        return []
    figures = _by_order(tx, _FIGURES, ids)
    without = [card for card in ids if card not in figures]  # on hold for an unknown SKU: lines and no demand
    figures |= _by_order(tx, _LINE_FIGURES, without) if without else {}
    comments = _by_order(tx, _COMMENTS, ids)
    labels: dict[int, list[str]] = {}
    for row in _of_orders(tx, _LABELS, ids):
        labels.setdefault(row["order_id"], []).append(row["label"])
    return [
        {
            **{name: value for name, value in row.items() if name not in ("card_version", "place")},
            **figures.get(row["card"], _NOTHING), **comments.get(row["card"], {"comments": 0}),
            "labels": labels.get(row["card"], []), "urgency": urgency_of(row["priority"]).value,
            "version": version(row), "ways": {to.value: act.value for to, act in ways(row["state"]).items()},
        }
        for row in rows
    ]  # fmt: skip


def heads(tx: Tx, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The rows of cards by their orders' ids, as a move judges them."""
    rows = tx.all(f"SELECT {_COLUMNS}{_FROM} AND {among(tx, 'o.id', 'ids')}", ids=numbers(tx, ids))
    return {row["card"]: dict(row) for row in rows}


def version(row: Mapping[str, Any]) -> str:
    """What a card was when it was looked at: another one since means that somebody changed or scanned something."""
    return f"{row['state']}.{row['since_ms']}.{row['priority']}.{row['card_version']}"


def etag(view: Mapping[str, Any]) -> str:
    """Names the content of a board; the clock in it does not count."""
    said = json.dumps({key: value for key, value in view.items() if key != "now_ms"}, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def choices(tx: Tx) -> dict[str, list[dict[str, Any]]]:
    """What the filters can be set to: channels, carriers, labels in use, and who can own a card."""
    return {
        "channels": [dict(row) for row in tx.all(
            "SELECT DISTINCT channel AS code FROM sales_order WHERE warehouse_id = :w AND state IN"
            f" ({_list(OPEN)}) ORDER BY channel LIMIT 100")],
        "carriers": [dict(row) for row in tx.all(
            "SELECT code, name FROM carrier WHERE warehouse_id = :w ORDER BY code LIMIT 100")],
        "labels": [dict(row) for row in tx.all(
            "SELECT label AS code, COUNT(*) AS cards FROM order_card_label WHERE warehouse_id = :w GROUP BY label"
            " ORDER BY label LIMIT 200")],
        "operators": [dict(row) for row in tx.all(
            f"SELECT {PERSON.format(alias='o')} AS code, o.name FROM operator o WHERE o.warehouse_id = :w"
            " AND o.is_active = 1 ORDER BY o.name, o.id LIMIT 500"
        )],
    }  # fmt: skip


def check(sought: Sought, limit: int) -> None:
    """Refuse filters that make no sense.

    Raises:
        DomainError: naming the one.
    """
    check_limit(limit, PAGE_MAX)
    if sought.lanes not in tuple(Swimlane):
        raise DomainError("bad_lanes", f"one of {', '.join(Swimlane)}", "lanes")
    if sought.urgency and sought.urgency not in tuple(Urgency):
        raise DomainError("bad_urgency", f"one of {', '.join(Urgency)}", "urgency")
    if not 1 <= sought.days <= DAYS_MAX:
        raise DomainError("bad_days", f"1 to {DAYS_MAX}", "days")


def _cell(state: OrderState, count: int, cards: Sequence[dict[str, Any]], whole: Mapping[int, Any]) -> dict[str, Any]:
    shown = [whole[card["card"]] for card in cards]
    return {
        "column": state.value, "count": count, "cards": shown, "next": _next(shown[-1]) if count > len(shown) else None
    }


def _counts(tx: Tx, sought: Sought) -> dict[str, int]:
    counts = {}
    for is_finished in _PARTS:
        rows = tx.all(
            "SELECT o.state, COUNT(*) AS cards FROM sales_order o WHERE o.warehouse_id = :w"
            f"{_in_part(is_finished)}{_since(is_finished)} GROUP BY o.state",
            **({"since": _since_ms(tx, sought)} if is_finished else {}),
        )
        counts.update({row["state"]: row["cards"] for row in rows})
    return counts


def _found(tx: Tx, sought: Sought, is_finished: bool) -> Sequence[Any]:
    conditions, params = _conditions(sought, tx.now_ms)
    return tx.all(
        f"SELECT state, lane, COUNT(*) AS cards FROM (SELECT o.state, {_LANES[sought.lanes]} AS lane{_FROM}"
        f"{_in_part(is_finished)}{_since(is_finished)}{conditions}) found GROUP BY state, lane",
        **{**params, **_times(tx, sought, {is_finished})},
    )


def _first_cards(tx: Tx, sought: Sought, is_finished: bool, shown: int) -> Sequence[Any]:
    conditions, params = _conditions(sought, tx.now_ms)
    lane = _LANES[sought.lanes]
    return tx.all(
        f"SELECT * FROM (SELECT {_COLUMNS}, {lane} AS lane, ROW_NUMBER() OVER (PARTITION BY o.state, {lane}"
        f" ORDER BY {', '.join(_KEYS[is_finished])}) AS place{_FROM}{_in_part(is_finished)}{_since(is_finished)}"
        f"{conditions}) found WHERE place <= :shown ORDER BY state, lane, place",
        **{**params, **_times(tx, sought, {is_finished})}, shown=shown,
    )  # fmt: skip


def _conditions(sought: Sought, now_ms: int) -> tuple[str, dict[str, Any]]:
    """What the filters ask for, as conditions that follow others."""
    said: list[str] = []
    params: dict[str, Any] = {}
    if sought.q:
        key = sought.q.strip().upper()
        params["q"] = f"%{literal(key)}%"
        params["sku"] = key
        said.append(
            "(UPPER(o.number) LIKE :q ESCAPE '!' OR EXISTS (SELECT 1 FROM order_line n WHERE n.warehouse_id ="
            " o.warehouse_id AND n.order_id = o.id AND UPPER(n.sku) = :sku))"
        )
    for name, column in (("channel", "o.channel"), ("carrier", "c.code")):
        if getattr(sought, name):
            params[name] = getattr(sought, name)
            said.append(f"{column} = :{name}")
    if sought.urgency:
        said.append({"urgent": "o.priority > 0", "normal": "o.priority = 0", "low": "o.priority < 0"}[sought.urgency])
    if sought.owner == NOBODY:
        said.append("k.owner_id IS NULL")
    elif sought.owner:
        params["owner"] = sought.owner
        said.append(f"(p.badge = :owner OR {PERSON.format(alias='p')} = :owner)")
    if sought.label:
        params["label"] = sought.label
        said.append(
            "EXISTS (SELECT 1 FROM order_card_label b WHERE b.warehouse_id = o.warehouse_id AND b.order_id = o.id"
            " AND b.label = :label)"
        )
    if sought.is_blocked:
        said.append("k.blocked_because <> ''")
    if sought.is_late:
        params["late"] = now_ms
        said.append(f"COALESCE(k.due_at_ms, o.cut_off_at_ms) < :late AND o.state NOT IN ({_list(FINISHED)})")
    return "".join(f" AND {one}" for one in said), params


def _times(tx: Tx, sought: Sought, parts: set[bool]) -> dict[str, int]:
    """The moments a question names: a parameter nobody asks for is refused by one engine."""
    times = {}
    if sought.lanes == Swimlane.CUT_OFF:
        times |= {"now": tx.now_ms, "in_1_h": tx.now_ms + HOUR_MS, "in_4_h": tx.now_ms + 4 * HOUR_MS}
    if True in parts:
        times["since"] = _since_ms(tx, sought)
    return times


def _since_ms(tx: Tx, sought: Sought) -> int:
    return tx.now_ms - sought.days * DAY_MS


def _place_of_lane(by: str) -> Any:
    """Which swimlane comes first: the most urgent one."""
    places = {word: place for place, word in enumerate((*Urgency, *_CUT_OFF_WORDS))}
    if by == Swimlane.PRIORITY:
        return lambda lane: places[lane]
    if by == Swimlane.CUT_OFF:
        return lambda lane: (places[lane.rpartition("|")[2]], lane)
    return str


def _next(card: Mapping[str, Any]) -> str:
    if OrderState(card["state"]) in FINISHED:
        return f"{-card['since_ms']}_{card['card']}"
    return f"{-card['priority']}_{card['cut_off_at_ms']}_{card['ordered_at_ms']}_{card['card']}"


def _cursor(after: str, parts: int) -> list[int]:
    if not re.fullmatch(rf"-?[0-9]{{1,18}}(_-?[0-9]{{1,18}}){{{parts - 1}}}", after):
        raise DomainError("bad_after", f"no cursor of ours: {after[:40]!r}", "after")
    return [int(part) for part in after.split("_")]


def _by_order(tx: Tx, sql: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    rows = [dict(row) for row in _of_orders(tx, sql, ids)]
    return {row.pop("order_id"): row for row in rows}


def _of_orders(tx: Tx, sql: str, ids: Sequence[int]) -> Sequence[Any]:
    return tx.all(sql.format(orders=among(tx, "order_id", "ids")), ids=numbers(tx, ids))


def _list(states: Iterable[str]) -> str:
    return ", ".join(f"'{OrderState(state).value}'" for state in states)


def _in_part(is_finished: bool) -> str:
    return f" AND o.state IN ({_list(FINISHED if is_finished else OPEN)})"


def _since(is_finished: bool) -> str:
    return " AND o.state_since_ms >= :since" if is_finished else ""


# Open and finished columns are asked for apart: each part has its index, an OR of them has not.
_PARTS = (False, True)
_KEYS = {
    False: ("-o.priority", "o.cut_off_at_ms", "o.ordered_at_ms", "o.id"),
    True: ("-o.state_since_ms", "o.id"),
}  # fmt: skip
_CUT_OFF_WORDS = ("late", "in_1_h", "in_4_h", "later", "finished")

_COLUMNS = f"""
o.id AS card, o.number, o.channel, o.state, o.policy, o.priority, o.ordered_at_ms, o.created_at_ms, o.cut_off_at_ms,
o.state_since_ms AS since_ms, o.country, o.hold_reason, o.hold_note, o.wave_id AS wave, COALESCE(c.code, '') AS carrier,
COALESCE(k.version, 0) AS card_version, k.due_at_ms, 
COALESCE({PERSON.format(alias='p')}, '') AS owner, COALESCE(p.name, '') AS owner_name,
COALESCE(k.blocked_because, '') AS blocked_because, COALESCE(k.blocked_note, '') AS blocked_note, k.blocked_since_ms
"""

_FROM = """
 FROM sales_order o LEFT JOIN carrier c ON c.warehouse_id = o.warehouse_id AND c.id = o.carrier_id
LEFT JOIN order_card k ON k.warehouse_id = o.warehouse_id AND k.order_id = o.id
LEFT JOIN operator p ON p.warehouse_id = k.warehouse_id AND p.id = k.owner_id WHERE o.warehouse_id = :w
"""

_LANES: Mapping[str, str] = {
    Swimlane.NONE: "CAST('' AS TEXT)",
    Swimlane.CHANNEL: "o.channel",
    Swimlane.PRIORITY: "CASE WHEN o.priority > 0 THEN 'urgent' WHEN o.priority < 0 THEN 'low' ELSE 'normal' END",
    Swimlane.CUT_OFF: "COALESCE(c.code, '') || '|' || CASE WHEN o.state IN ('shipped', 'cancelled') THEN 'finished'"
    " WHEN o.cut_off_at_ms < :now THEN 'late' WHEN o.cut_off_at_ms < :in_1_h THEN 'in_1_h'"
    " WHEN o.cut_off_at_ms < :in_4_h THEN 'in_4_h' ELSE 'later' END",
}

_NOTHING = {"lines": 0, "units": 0, "picked_each": 0, "packed_each": 0, "missing_each": 0}
_FIGURES = """
SELECT order_id, COUNT(*) AS lines, SUM(ordered_each - cancelled_each) AS units, SUM(picked_each) AS picked_each,
SUM(packed_each) AS packed_each, SUM(ordered_each - cancelled_each - allocated_each) AS missing_each
FROM demand WHERE warehouse_id = :w AND {orders} GROUP BY order_id
"""
_LINE_FIGURES = """
SELECT order_id, COUNT(*) AS lines, SUM(qty_each) AS units, 0 AS picked_each, 0 AS packed_each, 0 AS missing_each
FROM order_line WHERE warehouse_id = :w AND {orders} GROUP BY order_id
"""
_COMMENTS = """
SELECT order_id, COUNT(*) AS comments FROM order_card_entry WHERE warehouse_id = :w AND kind = 'comment' AND {orders}
GROUP BY order_id
"""
_LABELS = "SELECT order_id, label FROM order_card_label WHERE warehouse_id = :w AND {orders} ORDER BY order_id, label"
