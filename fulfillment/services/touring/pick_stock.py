"""Which units a picker's hand takes, and the book of it: judged at the scan, posted when they reach the tote.

Owns the exchange of promises inside one location. Two orders can hold promises on an older and a newer layer in
one bin; the first hand there takes what lies in front, which is the older, so the promises change owners and the
ledger says what the hand did. Refused is what would leave older goods behind without a supervisor's word, what
the book knows to lie elsewhere, and any unit of a case nobody has opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.allocation import choose_promises
from fulfillment.domain.fifo import Layer, Policy, is_older, passes_over, rank
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import Move
from fulfillment.domain.taking import (
    Here,
    Identity,
    Taken,
    by_age,
    in_words,
    left_lying,
    take_named,
    take_oldest,
    take_passing_over,
)
from fulfillment.flows.pick_hand import HandPart, Oldest, Override, Sealed, TakeGoods
from fulfillment.flows.step import ItemRead
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.touring.pick_walk import Stop


def shown(stop: Stop, hand: Sequence[HandPart], counted_each: int) -> tuple[Oldest | None, Sealed | None]:
    """What the screen tells of the units left beside the hand: what to take, and the closed cases."""
    left = by_age(lying_beside(stop, hand, counted_each), stop.policy)
    if not left:
        return None, None
    first = left[0]
    oldest = Oldest(
        first.layer.received_on, first.lot, first.layer.expiry_on, first.serial,
        not any(is_older(first.layer, one.layer, stop.policy) for one in left[1:]),
        sum(one.on_hand_each for one in left if _label(one) == _label(first)),
    )  # fmt: skip
    closed = [one for one in left if one.sealed_each]
    if not closed:
        return oldest, None
    cases = sum(one.sealed_each // max(one.case_each, 1) for one in closed)
    return oldest, Sealed(closed[0].case_each, sum(one.loose_each for one in left), cases)


def _label(one: Here) -> tuple[str, str, str]:
    """What a unit's label says of it; goods that came on several days can bear the same."""
    return one.lot, one.layer.expiry_on, one.serial


def take(tx: Tx, actor: Actor, task: Any, stop: Stop, command: TakeGoods) -> tuple[HandPart, ...]:
    """The units a scan of this code puts into the hand; () when it says no more than which item it is.

    Raises:
        Refused: `older_first`, `case_sealed`, `short_stock`; `serial_unknown`, `serial_elsewhere`, `serial_known`;
            `expired`; `nothing_here`, when the book knows no such lot or date here.
    """
    read, override = command.item, command.override
    if override is not None:
        _check_word(tx, actor, override)
    left = lying_beside(stop, command.hand, command.counted_each)
    identity = Identity(read.lot, read.expiry_on, read.serial)
    if task["tracks_serial"]:
        if any(part.serial == read.serial for part in command.hand):
            raise Refused(Rejected(Reject.SERIAL_KNOWN, expected="another unit", got=read.serial))
        _check_serial(tx, stop, left, task, read)
    fitting = identity.among(left)
    if not fitting:
        raise Refused(_why_not_here(stop, identity, left, read))
    if override is not None:
        found = take_passing_over(read.qty_each, left, identity, stop.policy)
    elif len(fitting) < len(left):
        found = take_named(read.qty_each, left, identity, stop.policy)
    elif task["tracks_serial"] or any(one.sealed_each for one in left):
        found = take_oldest(read.qty_each, left, stop.policy)
    else:
        return ()
    if isinstance(found, Rejected):
        raise Refused(found)
    after = [one.layer for one in left_lying(left, found)]
    layers = {one.layer.layer_id: one.layer for one in left}
    return tuple(
        HandPart(
            part.layer_id, part.qty_each, part.sealed_each,
            # Where nothing older stays behind there is nothing to answer for.
            override if passes_over(layers[part.layer_id], after, stop.policy) else None, actor.scan_id,
            read.serial,
        )
        for part in found
    )  # fmt: skip


