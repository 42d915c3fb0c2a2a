"""Announce what will arrive: by a supplier's notice, from a purchase order, back from a customer, from ourselves.

A receipt expects lines, and perhaps handling units by their SSCC that say where those lines lie. Announcing
moves no stock. Refuses a number that came with other content, units that stand on nothing, serials that are
not one each, and more back from a customer than that customer got.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fulfillment.domain.codes import is_gs1_number
from fulfillment.domain.inbound import ReceiptKind, ReceiptState, parents_first
from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.hot import Tx
from fulfillment.services.common.checking import check_code, check_day, check_quantity, goods_by_sku
from fulfillment.services.common.running import next_number, tell
from fulfillment.services.common.today import local_day
from fulfillment.services.ordering import orders
from fulfillment.services.receiving import purchasing, returns


@dataclass(frozen=True)
class ExpectedLine:
    """Goods expected; `received_on` '' = the receipt's own day."""

    sku: str
    qty_each: int
    lot: str = ""
    expiry_on: str = ""
    received_on: str = ""
    unit_cost_minor: int = 0
    case_each: int = 0
    serials: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnitIn:
    """A pallet or carton by its SSCC and what lies on it."""

    sscc: str
    lines: tuple[ExpectedLine, ...] = ()
    parent_sscc: str = ""


