"""The carriers' side of the outbox worker: due calls to their carriers, one thread a carrier.

A carrier that is slow or dead holds up its own labels only, and no printer. What a call comes to is written before
the next is made; whoever dies in between leaves a label that is looked up, or shown to a person.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fulfillment.bootstrap import Floor
from fulfillment.domain.buying import Ask, after_no_look_up, after_nothing_found, next_ask
from fulfillment.domain.effects import EffectKind, Heard
from fulfillment.hot import Tx
from fulfillment.services.equipment.server_ports import port_worker
from fulfillment.services.printing.printing import print_worker
from fulfillment.services.shipping import carrier_calls as calls
from fulfillment.services.shipping.carrier_calls import LEASE_MS, Call
from fulfillment.services.shipping.carrier_service import (
    TIMEOUT_S,
    TOKEN_FOLDER,
    Answer,
    Bought,
    CarrierService,
    Declined,
    Nothing,
    NotSent,
)

log = logging.getLogger(__name__)

POLL_S = 0.1
AFTER_A_FAULT_S = 1.0


class Service(Protocol):
    """What a carrier can be asked; see `CarrierService`."""

    def buy(self, request: object) -> Answer: ...
    def look_up(self, reference: str) -> Answer: ...
    def void(self, tracking_number: str) -> Answer: ...


Record = Callable[[Tx], bool]


@dataclass(frozen=True)
class Timing:
    """How long a worker waits for what; tests wait less."""

    poll_s: float = POLL_S
    call_s: float = TIMEOUT_S
    lease_ms: int = LEASE_MS


@dataclass
class _Desk:
    carrier: str
    thread: threading.Thread = field(default_factory=threading.Thread)
    bell: threading.Event = field(default_factory=threading.Event)


def outbox_worker(floor: Floor, stop: threading.Event) -> None:
    """Everything the floor does to the world outside: prints, and beside them labels of carriers and what the
    server's own ports are asked for."""
    carriers = threading.Thread(target=label_worker, args=(floor, stop), name="floor-carriers", daemon=True)
    carriers.start()
    # Not waited for at the end: a trial takes its time, and leaves nothing half done.
    threading.Thread(target=port_worker, args=(floor, stop), name="floor-ports", daemon=True).start()
    print_worker(floor, stop)
    carriers.join(2 * TIMEOUT_S)


def label_worker(floor: Floor, stop: threading.Event, timing: Timing | None = None) -> None:
    """Buy and void whatever is due until told to stop; then let the calls in hand finish and return."""
    timing = timing or Timing()
    desks: dict[str, _Desk] = {}
    while not stop.is_set():
        try:
            due = floor.read(calls.due_carriers)
        except Exception:
            log.exception("looking for labels to buy")
            due = set()
            stop.wait(AFTER_A_FAULT_S)
        for carrier in due:
            if carrier not in desks:
                desk = desks[carrier] = _Desk(carrier)
                desk.thread = threading.Thread(
                    target=_serve, args=(floor, stop, timing, desk), daemon=True, name=f"floor-carrier-{carrier}"
                )
                desk.thread.start()
            desks[carrier].bell.set()
        stop.wait(timing.poll_s)
    for desk in desks.values():
        desk.bell.set()
    for desk in desks.values():
        desk.thread.join(2 * timing.call_s)


def call_next(floor: Floor, carrier: str, timing: Timing, service: Service | None = None) -> bool:
    """Make one due call to a carrier and write what came of it; False when none is due."""
    call = floor.writer.write(lambda tx: calls.claim(tx, carrier, timing.lease_ms))
    if call is None:
        return False
    ask = Ask.NOTHING if call.kind == EffectKind.VOID_LABEL else next_ask(call.heard, call.promises, call.is_wanted)
    if ask == Ask.A_PERSON:
        floor.writer.write(lambda tx: calls.record_uncertain(tx, call, call.heard, "the carrier cannot look it up"))
        return True
    if ask == Ask.NOTHING and call.kind == EffectKind.BUY_LABEL:
        floor.writer.write(lambda tx: calls.record_nothing_bought(tx, call, "not wanted any more"))
        return True
    if floor.writer.write(lambda tx: calls.start_calling(tx, call, timing.lease_ms)):
        record = make_call(call, ask, service or service_of(floor, call, timing))
        floor.writer.write(record)
    return True


