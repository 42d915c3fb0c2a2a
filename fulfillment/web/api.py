"""/api/v1, the day itself: orders in, receipts in, waves, stock out. Parse, call one service, answer."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from flask import Response, current_app, request

from fulfillment import VERSION
from fulfillment.domain import masking
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.common import queries
from fulfillment.services.figures import board
from fulfillment.services.ordering import orders
from fulfillment.services.packing import parcels
from fulfillment.services.releasing import waves, ways
from fulfillment.services.set_up import setting_up
from fulfillment.services.shipping import manifests
from fulfillment.services.touring import carts
from fulfillment.services.verifying import verify
from fulfillment.web import bodies
from fulfillment.web.auth import floor, may_here, permission_of
from fulfillment.web.v1 import acting, api, operation, parse_time

CHANNEL = {"channel": "where it was sold, if several channels use the number"}


@operation("POST", "/orders", Permission.WRITE_ORDERS, body=bodies.OrderBody,
           answers={201: "taken in", 200: "the same order was known"})  # fmt: skip
def post_order(body: bodies.OrderBody) -> Any:
    """Take an order in and promise it what there is."""
    order = orders.OrderIn(
        body.number, parse_time(body.ordered_at, "ordered_at"),
        [orders.LineIn(row.sku, row.qty_each, row.unit_price_minor, row.currency, row.name) for row in body.lines],
        orders.ShipTo(**{name: getattr(body.ship_to, name) for name in body.ship_to.__struct_fields__}),
        body.channel, body.policy, body.priority, may_substitute=body.may_substitute,
    )  # fmt: skip
    limit = floor().settings.max_line_each

    actor = acting()

    def work(tx: Any) -> Any:
        new = orders.take_in(tx, actor, order, limit)
        return orders.describe(tx, order.number, order.channel), 201 if new else 200

    order_now, status = floor().writer.write(work)
    return _shown(order_now), status


def _shown(order: dict[str, Any]) -> dict[str, Any]:
    """An order with no more of its buyer than whoever asks may see."""
    if may_here(Permission.READ_BUYERS):
        return order
    return {**order, "ship_to": masking.masked(order["ship_to"])}


@operation("GET", "/orders/<path:number>", Permission.READ_ORDERS, query=CHANNEL)
def get_order(number: str) -> Any:
    """An order, its lines as sold with how far each has come, its parcels."""
    channel = request.args.get("channel")
    return _shown(floor().read(lambda tx: orders.describe(tx, number, channel)))


@operation("PATCH", "/orders/<path:number>", Permission.WRITE_ORDERS, body=bodies.OrderChangeBody, query=CHANNEL)
def patch_order(body: bodies.OrderChangeBody, number: str) -> Any:
    """Change policy or priority, whether other items may go instead, or the ship-to while no parcel has its label."""
    changes = {
        "policy": body.policy, "priority": body.priority, "ship_to": body.ship_to,
        "may_substitute": body.may_substitute,
    }  # fmt: skip

    actor, channel = acting(), request.args.get("channel")

    def work(tx: Any) -> Any:
        orders.change(tx, actor, number, changes, channel)
        return orders.describe(tx, number, channel)

    return _shown(floor().writer.write(work))


@operation("POST", "/orders/<path:number>/cancel", Permission.WRITE_ORDERS, query=CHANNEL, proof=True)
def post_cancel(number: str) -> Any:
    """Stop an order; picked units go back by a task."""

    actor, channel = acting(), request.args.get("channel")

    def work(tx: Any) -> Any:
        orders.cancel(tx, actor, number, channel)
        return orders.describe(tx, number, channel)

    return _shown(floor().writer.write(work))


@operation("POST", "/orders/<path:number>/hold", Permission.WRITE_ORDERS, body=bodies.HoldBody, query=CHANNEL)
def post_hold(body: bodies.HoldBody, number: str) -> Any:
    """Hold an order back with a reason, or release it."""

    actor, channel = acting(), request.args.get("channel")

    def work(tx: Any) -> Any:
        if body.release:
            orders.release_hold(tx, actor, number, channel)
        else:
            orders.hold(tx, actor, number, body.reason, channel)
        return orders.describe(tx, number, channel)

    return _shown(floor().writer.write(work))


@operation("GET", "/stock", Permission.READ_STOCK,
           query={"sku": "one item", "location": "one location", "after": "`next` of the page before",
                  "limit": "rows a page, 1 to 5000"})  # fmt: skip
def get_stock() -> Any:
    """What lies where, by layer, handling unit and status."""
    limit = request.args.get("limit", "500")
    if not re.fullmatch("[0-9]{1,9}", limit):
        raise DomainError("bad_limit", f"not a number: {limit!r}", "limit")
    args = request.args
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        return queries.stock(
            connection, args.get("sku"), args.get("location"), args.get("after"), int(limit), floor().warehouse_id
        )


@operation("POST", "/waves", Permission.RELEASE_WAVES, body=bodies.WaveBody,
           answers={201: "being planned", 202: "no wave: every order waits for replenishment"})  # fmt: skip
def post_wave(body: bodies.WaveBody) -> Any:
    """Release orders together; the planner makes the tours."""
    until_ms = parse_time(body.ordered_until, "ordered_until") if body.ordered_until else None

    actor, known = acting(), ways.look(floor())

    def work(tx: Any) -> Any:
        wave = waves.release(tx, actor, body.orders, body.max_orders, body.priority, until_ms, body.mode, known)
        return wave, 202 if wave["wave"] is None else 201

    return floor().writer.write(work)


@operation("GET", "/waves/<int:wave>", Permission.RELEASE_WAVES)
def get_wave(wave: int) -> Any:
    """A wave, its figures and its tours."""
    return floor().read(lambda tx: waves.describe(tx, wave))


@operation("GET", "/parcels/<number>", Permission.READ_ORDERS)
def get_parcel(number: str) -> Any:
    """A parcel and what is in it."""
    return floor().read(lambda tx: parcels.describe(tx, number))


@operation("POST", "/parcels/<number>/void", Permission.WRITE_PARCELS, body=bodies.VoidBody, proof=True)
def post_void(body: bodies.VoidBody, number: str) -> Any:
    """Void a parcel that is not loaded; its units go into an empty tote."""

    actor = acting()

    def work(tx: Any) -> Any:
        return parcels.void(tx, actor, number, body.tote)

    return floor().writer.write(work)


@operation("POST", "/parcels/<number>/reopen", Permission.WRITE_PARCELS, proof=True)
def post_reopen(number: str) -> Any:
    """Open a closed, unloaded parcel again at the bench where it was packed."""

    actor = acting()

    def work(tx: Any) -> Any:
        return parcels.reopen(tx, actor, number)

    return floor().writer.write(work)


@operation("GET", "/manifests/<number>", Permission.READ_ORDERS)
def get_manifest(number: str) -> Any:
    """A manifest and its parcels."""
    return floor().read(lambda tx: manifests.describe_manifest(tx, number))


@operation("POST", "/manifests/<number>/take-off", Permission.WRITE_PARCELS, body=bodies.ParcelBody)
def post_take_off(body: bodies.ParcelBody, number: str) -> Any:
    """Take a parcel off an open manifest; it goes back to its ship lane."""

    actor = acting()

    def work(tx: Any) -> Any:
        return manifests.take_off(tx, actor, number, body.parcel)

    return floor().writer.write(work)


@operation("GET", "/board", Permission.READ_BOARD, answers={200: "the board", 304: "as you know it"})
def get_board() -> Any:
    """Every order's lane, work under way, printers, prints."""
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        view = board.board(connection, floor().warehouse_id)
    tag = board.etag(view)
    if request.if_none_match.contains(tag):
        answer = Response(status=304)
    else:
        answer = Response(msgspec.json.encode(view), mimetype="application/json")
    answer.set_etag(tag)
    return answer


