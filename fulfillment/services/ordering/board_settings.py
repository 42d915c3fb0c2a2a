"""How the order board is set: limits of its columns, and views people keep.

Owns `column_limit` and `board_view`. A limit is a supervisor's word and stops nobody: the column says that it holds
too many. Invariant: a view is changed and taken away only by whose it is.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.cards import OPEN
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.stock.lookup import author_id

CARDS_MAX = 100_000
NAME_MAX = 60
QUERY_MAX = 600
VIEWS_MAX = 50


def set_limit(
    tx: Tx, actor: Actor, column: str, cards_max: int, badge: str = "", may_without_badge: bool = False
) -> dict[str, Any]:  # fmt: skip
    """How many cards a column should hold at most; 0 = no limit.

    Raises:
        DomainError: a finished or unknown column, a number that makes no sense, no supervisor's badge.
    """
    person_id = author_id(tx, badge, may_without_badge, "limits a column")
    if column not in tuple(OPEN):
        raise DomainError("bad_column", f"one of {', '.join(OPEN)}", "column")
    if not 0 <= cards_max <= CARDS_MAX:
        raise DomainError("bad_limit", f"0 (none) to {CARDS_MAX}", "cards_max")
    tx.put("DELETE FROM column_limit WHERE warehouse_id = :w AND board_column = :column", column=column)
    if cards_max:
        tx.add(
            "column_limit", board_column=column, cards_max=cards_max, set_by_id=person_id, set_at_ms=tx.now_ms
        )
    tell(tx, "board", "ColumnLimited", actor.scan_id, column=column, cards_max=cards_max)
    return {"column": column, "cards_max": cards_max or None}


def views(tx: Tx) -> list[dict[str, Any]]:
    """Every kept view with whose it is; those of nobody in particular first."""
    rows = tx.all(
        "SELECT v.id AS view_id, v.name, v.query, COALESCE(o.name, '') AS operator FROM board_view v"
        " LEFT JOIN operator o ON o.warehouse_id = v.warehouse_id AND o.id = v.operator_id"
        " WHERE v.warehouse_id = :w ORDER BY COALESCE(o.name, ''), v.operator_id, v.name"
    )
    return [dict(row) for row in rows]


def keep_view(
    tx: Tx, name: str, query: str, badge: str = "", may_without_badge: bool = False
) -> dict[str, Any]:
    """Keep filters under a name, whose badge it is (without one: everybody's); the same name again is another view.

    Raises:
        DomainError: a name or filters that make no sense, too many views, no such badge.
    """
    owner_id = author_id(tx, badge, may_without_badge) or 0
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise DomainError("bad_name", f"1 to {NAME_MAX} characters", "name")
    if len(query) > QUERY_MAX or not query.isprintable():
        raise DomainError("bad_query", f"at most {QUERY_MAX} characters", "query")
    tx.put(
        "DELETE FROM board_view WHERE warehouse_id = :w AND operator_id = :owner AND name = :name",
        owner=owner_id, name=name,
    )  # fmt: skip
    kept = tx.one("SELECT COUNT(*) AS n FROM board_view WHERE warehouse_id = :w AND operator_id = :owner",
                  owner=owner_id)["n"]  # fmt: skip
    if kept >= VIEWS_MAX:
        raise DomainError("too_many_views", f"at most {VIEWS_MAX} views each", "name")
    view_id = tx.insert("board_view", operator_id=owner_id, name=name, query=query, saved_at_ms=tx.now_ms)
    return {"view_id": view_id, "name": name, "query": query}


def forget_view(tx: Tx, view_id: int, badge: str = "", may_without_badge: bool = False) -> None:
    """Take a view away.

    Raises:
        NotFound: there is none of this number that is theirs; DomainError: no such badge.
    """
    owner_id = author_id(tx, badge, may_without_badge) or 0
    gone = tx.run(
        "DELETE FROM board_view WHERE warehouse_id = :w AND id = :view AND operator_id = :owner",
        view=min(view_id, 2**63 - 1), owner=owner_id,
    )  # fmt: skip
    if not gone:
        raise NotFound("unknown_view", f"no view {view_id} of theirs")
