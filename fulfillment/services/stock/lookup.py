"""Rows that several dialogues show: items by barcode, locations as places, stock lying at a station."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.codes import COMMANDS
from fulfillment.domain.reasons import DomainError, Refused, Reject, Rejected
from fulfillment.domain.roles import Role
from fulfillment.domain.weighing import keyed_weight_g
from fulfillment.flows.step import Goods, Heard, ItemRead, Place
from fulfillment.hot import Question, Tx
from fulfillment.scanning.classify import Read, ReadKind

PLACE_COLUMNS = "l.id AS location_id, l.code, l.kind, l.zone, l.aisle, l.bay, l.level"

# The barcode shown for an item is that of one each; an item without any is known by its SKU.
GOODS_COLUMNS = (
    "i.id AS item_id, i.sku, i.name, COALESCE((SELECT c.code FROM item_barcode c WHERE c.warehouse_id ="
    " i.warehouse_id AND c.item_id = i.id AND c.qty_each = 1 ORDER BY c.id LIMIT 1), i.sku_key) AS barcode"
)


def place_of(row: Any) -> Place:
    """A location row (PLACE_COLUMNS) as a place."""
    return Place(
        row["location_id"], row["code"], row["kind"], row["zone"], row["aisle"], row["bay"], row["level"]
    )


def goods_of(row: Any) -> Goods:
    """An item row (GOODS_COLUMNS) as goods."""
    return Goods(row["item_id"], row["sku"], row["name"], row["barcode"])


def find_location(tx: Tx, code: str) -> Any:
    """The location row of a scanned code.

    Raises:
        Refused: `unknown_code`.
    """
    row = tx.one("SELECT * FROM location WHERE warehouse_id = :w AND code = :code AND kind <> 'virtual'", code=code)
    if row is None:
        raise Refused(Rejected(Reject.UNKNOWN_CODE, expected="location", got=code))
    return row


def find_lpn(tx: Tx, code: str, kind: str) -> Any:
    """The handling unit row of a scanned tote number or SSCC, or None."""
    return tx.one("SELECT * FROM lpn WHERE warehouse_id = :w AND code = :code AND kind = :kind", code=code, kind=kind)


# How a person is named to whoever may not know badges: a badge decides things at a desk.
PERSON = "'#' || CAST({alias}.id AS VARCHAR(20))"


def person(tx: Tx, who: str) -> Any:
    """The operator row (id, role, name) of a badge, or of the number a person is shown by ("#12"); None: nobody's."""
    return tx.one(
        "SELECT o.id, o.role, o.name FROM operator o WHERE o.warehouse_id = :w AND o.is_active = 1"
        f" AND (o.badge = :who OR {PERSON.format(alias='o')} = :who)",
        who=who,
    )


def whose(tx: Tx, badge: str) -> Any:
    """The operator row (id, role) of a badge given at a desk. Never of the number a person is shown by: all know it.

    Raises:
        DomainError: `unknown_badge`.
    """
    row = tx.one(
        "SELECT id, role FROM operator WHERE warehouse_id = :w AND badge = :badge AND is_active = 1", badge=badge
    )
    if row is None:
        raise DomainError("unknown_badge", f"no badge {badge[:40]!r}", "badge")
    return row


def decider(tx: Tx, badge: str, may: str) -> Any:
    """The operator row (id, role) of a supervisor's badge given at a desk; `may`: what only a supervisor does.

    Raises:
        DomainError: `unknown_badge`; `not_allowed`, it is somebody else's.
    """
    row = whose(tx, badge)
    if row["role"] not in (Role.SUPERVISOR, Role.ADMIN):
        raise DomainError("not_allowed", f"only a supervisor {may}", "badge")
    return row


def author_id(tx: Tx, badge: str, may_without: bool, only_supervisors: str = "") -> int | None:
    """Who does something at a desk: the person of the badge; nobody where a program's token needs none.

    `only_supervisors`: what only a supervisor does; '' = any badge will do.

    Raises:
        DomainError: `unknown_badge`, also when there is none; `not_allowed`, it is no supervisor's.
    """
    if not badge and may_without:
        return None
    row = decider(tx, badge, only_supervisors) if only_supervisors else whose(tx, badge)
    return int(row["id"])


def find_supervisor(tx: Tx, badge: str) -> Any:
    """The operator row (id, name, role) of a supervisor's badge.

    Raises:
        Refused: `unknown_code`; `not_allowed`, it is somebody else's.
    """
    row = tx.one(
        "SELECT id, name, role FROM operator WHERE warehouse_id = :w AND badge = :badge AND is_active = 1", badge=badge
    )
    if row is None:
        raise Refused(Rejected(Reject.UNKNOWN_CODE, expected="a badge of this warehouse", got=badge))
    if row["role"] not in (Role.SUPERVISOR, Role.ADMIN):
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected=Role.SUPERVISOR, got=row["role"]))
    return row


def item_question(barcode: str) -> Question:
    """Which item answers to a barcode, and for how many units one scan of it stands."""
    return (
        "SELECT i.id, i.sku, i.scan_each_max, i.look_alike, c.qty_each FROM item_barcode c"
        " JOIN item i ON i.warehouse_id = c.warehouse_id AND i.id = c.item_id"
        " WHERE c.warehouse_id = :w AND c.code = :code",
        {"code": barcode},
    )


def resolve(
    read: Read, keyed_each: int | None, items: Sequence[Any], *, is_by_hand: bool = False
) -> Heard | Rejected:
    """A read with its item as `item_question` was answered; a barcode nobody registered is `unknown_code`.

    A plain text that spells a command is taken for it: that is how a person without a scanner says SHORT. A number with
    its unit is a weight.
    """
    if read.kind != ReadKind.ITEM:
        return Heard(read.kind, read.value, read.raw, keyed_each)
    if not items:
        if read.value in COMMANDS:
            return Heard(ReadKind.COMMAND, read.value, read.raw, keyed_each)
        if keyed_weight_g(read.raw) is not None:
            return Heard(ReadKind.WEIGHT, read.raw, read.raw, keyed_each)
        return Rejected(Reject.UNKNOWN_CODE, got=read.raw)
    row = items[0]
    item = ItemRead(
        row["id"], row["sku"], row["qty_each"], keyed_each, read.raw, read.lot, read.expiry_on, read.serial,
        row["scan_each_max"], bool(row["look_alike"]), is_by_hand,
    )  # fmt: skip
    return Heard(ReadKind.ITEM, read.value, read.raw, keyed_each, item)