def open_case(tx: Tx, actor: Actor, task: Any, stop: Stop, hand: Sequence[HandPart]) -> None:
    """Open one case of the oldest closed ones here that are not in the hand.

    Raises:
        Refused: `case_sealed`, when none is left.
    """
    left = by_age(left_lying(stop.lying, _taken(hand)), stop.policy)
    closed = [one for one in left if one.sealed_each >= one.case_each > 0]
    if not closed:
        raise Refused(Rejected(Reject.CASE_SEALED, expected="a closed case"))
    ledger.open_cases(tx, actor, task["location_id"], closed[0].layer.layer_id, 1)


def pick(tx: Tx, actor: Actor, task: Any, stop: Stop, qty_each: int, hand: Sequence[HandPart]) -> None:
    """The units in the hand go into the stop's tote: those that are known, the rest as they lie in front.

    Raises:
        Refused: `short_stock`, `case_sealed`, when somebody else took them meanwhile.
    """
    # Expired units are nobody's to take unless they were promised in good time: at midnight a hand may hold some.
    lying = [*stop.lying, *(one for one in stop.spoilt if stop.promises.get(one.layer.layer_id))]
    left = left_lying(lying, _taken(hand))
    rest_each = qty_each - sum(part.qty_each for part in hand)
    rest = take_oldest(rest_each, left, stop.policy) if rest_each > 0 else []
    if isinstance(rest, Rejected):
        raise Refused(rest)
    moves, exchanged = [], False
    for layer_id, part_each, sealed_each, why in _by_layer([*_taken(hand), *rest], hand):
        promises = stop.promises.get(layer_id, ())
        if exchanged or sum(promise["qty_each"] for promise in promises) < part_each:
            # What was read before does not hold any more once a promise has changed hands.
            exchanged = True
            _own_promise(tx, actor, task, stop.policy, layer_id, part_each)
            promises = _promises(tx, task["task_id"], layer_id)
        _keep(tx, actor, promises, part_each)
        moves.append(
            Move(
                layer_id, task["item_id"], task["location_id"], task["tote_location_id"], part_each, MoveReason.PICK,
                to_lpn_id=task["tote_id"], allocated_from_each=part_each, allocated_to_each=part_each,
                order_id=task["order_id"], sealed_from_each=sealed_each, why=why,
            )
        )  # fmt: skip
    _record_overrides(tx, actor, task, hand)
    ledger.post(tx, actor, moves)


def _check_word(tx: Tx, actor: Actor, override: Override) -> None:
    """The word was given by somebody who is still one of us, to who scans now, not to whoever had the station then."""
    still = tx.one(
        "SELECT 1 FROM operator WHERE warehouse_id = :w AND id = :id AND is_active = 1", id=override.supervisor_id
    )
    if still is None or override.given_to_id != actor.operator_id:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="BACK, and a supervisor's word anew"))


def _taken(hand: Sequence[HandPart]) -> list[Taken]:
    return [Taken(part.layer_id, part.qty_each, part.sealed_each) for part in hand]


def lying_beside(stop: Stop, hand: Sequence[HandPart], counted_each: int) -> list[Here]:
    """What lies here beside the hand; of units counted by a plain code it is known only that they were in front."""
    left = left_lying(stop.lying, _taken(hand))
    plain_each = counted_each - sum(part.qty_each for part in hand)
    in_front = take_oldest(plain_each, left, stop.policy) if plain_each > 0 else []
    return left if isinstance(in_front, Rejected) else left_lying(left, in_front)


