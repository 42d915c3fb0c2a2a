"""The pick planner: where to walk, in which order, and which orders ride on one cart.

It knows metres and totes, no tables and no clock of the floor. Whole numbers only, units in the names.
Public names are below; everything else may change.
"""

from picking.batching import (
    Cart,
    Cluster,
    ClusterTote,
    PackedTote,
    PickLine,
    PickOrder,
    TotePick,
    pack_totes,
    plan_clusters,
)
from picking.distances import distance_matrix, walk_dm
from picking.errors import FieldError
from picking.heuristics import Route, largest_gap, location_order, return_route, s_shape
from picking.layout import Layout, Spot, check_layout, infer_layout
from picking.problem import TourProblem
from picking.result import Tour
from picking.solver import HeldKarp, OrToolsRouting, RouteSolver, SolverFailed, plan_tour

__all__ = [
    "Cart",
    "Cluster",
    "ClusterTote",
    "FieldError",
    "HeldKarp",
    "Layout",
    "OrToolsRouting",
    "PackedTote",
    "PickLine",
    "PickOrder",
    "Route",
    "RouteSolver",
    "SolverFailed",
    "Spot",
    "TotePick",
    "Tour",
    "TourProblem",
    "check_layout",
    "distance_matrix",
    "infer_layout",
    "largest_gap",
    "location_order",
    "pack_totes",
    "plan_clusters",
    "plan_tour",
    "return_route",
    "s_shape",
    "walk_dm",
]
