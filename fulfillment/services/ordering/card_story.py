"""What happened to an order, the newest last: from scans and tasks, from who asked what over the API, from its card.

Nothing of it is written here: each line is read where it was first written down. Requests are looked for among the
newest entries of the audit log only, which has no index by order.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.cards import EntryKind
from fulfillment.hot import Tx
from fulfillment.services.common.pages import literal
from fulfillment.services.figures import flow_histories
from fulfillment.services.ordering import order_cards

AUDIT_LOOKED_AT = 20_000
STAGES = ("taken", "released", "picked", "packed", "left")


def describe(tx: Tx, card: int) -> dict[str, Any]:
    """A card with its comments, its story, and when it passed each stage (None = not yet).

    Raises:
        NotFound: no such card.
    """
    shown = order_cards.shown(tx, card)
    row = tx.one(
        "SELECT id, number, channel, state, created_at_ms, state_since_ms FROM sales_order WHERE warehouse_id = :w"
        " AND id = :card",
        card=card,
    )
    told = next(flow_histories.tell(tx, [row]))
    written = [dict(entry) for entry in tx.all(_ENTRIES, card=card)]
    story = [
        *_scanned(told), *_tasks(tx, card), *_asked(tx, row),
        *(
            {"at_ms": entry["at_ms"], "what": entry["kind"], "who": entry["who"], "was": entry["was"],
             "said": entry["said"], "note": entry["note"]}
            for entry in written if entry["kind"] != EntryKind.COMMENT
        ),
    ]  # fmt: skip
    return {
        **shown,
        "comments_said": [
            {"at_ms": entry["at_ms"], "who": entry["who"], "text": entry["said"]}
            for entry in written if entry["kind"] == EntryKind.COMMENT
        ],
        "stages": [
            {"stage": stage, "at_ms": at_ms} for stage, at_ms in zip(STAGES, told.life.passed(), strict=True)
        ],
        "story": sorted(story, key=lambda one: one["at_ms"]),
    }  # fmt: skip


def _line(at_ms: int, what: str, who: str = "", said: str = "", note: str = "") -> dict[str, Any]:
    return {"at_ms": at_ms, "what": what, "who": who, "was": "", "said": said, "note": note}


def _scanned(told: flow_histories.Told) -> list[dict[str, Any]]:
    history = told.history
    lines = [_line(told.row["created_at_ms"], "taken")]
    lines += [_line(walk.released_ms, "released") for walk in history.walks]
    lines += [_line(act.ended_ms, act.activity.value) for acts in history.parcels for act in acts]
    if history.left is not None:
        lines.append(_line(history.left.ended_ms, history.left.activity.value))
    return lines


def _tasks(tx: Tx, card: int) -> list[dict[str, Any]]:
    return [
        _line(row["done_at_ms"], f"task_{row['kind']}", row["who"], f"{row['done_each']} × {row['sku']}".strip(" ×"),
              " ".join(part for part in (row["location"], row["reason"]) if part))
        for row in tx.all(_DONE_TASKS, card=card)
    ]  # fmt: skip


def _asked(tx: Tx, order: Any) -> list[dict[str, Any]]:
    number = literal(order["number"])
    rows = tx.all(
        _ASKED, plain=f"%/orders/{number}", more=f"%/orders/{number}/%", since=order["created_at_ms"],
        looked_at=AUDIT_LOOKED_AT,
    )  # fmt: skip
    return [_line(row["at_ms"], "asked", row["who"], row["subject"]) for row in rows]


_ENTRIES = (
    "SELECT e.recorded_at_ms AS at_ms, e.kind, e.was, e.said, e.note, COALESCE(o.name, s.code, '') AS who"
    " FROM order_card_entry e LEFT JOIN operator o ON o.warehouse_id = e.warehouse_id AND o.id = e.operator_id"
    " LEFT JOIN station s ON s.warehouse_id = e.warehouse_id AND s.id = e.station_id"
    " WHERE e.warehouse_id = :w AND e.order_id = :card ORDER BY e.id"
)

_DONE_TASKS = (
    "SELECT k.kind, k.done_at_ms, k.done_each, k.reason, COALESCE(i.sku, '') AS sku, COALESCE(l.code, '') AS location,"
    " COALESCE(o.name, '') AS who FROM task k LEFT JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
    " LEFT JOIN operator o ON o.warehouse_id = k.warehouse_id AND o.id = COALESCE(k.operator_id, t.operator_id)"
    " LEFT JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
    " LEFT JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
    " WHERE k.warehouse_id = :w AND k.order_id = :card AND k.done_at_ms IS NOT NULL"
    " ORDER BY k.done_at_ms, k.id LIMIT 500"
)

_ASKED = (
    "SELECT a.at_ms, a.subject, COALESCE(s.code, t.name, '') AS who FROM audit_log a"
    " LEFT JOIN station s ON s.warehouse_id = a.warehouse_id AND s.id = a.station_id"
    " LEFT JOIN access_token t ON t.warehouse_id = a.warehouse_id AND t.id = a.token_id"
    " WHERE a.warehouse_id = :w AND a.id > (SELECT COALESCE(MAX(h.id), 0) FROM audit_log h WHERE h.warehouse_id = :w)"
    " - :looked_at AND a.kind = 'api' AND a.at_ms >= :since AND (a.subject LIKE :plain ESCAPE '!'"
    " OR a.subject LIKE :more ESCAPE '!')"
    " ORDER BY a.id"
)
