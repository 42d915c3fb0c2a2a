"""The weigh check at the bench: what a full parcel should weigh, what it does, and what that teaches.

Owns `parcel_weighing`, `item_weight` and a parcel's `awaits_weight` and `weighed_g`. Refuses a weight outside the
tolerance, and a reading of a scale that was not empty since its last one. Invariant: a parcel of a bench that weighs
closes with a weight that is within, that nobody can judge, or for which a supervisor gave a reason; only the first
two teach, and a supervisor who says that the known weight is wrong takes back what was learned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.reasons import Refused, Reject, Rejected, Why
from fulfillment.domain.weighing import (
    LEARN_MAX_G,
    Expected,
    Judged,
    Learned,
    Part,
    WeighRules,
    WeightSource,
    expect_weight,
    explain,
    learn,
    lesson,
    lesson_of,
    unit_weight,
)
from fulfillment.flows.pack_weigh import CloseAnyway, Differs, TakeWeight, Weighing
from fulfillment.flows.parcel import Parcel
from fulfillment.flows.pick_hand import Override
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.packing import cartons

RULES = ("weigh_floor_g", "weigh_percent", "weigh_spreads")

_CONTENT = (
    "SELECT b.item_id, i.sku, i.name, i.weight_g AS catalogue_g, b.units, COALESCE(k.parcels, 0) AS parcels,"
    " COALESCE(k.units, 0) AS learned_units, COALESCE(k.weight_g, 0) AS learned_g,"
    " COALESCE(k.squares_mg2, 0) AS squares_mg2, COALESCE(k.is_doubted, 0) AS is_doubted FROM"
    " (SELECT item_id, SUM(on_hand_each) AS units FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :lpn"
    " GROUP BY item_id) b JOIN item i ON i.warehouse_id = :w AND i.id = b.item_id"
    " LEFT JOIN item_weight k ON k.warehouse_id = i.warehouse_id AND k.item_id = i.id ORDER BY b.item_id"
)

_SET_WEIGHT = (
    "INSERT INTO item_weight (warehouse_id, item_id, parcels, units, weight_g, squares_mg2, is_doubted, updated_at_ms)"
    " VALUES (:w, :item, :parcels, :units, :grams, :squares, :doubted, :now)"
    " ON CONFLICT (warehouse_id, item_id) DO UPDATE SET parcels = excluded.parcels, units = excluded.units,"
    " weight_g = excluded.weight_g, squares_mg2 = excluded.squares_mg2, updated_at_ms = excluded.updated_at_ms"
)


@dataclass(frozen=True)
class _Content:
    """What is in a parcel, what it should weigh, and the weight of its carton (None = nobody named one)."""

    rows: Sequence[Any]
    parts: tuple[Part, ...]
    tare_g: int | None
    expected: Expected | None

    @property
    def units(self) -> int:
        return sum(part.units for part in self.parts)


def is_asked_at(tx: Tx, station_id: int | None) -> bool:
    """Whether a station closes no parcel unweighed."""
    row = tx.one("SELECT weighs FROM station WHERE warehouse_id = :w AND id = :id", id=station_id)
    return row is not None and bool(row["weighs"])


def ask(tx: Tx, parcel_id: int) -> None:
    """The parcel is full: it waits for its weight."""
    tx.put("UPDATE parcel SET awaits_weight = 1 WHERE warehouse_id = :w AND id = :id AND state = 'open'", id=parcel_id)


def pack_on(tx: Tx, parcel_id: int) -> None:
    """It is not full after all."""
    tx.put("UPDATE parcel SET awaits_weight = 0 WHERE warehouse_id = :w AND id = :id", id=parcel_id)


def of_parcel(tx: Tx, parcel: Any, shown: Parcel, *, may_reopen: bool) -> Weighing:
    """A parcel that waits for its weight, as the bench shows it."""
    content = _content(tx, parcel)
    carton = cartons.of_parcel(tx, parcel)
    expected = content.expected
    return Weighing(
        shown, carton, cartons.others(tx, carton.code if carton else ""), expected.grams if expected else None,
        expected.tolerance_g if expected else None, _differs(tx, parcel, content), may_reopen,
    )  # fmt: skip


def take(tx: Tx, actor: Actor, command: TakeWeight) -> None:
    """A weight was put on a parcel that waits for one.

    Raises:
        Refused: it is outside the tolerance, or the scale was not empty since its last weight.
    """
    parcel = _awaiting(tx, command.parcel_id)
    if command.zeroing is not None and command.zeroing == _last_zeroing(tx, actor):
        raise Refused(Rejected(Reject.SCALE_NOT_EMPTIED, got=f"{command.grams} g"))
    source = WeightSource.KEYED if command.zeroing is None else WeightSource.SCALE
    content = _content(tx, parcel)
    judged = content.expected.judge(command.grams) if content.expected else Judged.UNKNOWN
    if content.expected is not None and judged == Judged.OUTSIDE:
        wanted = f"{content.expected.grams} g ± {content.expected.tolerance_g} g"
        raise Refused(
            Rejected(Reject.WEIGHT_DIFFERS, expected=wanted, got=f"{command.grams} g"),
            lambda: _record(tx, actor, parcel, content, command.grams, judged, source, command.zeroing),
        )
    _record(tx, actor, parcel, content, command.grams, judged, source, command.zeroing)
    _accept(tx, parcel, command.grams)
    _learn(tx, content, command.grams)


def is_within_now(tx: Tx, actor: Actor, parcel_id: int) -> bool:
    """Judge the last weight anew, after another carton was named; accepts it when it is right."""
    parcel = _awaiting(tx, parcel_id)
    content = _content(tx, parcel)
    last = _last(tx, parcel, content)
    if last is None or content.expected is None or content.expected.judge(last["weighed_g"]) != Judged.WITHIN:
        return False
    _record(tx, actor, parcel, content, last["weighed_g"], Judged.WITHIN, WeightSource(last["source"]), last["zeroing"])
    _accept(tx, parcel, last["weighed_g"])
    _learn(tx, content, last["weighed_g"])
    return True


def close_anyway(tx: Tx, actor: Actor, command: CloseAnyway) -> None:
    """A supervisor lets the parcel go with the weight it has, and says why.

    Raises:
        Refused: it was not weighed, or the word was given to somebody else.
    """
    parcel = _awaiting(tx, command.parcel_id)
    _check_word(tx, actor, command.override)
    content = _content(tx, parcel)
    last, expected = _last(tx, parcel, content), content.expected
    if last is None or expected is None:
        raise Refused(Rejected(Reject.NOT_EXPECTED, expected="weight", got=parcel["number"]))
    override = command.override
    tx.put(
        "UPDATE parcel_weighing SET why = :why, supervisor_id = :by, expected_g = :expected, tolerance_g = :tolerance"
        " WHERE warehouse_id = :w AND id = :id",
        id=last["id"], why=override.why, by=override.supervisor_id, expected=expected.grams,
        tolerance=expected.tolerance_g,
    )  # fmt: skip
    _accept(tx, parcel, last["weighed_g"])
    if override.why == Why.DATA_ERROR and len(content.parts) == 1 and content.tare_g is not None:
        _begin_anew(tx, content.parts[0], last["weighed_g"] - content.tare_g)
    tell(
        tx, "board", "WeightOverridden", actor.scan_id, parcel=parcel["number"], weighed_g=last["weighed_g"],
        expected_g=expected.grams, why=override.why,
    )  # fmt: skip


def describe(tx: Tx, parcel_id: int) -> dict[str, Any] | None:
    """The weighing a parcel was last closed or refused by; None when it was never weighed."""
    row = tx.one(
        "SELECT g.weighed_g, g.expected_g, g.tolerance_g, g.judged, g.source, g.why,"
        " COALESCE(o.badge, '') AS supervisor, g.recorded_at_ms FROM parcel_weighing g"
        " LEFT JOIN operator o ON o.warehouse_id = g.warehouse_id AND o.id = g.supervisor_id"
        " WHERE g.warehouse_id = :w AND g.parcel_id = :parcel ORDER BY g.id DESC LIMIT 1",
        parcel=parcel_id,
    )
    return None if row is None else dict(row)


def closed_by(tx: Tx, parcel: Any) -> dict[str, Any] | None:
    """The weighing a parcel closed with; None where it was not weighed for this closing."""
    return None if parcel["weighed_g"] is None else describe(tx, parcel["id"])


def is_unjudged(last: Mapping[str, Any] | None) -> bool:
    """Whether a parcel closed with a weight that nobody could judge."""
    return last is not None and last["judged"] == Judged.UNKNOWN and not last["why"]


# --- what of it is read and written ------------------------------------------------------------------------------


def _awaiting(tx: Tx, parcel_id: int) -> Any:
    parcel = tx.one("SELECT * FROM parcel WHERE warehouse_id = :w AND id = :id", id=parcel_id)
    if parcel is None or parcel["state"] != "open" or not parcel["awaits_weight"]:
        raise Refused(Rejected(Reject.NOT_EXPECTED, expected="parcel", got=parcel["number"] if parcel else None))
    return parcel


def _content(tx: Tx, parcel: Any) -> _Content:
    rows, carton, house = tx.ask(
        (_CONTENT, {"lpn": parcel["lpn_id"]}),
        ("SELECT tare_g FROM carton_type WHERE warehouse_id = :w AND id = :id", {"id": parcel["carton_type_id"]}),
        (f"SELECT {', '.join(RULES)} FROM warehouse WHERE id = :w", {}),
    )
    parts = tuple(
        Part(row["item_id"], int(row["units"]),
             unit_weight(learned_of(row), row["catalogue_g"], is_doubted=bool(row["is_doubted"])))
        for row in rows
    )  # fmt: skip
    tare_g = carton[0]["tare_g"] if carton else None
    rules = WeighRules(*(house[0][name] for name in RULES))
    return _Content(rows, parts, tare_g, expect_weight(parts, tare_g or 0, rules))


def learned_of(row: Mapping[str, Any]) -> Learned:
    """What a row of `item_weight` holds."""
    return Learned(row["parcels"], row["learned_units"], row["learned_g"], row["squares_mg2"])


def _last(tx: Tx, parcel: Any, content: _Content) -> Any:
    """The last weight put on it; None once something was packed since."""
    row = tx.one(
        "SELECT * FROM parcel_weighing WHERE warehouse_id = :w AND parcel_id = :parcel ORDER BY id DESC LIMIT 1",
        parcel=parcel["id"],
    )
    return row if row is not None and row["units"] == content.units else None


def _last_zeroing(tx: Tx, actor: Actor) -> int | None:
    row = tx.one(
        "SELECT zeroing FROM parcel_weighing WHERE warehouse_id = :w AND station_id = :station"
        " AND zeroing IS NOT NULL ORDER BY id DESC LIMIT 1",
        station=actor.station_id,
    )
    return row["zeroing"] if row else None


def _differs(tx: Tx, parcel: Any, content: _Content) -> Differs | None:
    last, expected = _last(tx, parcel, content), content.expected
    if last is None or expected is None or expected.judge(last["weighed_g"]) == Judged.WITHIN:
        return None
    suspect = explain(content.parts, last["weighed_g"] - expected.grams, expected.tolerance_g)
    if suspect is None:
        return Differs(last["weighed_g"])
    named = next(row for row in content.rows if row["item_id"] == suspect.item_id)
    return Differs(last["weighed_g"], suspect.units, named["sku"], named["name"])


def _record(
    tx: Tx, actor: Actor, parcel: Any, content: _Content, grams: int, judged: Judged, source: WeightSource,
    zeroing: int | None,
) -> None:  # fmt: skip
    expected = content.expected
    tx.add(
        "parcel_weighing", parcel_id=parcel["id"], station_id=actor.station_id, weighed_g=grams,
        expected_g=expected.grams if expected else None, tolerance_g=expected.tolerance_g if expected else None,
        judged=judged, source=source, zeroing=zeroing, units=content.units, operator_id=actor.operator_id,
        scan_id=actor.scan_id, recorded_at_ms=tx.now_ms,
    )  # fmt: skip


def _accept(tx: Tx, parcel: Any, grams: int) -> None:
    taken = tx.run(
        "UPDATE parcel SET weighed_g = :grams, awaits_weight = 0 WHERE warehouse_id = :w AND id = :id"
        " AND state = 'open' AND awaits_weight = 1",
        id=parcel["id"], grams=grams,
    )  # fmt: skip
    if taken != 1:
        raise Refused(Rejected(Reject.NOT_EXPECTED, expected="parcel", got=parcel["number"]))


def _check_word(tx: Tx, actor: Actor, override: Override) -> None:
    """The word was given by somebody who is still one of us, to who scans now, not to whoever stood here then."""
    still = tx.one(
        "SELECT 1 FROM operator WHERE warehouse_id = :w AND id = :id AND is_active = 1", id=override.supervisor_id
    )
    if still is None or override.given_to_id != actor.operator_id:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="BACK, and a supervisor's word anew"))


def _learn(tx: Tx, content: _Content, weighed_g: int) -> None:
    # Without a carton named, nobody knows how much of the weight is cardboard.
    taught = lesson(content.parts, weighed_g, content.tare_g) if content.tare_g is not None else None
    if taught is None:
        return
    before = learned_of(next(row for row in content.rows if row["item_id"] == taught.item_id))
    after = learn(before, taught.grams, taught.units)
    if after != before:
        # Another bench may have learned of the same item meanwhile: then this lesson is let go.
        tx.put(
            f"{_SET_WEIGHT} WHERE item_weight.parcels = :was AND item_weight.weight_g = :was_g",
            was=before.parcels, was_g=before.weight_g, **_weight(tx, taught.item_id, after),
        )  # fmt: skip


def _begin_anew(tx: Tx, part: Part, grams: int) -> None:
    """What was known of the item is wrong, the catalogue too: this parcel is the first that says what it weighs."""
    first = lesson_of(grams, part.units) if 0 < grams <= LEARN_MAX_G else Learned()
    tx.put(f"{_SET_WEIGHT}, is_doubted = 1", **{**_weight(tx, part.item_id, first), "doubted": 1})


def _weight(tx: Tx, item_id: int, learned: Learned) -> dict[str, int]:
    return {
        "item": item_id, "parcels": learned.parcels, "units": learned.units, "grams": learned.weight_g,
        "squares": learned.squares_mg2, "doubted": 0, "now": tx.now_ms,
    }  # fmt: skip
