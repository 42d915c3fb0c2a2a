"""Who walks which tour when: tours to pickers, in their hours and around their breaks, with carts enough.

Owns the times of the plan. It refuses work that is none. Invariants: a picker walks one tour at a time, none over
a break or past the end of the shift, never more tours at once than carts; the plan is never worse than earliest
due first, and its cost is never under the bound it states.

CP-SAT (optional intervals, no-overlap, cumulative), begun from the greedy plan. One worker and a limit in the
solver's own deterministic time: one seed has one answer unless the clock ends the search first.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from picking.errors import FieldError, check_name, check_whole
from picking.shifts import PickerShift, check_shifts

_FARTHEST_MS = 2**53

LATE = 100
"""A second late for one order weighs as much as the whole crew finishing so many seconds later."""


@dataclass(frozen=True, slots=True)
class TourWork:
    """One tour: how long it takes, when it must be done (0: whenever), and how many orders wait for it."""

    name: str
    work_ms: int
    due_at_ms: int = 0
    orders: int = 1

    def __post_init__(self) -> None:
        check_name("name", self.name)
        check_whole("work_ms", self.work_ms, 0, 10**9)
        check_whole("due_at_ms", self.due_at_ms, 0, _FARTHEST_MS)
        check_whole("orders", self.orders, 1, 100_000)


@dataclass(frozen=True)
class ScheduleProblem:
    """Tours begin from `now_ms` until `begin_until_ms`; what finds no place is left for later."""

    tours: tuple[TourWork, ...]
    pickers: tuple[PickerShift, ...]
    carts: int
    now_ms: int
    begin_until_ms: int

    def __post_init__(self) -> None:
        if not isinstance(self.tours, tuple) or not all(isinstance(tour, TourWork) for tour in self.tours):
            raise FieldError("tours", "must be a tuple of TourWork")
        check_shifts("pickers", self.pickers)
        check_whole("carts", self.carts, 0, 10_000)
        check_whole("now_ms", self.now_ms, 0, _FARTHEST_MS)
        check_whole("begin_until_ms", self.begin_until_ms, self.now_ms, _FARTHEST_MS)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Tour `tour` (its place in the problem) is walked by picker `picker` (likewise) in this time."""

    tour: int
    picker: int
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Assignments by time. `cost` and `lower_bound` are in LATE-weighted seconds of lateness plus finish."""

    assignments: tuple[Assignment, ...]
    left: tuple[int, ...]
    cost: int
    lower_bound: int
    solver: str
    seed: int
    elapsed_ms: int
    reason: str = ""

    @property
    def gap_percent(self) -> float:
        """How far the cost may be above the best there is."""
        return 0.0 if self.cost == 0 else 100 * (self.cost - self.lower_bound) / self.cost


def plan_schedule(problem: ScheduleProblem, time_limit_ms: int = 3_000, seed: int = 0) -> Schedule:
    """Assign tours to pickers: few late orders first, then an early finish; answers within the limit.

    The greedy plan (earliest due first, to whoever can begin first) is always there; the solver improves it in
    the time that is left and gives the bound.
    """
    check_whole("time_limit_ms", time_limit_ms, 0, 3_600_000)
    check_whole("seed", seed, 0, 2**31 - 1)
    began = time.perf_counter()
    greedy = _greedy(problem)
    greedy_cost = _cost(problem, greedy)
    bound = _simple_bound(problem)
    best, cost, solver, reason = greedy, greedy_cost, "greedy", ""
    left_ms = time_limit_ms - (time.perf_counter() - began) * 1_000
    if greedy_cost <= bound:
        reason = "earliest due first is the best there is"
    elif left_ms < 50:
        reason = f"a limit of {time_limit_ms} ms leaves no time to search"
    else:
        found, found_bound, reason = _solve(problem, greedy, left_ms / 1_000, seed)
        bound = max(bound, found_bound)
        if found is not None and _cost(problem, found) < greedy_cost:
            best, cost, solver = found, _cost(problem, found), "cp_sat"
        elif not reason:
            reason = "the search found nothing better than earliest due first"
    placed = {assignment.tour for assignment in best}
    left = tuple(tour for tour in range(len(problem.tours)) if tour not in placed)
    ordered = tuple(sorted(best, key=lambda assignment: (assignment.from_ms, assignment.picker)))
    elapsed_ms = round((time.perf_counter() - began) * 1_000)
    return Schedule(ordered, left, cost, min(bound, cost), solver, seed, elapsed_ms, reason)


def _greedy(problem: ScheduleProblem) -> list[Assignment]:
    tours = problem.tours
    order = sorted(
        range(len(tours)), key=lambda tour: (tours[tour].due_at_ms or _FARTHEST_MS, -tours[tour].work_ms, tour)
    )
    picker_free_ms = [problem.now_ms] * len(problem.pickers)
    cart_free_ms = [problem.now_ms] * problem.carts
    plan: list[Assignment] = []
    for tour in order:
        if not cart_free_ms:
            break
        cart = min(range(len(cart_free_ms)), key=cart_free_ms.__getitem__)
        begins = [
            (begin_ms, row)
            for row, picker in enumerate(problem.pickers)
            if (begin_ms := picker.first_fit(max(picker_free_ms[row], cart_free_ms[cart]), _whole_ms(tours[tour])))
            is not None
            and begin_ms <= problem.begin_until_ms
        ]
        if not begins:
            continue
        begin_ms, row = min(begins)
        end_ms = begin_ms + _whole_ms(tours[tour])
        picker_free_ms[row] = cart_free_ms[cart] = end_ms
        plan.append(Assignment(tour, row, begin_ms, end_ms))
    return plan


def _whole_ms(tour: TourWork) -> int:
    """The work in whole seconds, as the solver sees it."""
    return max(1, -(-tour.work_ms // 1_000)) * 1_000


def _cost(problem: ScheduleProblem, plan: Sequence[Assignment]) -> int:
    placed = {assignment.tour for assignment in plan}
    late_s = sum(
        problem.tours[each.tour].orders * _late_s(problem, problem.tours[each.tour], each.until_ms)
        for each in plan
        if problem.tours[each.tour].due_at_ms
    )
    left = sum(tour.orders for at, tour in enumerate(problem.tours) if at not in placed)
    finish_s = max((_seconds_up(each.until_ms - problem.now_ms) for each in plan), default=0)
    return LATE * late_s + LATE * _left_s(problem) * left + finish_s


def _late_s(problem: ScheduleProblem, tour: TourWork, until_ms: int) -> int:
    """Lateness as far as this plan can do something about it: what was due before now is late from now on."""
    return _seconds_up(max(0, until_ms - max(tour.due_at_ms, problem.now_ms)))


def _left_s(problem: ScheduleProblem) -> int:
    """An order left for later counts as late as the longest shift is long: release what can be released."""
    ends_ms = [picker.until_ms for picker in problem.pickers]
    return _seconds_up(max(0, max([problem.begin_until_ms, *ends_ms]) - problem.now_ms)) + 1


def _simple_bound(problem: ScheduleProblem) -> int:
    """Of plans that leave nothing out: each tour begun at once, the work shared by all; 0 when some must be left."""
    if not problem.tours or not problem.pickers or not problem.carts:
        return LATE * _left_s(problem) * sum(tour.orders for tour in problem.tours)
    begin_ms = [
        min(
            (
                begin
                for picker in problem.pickers
                if (begin := picker.first_fit(problem.now_ms, _whole_ms(tour))) is not None
            ),
            default=None,
        )
        for tour in problem.tours
    ]
    late_s = sum(
        tour.orders * min(_left_s(problem), _late_s(problem, tour, begin + _whole_ms(tour)))
        for tour, begin in zip(problem.tours, begin_ms, strict=True)
        if tour.due_at_ms and begin is not None
    )
    never = sum(tour.orders for tour, begin in zip(problem.tours, begin_ms, strict=True) if begin is None)
    longest_s = max((_whole_ms(tour) for tour in problem.tours), default=0) // 1_000
    # Leaving an order out is dearer than the whole finish, so a plan that does is above this bound as well.
    finish_s = 0 if never else max(longest_s, _shared_out_s(problem))
    return LATE * late_s + LATE * _left_s(problem) * never + min(finish_s, LATE * _left_s(problem))


def _shared_out_s(problem: ScheduleProblem) -> int:
    """When all work would be done if tours could be cut to fit: hands at work at most, and nobody in a break."""
    now_ms = problem.now_ms
    work_s = sum(_whole_ms(tour) for tour in problem.tours) // 1_000

    def done_s(until_s: int) -> int:
        at_work_s = sum(_at_work_s(picker, now_ms, until_s) for picker in problem.pickers)
        return min(at_work_s, until_s * problem.carts)

    low, high = 0, _left_s(problem)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if done_s(middle) >= work_s else (middle + 1, high)
    return low


def _at_work_s(picker: PickerShift, now_ms: int, until_s: int) -> int:
    """Seconds a picker can work from now until then, rounded up."""
    from_ms, until_ms = max(now_ms, picker.from_ms), min(now_ms + until_s * 1_000, picker.until_ms)
    rests_ms = sum(max(0, min(end_ms, until_ms) - max(begin_ms, from_ms)) for begin_ms, end_ms in picker.breaks)
    return _seconds_up(max(0, until_ms - from_ms - rests_ms)) if until_ms > from_ms else 0


def _solve(
    problem: ScheduleProblem, hint: Sequence[Assignment], limit_s: float, seed: int
) -> tuple[list[Assignment] | None, int, str]:
    from ortools.sat.python import cp_model  # brings pandas along; who only asks for a plan's words needs neither

    model = cp_model.CpModel()
    now_ms = problem.now_ms
    span_s = _left_s(problem)
    last_begin_s = (problem.begin_until_ms - now_ms) // 1_000
    hinted = {assignment.tour: assignment for assignment in hint}
    starts: list[cp_model.IntVar] = []
    chosen: list[list[cp_model.IntVar]] = []
    by_picker: list[list[cp_model.IntervalVar]] = [[] for _ in problem.pickers]
    on_floor: list[cp_model.IntervalVar] = []
    cost: list[cp_model.LinearExprT] = []
    finish = model.new_int_var(0, span_s, "finish")
    for at, tour in enumerate(problem.tours):
        took_s = _whole_ms(tour) // 1_000
        start = model.new_int_var(0, max(0, min(last_begin_s, span_s)), f"start {at}")
        is_in = model.new_bool_var(f"in {at}")
        mine: list[cp_model.IntVar] = []
        for row, picker in enumerate(problem.pickers):
            has = model.new_bool_var(f"tour {at} by {row}")
            mine.append(has)
            by_picker[row].append(model.new_optional_fixed_size_interval_var(start, took_s, has, f"{at}/{row}"))
            model.add(start >= _seconds_up(max(0, picker.from_ms - now_ms))).only_enforce_if(has)
            model.add(start + took_s <= (picker.until_ms - now_ms) // 1_000).only_enforce_if(has)
            model.add_hint(has, at in hinted and hinted[at].picker == row)
        model.add(cp_model.LinearExpr.sum(mine) == is_in)
        model.add_hint(is_in, at in hinted)
        model.add(finish >= start + took_s).only_enforce_if(is_in)
        on_floor.append(model.new_optional_fixed_size_interval_var(start, took_s, is_in, f"cart {at}"))
        if at in hinted:
            model.add_hint(start, _seconds_up(hinted[at].from_ms - now_ms))
        if tour.due_at_ms:
            due_s = max(0, (tour.due_at_ms - now_ms) // 1_000)
            late = model.new_int_var(0, span_s + took_s, f"late {at}")
            model.add(late >= start + took_s - due_s).only_enforce_if(is_in)
            cost.append(LATE * tour.orders * late)
        cost.append(LATE * span_s * tour.orders * (1 - is_in))
        starts.append(start)
        chosen.append(mine)
    for row, picker in enumerate(problem.pickers):
        rests = [
            model.new_fixed_size_interval_var(
                (from_ms - now_ms) // 1_000, _seconds_up(until_ms - now_ms) - (from_ms - now_ms) // 1_000, f"rest {row}"
            )
            for from_ms, until_ms in picker.breaks
            if until_ms > now_ms
        ]
        model.add_no_overlap([*by_picker[row], *rests])
    if problem.carts < len(problem.pickers):
        model.add_cumulative(on_floor, [1] * len(on_floor), problem.carts)
    model.minimize(cp_model.LinearExpr.sum([*cost, finish]))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = limit_s
    # A third of the limit in deterministic time ends first on a machine that is not overloaded.
    solver.parameters.max_deterministic_time = limit_s / 3
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, 0, f"cp_sat ended with {solver.status_name(status)}"
    found = [
        Assignment(at, row, now_ms + solver.value(starts[at]) * 1_000,
                   now_ms + solver.value(starts[at]) * 1_000 + _whole_ms(problem.tours[at]))
        for at, mine in enumerate(chosen)
        for row, has in enumerate(mine)
        if solver.value(has)
    ]  # fmt: skip
    return found, int(-(-solver.best_objective_bound // 1)), ""


def _seconds_up(ms: int) -> int:
    return -(-ms // 1_000)
