"""A floor that answers simulated people from a script, as the contract says, and the hall they walk in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from simulators.catalogue import CatalogueItem
from simulators.client import NO_MISHAP, ScanStation, WireMishap
from simulators.faults import ErrorLog, ErrorRates, Fallibility
from simulators.warehouse import FloorPlan, WarehouseSize, lay_out
from simulators.workers import Bench, Floor, Pace, Surprises, Worker
from simulators.world import Equipment, LabelTray, World

BIN, OTHER_BIN = "A01-03-1", "A01-05-1"
MUG = "2000700000001"
JUG = "2000700000018"
DAY = "2026-01-01"
SSCC = "00340123450000000018"


@dataclass
class Turn:
    """One screen and the one scan that leaves it. Anything else is rejected with the code given for it."""

    at: str
    code: str
    qty: int | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    rejections: dict[tuple[str, int | None], tuple[str, str | None]] = field(default_factory=dict)


class ScriptedFloor:
    """The server's side of one dialogue: it plays its turns, and knows a scan_id when it sees one again."""

    def __init__(self, turns: list[Turn]) -> None:
        self.turns = turns
        self.now = 0
        self.heard: list[tuple[str, int | None]] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()

    def scan(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            known = self.answers.get(body["scan_id"])
            if known is not None:
                return {**known, "replayed": True}
            pull = (body["code"], body.get("qty_each"))
            self.heard.append(pull)
            turn = self.turns[self.now]
            answer: dict[str, Any] = {"scan_id": body["scan_id"], "outcome": "applied", "replayed": False}
            if pull == (turn.code, turn.qty):
                self.now += 1
            else:
                code, expected = turn.rejections.get(pull, ("not_expected", turn.code))
                answer |= {"outcome": "rejected", "code": code, "expected": expected, "got": body["code"]}
            answer["step"] = self.step()
            self.answers[body["scan_id"]] = answer
            return answer

    def step(self) -> dict[str, Any]:
        turn = self.turns[min(self.now, len(self.turns) - 1)]
        flow, _, state = turn.at.partition(".")
        expects = [{"kind": "command", "code": f"C-{name}", "label": name} for name in turn.commands]
        return {"flow": flow, "state": state, "prompt": "", "expects": expects, "fields": turn.fields}


@contextmanager
def serving(floor: ScriptedFloor) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536

        def do_GET(self) -> None:
            self.reply(floor.step())

        def do_POST(self) -> None:
            self.reply(floor.scan(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def reply(self, answer: dict[str, Any]) -> None:
            payload = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that hangs up in the middle is what some of these tests are about

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class ErrsOnce(Fallibility):
    """Makes each of the named mistakes at its first opportunity, and no other."""

    def __init__(self, *kinds: str) -> None:
        super().__init__(ErrorRates.none(), 1, "W1", ErrorLog())
        self.kinds = list(kinds)

    def would_err(self, kind: str) -> bool:
        if kind in self.kinds:
            self.kinds.remove(kind)
            return True
        return False


def item(sku: str, barcode: str, case_qty_each: int = 0) -> CatalogueItem:
    case = f"CASE-{sku}" if case_qty_each else ""
    return CatalogueItem(
        sku, sku, barcode, case_qty_each, case, 100, 80, 50, 200, False, "", "", 0, "GBP", 3, "synthetic"
    )


class Hall:
    """A worker with a world around, at a scripted floor."""

    def __init__(self, url: str, errs: Fallibility, tmp_path: Path, mishap: WireMishap = NO_MISHAP) -> None:
        plan = FloorPlan(lay_out(WarehouseSize()))
        self.stop = threading.Event()
        self.world = World({code: loc.access for code, loc in plan.locations.items()})
        self.gear = Equipment(signs={BIN: f"L-{BIN}", OTHER_BIN: f"L-{OTHER_BIN}"})
        self.station = ScanStation(url, "K1", "token", mishap=lambda: mishap, stop=self.stop)
        self.bench = Bench(self.station, LabelTray(tmp_path), "BENCH-1", signed_in="W1")
        self.surprises = Surprises()
        self.floor = Floor(
            world=self.world,
            equipment=self.gear,
            plan=plan,
            items={"MUG": item("MUG", MUG, 12), "JUG": item("JUG", JUG)},
            benches={},
            surprises=self.surprises,
            pace=Pace(None, self.stop),
        )
        self.worker = Worker("W1", "B-1", self.station, "DOCK-1", self.floor, errs)
        self.gear.carts.append("K-1")
        self.gear.empty_totes.extend(["T-1", "T-2"])

    @property
    def errors(self) -> dict[str, int]:
        return dict(self.worker.errs.log.by_kind())


@contextmanager
def hall(
    turns: list[Turn], tmp_path: Path, errs: Fallibility | None = None, mishap: WireMishap = NO_MISHAP
) -> Iterator[tuple[Hall, ScriptedFloor]]:
    script = ScriptedFloor(turns)
    with serving(script) as url:
        a_hall = Hall(url, errs or ErrsOnce(), tmp_path, mishap)
        yield a_hall, script
        a_hall.station.close()


def task(qty: int, left: int | None = None) -> dict[str, Any]:
    return {
        "location": {"code": BIN, "barcode": f"L-{BIN}"},
        "item": {"sku": "MUG", "name": "Mug", "barcode": MUG},
        "qty_each": qty,
        "left_each": qty if left is None else left,
        "tote": {"position": 1, "code": "000001", "barcode": "T-1"},
        "order": "577133",
    }


STAGE = {"tour": 1, "location": {"code": "STAGE-1", "barcode": "L-STAGE-1"}}
CART = Turn("pick.cart", "K-1", commands=("HOME",))
TOTE = Turn("pick.totes", "T-1")
DROP = Turn("pick.drop", "L-STAGE-1", fields=STAGE)


def tour(*turns: Turn) -> list[Turn]:
    return [CART, TOTE, *turns, DROP, CART]
