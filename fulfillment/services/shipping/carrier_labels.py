"""Carrier labels as rows: wanted when a parcel is closed, not wanted when it is opened again, listed when orphaned.

The intent commits with the parcel it is for; only a worker calls the carrier (`label_buying`). Every intent has a
reference of its own that is never used twice; at most one label of a parcel is good at a time. What may have been
paid for stays visible until it is bought, void, or given up by a person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fulfillment.domain.effects import EffectKind, LabelState
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.shipping.carrier_service import TOKEN_FOLDER, TOKEN_NAME

LIVE = "('wanted', 'bought', 'uncertain', 'refused')"

_SHOWN = (
    "SELECT l.reference, l.state, l.heard, l.tracking_number, l.cost_minor, l.currency, l.detail, l.decision,"
    " l.created_at_ms, l.bought_at_ms, l.ended_at_ms, p.number AS parcel, p.state AS parcel_state, c.code AS carrier,"
    " COALESCE(e.state, '') AS effect, COALESCE(e.result, '') AS result, COALESCE(e.attempts, 0) AS attempts"
    " FROM carrier_label l JOIN parcel p ON p.warehouse_id = l.warehouse_id AND p.id = l.parcel_id"
    " JOIN carrier c ON c.warehouse_id = l.warehouse_id AND c.id = l.carrier_id"
    " LEFT JOIN outbox e ON e.warehouse_id = l.warehouse_id AND e.dedupe_key = l.reference WHERE l.warehouse_id = :w"
)

# Paid for or maybe paid for, and on no parcel that leaves.
_ORPHAN = (
    "(l.state IN ('to_void', 'abandoned') OR (l.state IN ('bought', 'uncertain') AND p.state IN ('open', 'void')))"
)
# Somebody has to look: nobody knows, the carrier will not, or it cannot be reached.
_TROUBLE = (
    "(e.state IN ('uncertain', 'failed', 'held') OR EXISTS (SELECT 1 FROM outbox v WHERE v.warehouse_id ="
    " l.warehouse_id AND v.dedupe_key = 'void:' || l.reference AND v.state IN ('failed', 'held')))"
)


@dataclass(frozen=True)
class Service:
    """Where a carrier sells labels, the file (of the floor's own folder) its token is in, and what it promises."""

    url: str
    token_file: str = ""
    can_look_up: bool = False
    keeps_keys: bool = False


def set_service(tx: Tx, carrier: str, service: Service) -> dict[str, Any]:
    """Have a carrier's labels bought at its service from now on ('' = they are ours again).

    Raises:
        NotFound: no such carrier; DomainError: no address of a service, or no name of a token file.
    """
    parts = urlsplit(service.url)
    if service.url and not (parts.scheme in ("http", "https") and parts.hostname and not parts.username):
        raise DomainError("bad_url", "http(s)://host/path, without a name or password in it", "url")
    # A name only: whoever may set a carrier up must not have any file of this machine sent to an address.
    if service.token_file and not TOKEN_NAME.fullmatch(service.token_file):
        raise DomainError("bad_token_file", f"the name of a file in FLOOR_HOME/{TOKEN_FOLDER}", "token_file")
    changed = tx.run(
        "UPDATE carrier SET service_url = :url, service_token_file = :file, service_can_look_up = :look,"
        " service_keeps_keys = :keys WHERE warehouse_id = :w AND code = :code",
        code=carrier, url=service.url, file=service.token_file, look=int(service.can_look_up),
        keys=int(service.keeps_keys),
    )  # fmt: skip
    if changed != 1:
        raise NotFound("unknown_carrier", f"no carrier {carrier[:40]!r}", "code")
    return service_of(tx, carrier)


def service_of(tx: Tx, carrier: str) -> dict[str, Any]:
    """Where a carrier's labels are bought, as the API shows it."""
    row = tx.one("SELECT * FROM carrier WHERE warehouse_id = :w AND code = :code", code=carrier)
    if row is None:
        raise NotFound("unknown_carrier", f"no carrier {carrier[:40]!r}", "code")
    return {
        "carrier": row["code"], "url": row["service_url"], "token_file": row["service_token_file"],
        "can_look_up": bool(row["service_can_look_up"]), "keeps_keys": bool(row["service_keeps_keys"]),
    }  # fmt: skip


def is_bought_at(tx: Tx, carrier_id: int) -> bool:
    """Whether a carrier's labels are bought from its service (and not drawn by us alone)."""
    row = tx.one("SELECT service_url FROM carrier WHERE warehouse_id = :w AND id = :id", id=carrier_id)
    return bool(row["service_url"])


def live(tx: Tx, parcel_id: int) -> Any:
    """The one label of a parcel that is good or may come to be, or None."""
    return tx.one(
        f"SELECT * FROM carrier_label WHERE warehouse_id = :w AND parcel_id = :parcel AND state IN {LIVE}",
        parcel=parcel_id,
    )


def intend(tx: Tx, parcel: Any, fields: Mapping[str, Any]) -> str:
    """Have a label bought for a parcel, in the transaction that closes it; returns its reference."""
    count = tx.one("SELECT COUNT(*) AS n FROM carrier_label WHERE warehouse_id = :w AND parcel_id = :p", p=parcel["id"])
    house = tx.one("SELECT code FROM warehouse WHERE id = :w")["code"]
    reference = f"{house}-{parcel['number']}-{count['n'] + 1}"
    tx.add(
        "carrier_label", reference=reference, parcel_id=parcel["id"], carrier_id=parcel["carrier_id"],
        state=LabelState.WANTED, created_at_ms=tx.now_ms,
    )  # fmt: skip
    tx.add(
        "outbox", kind=EffectKind.BUY_LABEL, subject=parcel["number"], dedupe_key=reference, template=parcel["carrier"],
        fields=json.dumps({"reference": reference, **fields}, ensure_ascii=False), created_at_ms=tx.now_ms,
    )  # fmt: skip
    return reference


def no_longer_wanted(tx: Tx, parcel_id: int) -> None:
    """The parcel is opened again or void: what was not asked for is dropped, what was bought is to be voided, and
    what nobody knows yet is voided when it is known."""
    label = live(tx, parcel_id)
    if label is None:
        return
    if label["state"] == LabelState.BOUGHT:
        _set(tx, label["id"], LabelState.TO_VOID)
        queue_void(tx, label)
        return
    if label["state"] == LabelState.REFUSED:
        drop(tx, label)
        return
    # Claimed is not yet asked: whoever holds it finds it superseded when it begins to call.
    unasked = tx.run(
        "UPDATE outbox SET state = 'superseded', done_at_ms = :now WHERE warehouse_id = :w AND dedupe_key = :key"
        " AND state IN ('queued', 'held', 'claimed') AND :heard = '' AND :silences = 0",
        key=label["reference"], heard=label["heard"], silences=label["silences"], now=tx.now_ms,
    )  # fmt: skip
    if unasked:
        _set(tx, label["id"], LabelState.DROPPED, ended=True)
    else:
        _set(tx, label["id"], LabelState.TO_VOID)


def drop(tx: Tx, label: Any) -> None:
    """Nothing was bought and nothing will be."""
    _set(tx, label["id"], LabelState.DROPPED, ended=True)
    tx.put(
        "UPDATE outbox SET state = 'superseded', done_at_ms = :now WHERE warehouse_id = :w AND dedupe_key = :key"
        " AND state IN ('queued', 'held', 'uncertain', 'failed')",
        key=label["reference"], now=tx.now_ms,
    )  # fmt: skip


def queue_void(tx: Tx, label: Any) -> None:
    """Have the carrier take a label back; once, however often it turns out not to be wanted."""
    key = f"void:{label['reference']}"
    if tx.one("SELECT id FROM outbox WHERE warehouse_id = :w AND dedupe_key = :key", key=key) is not None:
        return
    bought = tx.one(
        "SELECT p.number, c.code FROM parcel p JOIN carrier c ON c.warehouse_id = p.warehouse_id"
        " AND c.id = :carrier WHERE p.warehouse_id = :w AND p.id = :parcel",
        carrier=label["carrier_id"], parcel=label["parcel_id"],
    )  # fmt: skip
    tx.add(
        "outbox", kind=EffectKind.VOID_LABEL, subject=bought["number"], dedupe_key=key, template=bought["code"],
        fields=json.dumps({"reference": label["reference"]}), created_at_ms=tx.now_ms,
    )  # fmt: skip


def effect_of(tx: Tx, parcel_id: int) -> Any:
    """State and result of the buying that a closed parcel still waits for, or None."""
    return tx.one(
        "SELECT e.state, e.result FROM carrier_label l JOIN outbox e ON e.warehouse_id = l.warehouse_id"
        " AND e.dedupe_key = l.reference WHERE l.warehouse_id = :w AND l.parcel_id = :parcel"
        " AND l.state IN ('wanted', 'uncertain', 'refused')",
        parcel=parcel_id,
    )


def listed(tx: Tx, *, orphans: bool = False, trouble: bool = False, parcel: str = "", limit: int = 100) -> list[Any]:
    """Labels, newest first: all, those that are paid for in vain, those somebody has to look at, or a parcel's."""
    chosen = "".join(f" AND {part}" for part, is_on in ((_ORPHAN, orphans), (_TROUBLE, trouble)) if is_on)
    rows = tx.all(
        f"{_SHOWN}{chosen} AND (:parcel = '' OR p.number = :parcel) ORDER BY l.id DESC LIMIT {int(limit)}",
        parcel=parcel,
    )
    return [dict(row) for row in rows]


def _set(tx: Tx, label_id: int, state: str, *, ended: bool = False) -> None:
    tx.put(
        "UPDATE carrier_label SET state = :state, ended_at_ms = :ended WHERE warehouse_id = :w AND id = :id",
        id=label_id, state=state, ended=tx.now_ms if ended else None,
    )  # fmt: skip