def _check_serial(tx: Tx, stop: Stop, left: Sequence[Here], task: Any, read: ItemRead) -> None:
    if any(one.serial == read.serial for one in left):
        return
    if any(one.serial == read.serial for one in stop.lying):
        raise Refused(Rejected(Reject.SERIAL_KNOWN, expected="another unit", got=read.serial))
    if any(one.serial == read.serial for one in stop.spoilt):
        raise Refused(Rejected(Reject.EXPIRED, got=read.serial))
    known = tx.one(
        "SELECT y.id, (SELECT l.code FROM stock_balance b JOIN location l ON l.warehouse_id = b.warehouse_id"
        " AND l.id = b.location_id WHERE b.warehouse_id = y.warehouse_id AND b.layer_id = y.id"
        " AND b.item_id = y.item_id LIMIT 1) AS place FROM layer y"
        " WHERE y.warehouse_id = :w AND y.serial = :serial AND y.item_id = :item ORDER BY y.id DESC LIMIT 1",
        serial=read.serial, item=task["item_id"],
    )  # fmt: skip
    if known is not None:
        raise Refused(Rejected(Reject.SERIAL_ELSEWHERE, expected=known["place"], got=read.serial))
    if not any(one.serial == "" for one in left):
        # A unit taken in without its number may have any that nobody knows; else this one was never received.
        raise Refused(Rejected(Reject.SERIAL_UNKNOWN, expected=_what_lies_here(stop, left), got=read.serial))


def _why_not_here(stop: Stop, identity: Identity, left: Sequence[Here], read: ItemRead) -> Rejected:
    got = read.serial or read.lot or read.expiry_on
    if identity.among(stop.spoilt):
        return Rejected(Reject.EXPIRED, expected=_what_lies_here(stop, left), got=got)
    if identity.among(stop.lying):
        return Rejected(Reject.SHORT_STOCK, expected=_what_lies_here(stop, left), got=got)
    return Rejected(Reject.NOTHING_HERE, expected=_what_lies_here(stop, left), got=got)


def _what_lies_here(stop: Stop, left: Sequence[Here]) -> str | None:
    return in_words(by_age(left, stop.policy)[0]) if left else None


def _by_layer(parts: Sequence[Taken], hand: Sequence[HandPart]) -> list[tuple[int, int, int, str]]:
    """(layer, units, of them in closed cases, why) once a layer."""
    whys = {part.layer_id: part.override.why for part in hand if part.override}
    sums: dict[int, tuple[int, int]] = {}
    for part in parts:
        qty_each, sealed_each = sums.get(part.layer_id, (0, 0))
        sums[part.layer_id] = (qty_each + part.qty_each, sealed_each + part.sealed_each)
    return [(layer_id, *both, whys.get(layer_id, "")) for layer_id, both in sums.items()]


def _keep(tx: Tx, actor: Actor, promises: Sequence[Any], qty_each: int) -> None:
    for promise in promises:
        part_each = min(qty_each, promise["qty_each"])
        if part_each <= 0:
            break
        ledger.keep(tx, actor, promise, part_each)
        qty_each -= part_each
    if qty_each:
        raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(qty_each)))


def _record_overrides(tx: Tx, actor: Actor, task: Any, hand: Sequence[HandPart]) -> None:
    """Who let newer goods go first, and why: the audit shows it beside what it would find."""
    for part in hand:
        if part.override is not None:
            tx.add(
                "fifo_override", order_id=task["order_id"], item_id=task["item_id"], location_id=task["location_id"],
                layer_id=part.layer_id, qty_each=part.qty_each, why=part.override.why,
                after_move_id=ledger.last_move_id(tx), supervisor_id=part.override.supervisor_id,
                operator_id=actor.operator_id, scan_id=part.scan_id, recorded_at_ms=tx.now_ms,
            )  # fmt: skip