@operation("GET", "/totals", Permission.READ_BOARD)
def get_totals() -> Any:
    """Figures of the whole floor: scans, parcels, labels, walking."""
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        return queries.totals(connection, floor().warehouse_id)


@operation("GET", "/ledger/verify", Permission.AUDIT)
def get_verify() -> Any:
    """Recompute every balance from the ledger and report any difference."""
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        return verify.verify(connection, floor().warehouse_id)


@operation("POST", "/operators", Permission.SET_UP, body=bodies.OperatorBody, answers={201: "added"})
def post_operator(body: bodies.OperatorBody) -> Any:
    """Add a person with a badge."""
    return floor().writer.write(
        lambda tx: setting_up.add_operator(tx, body.badge, body.name, body.role, body.language)
    ), 201


@operation("POST", "/totes", Permission.SET_UP, body=bodies.TotesBody, answers={201: "numbered"})
def post_totes(body: bodies.TotesBody) -> Any:
    """Number new totes."""
    return {"totes": floor().writer.write(lambda tx: setting_up.add_totes(tx, body.count))}, 201


@operation("POST", "/carts", Permission.SET_UP, body=bodies.CartsBody, answers={201: "numbered"})
def post_carts(body: bodies.CartsBody) -> Any:
    """Number new carts."""
    return {
        "carts": floor().writer.write(lambda tx: setting_up.add_carts(tx, body.count, body.positions, body.levels))
    }, 201  # fmt: skip


@operation("PUT", "/carts/<code>", Permission.SET_UP, body=bodies.CartBody)
def put_cart(body: bodies.CartBody, code: str) -> Any:
    """Say how a cart's places stand, so that screens draw it as it is."""
    return floor().writer.write(lambda tx: carts.set_levels(tx, code, body.levels))


@operation("POST", "/printers", Permission.SET_UP, body=bodies.PrinterBody, answers={201: "added"})
def post_printer(body: bodies.PrinterBody) -> Any:
    """Add a printer by its address."""
    return floor().writer.write(
        lambda tx: setting_up.add_printer(tx, body.code, body.address, body.language, body.dpi)
    ), 201


@operation("GET", "/openapi.json", Permission.PUBLIC)
def get_openapi() -> Any:
    """This interface, described."""
    return api.document("Floorline", VERSION)


def routes() -> list[tuple[str, str, str]]:
    """Method, path and permission of every route of the app, for `floor http-routes`."""
    found = []
    for rule in current_app.url_map.iter_rules():
        for method in sorted(rule.methods or ()):
            if method not in ("HEAD", "OPTIONS"):
                found.append((method, rule.rule, permission_of(current_app, rule.endpoint) or ""))
    return sorted(found, key=lambda route: (route[1], route[0]))
