"""`python -m picking tour|bins|batch|wave|cartons FILE.json [--svg OUT] [--json]`: the planner by itself.

Owns the command line: which file, which question, which answer. The file's format is `picking.documents` and, with
examples, docs/picking.md; published instances are read with `--format`. `python -m picking compile` compiles what the
planner needs, at install or build time, so that no first plan waits for it.
Invariant: the exit code is 0 when there is a plan and 2 when the question was refused, with the field in words.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from picking.batches.plan import BatchPlan
from picking.batches.problem import BatchProblem
from picking.batches.solve import plan_batches
from picking.cartons import CartonProblem, choose_cartons
from picking.documents import answer_of, problem_of
from picking.errors import FieldError, check_whole
from picking.graph import FloorGraph
from picking.offgrid import GraphProblem, plan_graph_tour
from picking.problem import TourProblem
from picking.published import FORMATS, published_problem
from picking.result import Tour
from picking.scattered import BinChoice, BinProblem, choose_bins, compile_choice
from picking.solver import plan_tour
from picking.waves import WaveProblem, plan_wave

LONGEST_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, who answers and how long that may take unless the file or the caller says otherwise."""

    kind: type
    plan: Callable[..., Any]
    time_limit_ms: int
    help: str
    fields: str


_QUESTIONS = {
    "tour": _Question(
        TourProblem, plan_tour, 100, "one picker's walk",
        """{
  "layout": {"aisle_x_dm": [0, 35, 70], "cross_aisle_y_dm": [0, 180, 360]},
  "start": {"name": "depot", "x_dm": 35, "y_dm": -20},
  "end": {"name": "staging", "x_dm": 70, "y_dm": -20},
  "stops": [{"name": "A01-03-2", "x_dm": 0, "y_dm": 33, "level": 2}],
  "level_penalty_dm": 0, "reach_level": 1, "ranks": [["A01-03-2", 1]], "time_limit_ms": 100, "seed": 0
}

or, where the floor is no grid of aisles, or stops come before others or have their hours, instead of "layout":

  "floor": {"nodes": [{"name": "a", "x_dm": 0, "y_dm": 0}, {"name": "b", "x_dm": 90, "y_dm": 40}],
            "walkways": [{"from_node": "a", "to_node": "b", "is_one_way": false}]},
  "before": [["A01-03-2", "A02-01-1"]], "windows": [{"stop": "A01-03-2", "latest_ms": 60000}]""",
    ),
    "bins": _Question(
        BinProblem, choose_bins, 50, "which bins serve, together with the walk",
        """{
  "layout": ..., "start": ..., "end": ...,
  "bins": [{"item": "tea", "spot": {"name": "A01", "x_dm": 0, "y_dm": 33}, "qty_each": 5, "fifo_rank": 0}],
  "wanted": [{"item": "tea", "qty_each": 3}]
}""",
    ),
    "batch": _Question(
        BatchProblem, plan_batches, 1_000, "which orders ride on which cart",
        """{
  "layout": ..., "start": ..., "end": ...,
  "cart": {"positions": 6, "tote_volume_ml": 40000, "tote_weight_g": 15000},
  "spots": [{"name": "A01", "x_dm": 0, "y_dm": 33}],
  "orders": [{"order_id": "1001", "cutoff_rank": 0, "priority_rank": 0,
              "lines": [{"line_id": "1", "spot": "A01", "qty_each": 2, "each_volume_ml": 700}]}]
}""",
    ),
    "wave": _Question(
        WaveProblem, plan_wave, 5_000, "which orders to release now, and to whom",
        """{
  "layout": ..., "start": ..., "end": ..., "cart": ..., "spots": [...],
  "orders": [{"order": {"order_id": "1001", "lines": [...]}, "due_at_ms": 7200000}],
  "pickers": [{"name": "Ada", "from_ms": 0, "until_ms": 28800000, "breaks": [[10800000, 12600000]]}],
  "now_ms": 0, "carts": 2
}""",
    ),
    "cartons": _Question(
        CartonProblem, choose_cartons, 300, "what is packed into which cartons",
        """{
  "types": [{"code": "S", "length_mm": 300, "width_mm": 200, "height_mm": 150, "max_weight_g": 10000}],
  "pieces": [{"name": "tea", "length_mm": 90, "width_mm": 60, "height_mm": 120, "weight_g": 250, "qty_each": 4}]
}""",
    ),
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    if arguments.command == "compile":
        return _compile()
    question = _QUESTIONS[arguments.command]
    try:
        problem, limits = _asked(question, arguments)
        if question.kind is BinProblem:
            compile_choice()
        plan = _graph_tour(problem, **limits) if isinstance(problem, GraphProblem) else question.plan(problem, **limits)
        pictures = _pictures(problem, plan, arguments.svg) if arguments.svg else {}
        answer = _json(plan) if arguments.json else _text(plan)
    except FieldError as error:
        sys.stderr.write(f"{arguments.file}: {error}\n")
        return 2
    for file, picture in pictures.items():
        try:
            file.write_text(picture, encoding="utf-8")
        except OSError as error:
            sys.stderr.write(f"{file}: cannot be written: {error.strerror}\n")
            return 2
    sys.stdout.write(answer)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m picking", description="Plan walks, carts, waves and cartons from a file. See docs/picking.md."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, question in _QUESTIONS.items():
        command = commands.add_parser(
            name,
            help=question.help,
            description=f"Plan: {question.help}.",
            epilog=f"The file (docs/picking.md has all fields):\n\n{question.fields}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("file", metavar="FILE.json", help="the question; - reads standard input")
        command.add_argument("--json", action="store_true", help="answer in JSON")
        command.add_argument("--svg", type=Path, metavar="OUT", help="draw the plan; a file for each cart of a batch")
        command.add_argument("--format", choices=("json", *FORMATS), default="json", help="of FILE: a published one")
        command.add_argument("--blocks", type=int, default=1, help="read an sprp file as so many blocks (1 or 2)")
        command.add_argument("--time-limit-ms", type=int, help="instead of the file's")
        command.add_argument("--seed", type=int, help="instead of the file's")
    commands.add_parser("compile", help="compile ahead, so that the first plan does not wait")
    return parser


def _asked(question: _Question, arguments: argparse.Namespace) -> tuple[object, dict[str, object]]:
    """The problem in the file, and time limit and seed: the caller's, the file's or the usual ones."""
    limits: dict[str, object] = {"time_limit_ms": question.time_limit_ms, "seed": 0}
    if arguments.format == "json":
        document = _parsed(_read(arguments.file, "utf-8"))
        if isinstance(document, dict):
            limits |= {name: document.pop(name) for name in tuple(limits) if name in document}
        is_graph = question.kind is TourProblem and isinstance(document, dict) and "floor" in document
        problem: object = problem_of(GraphProblem if is_graph else question.kind, document)
    else:
        # Published comments hold letters of Latin-1.
        text = _read(arguments.file, "latin-1")
        problem = published_problem(arguments.format, question.kind, text, arguments.blocks)
    given = {"time_limit_ms": arguments.time_limit_ms, "seed": arguments.seed}
    limits |= {name: value for name, value in given.items() if value is not None}
    check_whole("time_limit_ms", limits["time_limit_ms"], 0, LONGEST_MS)
    check_whole("seed", limits["seed"], 0, 2**31 - 1)
    return problem, limits


def _read(name: str, encoding: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding=encoding)
    except OSError as error:
        raise FieldError("file", f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FieldError("file", f"is not text in {encoding.upper()}: {error}") from error


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FieldError("file", f"is not JSON: {error}") from error


def _graph_tour(problem: GraphProblem, **limits: Any) -> Tour:
    """Without aisles there is no S-shape to compare with: what stands there is a rule of the search's own."""
    tour = plan_graph_tour(problem, **limits)
    return replace(tour, s_shape_dm=0) if isinstance(problem.floor, FloorGraph) else tour


def _pictures(problem: object, plan: Any, file: Path) -> dict[Path, str]:
    """What is drawn, by file. A plan of several carts has a picture for each: tours.svg becomes tours-1.svg and on."""
    if isinstance(problem, GraphProblem):
        from picking.drawing import draw_tour
        from picking.graph_drawing import draw_graph_tour

        if isinstance(problem.floor, FloorGraph):
            return {file: draw_graph_tour(problem.floor, problem.start, plan.sequence, problem.end)}
        return {file: draw_tour(problem.floor, problem.start, plan.sequence, problem.end)}
    if isinstance(plan, BatchPlan) and len(plan.batches) != 1:
        return {
            file.with_name(f"{file.stem}-{batch.number}{file.suffix}"): plan.picture(batch.number)
            for batch in plan.batches
        }
    return {file: plan.picture()}


def _json(plan: object) -> str:
    return json.dumps(answer_of(plan), ensure_ascii=False, indent=2) + "\n"


def _text(plan: Any) -> str:
    lines: list[str] = []
    if isinstance(plan, Tour):
        lines = [f"{number:4}  {stop.name}" for number, stop in enumerate(plan.sequence, start=1)]
    elif isinstance(plan, BinChoice):
        at = {stop.name: number for number, stop in enumerate(plan.tour.sequence, start=1)}
        picks = sorted(plan.picks, key=lambda pick: (at[pick.stocked.spot.name], pick.stocked.item))
        lines = [f"{pick.qty_each:4} × {pick.stocked.item} from {pick.stocked.spot.name}" for pick in picks]
    elif isinstance(plan, BatchPlan):
        for batch in plan.batches:
            order_ids = sorted({loaded.order_id for loaded in batch.totes})
            lines.append(
                f"{batch.number:4}  {batch.distance_dm / 10:.1f} m, {len(batch.totes)} totes: {', '.join(order_ids)}"
            )
    return "\n".join([*lines, plan.summary()]) + "\n"


def _compile() -> int:
    from picking.batches.solve import compile_batches, compile_walkway_batches
    from picking.cartons.placing import warm
    from picking.exact import compile_all
    from picking.offgrid_search import compile_search

    # A compiler each, because one works on one core: the longest first. What two of them need is compiled by both.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as compilers:
        first = (compile_batches, compile_all, compile_choice, compile_walkway_batches, warm, compile_search)
        done = [compilers.submit(work) for work in first]
        sys.stdout.write(f"{done[1].result()}\n")
        for one in done:
            one.result()
    return 0


if __name__ == "__main__":
    sys.exit(main())
