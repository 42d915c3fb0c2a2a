"""The pages: whole, or as the fragment that answers a scan. Parse, call one service, render.

The answer to a scan is the next screen, so the script in the page keeps no dialogue of its own: reload, another
battery or another device goes on where the last one stopped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from flask import Blueprint, Response, make_response, render_template, request
from markupsafe import Markup

from fulfillment.domain.codes import own_code
from fulfillment.domain.pins import MINUTE_MS
from fulfillment.domain.reasons import DomainError, Forbidden, NotFound, Unauthorized
from fulfillment.domain.roles import Permission
from fulfillment.services.common import queries
from fulfillment.services.figures import board
from fulfillment.services.packing import cartons
from fulfillment.services.scan_path import scans
from fulfillment.services.set_up import item_names, item_pictures
from fulfillment.services.touring import carts, tour_on_device
from fulfillment.web.auth import bearer, check_bearer, check_station, floor, is_training, needs
from fulfillment.web.bodies import ScanBody
from fulfillment.web.scanning import noted_of
from fulfillment.web.v1 import parse_time
from kiosk_ui import answers, bench_lists, cart_drawing
from kiosk_ui.bars import bars, outline, width
from kiosk_ui.item_names import pictured, renamed, skus_in
from kiosk_ui.languages import read_as, reader
from kiosk_ui.screens import HELP, WALKS_WITH_CART, heading, quantity_goes_with, template_of
from kiosk_ui.verdicts import kind_of
from kiosk_ui.words import WORDS, advice, command, prompt, say, script_words, table

_BUTTONS = frozenset({"command", "carton", "reason"})  # what a person touches rather than scans
BENCH_FLOWS = frozenset({"pack"})
OVER_IT = frozenset({"locked", "pin", "signed_out"})  # screens that say nothing of what a station is doing
# What says itself how long a browser may keep it; everything else is as it is now and not kept.
KEPT = frozenset({"kiosk.static_file", "kiosk.item_picture"})

blueprint = Blueprint("kiosk", __name__, template_folder="templates")
blueprint.add_app_template_global(say, "say")
blueprint.add_app_template_global(command, "command_words")
blueprint.add_app_template_global(prompt, "prompt_words")
blueprint.add_app_template_global(is_training, "is_training")
blueprint.add_app_template_global(advice, "advice_words")
blueprint.add_app_template_global(answers, "answers")
blueprint.add_app_template_global(script_words, "script_words")
blueprint.add_app_template_global(own_code, "own_code")


@blueprint.app_template_global()
@lru_cache(maxsize=4_096)  # a floor's places and totes come up again and again
def bars_of(code: str) -> Mapping[str, Any] | None:
    """What the barcode drawing of a button needs."""
    drawn = bars(code)
    return None if drawn is None else {"outline": outline(drawn), "width": width(drawn)}


@blueprint.app_template_global()
def practise_at() -> str:
    """Where the training floor is; '' where there is none, or this is it."""
    return "" if is_training() else floor().settings.training_address


@blueprint.get("/kiosk/<station>")
@needs(Permission.SCAN)
def kiosk(station: str) -> str:
    """The screen of a handheld or a dock."""
    return _page(station, "kiosk")


@blueprint.get("/bench/<station>")
@needs(Permission.SCAN)
def bench(station: str) -> str:
    """The same dialogue beside what belongs in the parcel and how the printers are."""
    return _page(station, "bench")


@blueprint.get("/kiosk/<station>/screen")
@needs(Permission.SCAN)
def screen(station: str) -> str:
    """The screen as it stands, without a verdict: a label's printing goes on while nobody scans."""
    check_station(station)
    return fragment(station, floor().read(lambda tx: scans.current_step(tx, station)), None)


@blueprint.post("/kiosk/<station>/scan")
@needs(Permission.SCAN, judged_in_work=True)
def scan(station: str) -> tuple[str, int]:
    """Apply one scan; the answer is the next screen with what came of it."""
    token = bearer()
    sent = _sent()
    scan_id = str(sent.get("scan_id", ""))[:64] if isinstance(sent, Mapping) else ""
    scan_id = scan_id.encode(errors="replace").decode()
    try:
        answer = floor().writer.write(_handling(_scan_of(sent, station, token)))
    except (Unauthorized, Forbidden):
        raise
    except (DomainError, msgspec.ValidationError) as error:
        check_bearer(station)  # what is wrong was found before the scan's own transaction could look
        code, status = (error.code, error.status) if isinstance(error, DomainError) else ("bad_body", 422)
        step = floor().read(lambda tx: scans.current_step(tx, station))
        return fragment(station, step, {"scan_id": scan_id, "outcome": "refused", "code": code}), status
    return fragment(station, answer["step"], answer), 200


