"""Questions and answers as JSON documents, the same way for tours, bins, batches, waves and cartons.

Owns the format of docs/picking.md: an object has the fields of the problem of the same name, a list where the problem
has a tuple. It refuses what is not in the problem, what is missing and what the problem itself refuses, naming the
field by its path in the document. Shortcuts: `spots` lists places once, and wherever a spot is wanted its name will do;
`end` is the start unless it is given.
Invariant: `problem_of(kind, document_of(problem))` is the problem again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from picking.batches.plan import BatchPlan
from picking.cartons import CartonPlan
from picking.errors import FieldError
from picking.layout import Spot
from picking.problem import TourProblem
from picking.result import Tour
from picking.scattered import BinChoice
from picking.solver import plan_tour
from picking.walkways import Walkways
from picking.waves import WavePlan

T = TypeVar("T")

Spots = Mapping[str, Spot]


def problem_of(kind: type[T], document: object) -> T:
    """The problem in a document (what `json.loads` gives). Raises FieldError with the path of the field."""
    if not isinstance(document, dict):
        raise FieldError("file", f"must be an object, got {type(document).__name__}")
    spots: dict[str, Spot] = {}
    for at, value in enumerate(_list("spots", document.get("spots", []))):
        spot = _object(Spot, f"spots[{at}]", value, {})
        if spot.name in spots:
            raise FieldError(f"spots[{at}].name", f"{spot.name!r} is used twice")
        spots[spot.name] = spot
    own = {key: value for key, value in document.items() if key != "spots"}
    return _object(kind, "", own, spots)


def document_of(problem: object) -> dict[str, Any]:
    """The document of a problem: all fields that are not what they would be anyway."""
    return {
        name: _plain(getattr(problem, name))
        for name, (field, _) in _fields(cast(Any, type(problem))).items()
        if not _is_default(field, getattr(problem, name))
    }


def answer_of(plan: object) -> dict[str, Any]:
    """What a plan says, as a document."""
    if isinstance(plan, Tour):
        return _tour(plan)
    if isinstance(plan, BinChoice):
        return _bins(plan)
    if isinstance(plan, BatchPlan):
        return _batches(plan)
    if isinstance(plan, WavePlan):
        return _wave(plan)
    if isinstance(plan, CartonPlan):
        return _cartons(plan)
    raise FieldError("plan", f"must be a plan of this package, got {type(plan).__name__}")


@cache
def _fields(kind: type[Any]) -> dict[str, tuple[Field[Any], Any]]:
    """What a document may say of this kind: its fields and their types."""
    hints = get_type_hints(kind, localns=_deferred() if kind is Walkways else None)
    return {field.name: (field, hints[field.name]) for field in fields(kind) if field.init}


def _deferred() -> dict[str, Any]:
    """What `Walkways` names in its fields without importing it, as it is heavy and a floor of aisles needs none."""
    from picking.graph import FloorGraph

    return {"FloorGraph": FloorGraph}


def _object(kind: type[T], path: str, value: object, spots: Spots) -> T:
    if kind is Spot and isinstance(value, str):
        if value not in spots:
            raise FieldError(path, f"{value!r:.60} is none of the spots")
        return cast(T, spots[value])
    if not isinstance(value, dict):
        raise FieldError(path or "file", f"must be an object, got {type(value).__name__}")
    known = _fields(cast(Any, kind))
    prefix = f"{path}." if path else ""
    for key in value:
        if key not in known:
            raise FieldError(f"{prefix}{key}", f"is not known; known are {', '.join(known)}")
    given = dict(value)
    if "start" in known and "end" in known and "start" in given:
        given.setdefault("end", given["start"])
    for name, (field, _) in known.items():
        if name not in given and field.default is MISSING and field.default_factory is MISSING:
            raise FieldError(f"{prefix}{name}", "is missing")
    read = {name: _value(known[name][1], f"{prefix}{name}", given[name], spots) for name in known if name in given}
    try:
        return kind(**read)
    except FieldError as error:
        raise FieldError(f"{prefix}{error.field}", error.words) from error


def _value(kind: Any, path: str, value: object, spots: Spots) -> object:
    """A value of this kind. Numbers and texts are passed on as they are: the problem itself checks them."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        kinds = [one for one in arguments if one is not type(None)]
        if value is None and len(kinds) < len(arguments):
            return None
        # Of several the one whose fields are all that is said; else the first, which then names what is not known.
        said = set(value) if isinstance(value, dict) else set()
        known = next((one for one in kinds if is_dataclass(one) and said <= set(_fields(cast(Any, one)))), kinds[0])
        return _value(known, path, value, spots)
    if origin is tuple:
        listed = _list(path, value)
        kinds = [arguments[0]] * len(listed) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) != len(listed):
            raise FieldError(path, f"must be a list of {len(kinds)}, got {len(listed)}")
        return tuple(
            _value(one, f"{path}[{at}]", item, spots) for at, (one, item) in enumerate(zip(kinds, listed, strict=True))
        )
    if origin is Mapping:
        if not isinstance(value, dict):
            raise FieldError(path, f"must be an object, got {type(value).__name__}")
        return {name: _value(arguments[1], f"{path}.{name}", one, spots) for name, one in value.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        return _object(kind, path, value, spots)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(cast(str, value))
        except ValueError:
            raise FieldError(path, f"must be one of {', '.join(kind)}, got {value!r:.60}") from None
    return value


def _list(path: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise FieldError(path, f"must be a list, got {type(value).__name__}")
    return value


def _is_default(field: Field[Any], value: object) -> bool:
    if field.default is not MISSING:
        return bool(value == field.default)
    return field.default_factory is not MISSING and bool(value == field.default_factory())


def _plain(value: object) -> Any:
    if is_dataclass(value):
        return document_of(value)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _tour(tour: Tour) -> dict[str, Any]:
    return {
        "sequence": [stop.name for stop in tour.sequence],
        "distance_dm": tour.distance_dm,
        "lower_bound_dm": tour.lower_bound_dm,
        "s_shape_dm": tour.s_shape_dm,
        "location_order_dm": tour.location_order_dm,
        "saved_dm": tour.saved_dm,
        "solver": tour.solver,
        "reason": tour.reason,
        "seed": tour.seed,
        "elapsed_ms": tour.elapsed_ms,
    }


def _bins(choice: BinChoice) -> dict[str, Any]:
    return {
        "picks": [
            {
                "item": pick.stocked.item,
                "spot": pick.stocked.spot.name,
                "fifo_rank": pick.stocked.fifo_rank,
                "qty_each": pick.qty_each,
            }
            for pick in choice.picks
        ],
        "sequence": [stop.name for stop in choice.tour.sequence],
        "distance_dm": choice.distance_dm,
        "lower_bound_dm": choice.lower_bound_dm,
        "by_name_dm": choice.by_name_dm,
        "seed": choice.seed,
        "elapsed_ms": choice.elapsed_ms,
    }


def _batches(plan: BatchPlan) -> dict[str, Any]:
    asked = plan.problem
    batches = []
    for batch in plan.batches:
        if isinstance(asked.layout, Walkways):
            tour = asked.layout.tour(asked.start, asked.end, batch.stops, seed=plan.seed)
        else:
            tour = plan_tour(TourProblem(asked.layout, asked.start, asked.end, batch.stops), seed=plan.seed)
        totes = [
            {
                "position": loaded.position,
                "order_id": loaded.order_id,
                "picks": [
                    {"line_id": pick.line_id, "spot": pick.spot.name, "qty_each": pick.qty_each}
                    for pick in loaded.tote.picks
                ],
                "volume_ml": loaded.tote.volume_ml,
                "weight_g": loaded.tote.weight_g,
                "is_oversize": loaded.tote.is_oversize,
            }
            for loaded in batch.totes
        ]
        batches.append(
            {
                "number": batch.number,
                "zone": batch.zone,
                "cutoff_rank": batch.cutoff_rank,
                "priority_rank": batch.priority_rank,
                "distance_dm": batch.distance_dm,
                "sequence": [stop.name for stop in tour.sequence],
                "totes": totes,
            }
        )
    return {
        "batches": batches,
        "distance_dm": plan.distance_dm,
        "lower_bound_dm": plan.lower_bound_dm,
        "fifo_s_shape_dm": plan.fifo_s_shape_dm,
        "saved_dm": plan.saved_dm,
        "solver": plan.solver,
        "bound": plan.bound,
        "seed": plan.seed,
        "elapsed_ms": plan.elapsed_ms,
    }


def _wave(plan: WavePlan) -> dict[str, Any]:
    modes = (plan.mode.chosen, *plan.mode.alternatives) if plan.mode else ()
    return {
        "order_ids": list(plan.order_ids),
        "left_out": [_plain(left) for left in plan.left_out],
        "tours": [
            {
                "order_ids": list(tour.batch.order_ids),
                "lines": tour.lines,
                "distance_dm": tour.batch.distance_dm,
                "picker": tour.picker,
                "from_ms": tour.from_ms,
                "until_ms": tour.until_ms,
                "due_at_ms": tour.due_at_ms,
            }
            for tour in plan.tours
        ],
        "mode": str(plan.mode.chosen.mode) if plan.mode else "",
        "modes": [{"mode": str(cost.mode), "line_ms": cost.line_ms, "reason": cost.reason} for cost in modes],
        "forecast": {
            "p50_at_ms": plan.forecast.p50_at_ms,
            "p90_at_ms": plan.forecast.p90_at_ms,
            "cut_offs": [_plain(cut_off) for cut_off in plan.forecast.cut_offs],
            "unfinished_percent": plan.forecast.unfinished_percent,
        },
        "distance_dm": plan.distance_dm,
        "seed": plan.seed,
        "elapsed_ms": plan.elapsed_ms,
    }


def _cartons(plan: CartonPlan) -> dict[str, Any]:
    return {
        "cartons": [
            {
                "code": packed.carton.code,
                "weight_g": packed.weight_g,
                "fill_percent": packed.fill_percent,
                "contents": packed.contents(),
                "placements": [_plain(placement) for placement in packed.placements],
                "loose": dict(packed.loose),
            }
            for packed in plan.cartons
        ],
        "left_out": [_plain(left) for left in plan.left_out],
        "notes": list(plan.notes),
        "cost_minor": plan.cost_minor,
        "bound_cost_minor": plan.bound_cost_minor,
        "bound_parcels": plan.bound_parcels,
        "fill_percent": plan.fill_percent,
        "solver": plan.solver,
        "seed": plan.seed,
        "elapsed_ms": plan.elapsed_ms,
    }
