"""Goods that came and were put away without a scan: what a third party or another system reports by line.

Units of an announced receipt go straight into storage, under the rules of receiving and of putaway both. Refuses
what either refuses, and goods that wait for inspection: those come over the dock. Invariant: reported twice under
one `external_id`, it happened once; a report is taken whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.inbound import ReceiptState
from fulfillment.domain.putaway import check_putaway
from fulfillment.domain.reasons import Conflict, NotFound, Refused, Reject, Rejected
from fulfillment.flows.step import ItemRead
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.checking import check_day, goods_by_sku
from fulfillment.services.receiving import dock_to_stock, receive
from fulfillment.services.receiving.arrivals import How, receive_known
from fulfillment.services.replenishing import replenishment_plans
from fulfillment.services.stock import allocate, references
from fulfillment.services.stock.storing import arriving_layer, storage_at

CODES_AT_ONCE = 200


@dataclass(frozen=True)
class ArrivedLine:
    """Units of one SKU and the storage location they lie in."""

    sku: str
    qty_each: int
    location: str
    lot: str = ""
    expiry_on: str = ""
    serial: str = ""


@dataclass(frozen=True)
class ArrivalIn:
    """What arrived of a receipt; with `closes` nothing more is expected of it."""

    external_id: str
    receipt: str
    lines: tuple[ArrivedLine, ...]
    closes: bool = False

    def sha256(self) -> str:
        """What makes two of one external id the same."""
        lines = [list(vars(line).values()) for line in self.lines]
        said = ["arrival", self.external_id, self.receipt, self.closes, lines]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def arrive(tx: Tx, actor: Actor, arrival: ArrivalIn) -> tuple[dict[str, Any], bool]:
    """Book an arrival: its answer, and whether it is new.

    Raises:
        NotFound: no such receipt or location; DomainError: a bad SKU or date;
        Conflict: the id came with other content, the receipt is closed or expects less, or putaway forbids the place.
    """
    sha256 = arrival.sha256()
    known = references.answer_to(tx, arrival.external_id, sha256, "external_id")
    if known is not None:
        return known, False
    receipt = tx.one("SELECT * FROM receipt WHERE warehouse_id = :w AND number = :number", number=arrival.receipt)
    if receipt is None:
        raise NotFound("unknown_receipt", f"no receipt {arrival.receipt!r}")
    if receipt["state"] != ReceiptState.OPEN:
        raise Conflict(Reject.RECEIPT_CLOSED, f"receipt {arrival.receipt} is closed")
    if receipt["needs_quality"]:
        raise Conflict("needs_quality", f"what {arrival.receipt} brings is inspected at the dock first")
    dock_to_stock.note_arrived(tx, receipt["id"])
    locations = _locations(tx, {line.location for line in arrival.lines})
    lines, items = [], set()
    for place, line in enumerate(arrival.lines):
        item, layers = _take_in(tx, actor, receipt, line, locations.get(line.location), f"lines[{place}]")
        items.add(item["id"])
        lines.append(
            {"sku": item["sku"], "location": line.location, "qty_each": line.qty_each,
             "layers": [{"layer": layer_id, "qty_each": qty_each} for layer_id, qty_each in layers]}
        )  # fmt: skip
    if arrival.closes:
        receive.close(tx, actor, receipt["id"])
    # Only now, when all of it lies there: the oldest of what came is promised first, whatever line it was on.
    for item_id in sorted(items):
        allocate.allocate_waiting(tx, actor, item_id)
        replenishment_plans.after_arrival(tx, actor, item_id)
    answer = {
        "external_id": arrival.external_id, "receipt": arrival.receipt, "closed": arrival.closes, "lines": lines,
    }  # fmt: skip
    references.keep_answer(tx, arrival.external_id, sha256, answer)
    return answer, True


def _take_in(
    tx: Tx, actor: Actor, receipt: Any, line: ArrivedLine, location_id: int | None, field: str
) -> tuple[Any, list[tuple[int, int]]]:  # fmt: skip
    item = goods_by_sku(tx, line.sku, f"{field}.sku")
    check_day(line.expiry_on, f"{field}.expiry_on", may_be_empty=True)
    if location_id is None:
        raise NotFound("unknown_location", f"no location {line.location!r}", f"{field}.location")
    before = storage_at(tx, location_id)
    there = Actor(
        actor.occurred_at_ms, actor.operator_id, actor.station_id, actor.station_code, location_id, actor.scan_id
    )
    read = ItemRead(item["id"], item["sku"], 1, line.qty_each, item["sku"], line.lot, line.expiry_on, line.serial)
    try:
        layers = receive_known(tx, there, receipt, item, read, How())
    except Refused as refused:
        raise _conflict(refused.rejected, f"{line.qty_each} of {item['sku']}", f"{field}.qty_each") from refused
    for layer_id, _ in layers:
        wrong = check_putaway(before, arriving_layer(tx, layer_id), line.qty_each)
        if wrong is not None:
            raise _conflict(wrong, f"{item['sku']} into {line.location}", f"{field}.location")
    return item, layers


def _locations(tx: Tx, codes: set[str]) -> dict[str, int]:
    wanted = sorted(codes)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), CODES_AT_ONCE):
        some = {f"code_{place}": code for place, code in enumerate(wanted[start : start + CODES_AT_ONCE])}
        rows = tx.all(
            "SELECT id, code FROM location WHERE warehouse_id = :w AND code IN"
            f" ({', '.join(f':{name}' for name in some)})",
            **some,
        )
        found.update((row["code"], row["id"]) for row in rows)
    return found


def _conflict(rejected: Rejected, what: str, field: str) -> Conflict:
    said = ", ".join(
        f"{name} {value}" for name, value in (("expected", rejected.expected), ("got", rejected.got)) if value
    )
    return Conflict(rejected.code, f"{what}: {said}" if said else what, field)
