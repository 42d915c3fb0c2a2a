"""`python -m picking tour FILE.json [--json]`: one tour from a file, to try the planner by itself.

Owns the file format below and refuses whatever is not in it, naming the field.
Invariant: the exit code is 0 when a tour was planned and 2 when the question was refused.

    {
      "layout": {"aisle_x_dm": [0, 35, 70], "cross_aisle_y_dm": [0, 180, 360]},
      "start": {"name": "depot", "x_dm": 35, "y_dm": -20},
      "end": {"name": "staging", "x_dm": 70, "y_dm": -20},
      "stops": [{"name": "A01-03-2", "x_dm": 0, "y_dm": 33, "level": 2}],
      "level_penalty_dm": 0, "reach_level": 1, "time_limit_ms": 100, "seed": 0
    }

Required are layout, start and stops. The end defaults to the start, a level to 0, the last line to what
it shows here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from picking.errors import FieldError
from picking.layout import Layout, Spot
from picking.problem import TourProblem
from picking.result import Tour
from picking.solver import plan_tour

_KEYS = ("layout", "start", "end", "stops", "level_penalty_dm", "reach_level", "time_limit_ms", "seed")


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        question = _object("file", _read(arguments.file), _KEYS, required=("layout", "start", "stops"))
        problem = _problem(question)
        time_limit_ms, seed = arguments.time_limit_ms, arguments.seed
        tour = plan_tour(
            problem,
            question.get("time_limit_ms", 100) if time_limit_ms is None else time_limit_ms,  # type: ignore[arg-type]
            question.get("seed", 0) if seed is None else seed,  # type: ignore[arg-type]
        )
    except FieldError as error:
        sys.stderr.write(f"{arguments.file}: {error}\n")
        return 2
    sys.stdout.write(_as_json(tour) if arguments.json else _as_text(tour))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m picking", description="Plan picking walks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    tour = commands.add_parser(
        "tour",
        help="plan one tour",
        description="Plan one tour.",
        epilog="The file:\n\n" + (__doc__ or "").partition("refused.\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tour.add_argument("file", metavar="FILE.json", help="the question; - reads standard input")
    tour.add_argument("--json", action="store_true", help="answer in JSON")
    tour.add_argument("--time-limit-ms", type=int, help="instead of the file's")
    tour.add_argument("--seed", type=int, help="instead of the file's")
    return parser


def _read(name: str) -> object:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise FieldError("file", f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        # Undecodable bytes and malformed JSON are both ValueErrors.
        raise FieldError("file", f"is not JSON in UTF-8: {error}") from error


def _problem(question: Mapping[str, object]) -> TourProblem:
    raw_layout = _object("layout", question["layout"], ("aisle_x_dm", "cross_aisle_y_dm"))
    aisles, crosses = (tuple(_list(f"layout.{name}", raw_layout[name])) for name in raw_layout)
    try:
        layout = Layout(aisles, crosses)  # type: ignore[arg-type]
    except FieldError as error:
        raise FieldError(f"layout.{error.field}", error.words) from error
    start = _spot("start", question["start"])
    stops = tuple(_spot(f"stops[{at}]", stop) for at, stop in enumerate(_list("stops", question["stops"])))
    return TourProblem(
        layout,
        start,
        _spot("end", question["end"]) if "end" in question else start,
        stops,
        question.get("level_penalty_dm", 0),  # type: ignore[arg-type]
        question.get("reach_level", 1),  # type: ignore[arg-type]
    )


def _spot(field: str, value: object) -> Spot:
    raw = _object(field, value, ("name", "x_dm", "y_dm", "level"), required=("name", "x_dm", "y_dm"))
    try:
        return Spot(**raw)  # type: ignore[arg-type]
    except FieldError as error:
        raise FieldError(f"{field}.{error.field}", error.words) from error


def _object(
    field: str, value: object, keys: Sequence[str], required: Sequence[str] | None = None
) -> dict[str, object]:
    if not isinstance(value, dict):
        raise FieldError(field, f"must be an object, got {type(value).__name__}")
    prefix = "" if field == "file" else f"{field}."
    for key in value:
        if key not in keys:
            raise FieldError(f"{prefix}{key}", f"is not known; known are {', '.join(keys)}")
    for key in keys if required is None else required:
        if key not in value:
            raise FieldError(f"{prefix}{key}", "is missing")
    return {key: value[key] for key in keys if key in value}


def _list(field: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise FieldError(field, f"must be a list, got {type(value).__name__}")
    return value


def _as_json(tour: Tour) -> str:
    answer = {
        "sequence": [stop.name for stop in tour.sequence],
        "distance_dm": tour.distance_dm,
        "s_shape_dm": tour.s_shape_dm,
        "location_order_dm": tour.location_order_dm,
        "solver": tour.solver,
        "reason": tour.reason,
        "seed": tour.seed,
        "elapsed_ms": tour.elapsed_ms,
    }
    return json.dumps(answer, ensure_ascii=False, indent=2) + "\n"


def _as_text(tour: Tour) -> str:
    lines = [f"{number:4}  {stop.name}" for number, stop in enumerate(tour.sequence, start=1)]
    return "\n".join([*lines, tour.summary()]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
