"""A scan as it comes in, in one question: from which station, by whom, may they, and did it come before.

A pure reading of the code goes first, so that what the code names and what the dialogue stands on can be asked
together with it. Which dialogue that will be is guessed by what the station did last in this process: a wrong guess
costs a question, never an answer, for the stored dialogue decides. The token is judged here, in the scan's own
transaction: a revoked one is refused from the next scan on, in every process. The scans of a queue share one: what
cannot change between them is asked once for all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.noted import Noted
from fulfillment.domain.reasons import Conflict, DomainError, Forbidden, NotFound, Rejected, Unauthorized
from fulfillment.domain.roles import Permission, may
from fulfillment.flows import home
from fulfillment.hot import Question, Tx
from fulfillment.scanning.classify import MalformedCode, Read, ReadKind, check_raw, classify
from fulfillment.services.stock.lookup import item_question
from fulfillment.services.touring import pick

MAX_QTY_EACH = 1_000_000

# Dialogues whose facts can be asked for by the station's code alone, before anything was answered; they also find
# their state in those facts, so no screen has to be settled to know it.
ASKED_AHEAD = {"pick": pick}

_ARRIVAL = (
    "SELECT s.id, s.code, s.location_id, d.flow, d.memory, d.aside, d.asked_operator_id, d.heard_at_ms,"
    " d.updated_at_ms, w.auto_lock_min, w.pin_rule, o.id AS operator_id, o.role, c.body_sha256, c.outcome,"
    " k.role AS token_role, k.station_id AS token_station_id, k.expires_at_ms AS token_ends_ms FROM station s"
    " JOIN warehouse w ON w.id = s.warehouse_id"
    " LEFT JOIN dialogue d ON d.warehouse_id = s.warehouse_id AND d.station_id = s.id"
    " LEFT JOIN operator o ON o.warehouse_id = d.warehouse_id AND o.id = d.operator_id AND o.is_active = 1"
    " LEFT JOIN scan c ON c.warehouse_id = s.warehouse_id AND c.scan_id = :scan"
    " LEFT JOIN access_token k ON k.warehouse_id = s.warehouse_id AND k.token_sha256 = :token"
    " AND k.revoked_at_ms IS NULL WHERE s.warehouse_id = :w AND s.code = :station"
)
_CAME = "SELECT scan_id, body_sha256, outcome FROM scan WHERE warehouse_id = :w AND scan_id IN "

last_flows: dict[tuple[int, str], str] = {}  # a guess; grows with the stations of this warehouse only


@dataclass(frozen=True)
class ScanRequest:
    """A scan as it was sent; `token_sha256` of whoever sent it, None when it comes from within.

    `noted`: a device without the network took it for right at this step; None = it was sent as it was scanned. It is
    no part of what makes it the same scan: it may be noted after a first try of which nobody knows. Nor is `after`, the
    scan before it whose answer nobody could see yet ('' = it was seen), nor `is_by_hand`, that its code was touched or
    typed.
    """

    scan_id: str
    station: str
    code: str
    occurred_at_ms: int
    qty_each: int | None = None
    token_sha256: str | None = None
    noted: Noted | None = None
    after: str = ""
    is_by_hand: bool = False

    def sha256(self) -> str:
        """What makes two requests with one scan_id the same request."""
        body = json.dumps([self.station, self.code, self.qty_each, self.occurred_at_ms])
        return hashlib.sha256(body.encode()).hexdigest()


@dataclass(frozen=True)
class Arrived:
    """What was answered: `row` of the station and its dialogue, `items` of an item's barcode, and `asked` for the
    guessed dialogue (of the stored one, or None). `before`: the scan before it, whose answer nobody had seen."""

    row: Any
    read: Read | Rejected
    items: Sequence[Any]
    asked: Sequence[Sequence[Any]] | None
    before: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Again:
    """The scan came before; `outcome` is what it was answered, empty when that was let go because of its age."""

    outcome: Mapping[str, Any]


@dataclass(frozen=True)
class Standing:
    """A station before the first scan of its queue, which scans of it `came` before, and `asked` as above."""

    row: Mapping[str, Any]
    came: Mapping[str, Mapping[str, Any]]
    asked: Sequence[Sequence[Any]] | None


def arrive(tx: Tx, request: ScanRequest) -> Arrived | Again:
    """Ask all a scan needs to be heard.

    Raises:
        DomainError: `malformed_code`, `bad_quantity`; NotFound: no such station; Unauthorized, Forbidden: the token;
        Conflict: `scan_id_reused`, the id came before with another body.
    """
    read, wrong = _read(request)
    questions = [(_ARRIVAL, _who(request)), *_item_questions(read)]
    guess, ahead = _ahead(tx, request.station)
    answers = tx.ask(*questions, *ahead)
    row = answers[0][0] if answers[0] else None
    _judge(request, row, tx.now_ms)
    again = _before(request, row if row is not None else _elsewhere(tx, request))
    if again is not None:
        return again
    if wrong is not None:
        raise wrong
    if row is None:
        raise _unknown(request.station)
    assert read is not None
    asked = answers[len(questions) :] if ahead and guess == row["flow"] else None
    return Arrived(row, read, answers[1] if len(questions) > 1 else (), asked, _scan_before(tx, request))


def stand(tx: Tx, queued: Sequence[ScanRequest]) -> Standing:
    """Ask once what the scans of one station's queue share.

    Raises:
        NotFound: no such station; Unauthorized, Forbidden: the token.
    """
    first = queued[0]
    if any((one.station, one.token_sha256) != (first.station, first.token_sha256) for one in queued):
        raise ValueError("a queue is one station's, sent with one token")
    ids = {f"scan_{place}": one.scan_id for place, one in enumerate(queued)}
    came = (f"{_CAME}({', '.join(f':{name}' for name in ids)})", ids)
    guess, ahead = _ahead(tx, first.station)
    answers = tx.ask((_ARRIVAL, {**_who(first), "scan": ""}), came, *ahead)
    row = answers[0][0] if answers[0] else None
    _judge(first, row, tx.now_ms)
    if row is None:
        raise _unknown(first.station)
    asked = answers[2:] if ahead and guess == row["flow"] else None
    return Standing(row, {one["scan_id"]: one for one in answers[1]}, asked)


def arrive_next(
    tx: Tx, request: ScanRequest, row: Mapping[str, Any], came: Mapping[str, Mapping[str, Any]]
) -> Arrived | Again:
    """`arrive` for a scan of a queue, at the station as the scan before has left it.

    Raises:
        DomainError: `malformed_code`, `bad_quantity`; Conflict: `scan_id_reused`.
    """
    again = _before(request, came.get(request.scan_id))
    if again is not None:
        return again
    read, wrong = _read(request)
    if wrong is not None:
        raise wrong
    assert read is not None
    questions = _item_questions(read)
    before = _scan_before(tx, request, came)
    return Arrived(row, read, tx.ask(*questions)[0] if questions else (), None, before)


def station_row(tx: Tx, code: str) -> Any:
    """A station with its dialogue, when nothing is scanned.

    Raises:
        NotFound: no such station.
    """
    row = tx.one(_ARRIVAL, station=code, scan="", token="")
    if row is None:
        raise _unknown(code)
    return row


def went_to(tx: Tx, station: str, flow: str) -> None:
    """Remember what to ask ahead at this station's next scan."""
    last_flows[tx.warehouse_id, station] = flow or home.NAME


