"""The pick planner: where to walk, in which order, and which orders ride on one cart.

It knows metres and totes, no tables and no clock of the floor. Whole numbers only, units in the names.
Public names are below; everything else may change.

A name is imported when it is first asked for: a worker that plans tours brings neither numba nor OR-Tools along. A new
one stands in three places: among the imports for the type checker, in `_HOMES`, and in `__all__`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from picking.errors import FieldError
from picking.forecast import (
    Forecast,
    ForecastProblem,
    Rates,
    Sample,
    TourLeft,
    Work,
    forecast,
    handling_times,
    learn,
    set_up_units,
)
from picking.layout import Closed, ClosedCross, Layout, OneWay, Spot, infer_layout
from picking.walkways import Walkways

if TYPE_CHECKING:
    from picking.batches.exchanges import exchanged
    from picking.batches.plan import Batch, BatchPlan, ClusterTote
    from picking.batches.problem import BatchProblem, Cart, PickLine, PickOrder
    from picking.batches.solve import insert_order, plan_batches
    from picking.batches.totes import PackedTote, TotePick, pack_totes
    from picking.building import PlanBuilder
    from picking.cartons import CartonPlan, CartonProblem, CartonType, Piece, choose_cartons
    from picking.congestion import Avoiding, Pace, Visit, avoid, meetings, visits
    from picking.distances import distance_matrix, out_of_reach, walk_dm
    from picking.drawing import draw_layout, draw_tour
    from picking.exact import exact_length_dm, exact_tour
    from picking.graph import Climb, FloorGraph, Node, Walkway
    from picking.graph_drawing import draw_graph_tour, draw_walkways, draw_walkways_tour, drawn_points
    from picking.heuristics import Route, largest_gap, location_order, return_route, s_shape
    from picking.layout_checks import check_layout
    from picking.modes import Mode, ModeCost, ModePlan, ModeProblem, NotPossible, choose_mode, price
    from picking.offgrid import GraphProblem, Window, plan_graph_tour
    from picking.problem import TourProblem
    from picking.put_wall import PutWallProblem, WallPieces, WallPlan, WallSlot, WallTote, plan_put_wall
    from picking.ranked import keeps_ranks
    from picking.releases import ReleaseChoice, ReleaseProblem, choose_dense
    from picking.result import Tour
    from picking.scattered import BinChoice, BinPick, BinProblem, StockedBin, WantedItem, choose_bins
    from picking.shifts import PickerShift
    from picking.solver import RouteSolver, SolverFailed, plan_tour
    from picking.storeys import floor_of_storeys
    from picking.times import HandlingTimes
    from picking.walkways import closed_on
    from picking.waves import LeftOut, OrderLeftOut, WaveOrder, WavePlan, WaveProblem, plan_wave

_HOMES = {
    "picking.batches.exchanges": "exchanged",
    "picking.batches.plan": "Batch BatchPlan ClusterTote",
    "picking.batches.problem": "BatchProblem Cart PickLine PickOrder",
    "picking.batches.solve": "insert_order plan_batches",
    "picking.batches.totes": "PackedTote TotePick pack_totes",
    "picking.building": "PlanBuilder",
    "picking.cartons": "CartonPlan CartonProblem CartonType Piece choose_cartons",
    "picking.congestion": "Avoiding Pace Visit avoid meetings visits",
    "picking.distances": "distance_matrix out_of_reach walk_dm",
    "picking.drawing": "draw_layout draw_tour",
    "picking.exact": "exact_length_dm exact_tour",
    "picking.graph": "Climb FloorGraph Node Walkway",
    "picking.graph_drawing": "draw_graph_tour draw_walkways draw_walkways_tour drawn_points",
    "picking.heuristics": "Route largest_gap location_order return_route s_shape",
    "picking.layout_checks": "check_layout",
    "picking.modes": "Mode ModeCost ModePlan ModeProblem NotPossible choose_mode price",
    "picking.offgrid": "GraphProblem Window plan_graph_tour",
    "picking.problem": "TourProblem",
    "picking.put_wall": "PutWallProblem WallPieces WallPlan WallSlot WallTote plan_put_wall",
    "picking.ranked": "keeps_ranks",
    "picking.releases": "ReleaseChoice ReleaseProblem choose_dense",
    "picking.result": "Tour",
    "picking.scattered": "BinChoice BinPick BinProblem StockedBin WantedItem choose_bins",
    "picking.shifts": "PickerShift",
    "picking.solver": "RouteSolver SolverFailed plan_tour",
    "picking.storeys": "floor_of_storeys",
    "picking.times": "HandlingTimes",
    "picking.walkways": "closed_on",
    "picking.waves": "LeftOut OrderLeftOut WaveOrder WavePlan WaveProblem plan_wave",
}
"""Module to its public names. `forecast` is imported at once, above: else the module of that name would hide it."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names.split():
                globals()[name] = value = getattr(import_module(home), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Avoiding",
    "Batch",
    "BatchPlan",
    "BatchProblem",
    "BinChoice",
    "BinPick",
    "BinProblem",
    "Cart",
    "CartonPlan",
    "CartonProblem",
    "CartonType",
    "Climb",
    "Closed",
    "ClosedCross",
    "ClusterTote",
    "FieldError",
    "FloorGraph",
    "Forecast",
    "ForecastProblem",
    "GraphProblem",
    "HandlingTimes",
    "Layout",
    "LeftOut",
    "Mode",
    "ModeCost",
    "ModePlan",
    "ModeProblem",
    "Node",
    "NotPossible",
    "OneWay",
    "OrderLeftOut",
    "Pace",
    "PackedTote",
    "PickLine",
    "PickOrder",
    "PickerShift",
    "Piece",
    "PlanBuilder",
    "PutWallProblem",
    "Rates",
    "ReleaseChoice",
    "ReleaseProblem",
    "Route",
    "RouteSolver",
    "Sample",
    "SolverFailed",
    "Spot",
    "StockedBin",
    "TotePick",
    "Tour",
    "TourLeft",
    "TourProblem",
    "Visit",
    "Walkway",
    "Walkways",
    "WallPieces",
    "WallPlan",
    "WallSlot",
    "WallTote",
    "WantedItem",
    "WaveOrder",
    "WavePlan",
    "WaveProblem",
    "Window",
    "Work",
    "avoid",
    "check_layout",
    "choose_bins",
    "choose_cartons",
    "choose_dense",
    "choose_mode",
    "closed_on",
    "distance_matrix",
    "draw_graph_tour",
    "draw_layout",
    "draw_tour",
    "draw_walkways",
    "draw_walkways_tour",
    "drawn_points",
    "exact_length_dm",
    "exact_tour",
    "exchanged",
    "floor_of_storeys",
    "forecast",
    "handling_times",
    "infer_layout",
    "insert_order",
    "keeps_ranks",
    "largest_gap",
    "learn",
    "location_order",
    "meetings",
    "out_of_reach",
    "pack_totes",
    "plan_batches",
    "plan_graph_tour",
    "plan_put_wall",
    "plan_tour",
    "plan_wave",
    "price",
    "return_route",
    "s_shape",
    "set_up_units",
    "visits",
    "walk_dm",
]