@blueprint.get("/board")
@needs(Permission.READ_BOARD)
def board_page() -> str:
    """Every order's lane, as it is now; the script in it keeps it so."""
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        view = board.board(connection, floor().warehouse_id)
    kinds = ("lane", "hold", "print", "printer", "task", "flow", "reason", "board")
    words = {kind: table(kind) for kind in (*kinds, "device_state", "device_reason", "agent_state")}
    return render_template("board.html", view=view, words=words, live=live_address(), lanes=list(WORDS["lane"]))


@blueprint.after_request
def add_page_headers(response: Response) -> Response:
    """Nothing but our own files may run or be asked; the live stream is our own, on its own port."""
    live = live_address()
    connect = "'self'" if live.startswith("/") else f"'self' {live.removesuffix(LIVE_PATH)}"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; connect-src {connect}; img-src 'self' data:; object-src 'none'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'"
    )
    if request.endpoint not in KEPT:
        response.headers["Cache-Control"] = "no-store"
    return response


LIVE_PATH = "/live/board"


def sent_if_changed(page: str) -> Response:
    """A page that is asked for again while it is open: what has not changed is not sent."""
    answer = make_response(page)
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:32])
    answer.make_conditional(request)
    return answer


@blueprint.app_template_global()
def live_address() -> str:
    """Where the board's stream is: its own port beside ours, or our own address behind one proxy."""
    settings = floor().settings
    name, _, port = request.host.rpartition(":")
    if not name or port != str(settings.port) or not re.fullmatch(r"[A-Za-z0-9.\-]+|\[[0-9a-fA-F:]+\]", name):
        return LIVE_PATH
    return f"{request.scheme}://{name}:{settings.live_port}{LIVE_PATH}"


def _handling(request_: scans.ScanRequest) -> Any:
    def work(tx: Any) -> dict[str, Any]:
        answer = scans.handle_scan(tx, request_)
        if answer["replayed"]:
            # What it came to stays as it was; the screen may have moved on since, by another device.
            answer = {**answer, "step": scans.current_step(tx, request_.station)}
        return answer

    return work


def _sent() -> Any:
    try:
        return request.get_json(silent=True) if request.is_json else request.form.to_dict()
    except RecursionError:
        return None  # nothing a page of ours could have nested


def _scan_of(sent: Any, station: str, token: str) -> scans.ScanRequest:
    if not isinstance(sent, Mapping):
        raise DomainError("bad_body", "a scan is an object of scan_id, code and occurred_at")
    try:
        body = msgspec.convert({**sent, "station": station}, ScanBody, strict=request.is_json)
    except UnicodeEncodeError as error:
        raise DomainError("bad_body", "half a character is no text") from error
    occurred_at_ms = parse_time(body.occurred_at, "occurred_at")
    noted = noted_of(body.noted)
    return scans.ScanRequest(
        body.scan_id, station, body.code, occurred_at_ms, body.qty_each, token, noted, body.after or "", body.by_hand
    )


def _page(code: str, layout: str) -> str:
    check_station(code)
    step = floor().read(lambda tx: scans.current_step(tx, code))
    return render_template(f"{layout}.html", **_seen(code, step, None))


def fragment(code: str, step: dict[str, Any], verdict: dict[str, Any] | None) -> str:
    """A screen as it answers a scan, with what came of it."""
    return render_template("_screen.html", **_seen(code, step, verdict))