def _own_promise(tx: Tx, actor: Actor, task: Any, policy: Policy, layer_id: int, wanted_each: int) -> None:
    """Make sure this task is promised `wanted_each` of this layer, by exchange within the location."""
    own_each = sum(promise["qty_each"] for promise in _promises(tx, task["task_id"], layer_id))
    missing_each = wanted_each - own_each
    if missing_each <= 0:
        return
    # The newest goes first: a middle-aged promise given up here would lie free while another order is
    # handed something newer still.
    newer = sorted(
        tx.all(
            "SELECT a.*, y.received_on, y.expiry_on FROM allocation a"
            " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id WHERE a.warehouse_id = :w"
            " AND a.task_id = :task AND a.layer_id <> :layer AND a.location_id = :location AND a.qty_each > 0",
            task=task["task_id"], layer=layer_id, location=task["location_id"],
        ),
        key=lambda promise: (rank(_layer(promise), policy), promise["id"]),
        reverse=True,
    )  # fmt: skip
    others = tx.all(
        "SELECT * FROM allocation WHERE warehouse_id = :w AND location_id = :location AND layer_id = :layer"
        " AND qty_each > 0 AND (task_id IS NULL OR task_id <> :task) ORDER BY id",
        location=task["location_id"], layer=layer_id, task=task["task_id"],
    )  # fmt: skip
    # Read anew: the exchange for the layer before this one may have promised units of this one.
    balance = tx.one(
        "SELECT on_hand_each - allocated_each AS free_each FROM stock_balance WHERE warehouse_id = :w"
        " AND location_id = :location AND layer_id = :layer AND lpn_id = 0 AND status = 'available'",
        location=task["location_id"], layer=layer_id,
    )  # fmt: skip
    if balance is None:  # a hand counted this unit first, another set it down in its tote first
        raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(wanted_each)))
    free_each = balance["free_each"]
    spent: dict[int, int] = {}
    for mine in newer:
        swap_each = min(missing_each, mine["qty_each"])
        if swap_each <= 0:
            break
        missing_each -= swap_each
        ledger.give_up(tx, actor, mine, swap_each, "exchanged for older in the same location")
        from_free = min(swap_each, free_each)
        free_each -= from_free
        if from_free:
            _promise_to(tx, actor, mine, layer_id, from_free)
        swap_each -= from_free
        for other in others:
            part_each = min(swap_each, other["qty_each"] - spent.get(other["id"], 0))
            if part_each <= 0:
                continue
            spent[other["id"]] = spent.get(other["id"], 0) + part_each
            ledger.give_up(tx, actor, other, part_each, "exchanged for newer in the same location")
            # The older units find their new owner first: between the two promises nothing older is free.
            _promise_to(tx, actor, mine, layer_id, part_each)
            _promise_oldest_here(tx, actor, other, policy, part_each)
            swap_each -= part_each
        if swap_each:
            raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(swap_each)))


def _promise_oldest_here(tx: Tx, actor: Actor, like: Any, policy: Policy, qty_each: int) -> None:
    """The other order gets the oldest that is free here, which need not be what it is exchanged for: a
    cancelled order may have left something older lying in the same location."""
    here = [part for part in allocate.free_stock(tx, like["item_id"]) if part.location_id == like["location_id"]]
    chosen = choose_promises(qty_each, here, policy).promises
    if sum(part.qty_each for part in chosen) != qty_each:
        raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(qty_each)))
    for part in chosen:
        _promise_to(tx, actor, like, part.layer_id, part.qty_each)


def _promise_to(tx: Tx, actor: Actor, like: Any, layer_id: int, qty_each: int) -> None:
    new_id = ledger.promise(
        tx, actor, like["order_id"], like["item_id"], like["location_id"], layer_id, qty_each, "exchanged"
    )
    if new_id is None:
        raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(qty_each)))
    tx.put(
        "UPDATE allocation SET task_id = :task WHERE warehouse_id = :w AND id = :id", id=new_id, task=like["task_id"]
    )


def _promises(tx: Tx, task_id: int, layer_id: int) -> Any:
    return tx.all(
        "SELECT * FROM allocation WHERE warehouse_id = :w AND task_id = :task AND layer_id = :layer AND qty_each > 0",
        task=task_id, layer=layer_id,
    )  # fmt: skip


def _layer(row: Any) -> Layer:
    return Layer(row["layer_id"], row["received_on"], row["expiry_on"])
