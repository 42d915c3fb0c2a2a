"""Do sums over a long ledger agree? Answered in one pass a table, without sorting a million moves.

Two lists of (key, quantity) have the same sum for every key if, and but for chance only if, the quantities weighted
by a random function of their key have one sum. The function is drawn anew for each run: a product of two random
lines modulo a prime, so whatever a bug or a hand did to a few keys shows with a chance of missing it below one in
ten million. A pass that differs proves nothing about where: then the exact statements of `verify` find the rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from fulfillment.domain.stock import Status
from fulfillment.services.stock.ledger import FIRST_REAL_LOCATION_ID

PRIME = 2_147_483_647  # products of two residues stay below 2^62: both engines count in 64 bits
LINES = 2
LAST_OUTSIDE_ID = FIRST_REAL_LOCATION_ID  # the first of all is NOWHERE, which is outside too

# What each pass vouches for: when its sums agree, these checks have nothing to find.
BALANCES = ("balances_equal_ledger", "sealed_cases_equal_history")
ACTS = (
    "demand_equals_lines", "demand_equals_promises", "totes_hold_what_was_picked", "parcels_hold_what_was_packed",
    "picked_and_shipped_equal_ledger", "shipments_equal_ledger",
)  # fmt: skip
PROMISES = ("promises_equal_their_history",)
LEDGER = ("ledger_has_no_gap", "every_move_balances")
ITEMS = ("layers_keep_their_item",)
VOUCHED = frozenset({*BALANCES, *ACTS, *PROMISES, *LEDGER, *ITEMS})

Ask = Callable[[str], Sequence[Any]]


def doubtful(ask: Ask, chance: random.Random | None = None) -> set[str]:
    """Names of the checks whose sums do not agree; `ask` runs a statement and returns its rows."""
    weights = _Weights(chance or random.SystemRandom())
    (moves,) = ask(weights.moves())
    found: set[str] = set()
    if moves["rows_there"] != moves["last_id"] or moves["nowhere"]:
        found.update(LEDGER)
    if not _agree(moves["lying"] + moves["aside"] + moves["sealed"], ask(weights.lying())) or moves["outside_differs"]:
        found.update(BALANCES)
    if not _agree(moves["acts"], ask(weights.acts())):
        found.update(ACTS)
    if not _agree(moves["items"], ask(weights.items())):
        found.update(ITEMS)
    if not _agree(0, ask(weights.promises())):
        found.update(PROMISES)
    return found


def _agree(figure: int, others: Sequence[Any]) -> bool:
    return (figure - sum(row["total"] for row in others)) % PRIME == 0


class _Weights:
    """The random functions of one run, as SQL."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._place = self._lines(3)
        self._aside = self._lines(4)
        self._sealed = self._lines(4)
        self._act = self._lines(2)
        self._kind = {kind: self._number() for kind in ("lines", "promises", "totes", "parcels", "picked", "shipped")}
        self._order = self._lines(1)
        self._promise = self._lines(3)
        self._layer = self._lines(1, 1)
        self._item = self._lines(1, 2)

    def moves(self) -> str:
        """The ledger's side of everything, read once."""
        picked, shipped = self._kind["picked"], self._kind["shipped"]
        return (
            "SELECT COUNT(*) AS rows_there, COALESCE(MAX(id), 0) AS last_id,"
            " COALESCE(SUM(CASE WHEN qty_each <= 0 OR (from_location_id = to_location_id AND from_lpn_id = to_lpn_id"
            " AND from_status = to_status) THEN 1 ELSE 0 END), 0) AS nowhere,"
            f" COALESCE(SUM({self._moved('qty_each', self._place)}), 0) AS lying,"
            f" COALESCE(SUM(CASE WHEN from_status = '{Status.AVAILABLE}' AND to_status = '{Status.AVAILABLE}' THEN 0"
            f" ELSE {self._moved('qty_each', self._aside, 'status')} END), 0) AS aside,"
            " COALESCE(SUM(CASE WHEN sealed_from_each = 0 AND sealed_to_each = 0 THEN 0"
            f" ELSE {self._moved('sealed', self._sealed, 'status')} END), 0) AS sealed,"
            " COALESCE(SUM(CASE WHEN reason IN ('pick', 'ship', 'put_back', 'missing') AND order_id IS NOT NULL THEN"
            f" (CASE reason WHEN 'pick' THEN qty_each * {picked} WHEN 'ship' THEN qty_each * {shipped}"
            f" ELSE -qty_each * {picked} END) % {PRIME} * {self._act_of()} % {PRIME}"
            # What a program ships by line lay loose until it left: picked and shipped in one, told by a shipment.
            f" + CASE WHEN reason = 'ship' AND from_lpn_id = 0 THEN qty_each * {picked} % {PRIME} * {self._act_of()}"
            f" % {PRIME} + qty_each * {self._order('order_id')} % {PRIME} ELSE 0 END ELSE 0 END), 0) AS acts,"
            f" COALESCE(SUM({self._layer('layer_id')} * {self._item('item_id')} % {PRIME}), 0) AS items,"
            # Outside is what has a small number and what is of the kind virtual: one and the same, or look closely.
            " (SELECT COUNT(*) FROM location WHERE warehouse_id = :w AND (CASE WHEN kind = 'virtual' THEN 1 ELSE 0 END)"
            f" <> (CASE WHEN id <= {LAST_OUTSIDE_ID} THEN 1 ELSE 0 END)) AS outside_differs"
            " FROM stock_move WHERE warehouse_id = :w"
        )

    def lying(self) -> str:
        """The book's side of places: what balances hold, less the cases opened where they lay."""
        key = ("location_id", "layer_id", "lpn_id")
        at, aside, sealed = self._place(*key), self._aside(*key, _code("status")), self._sealed(*key, _code("status"))
        real = f"WHERE warehouse_id = :w AND location_id > {LAST_OUTSIDE_ID}"
        return (
            f"SELECT COALESCE(SUM((on_hand_each * {at} + CASE status WHEN '{Status.AVAILABLE}' THEN 0 ELSE"
            f" on_hand_each * {aside} END) % {PRIME} + CASE sealed_each WHEN 0 THEN 0 ELSE sealed_each * {sealed}"
            f" % {PRIME} END), 0) AS total FROM stock_balance {real}"
            f" UNION ALL SELECT COALESCE(SUM(-delta_sealed_each * {sealed} % {PRIME}), 0) FROM pack_entry {real}"
        )

    def acts(self) -> str:
        """Demand's figures, less what lines, promises, totes and parcels say of the same order and item."""
        kind = self._kind

        def less(source: str, qty_each: str, what: str, alias: str) -> str:
            weighted = f"-{qty_each} * {kind[what]} % {PRIME} * {self._act_of(alias)} % {PRIME}"
            return f" UNION ALL SELECT COALESCE(SUM({weighted}), 0) {source}"

        loose = f"qty_each * {self._order('order_id')} % {PRIME}"
        return (
            f"SELECT COALESCE(SUM((ordered_each * {kind['lines']} + (allocated_each - picked_each) * {kind['promises']}"
            f" + (picked_each - packed_each) * {kind['totes']} + (packed_each - shipped_each) * {kind['parcels']}"
            f" + picked_each * {kind['picked']} + shipped_each * {kind['shipped']}) % {PRIME}"
            f" * {self._act_of()} % {PRIME}), 0) AS total FROM demand WHERE warehouse_id = :w"
            + less(
                "FROM order_line WHERE warehouse_id = :w AND is_service = 0 AND item_id IS NOT NULL",
                "qty_each", "lines", "",
            )
            + less("FROM allocation WHERE warehouse_id = :w AND qty_each <> 0", "qty_each", "promises", "")
            + less(
                "FROM stock_balance b JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id"
                " WHERE b.warehouse_id = :w AND b.lpn_id <> 0 AND p.kind IN ('tote', 'share', 'slot')",
                "b.on_hand_each", "totes", "p b",
            )
            + less(
                "FROM stock_balance b JOIN parcel p ON p.warehouse_id = b.warehouse_id AND p.lpn_id = b.lpn_id"
                " WHERE b.warehouse_id = :w AND b.lpn_id <> 0", "b.on_hand_each", "parcels", "p b",
            )
            + f" UNION ALL SELECT COALESCE(SUM({loose}), 0) FROM shipment WHERE warehouse_id = :w"
        )  # fmt: skip

    def items(self) -> str:
        """What the moves of each layer would add up to, if each said the layer's item."""
        return (
            f"SELECT COALESCE(SUM(n.moves * {self._layer('y.id')} % {PRIME} * {self._item('y.item_id')} % {PRIME}), 0)"
            " AS total FROM (SELECT layer_id, COUNT(*) AS moves FROM stock_move WHERE warehouse_id = :w"
            " GROUP BY layer_id) n JOIN layer y ON y.warehouse_id = :w AND y.id = n.layer_id"
        )

    def promises(self) -> str:
        """Promises against the entries they came from."""
        of = self._promise("order_id", "location_id", "layer_id")
        return (
            f"SELECT COALESCE(SUM(delta_each * {of} % {PRIME}), 0) AS total FROM allocation_entry"
            f" WHERE warehouse_id = :w UNION ALL SELECT COALESCE(SUM(-qty_each * {of} % {PRIME}), 0) FROM allocation"
            " WHERE warehouse_id = :w AND qty_each <> 0"
        )

    def _moved(self, figure: str, weight: Callable[..., str], status: str = "") -> str:
        """What a move brings to where it goes, less what it takes from where it comes from; outside counts nothing."""
        sides = []
        for side in ("to", "from"):
            key = [f"{side}_location_id", "layer_id", f"{side}_lpn_id"]
            key += [_code(f"{side}_status")] if status else []
            qty_each = figure if figure == "qty_each" else f"{figure}_{side}_each"
            is_real = f"{side}_location_id > {LAST_OUTSIDE_ID}"
            if status and figure == "qty_each":
                is_real += f" AND {side}_status <> '{Status.AVAILABLE}'"
            sides.append(f"CASE WHEN {is_real} THEN {qty_each} * {weight(*key)} % {PRIME} ELSE 0 END")
        return f"({sides[0]} - {sides[1]})"

    def _act_of(self, aliases: str = "") -> str:
        order, item = aliases.split() if aliases else ("", "")
        return self._act(f"{order}.order_id" if order else "order_id", f"{item}.item_id" if item else "item_id")

    def _lines(self, columns: int, lines: int = LINES) -> Callable[..., str]:
        factors = [[self._number() for _ in range(columns + 1)] for _ in range(lines)]

        def weight(*names: str) -> str:
            lines = [
                "((" + " + ".join(f"{name} * {factor}" for name, factor in zip(names, line[1:], strict=True))
                + f" + {line[0]}) % {PRIME})"
                for line in factors
            ]  # fmt: skip
            product = lines[0]
            for line in lines[1:]:
                product = f"({product} * {line} % {PRIME})"
            return product

        return weight

    def _number(self) -> int:
        # Below 2^28: four products with ids of up to 2^31 still fit 64 bits.
        return self._chance.randrange(1 << 27, 1 << 28)


def _code(status: str) -> str:
    """A status as a number."""
    return f"CASE {status} " + " ".join(f"WHEN '{one}' THEN {number}" for number, one in enumerate(Status)) + " END"