def service_of(floor: Floor, call: Call, timing: Timing) -> CarrierService:
    """The service a call goes to; its token lies in a file of the floor's home."""
    token_file: Path | None = None
    if call.token_file:
        token_file = floor.settings.home / TOKEN_FOLDER / call.token_file
    return CarrierService(call.url, token_file, timing.call_s)


def make_call(call: Call, ask: Ask, service: Service) -> Record:
    """Call the carrier; returns what to write about it."""
    try:
        if call.kind == EffectKind.VOID_LABEL:
            return _voided(call, service.void(call.tracking_number))
        if ask == Ask.LOOK_UP:
            return _looked_up(call, service.look_up(call.reference))
        return _bought(call, service.buy(call.request))
    except Exception as error:
        # A bug of ours must not take the carrier's thread with it, and nobody knows what left.
        log.exception("calling about label %s", call.reference)
        reason = f"{type(error).__name__} while calling"
        if call.kind == EffectKind.VOID_LABEL:
            return lambda tx: calls.record_not_voided(tx, call, reason, is_final=False)
        return _unknown(call, Heard.SILENT, reason, after_look_up=ask == Ask.LOOK_UP)


def _bought(call: Call, answer: Answer) -> Record:
    match answer:
        case Bought():
            return lambda tx: calls.record_bought(tx, call, answer)
        case Declined(reason):
            return lambda tx: calls.record_declined(tx, call, reason)
        case NotSent(reason):
            return lambda tx: calls.hold(tx, call, reason)
        case Nothing():
            return _unknown(call, Heard.ANSWERED, "the carrier answered nothing", after_look_up=False)
    return _unknown(call, answer.heard, answer.reason, after_look_up=False)


def _looked_up(call: Call, answer: Answer) -> Record:
    match answer:
        case Bought():
            return lambda tx: calls.record_bought(tx, call, answer)
        case Nothing():
            reason = "the carrier knows no label of this reference"
            match after_nothing_found(call.heard, call.promises, call.is_wanted, call.looked_up + 1):
                case Ask.BUY:
                    return lambda tx: calls.record_to_ask_again(tx, call, reason)
                case Ask.NOTHING:
                    return lambda tx: calls.record_nothing_bought(tx, call, reason)
                case Ask.LOOK_UP:
                    return lambda tx: calls.record_unknown(tx, call, Heard.SILENT, reason, after_look_up=True)
            return lambda tx: calls.record_uncertain(tx, call, call.heard, reason)
    return _unknown(call, Heard.SILENT, f"looking up: {answer.reason}", after_look_up=True)


def _voided(call: Call, answer: Answer) -> Record:
    match answer:
        case Nothing():
            return lambda tx: calls.record_voided(tx, call)
        case Declined(reason):
            return lambda tx: calls.record_not_voided(tx, call, reason, is_final=True)
        case Bought():
            return lambda tx: calls.record_not_voided(tx, call, "the carrier answered a label", is_final=False)
    return lambda tx: calls.record_not_voided(tx, call, answer.reason, is_final=False)


def _unknown(call: Call, heard: Heard, reason: str, *, after_look_up: bool) -> Record:
    is_over = not call.promises.can_look_up
    if after_look_up:
        is_over = after_no_look_up(call.looked_up + 1) == Ask.A_PERSON
    if is_over:
        said = call.heard if after_look_up else heard
        return lambda tx: calls.record_uncertain(tx, call, said, reason)
    return lambda tx: calls.record_unknown(tx, call, heard, reason, after_look_up=after_look_up)


def _serve(floor: Floor, stop: threading.Event, timing: Timing, desk: _Desk) -> None:
    while not stop.is_set():
        desk.bell.wait()
        desk.bell.clear()
        try:
            while not stop.is_set() and call_next(floor, desk.carrier, timing):
                pass
        except Exception:
            # The database was locked, full or away: a lease that is left behind ends by itself.
            log.exception("carrier %s", desk.carrier)
            stop.wait(AFTER_A_FAULT_S)
