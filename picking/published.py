"""Published instances as problems of this planner.

Owns what stands for what: one unit of an SPRP-SS file is a decimetre, one tenth of a unit of an order batching file is
one. There a cart has a capacity and an order a load, whatever it is made of: the cart gets as many positions as its
capacity, and an order takes as many totes as its load. It refuses a file that does not suit the question.
"""

from __future__ import annotations

from collections.abc import Callable

from picking.batches.problem import BatchProblem, Cart, PickLine, PickOrder
from picking.errors import FieldError
from picking.formats.henn_waescher import OneBlockBatching, PublishedOrder, read_henn_waescher
from picking.formats.muter_oencan import read_muter_oencan
from picking.formats.sprp import parse_sprp
from picking.layout import Layout, Spot
from picking.problem import TourProblem
from picking.scattered import BinProblem, StockedBin, WantedItem

Problem = TourProblem | BinProblem | BatchProblem


def published_problem(format_: str, kind: type, text: str, blocks: int = 1) -> Problem:
    """The question in a published file: `kind` is the problem that is wanted. FieldError names line or field."""
    if (format_, kind) not in _READERS:
        suiting = sorted(name for name, known in _READERS if known is kind)
        raise FieldError("format", f"must be one of {', '.join(suiting)} for this question, got {format_!r:.60}")
    if blocks != 1 and format_ != "sprp":
        raise FieldError("blocks", "are part of the file's floor; only sprp files are read as one block or two")
    return _READERS[format_, kind](text, blocks)


def _sprp_tour(text: str, blocks: int) -> TourProblem:
    instance = parse_sprp(text, blocks)
    if instance.is_scattered:
        raise FieldError("file", "holds goods that lie in several places: ask for bins, not for a tour")
    return TourProblem(instance.layout, instance.depot, instance.depot, instance.stops)


def _sprp_bins(text: str, blocks: int) -> BinProblem:
    instance = parse_sprp(text, blocks)
    bins = tuple(StockedBin(str(at.article), at.spot, at.qty_each) for at in instance.positions if at.qty_each)
    wanted = tuple(WantedItem(str(article), qty_each) for article, qty_each in instance.wanted_each if qty_each)
    return BinProblem(instance.layout, instance.depot, instance.depot, bins, wanted)


def _one_block(instance: OneBlockBatching) -> BatchProblem:
    layout = Layout(instance.aisle_x, (0, instance.length))
    depot = Spot("depot", instance.aisle_x[instance.depot[0]], instance.depot[1])
    orders = tuple(_order(instance, number, order) for number, order in enumerate(instance.orders, start=1))
    return BatchProblem(layout, depot, depot, Cart(instance.capacity, 1, 1), orders)


def _order(instance: OneBlockBatching, number: int, order: PublishedOrder) -> PickOrder:
    if order.load < len(order.stops):
        raise FieldError(f"order {number}", f"has a load of {order.load}, less than its {len(order.stops)} stops")
    lines = []
    for at, (aisle, offset) in enumerate(order.stops, start=1):
        # Where in the walk the load is does not matter to the cart: all that is not spread out is put on the last stop.
        qty_each = 1 if at < len(order.stops) else order.load - len(order.stops) + 1
        spot = Spot(f"A{aisle:02}-{offset:05}", instance.aisle_x[aisle], offset)
        lines.append(PickLine(str(at), spot, qty_each, each_volume_ml=1))
    return PickOrder(str(number), tuple(lines))


_READERS: dict[tuple[str, type], Callable[[str, int], Problem]] = {
    ("sprp", TourProblem): _sprp_tour,
    ("sprp", BinProblem): _sprp_bins,
    ("henn-waescher", BatchProblem): lambda text, _: _one_block(read_henn_waescher(text)),
    ("muter-oncan", BatchProblem): lambda text, _: _one_block(read_muter_oencan(text)),
}

FORMATS = tuple(sorted({name for name, _ in _READERS}))
