"""The pages: whole, or as the fragment that answers a scan. Parse, call one service, render.

The answer to a scan is the next screen, so the script in the page keeps no dialogue of its own: reload, another
battery or another device goes on where the last one stopped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from flask import Blueprint, Response, render_template, request, send_from_directory

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.roles import Permission
from fulfillment.services import board, queries, scans
from fulfillment.web.auth import check_station, floor, needs
from fulfillment.web.bodies import ScanBody
from fulfillment.web.v1 import parse_time
from kiosk_ui import answers
from kiosk_ui.bars import bars, width
from kiosk_ui.screens import heading, quantity_goes_with, template_of
from kiosk_ui.words import WORDS, command, say

STATIC = Path(__file__).with_name("static")
BENCH_FLOWS = frozenset({"pack"})

blueprint = Blueprint("kiosk", __name__, template_folder="templates")
blueprint.add_app_template_global(say, "say")
blueprint.add_app_template_global(command, "command_words")
blueprint.add_app_template_global(answers, "answers")


@blueprint.app_template_global()
def asset(name: str) -> str:
    """Address of a static file that changes with its content, so that it may be cached for good."""
    return f"/ui/{name}?v={_content_hash(name)}"


@blueprint.app_template_global()
def bars_of(code: str) -> dict[str, Any] | None:
    """What the barcode drawing of a button needs."""
    drawn = bars(code)
    return None if drawn is None else {"bars": drawn, "width": width(drawn)}


@blueprint.get("/ui/<path:name>")
@needs(Permission.PUBLIC)
def static_file(name: str) -> Response:
    """Style and scripts."""
    return send_from_directory(STATIC, name, max_age=365 * 24 * 3600 if request.args.get("v") else 0)


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
    return _fragment(station, floor().read(lambda tx: scans.current_step(tx, station)), None)


@blueprint.post("/kiosk/<station>/scan")
@needs(Permission.SCAN)
def scan(station: str) -> tuple[str, int]:
    """Apply one scan; the answer is the next screen with what came of it."""
    check_station(station)
    sent = _sent()
    scan_id = str(sent.get("scan_id", ""))[:64] if isinstance(sent, Mapping) else ""
    scan_id = scan_id.encode(errors="replace").decode()
    try:
        answer = floor().writer.write(_handling(_scan_of(sent, station)))
    except (DomainError, msgspec.ValidationError) as error:
        code, status = (error.code, error.status) if isinstance(error, DomainError) else ("bad_body", 422)
        step = floor().read(lambda tx: scans.current_step(tx, station))
        return _fragment(station, step, {"scan_id": scan_id, "outcome": "refused", "code": code}), status
    return _fragment(station, answer["step"], answer), 200


@blueprint.get("/board")
@needs(Permission.READ_BOARD)
def board_page() -> str:
    """Every order's lane, as it is now; the script in it keeps it so."""
    with queries.snapshot(floor().engine) as connection:
        view = board.board(connection, floor().warehouse_id)
    words = {kind: WORDS[kind] for kind in ("lane", "hold", "print", "printer", "task", "flow", "reason", "board")}
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
    if request.endpoint != "kiosk.static_file":
        response.headers["Cache-Control"] = "no-store"
    return response


LIVE_PATH = "/live/board"


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


def _scan_of(sent: Any, station: str) -> scans.ScanRequest:
    if not isinstance(sent, Mapping):
        raise DomainError("bad_body", "a scan is an object of scan_id, code and occurred_at")
    try:
        body = msgspec.convert({**sent, "station": station}, ScanBody, strict=request.is_json)
    except UnicodeEncodeError as error:
        raise DomainError("bad_body", "half a character is no text") from error
    occurred_at_ms = parse_time(body.occurred_at, "occurred_at")
    return scans.ScanRequest(body.scan_id, station, body.code, occurred_at_ms, body.qty_each)


def _page(code: str, layout: str) -> str:
    check_station(code)
    step = floor().read(lambda tx: scans.current_step(tx, code))
    script_words = {**WORDS["screen"], "not_enrolled": say("problem", "not_enrolled")}
    return render_template(f"{layout}.html", script_words=script_words, **_seen(code, step, None))


def _fragment(code: str, step: dict[str, Any], verdict: dict[str, Any] | None) -> str:
    return render_template("_screen.html", **_seen(code, step, verdict))


def _seen(code: str, step: dict[str, Any], verdict: dict[str, Any] | None) -> dict[str, Any]:
    """What the templates may show."""
    with queries.snapshot(floor().engine) as connection:
        head = board.station(connection, code, floor().warehouse_id)
        if head is None:
            raise NotFound("unknown_station", f"no station {code!r}", "station")
        order = step["fields"].get("order") if step["flow"] in BENCH_FLOWS else None
        lines = board.bench_lines(connection, str(order), floor().warehouse_id) if order else []
    expects = [_offered(expect) for expect in step["expects"]]
    return {
        "station": head, "step": step, "fields": step["fields"], "verdict": verdict, "bench_lines": lines,
        "template": template_of(step["flow"], step["state"]),
        "heading": heading(step["flow"], step["state"], step["prompt"], step["fields"]),
        "quantity_with": quantity_goes_with(step["flow"], step["state"]),
        "commands": [expect for expect in expects if expect["kind"] == "command" and expect["code"]],
        "barcodes": [expect for expect in expects if expect["kind"] != "command" and expect["code"]],
        # Printers go on working and stopping while nobody scans.
        "refreshes": bool(head["printers"]),
        "kinds": [expect["kind"] for expect in expects if expect["kind"] != "command" and not expect["code"]],
    }  # fmt: skip


def _offered(expect: dict[str, Any]) -> dict[str, Any]:
    """A code as its button says it. In a demo, a badge for whoever has none to scan."""
    if expect["kind"] == "reason":
        return {**expect, "label": say("why", expect["label"])}
    badge = floor().settings.demo_badge
    if badge and expect["kind"] == "badge" and not expect["code"]:
        return {**expect, "code": own_code("B", badge), "label": badge}
    return expect


@cache
def _content_hash(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