def _ahead(tx: Tx, station: str) -> tuple[str | None, Sequence[Question]]:
    """Which dialogue this station is probably in, and what can be asked for it before that is known."""
    guess = last_flows.get((tx.warehouse_id, station))
    return guess, ASKED_AHEAD[guess].questions(station) if guess in ASKED_AHEAD else ()


def _item_questions(read: Read | Rejected | None) -> list[Question]:
    return [item_question(read.value)] if isinstance(read, Read) and read.kind == ReadKind.ITEM else []


def _scan_before(
    tx: Tx, request: ScanRequest, came: Mapping[str, Mapping[str, Any]] | None = None
) -> Mapping[str, Any] | None:
    """The scan this one was made after, unseen; `came`: scans of its queue, which are not written down yet."""
    if not request.after:
        return None
    before = (came or {}).get(request.after)
    if before is not None and "rejection" in before:
        return before
    return tx.one("SELECT * FROM scan WHERE warehouse_id = :w AND scan_id = :id", id=request.after)


def _before(request: ScanRequest, known: Mapping[str, Any] | None) -> Again | None:
    """What was answered when this scan came before, if it did."""
    if known is not None and known["body_sha256"] is not None:
        if known["body_sha256"] != request.sha256():
            raise Conflict("scan_id_reused", "this scan_id came before with another body", "scan_id")
        return Again(json.loads(known["outcome"] or "{}"))
    return None


def _unknown(station: str) -> NotFound:
    return NotFound("unknown_station", f"no station {station!r}", "station")


def _who(request: ScanRequest) -> dict[str, Any]:
    return {"station": request.station, "scan": request.scan_id, "token": request.token_sha256 or ""}


def _read(request: ScanRequest) -> tuple[Read | Rejected | None, DomainError | None]:
    if request.qty_each is not None and not 0 < request.qty_each <= MAX_QTY_EACH:
        return None, DomainError("bad_quantity", f"qty_each must be 1 to {MAX_QTY_EACH}", "qty_each")
    try:
        return classify(check_raw(request.code)), None
    except MalformedCode as error:
        return None, DomainError("malformed_code", str(error), "code")


def _judge(request: ScanRequest, row: Any, now_ms: int) -> None:
    """A station's token speaks for that station only; the board's and the admin's speak for none."""
    if request.token_sha256 is None:
        return
    if row is None:
        raise Forbidden("other_station", "this token belongs to another station", "station")
    if row["token_role"] is None or (row["token_ends_ms"] is not None and row["token_ends_ms"] <= now_ms):
        raise Unauthorized("unauthorized", "a valid token is needed")
    if not may(row["token_role"], Permission.SCAN):
        raise Forbidden("forbidden", "this token may not scan")
    if row["token_station_id"] != row["id"]:
        raise Forbidden("other_station", "this token belongs to another station", "station")


def _elsewhere(tx: Tx, request: ScanRequest) -> Any:
    # Nobody set this station up; its id may still have come before, from another.
    return tx.one(
        "SELECT body_sha256, outcome FROM scan WHERE warehouse_id = :w AND scan_id = :id", id=request.scan_id
    )