def _seen(code: str, step: dict[str, Any], verdict: dict[str, Any] | None) -> dict[str, Any]:
    """What the templates may show."""
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        head = board.station(connection, code, floor().warehouse_id)
        if head is None:
            raise NotFound("unknown_station", f"no station {code!r}", "station")
        read_as(head["language"])
        step = _with_names(connection, step)
        order = step["fields"].get("order") if step["flow"] in BENCH_FLOWS else None
        lines = board.bench_lines(connection, str(order), floor().warehouse_id) if order else []
        packing = _packing(connection, step["fields"])
        named = set(skus_in([step["fields"], lines, packing]))
        called = item_names.translated(connection, floor().warehouse_id, reader(), named)
        pictures = item_pictures.known(connection, floor().warehouse_id, skus_in(step["fields"]))
        cart = _cart(connection, code, step)
    fields, lines, packing = renamed([step["fields"], lines, packing], called)
    head["printers"] = [bench_lists.with_trouble(printer) for printer in head["printers"]]
    fields = pictured(fields, pictures, f"/kiosk/{code}/pictures")
    expects = [_offered(expect) for expect in step["expects"]]
    commands = [expect for expect in expects if expect["kind"] == "command" and expect["code"]]
    explained: list[dict[str, Any]] = []
    if step["state"] == HELP:
        explained, commands = commands[:-1], commands[-1:]
    elif step["flow"] != "home":
        commands.append({"kind": "command", "code": own_code("C", "HELP"), "label": "HELP"})
    return {
        "station": head, "step": step, "fields": fields, "verdict": verdict,
        "bench_lines": bench_lists.missing_first(lines, "picked_each"),
        "carton_lines": bench_lists.missing_first(packing["lines"] if packing else [], "qty_each"),
        "lock_ms": _lock_ms(head, step),
        "keeps_page": floor().settings.service_worker,
        "standing": tour_on_device.standing(head["operator_id"], step),
        "verdict_kind": kind_of(verdict["outcome"], verdict.get("code", "")) if verdict else "",
        "cart": cart,
        "template": template_of(step["flow"], step["state"]),
        "heading": heading(step["flow"], step["state"], step["prompt"], fields),
        # Of goods that look like others none is taken by a number.
        "quantity_with": "" if "look_alikes" in fields else quantity_goes_with(step["flow"], step["state"]),
        "commands": commands, "explained": [{**one, "hint": _hint(one["label"])} for one in explained],
        "barcodes": [expect for expect in expects if expect["kind"] not in _BUTTONS and expect["code"]],
        "reasons": [expect for expect in expects if expect["kind"] == "reason" and expect["code"]],
        "packing": packing, "other_cartons": [expect for expect in expects if expect["kind"] == "carton"],
        # Printers go on working and stopping while nobody scans, and a scale speaks for itself.
        "refreshes": (bool(head["printers"]) and step["state"] not in OVER_IT)
        or any(expect["kind"] == "weight" for expect in expects),
        "kinds": [expect["kind"] for expect in expects if expect["kind"] != "command" and not expect["code"]],
    }  # fmt: skip


def _lock_ms(head: Mapping[str, Any], step: Mapping[str, Any]) -> int:
    """After how long without a touch this page asks for a badge again; 0 = never, or it does so already."""
    is_somebodys = head["operator"] and step["state"] not in OVER_IT
    return int(head["auto_lock_min"]) * MINUTE_MS if is_somebodys else 0


def _with_names(connection: Any, step: dict[str, Any]) -> dict[str, Any]:
    """A step whose counted items are called by their names: a count's memory knows their SKUs only."""
    counted = step["fields"].get("counted")
    if step["flow"] != "count" or not counted:
        return step
    names = item_names.own_names(connection, floor().warehouse_id, (entry["sku"] for entry in counted))
    called = [{**entry, "name": names.get(entry["sku"], "")} for entry in counted]
    return {**step, "fields": {**step["fields"], "counted": called}}


def _cart(connection: Any, code: str, step: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The cart in the picker's hand with the place that is asked for, where one is."""
    if (step["flow"], step["state"]) not in WALKS_WITH_CART:
        return None
    cart = carts.walked_with(connection, code, floor().warehouse_id)
    place = step["fields"].get("position") or step["fields"]["tote"]["position"]
    return None if cart is None else cart_drawing.drawn(cart["positions"], cart["levels"], place)


def _packing(connection: Any, fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """What goes into the carton in hand; its picture is drawn by our planner, which escapes every text in it."""
    if "carton" not in fields or "parcel" not in fields:
        return None  # while picking it is the carton an order will need
    packing = cartons.packing(connection, fields["parcel"]["number"])
    return None if packing is None else {**packing, "picture": Markup(packing["picture"])}


def _offered(expect: dict[str, Any]) -> dict[str, Any]:
    """A code as its button says it. In a demo, a badge for whoever has none to scan."""
    if expect["kind"] == "reason":
        kind = "problem_kind" if expect["label"] in WORDS["problem_kind"] else "why"
        return {**expect, "label": say(kind, expect["label"])}
    badge = floor().settings.demo_badge
    if badge and expect["kind"] == "badge" and not expect["code"]:
        return {**expect, "code": own_code("B", badge), "label": badge}
    return expect


def _hint(label: str) -> str:
    """What a command does, where its own words are not all there is to say."""
    return say("hint", label) if label in WORDS["hint"] else ""
