"""/api/v1, counting: what is asked for, what was counted, who decides over a difference, how right the book is.

Refuses a decision by somebody who may not make it. Invariant: a decision made here changes the book in the same
transaction, or not at all.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from flask import request

from fulfillment.domain.counting import CountCause
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.counting import count_lists, count_plans, count_results
from fulfillment.services.counting.inventory_accuracy import inventory_accuracy
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code, Text
from fulfillment.web.v1 import acting, operation

Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]
Threshold = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Reason = Literal["counted", "lost", "found", "theft", "sample", "damaged", "expired", "data_error"]


class CountPlanBody(Body):
    """Which places to ask for. `by` class, age or zero plans; asked takes locations, a zone or a SKU."""

    by: Literal["class", "age", "zero", "asked"]
    locations: Annotated[list[Code], msgspec.Meta(max_length=5000)] = msgspec.field(default_factory=list)
    zone: Text = ""
    sku: Text = ""
    days: Days | None = None
    class_days: dict[Literal["A", "B", "C"], Days] = msgspec.field(default_factory=dict)
    limit: Annotated[int, msgspec.Meta(ge=1, le=5000)] = count_plans.LIMIT


class CountPolicyBody(Body):
    """Above how many units of difference somebody else counts again, and somebody must agree.

    0 = any difference, null = never.
    """

    recount_above_each: Threshold | None
    approve_above_each: Threshold | None


class DecisionBody(Body):
    """Why, and the badge of the supervisor who decides; without one the token's bearer does."""

    why: Reason = "counted"
    badge: Code | None = None


@operation("GET", "/counts", Permission.READ_STOCK,
           query={"state": "agreed, recount, pending, posted or refused; without it what nobody has decided",
                  "after": "results after this number", "limit": "how many, 1 to 1000"})  # fmt: skip
def get_counts() -> Any:
    """Counts asked for, and results of counts."""
    state, after, limit = request.args.get("state"), _number("after", 0), _number("limit", 100)

    def look(tx: Any) -> Any:
        return {"tasks": count_lists.tasks(tx, limit), "results": count_lists.results(tx, state, after, limit)}

    return floor().read(look)


@operation("POST", "/counts/plan", Permission.WRITE_STOCK, body=CountPlanBody)
def post_count_plan(body: CountPlanBody) -> Any:
    """Ask for counts of the places whose turn it is, or of those named."""
    plan = count_plans.Plan(
        CountCause(body.by), count_plans.AGE_DAYS if body.days is None else body.days, dict(body.class_days),
        tuple(body.locations), body.zone, body.sku, body.limit,
    )  # fmt: skip
    if plan.cause == CountCause.ASKED and not (plan.locations or plan.zone or plan.sku):
        raise DomainError("nothing_named", "name locations, a zone or a SKU", "locations")
    actor = acting()
    # Looked up beside the working floor: only the asking itself waits for the writer.
    codes = floor().read(lambda tx: count_plans.due(tx, plan))
    return floor().writer.write(lambda tx: count_plans.ask_all(tx, actor, codes, plan.cause))


@operation("GET", "/counts/policy", Permission.READ_STOCK)
def get_count_policy() -> Any:
    """The thresholds in force."""
    return floor().read(count_lists.policy)


@operation("PUT", "/counts/policy", Permission.SET_UP, body=CountPolicyBody)
def put_count_policy(body: CountPolicyBody) -> Any:
    """Set the thresholds of second counts and of approval."""

    def work(tx: Any) -> Any:
        count_results.set_rules(tx, body.recount_above_each, body.approve_above_each)
        return count_lists.policy(tx)

    return floor().writer.write(work)


@operation("GET", "/counts/<int:number>", Permission.READ_STOCK)
def get_count(number: int) -> Any:
    """One result, with the counts it stands in the place of."""

    def look(tx: Any) -> Any:
        return {**count_lists.describe(tx, number), "earlier": count_lists.earlier(tx, number)}

    return floor().read(look)


@operation("POST", "/counts/<int:number>/post", Permission.WRITE_STOCK, body=DecisionBody, proof=True)
def post_count_post(body: DecisionBody, number: int) -> Any:
    """The count is right: the book follows."""
    return _decide(count_results.post, body, number)


@operation("POST", "/counts/<int:number>/refuse", Permission.WRITE_STOCK, body=DecisionBody)
def post_count_refuse(body: DecisionBody, number: int) -> Any:
    """The count is wrong: the book stays."""
    return _decide(count_results.refuse, body, number)


@operation("POST", "/counts/<int:number>/recount", Permission.WRITE_STOCK, body=DecisionBody)
def post_count_recount(body: DecisionBody, number: int) -> Any:
    """Somebody else counts again."""
    return _decide(count_results.recount, body, number)


@operation("GET", "/inventory-accuracy", Permission.READ_STOCK, query={"days": "how far back, 30 unless said"})
def get_inventory_accuracy() -> Any:
    """The share of first counts that agreed with the book, in lines and units, by class."""
    days = _number("days", 30)
    return floor().read(lambda tx: inventory_accuracy(tx, days))


def _decide(decision: Any, body: DecisionBody, number: int) -> Any:
    actor = acting()

    def work(tx: Any) -> Any:
        decision(tx, actor, number, body.why, body.badge)
        return count_lists.describe(tx, number)

    return floor().writer.write(work)


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text):
        raise DomainError(f"bad_{name}", f"not a number: {text[:40]!r}", name)
    return int(text)