@dataclass(frozen=True)
class ReceiptIn:
    """A receipt as it is announced. `lines` come loose, beside what lies on `units`.

    `kind` '' = from a purchase order when only that is named, else an ASN. `received_on` '' = today.
    """

    number: str
    lines: tuple[ExpectedLine, ...] = ()
    units: tuple[UnitIn, ...] = ()
    kind: str = ""
    received_on: str = ""
    supplier: str = ""
    purchase_order: str = ""
    order: str = ""
    channel: str = ""
    source: str = ""
    due_on: str = ""
    needs_quality: bool = False

    def sha256(self) -> str:
        """What makes two of one number the same."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()


@dataclass(frozen=True)
class _Key:
    """What a line of a receipt is kept by."""

    item_id: int
    lot: str
    expiry_on: str
    received_on: str


def announce(tx: Tx, receipt: ReceiptIn) -> bool:
    """Store an expected receipt; False when the same receipt is known already.

    Raises:
        DomainError: an unknown SKU, a service item, a bad date, number, quantity or handling unit;
        NotFound: no such purchase order or order; Conflict: other content, same number, or nothing is left to come.
    """
    check_code("R", receipt.number, "number", "receipt number")
    for field in ("received_on", "due_on"):
        check_day(getattr(receipt, field), field, may_be_empty=True)
    known = tx.one(
        "SELECT content_sha256 FROM receipt WHERE warehouse_id = :w AND number = :number", number=receipt.number
    )
    if known is not None:
        if known["content_sha256"] != receipt.sha256():
            raise Conflict("receipt_exists", f"receipt {receipt.number} exists with other content", "number")
        return False
    kind = _kind(receipt)
    purchase = purchasing.find(tx, receipt.purchase_order, "purchase_order") if receipt.purchase_order else None
    order = orders.find(tx, receipt.order, receipt.channel or None) if kind == ReceiptKind.RETURN else None
    expected = _expected(tx, receipt, kind, purchase, order)
    supplier = receipt.supplier or (purchase["supplier"] if purchase is not None else "")
    receipt_id = tx.insert(
        "receipt", number=receipt.number, kind=kind, supplier=supplier,
        received_on=receipt.received_on or local_day(tx), due_on=receipt.due_on,
        purchase_order_id=purchase["id"] if purchase is not None else None,
        order_id=order["id"] if order is not None else None,
        source=receipt.source, needs_quality=int(receipt.needs_quality), content_sha256=receipt.sha256(),
        created_at_ms=tx.now_ms,
    )  # fmt: skip
    line_ids = {
        key: tx.insert(
            "receipt_line", receipt_id=receipt_id, item_id=key.item_id, lot=key.lot, expiry_on=key.expiry_on,
            received_on=key.received_on, expected_each=qty_each, unit_cost_minor=cost_minor,
        )
        for key, (qty_each, cost_minor) in expected.items()
    }  # fmt: skip
    _insert_units(tx, receipt, receipt_id, line_ids)
    tell(tx, "board", "ReceiptAnnounced", receipt=receipt.number)
    return True


def open_blind(tx: Tx) -> int:
    """A receipt nobody announced, numbered by us; returns its id."""
    number = f"BLIND-{next_number(tx, 'blind'):06d}"
    receipt_id = tx.insert(
        "receipt", number=number, kind=ReceiptKind.BLIND, received_on=local_day(tx), content_sha256="",
        created_at_ms=tx.now_ms,
    )  # fmt: skip
    tell(tx, "board", "ReceiptAnnounced", receipt=number)
    return receipt_id


def _kind(receipt: ReceiptIn) -> str:
    kind = receipt.kind
    if not kind:
        alone = receipt.purchase_order and not receipt.lines and not receipt.units
        kind = ReceiptKind.PURCHASE if alone else ReceiptKind.ASN
    if kind == ReceiptKind.BLIND or kind not in {one.value for one in ReceiptKind}:
        raise DomainError("bad_kind", f"no receipt of kind {kind!r} can be announced", "kind")
    for needed, field in ((ReceiptKind.PURCHASE, "purchase_order"), (ReceiptKind.RETURN, "order"),
                          (ReceiptKind.TRANSFER, "source")):  # fmt: skip
        if kind == needed and not getattr(receipt, field):
            raise DomainError("missing_field", f"a receipt of kind {kind} names its {field}", field)
    if kind == ReceiptKind.RETURN and receipt.units:
        raise DomainError("bad_units", "what customers send back comes piece by piece", "units")
    return kind


def _expected(tx: Tx, receipt: ReceiptIn, kind: str, purchase: Any, order: Any) -> dict[_Key, tuple[int, int]]:
    """Units and unit cost by line; what is said is checked on the way."""
    costs = {}
    if purchase is not None:
        costs = {line["item_id"]: line["unit_cost_minor"] for line in purchasing.open_lines(tx, purchase["id"])}
    expected: dict[_Key, tuple[int, int]] = {}
    for line, field in _lines(receipt):
        key = _key(tx, line, field)
        before_each, cost_minor = expected.get(key, (0, costs.get(key.item_id, 0)))
        expected[key] = before_each + line.qty_each, line.unit_cost_minor or cost_minor
    if order is not None:
        return returns.check_expected(tx, order, {key: qty for key, (qty, _) in expected.items()}, _Key)
    if not expected and kind == ReceiptKind.PURCHASE:
        expected = {
            _Key(item_id, "", "", ""): (qty_each, cost_minor)
            for item_id, qty_each, cost_minor in purchasing.to_announce(tx, purchase["id"])
        }
        if purchase["state"] != ReceiptState.OPEN or not expected:
            raise Conflict("nothing_open", f"nothing of {receipt.purchase_order} is still to come", "purchase_order")
    if not expected:
        raise DomainError("no_lines", "a receipt expects at least one line", "lines")
    return expected


def _lines(receipt: ReceiptIn) -> Iterator[tuple[ExpectedLine, str]]:
    for at, line in enumerate(receipt.lines):
        yield line, f"lines[{at}]"
    for at, unit in enumerate(receipt.units):
        for place, line in enumerate(unit.lines):
            yield line, f"units[{at}].lines[{place}]"


def _key(tx: Tx, line: ExpectedLine, field: str) -> _Key:
    item = goods_by_sku(tx, line.sku, f"{field}.sku")
    check_quantity(line.qty_each, f"{field}.qty_each", item["sku"])
    check_day(line.expiry_on, f"{field}.expiry_on", may_be_empty=True)
    check_day(line.received_on, f"{field}.received_on", may_be_empty=True)
    if line.serials:
        if not item["tracks_serial"]:
            raise DomainError("serial_not_tracked", f"{item['sku']} has no serial numbers", f"{field}.serials")
        if len(set(line.serials)) != line.qty_each or not all(line.serials):
            raise DomainError("bad_serials", "a serial number is of one piece, each another", f"{field}.serials")
    return _Key(item["id"], line.lot, line.expiry_on, line.received_on)


def _insert_units(tx: Tx, receipt: ReceiptIn, receipt_id: int, line_ids: dict[_Key, int]) -> None:
    units = {unit.sscc: (at, unit) for at, unit in enumerate(receipt.units)}
    if len(units) != len(receipt.units):
        raise DomainError("duplicate_sscc", "one SSCC stands for one handling unit", "units")
    stood_on = {unit.parent_sscc for unit in receipt.units}
    unit_ids: dict[str, int] = {}
    for sscc in parents_first({unit.sscc: unit.parent_sscc for unit in receipt.units}):
        at, unit = units[sscc]
        _check_unit(tx, unit, f"units[{at}]", is_stood_on=sscc in stood_on)
        unit_ids[sscc] = tx.insert(
            "asn_unit", receipt_id=receipt_id, sscc=sscc, parent_unit_id=unit_ids.get(unit.parent_sscc)
        )
        for line in unit.lines:
            line_id = line_ids[_key(tx, line, f"units[{at}].lines")]
            _insert_content(tx, unit_ids[sscc], line_id, line)


def _check_unit(tx: Tx, unit: UnitIn, field: str, *, is_stood_on: bool) -> None:
    if not is_gs1_number(unit.sscc, 18):
        raise DomainError("bad_sscc", f"{unit.sscc!r} is not an SSCC of 18 digits", f"{field}.sscc")
    if not unit.lines and not is_stood_on:
        raise DomainError("empty_unit", f"nothing lies on {unit.sscc}", f"{field}.lines")
    waiting = tx.one(
        "SELECT r.number FROM asn_unit u JOIN receipt r ON r.warehouse_id = u.warehouse_id AND r.id = u.receipt_id"
        " WHERE u.warehouse_id = :w AND u.sscc = :sscc AND u.state = 'announced' AND r.state = 'open'",
        sscc=unit.sscc,
    )
    if waiting is not None:
        raise Conflict("sscc_announced", f"{unit.sscc} is announced on {waiting['number']}", f"{field}.sscc")


def _insert_content(tx: Tx, unit_id: int, line_id: int, line: ExpectedLine) -> None:
    pieces: Sequence[tuple[str, int]] = [(serial, 1) for serial in line.serials] or [("", line.qty_each)]
    for serial, qty_each in pieces:
        tx.add(
            "asn_content", unit_id=unit_id, receipt_line_id=line_id, qty_each=qty_each, case_each=line.case_each,
            serial=serial,
        )  # fmt: skip
