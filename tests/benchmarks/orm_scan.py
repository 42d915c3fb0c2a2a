"""The same pick scan as a straightforward build on Flask-SQLAlchemy's session would have it: the comparator.

Same schema, same rows read and written, same rules (`flows.pick`), same answer stored; objects are loaded, changed
and committed one scan at a time, as the tutorials do. No trick is left out to look worse, none is put in.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import Flask
from sqlalchemy import event, func, select

from fulfillment.db import db, engine_options
from fulfillment.domain.chaining import sha256
from fulfillment.domain.fifo import Layer, Policy
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.taking import Here, take_oldest
from fulfillment.flows import pick as flow
from fulfillment.flows.step import Goods, Heard, ItemRead, Place
from fulfillment.models.audit_log import AuditEntry
from fulfillment.models.catalogue import Item, ItemBarcode
from fulfillment.models.identity import AccessToken, Operator, Station
from fulfillment.models.orders import Demand, SalesOrder
from fulfillment.models.places import Location, Lpn
from fulfillment.models.scans import Dialogue, Scan
from fulfillment.models.stock import Allocation, AllocationEntry, StockBalance, StockLayer, StockMove
from fulfillment.models.tasks import Task, Tour, TourTote
from fulfillment.scanning.classify import ReadKind, classify
from fulfillment.services.scan_path.scans import ScanRequest, view
from fulfillment.services.touring.pick_stock import shown
from fulfillment.services.touring.pick_walk import Stop
from fulfillment.settings import Settings

W = 1


class Build:
    """An application whose scans go through `db.session`."""

    def __init__(self, settings: Settings) -> None:
        self.app = Flask("orm")
        self.app.config.update(
            SQLALCHEMY_DATABASE_URI=settings.database_url,
            SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        )
        if "sqlalchemy" not in self.app.extensions:
            db.init_app(self.app)
        with self.app.app_context():
            event.listen(db.engine, "connect", _durable)

    def __enter__(self) -> Build:
        return self

    def __exit__(self, *_: object) -> None:
        with self.app.app_context():
            db.engine.dispose()

    def handle_scan(self, request: ScanRequest) -> dict[str, Any]:
        """One scan, committed."""
        with self.app.app_context():
            try:
                return _handle(request)
            finally:
                db.session.remove()


def _durable(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _handle(request: ScanRequest) -> dict[str, Any]:
    session = db.session
    station = session.scalars(select(Station).filter_by(warehouse_id=W, code=request.station)).one()
    token = session.scalars(select(AccessToken).filter_by(warehouse_id=W, station_id=station.id)).first()
    assert token is not None
    assert token.revoked_at_ms is None
    known = session.scalars(select(Scan).filter_by(warehouse_id=W, scan_id=request.scan_id)).first()
    if known is not None:
        return json.loads(known.outcome)
    dialogue = session.get(Dialogue, (W, station.id))
    operator = session.get(Operator, (W, dialogue.operator_id))
    assert operator is not None
    assert operator.is_active
    memory = json.loads(dialogue.memory)
    heard = _resolve(request)
    facts = _facts(station, memory)
    before = flow.settle(memory, facts)
    reply = flow.hear(before.state, memory, heard, facts)
    if isinstance(reply, flow.Do):
        assert isinstance(reply.command, flow.ConfirmPick), reply
        _confirm(reply.command, station, operator, request)
        memory = {"at": memory.get("at")}
    else:
        assert isinstance(reply, flow.Goto), reply
        memory = dict(reply.memory)
    session.flush()
    step = flow.settle(memory, _facts(station, memory))
    outcome = {"scan_id": request.scan_id, "outcome": "applied", "replayed": False, "step": view(step)}
    scan = Scan(
        warehouse_id=W, id=_next(Scan), scan_id=request.scan_id, station_id=station.id, operator_id=operator.id,
        code=request.code, qty_each=None, flow="pick", rejection="", body_sha256=request.sha256(),
        outcome=json.dumps(outcome), occurred_at_ms=request.occurred_at_ms, recorded_at_ms=1,
    )  # fmt: skip
    session.add(scan)
    last = session.scalars(select(AuditEntry).filter_by(warehouse_id=W).order_by(AuditEntry.id.desc()).limit(1)).first()
    content = hashlib.sha256(scan.outcome.encode()).hexdigest()
    session.add(
        AuditEntry(
            warehouse_id=W, id=(last.id if last else 0) + 1, at_ms=1, kind="scan", operator_id=operator.id,
            station_id=station.id, subject=request.scan_id, content="", content_sha256=content,
            sha256=sha256((last.sha256 if last else "") + content),
        )
    )  # fmt: skip
    dialogue.state, dialogue.memory, dialogue.updated_at_ms = step.state, json.dumps(memory), 1
    session.commit()
    return outcome


def _next(model: Any) -> int:
    return (db.session.scalar(select(func.max(model.id)).where(model.warehouse_id == W)) or 0) + 1


def _resolve(request: ScanRequest) -> Heard:
    read: Any = classify(request.code)
    if read.kind != ReadKind.ITEM:
        return Heard(read.kind, read.value, read.raw)
    code = db.session.scalars(select(ItemBarcode).filter_by(warehouse_id=W, code=read.value)).one()
    item = db.session.get(Item, (W, code.item_id))
    said = ItemRead(item.id, item.sku, code.qty_each, None, read.raw, "", "", "", item.scan_each_max)
    return Heard(read.kind, read.value, read.raw, None, said)


def _facts(station: Station, memory: dict[str, Any]) -> flow.Facts:
    session = db.session
    tour = session.scalars(select(Tour).filter_by(warehouse_id=W, station_id=station.id, state="active")).one()
    tasks = select(Task).filter_by(warehouse_id=W, tour_id=tour.id)
    opened = session.scalars(
        tasks.where(Task.state == "open").order_by(Task.sequence, Task.id).limit(2)
    ).all()  # fmt: skip
    stops = session.scalar(select(func.count()).select_from(tasks.subquery()))
    left = session.scalar(select(func.count()).select_from(tasks.where(Task.state == "open").subquery()))
    if not opened:
        return flow.Facts(flow.Tour(tour.id, 0, tour.distance_dm, 0, 0))
    task = opened[0]
    item, order = session.get(Item, (W, task.item_id)), session.get(SalesOrder, (W, task.order_id))
    place = session.get(Location, (W, task.location_id))
    following = session.get(Location, (W, opened[1].location_id)).code if len(opened) > 1 else ""
    barcode = session.scalars(
        select(ItemBarcode).filter_by(warehouse_id=W, item_id=item.id, qty_each=1).order_by(ItemBarcode.id).limit(1)
    ).one()
    tote = _tote(task)
    stop = Stop(tuple(_lying(task)), (), Policy(item.rotation, item.tolerance_days, item.min_life_days), {})
    oldest, sealed = shown(stop, (), memory.get("counted", 0)) if memory.get("at") == place.id else (None, None)
    return flow.Facts(
        flow.Tour(tour.id, 0, tour.distance_dm, stops - left, stops, (), following),
        task=flow.PickTask(
            task.id, Place(place.id, place.code, place.kind, place.zone, place.aisle, place.bay, place.level),
            Goods(item.id, item.sku, item.name, barcode.code), task.qty_each - task.done_each, task.position,
            order.number, tote.code if tote else None, bool(item.tracks_serial), sealed, oldest,
        ),
    )  # fmt: skip


def _tote(task: Task) -> Lpn | None:
    place = db.session.scalars(
        select(TourTote).filter_by(
            warehouse_id=W, tour_id=task.tour_id, position=task.position, order_id=task.order_id, is_full=0
        ).order_by(TourTote.id.desc()).limit(1)
    ).first()  # fmt: skip
    return db.session.get(Lpn, (W, place.lpn_id)) if place else None


def _balances(task: Task) -> Any:
    return db.session.execute(
        select(StockBalance, StockLayer)
        .join(StockLayer, (StockLayer.warehouse_id == StockBalance.warehouse_id)
              & (StockLayer.id == StockBalance.layer_id))
        .where(StockBalance.warehouse_id == W, StockBalance.location_id == task.location_id,
               StockBalance.item_id == task.item_id, StockBalance.lpn_id == 0, StockBalance.status == "available")
    ).all()  # fmt: skip


def _lying(task: Task) -> list[Here]:
    return [
        Here(Layer(layer.id, layer.received_on, layer.expiry_on), balance.on_hand_each, balance.sealed_each,
             layer.case_each, layer.lot, layer.serial)
        for balance, layer in _balances(task)
    ]  # fmt: skip


def _confirm(command: flow.ConfirmPick, station: Station, operator: Operator, request: ScanRequest) -> None:
    session = db.session
    task = session.get(Task, (W, command.task_id))
    tote = session.scalars(select(Lpn).filter_by(warehouse_id=W, code=command.tote_code, kind="tote")).one()
    assert tote.order_id == task.order_id
    item = session.get(Item, (W, task.item_id))
    taken: Any = take_oldest(command.qty_each, _lying(task), Policy(item.rotation, item.tolerance_days))
    balances = {balance.layer_id: balance for balance, _ in _balances(task)}
    for part in taken:
        promise = session.scalars(
            select(Allocation).filter_by(warehouse_id=W, task_id=task.id, layer_id=part.layer_id)
        ).first()
        promise.qty_each -= part.qty_each
        session.add(
            AllocationEntry(
                warehouse_id=W, id=_next(AllocationEntry), order_id=task.order_id, item_id=task.item_id,
                location_id=task.location_id, layer_id=part.layer_id, delta_each=-part.qty_each, reason="pick",
                after_move_id=_next(StockMove) - 1, operator_id=operator.id, note="", recorded_at_ms=1,
            )
        )  # fmt: skip
        session.add(
            StockMove(
                warehouse_id=W, id=_next(StockMove), layer_id=part.layer_id, item_id=task.item_id,
                from_location_id=task.location_id, to_location_id=tote.location_id, from_lpn_id=0, to_lpn_id=tote.id,
                qty_each=part.qty_each, reason=MoveReason.PICK, order_id=task.order_id, operator_id=operator.id,
                station_id=station.id, scan_id=request.scan_id, occurred_at_ms=request.occurred_at_ms,
                recorded_at_ms=1,
            )
        )  # fmt: skip
        balance = balances[part.layer_id]
        balance.on_hand_each -= part.qty_each
        balance.allocated_each -= part.qty_each
        if not balance.on_hand_each:
            session.delete(balance)
        lying = session.get(StockBalance, (W, tote.location_id, part.layer_id, tote.id, "available"))
        if lying is None:
            lying = StockBalance(warehouse_id=W, location_id=tote.location_id, layer_id=part.layer_id, lpn_id=tote.id,
                                 status="available", item_id=task.item_id, on_hand_each=0, allocated_each=0,
                                 sealed_each=0)  # fmt: skip
            session.add(lying)
        lying.on_hand_each += part.qty_each
        lying.allocated_each += part.qty_each
    demand = session.scalars(
        select(Demand).filter_by(warehouse_id=W, order_id=task.order_id, item_id=task.item_id)
    ).one()  # fmt: skip
    demand.picked_each += command.qty_each
    task.done_each += command.qty_each
    task.state = "done" if task.done_each == task.qty_each else "open"
    task.operator_id, task.done_at_ms = operator.id, 1
