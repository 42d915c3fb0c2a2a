"""How simulated people act and recover, against a scripted floor that answers as the contract says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from simulators.catalogue import CatalogueItem
from simulators.client import NO_MISHAP, ScanStation, ServerRefused, WireMishap
from simulators.faults import ErrorLog, ErrorRates, Fallibility
from simulators.warehouse import FloorPlan, WarehouseSize, lay_out
from simulators.workers import Bench, Floor, Pace, ShiftOver, Stuck, Surprises, Worker
from simulators.world import ASIDE, LOST, Equipment, LabelTray, StagedTote, World

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


def test_a_picker_walks_a_tour_and_leaves_the_tote_at_staging(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(2)),
        Turn("pick.item", MUG, 2, fields=task(2)),
        Turn("pick.tote", "T-1", fields=task(2, 0)),
    )
    with hall(turns, tmp_path) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        assert at.worker.pick_tour()
        assert script.now == len(turns) - 1
        assert at.world.count("tote:T-1", "MUG") == 2
        assert at.world.count(BIN) == 3
        assert [tote.barcode for tote in at.gear.staged] == ["T-1"]
        assert list(at.gear.carts) == ["K-1"]
        assert at.worker.walked_dm > 0


def test_no_tour_to_walk_is_no_work(tmp_path: Path) -> None:
    turns = [Turn("pick.cart", "-", rejections={("K-1", None): ("no_work", None)})]
    with hall(turns, tmp_path) as (at, _):
        assert not at.worker.pick_tour()
        assert list(at.gear.carts) == ["K-1"]


def test_mistakes_the_scan_catches_move_nothing(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(2)),
        Turn("pick.item", MUG, 2, fields=task(2)),
        Turn("pick.tote", "T-1", fields=task(2, 0)),
    )
    errs = ErrsOnce("wrong_bin", "wrong_item", "misread", "too_many")
    with hall(turns, tmp_path, errs) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        at.world.bring(OTHER_BIN, "JUG", DAY, 5)
        assert at.worker.pick_tour()
        assert at.errors == {"misread": 1, "too_many": 1, "wrong_bin": 1, "wrong_item": 1}
        assert {(f"L-{OTHER_BIN}", None), (JUG, None), (MUG, 3)} <= set(script.heard)
        assert at.station.tally.rejected == 4
        assert at.surprises.entries == []
        assert at.world.count("tote:T-1", "MUG") == 2


def test_a_bin_with_less_than_asked_is_short_and_wants_counting(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(5)),
        Turn("pick.item", MUG, 3, fields=task(5), commands=("SHORT",)),
        Turn("pick.item", "C-SHORT", fields=task(5, 2), commands=("SHORT",)),
        Turn("pick.tote", "T-1", fields=task(5, 2)),
    )
    with hall(turns, tmp_path) as (at, _):
        at.world.bring(BIN, "MUG", DAY, 3)
        assert at.worker.pick_tour()
        assert at.world.count("tote:T-1", "MUG") == 3
        assert at.gear.to_count == {BIN: "short"}


def test_an_empty_bin_is_short_without_a_tote(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(5)),
        Turn("pick.item", "C-SHORT", fields=task(5), commands=("SHORT",)),
    )
    with hall(turns, tmp_path) as (at, _):
        assert at.worker.pick_tour()
        assert not at.gear.staged
        assert "T-1" in at.gear.empty_totes


def test_mislaid_units_are_found_missing_where_the_picker_stands(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(4)),
        Turn("pick.item", MUG, 3, fields=task(4), commands=("SHORT",)),
        Turn("pick.item", "C-SHORT", fields=task(4, 1), commands=("SHORT",)),
        Turn("pick.tote", "T-1", fields=task(4, 1)),
    )
    with hall(turns, tmp_path, ErrsOnce("mislaid")) as (at, _):
        at.world.bring(BIN, "MUG", DAY, 4)
        assert at.worker.pick_tour()
        assert at.world.count(LOST, "MUG") == 1
        at.world.check()


def test_a_miscount_is_in_the_tote_and_in_the_log_but_not_on_the_screen(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(2)),
        Turn("pick.item", MUG, 2, fields=task(2)),
        Turn("pick.tote", "T-1", fields=task(2, 0)),
    )
    with hall(turns, tmp_path, ErrsOnce("miscount")) as (at, _):
        at.world.bring(BIN, "MUG", DAY, 5)
        assert at.worker.pick_tour()
        assert at.world.count("tote:T-1", "MUG") in (1, 3)
        assert at.errors == {"miscount": 1}


def test_units_of_an_order_cancelled_in_the_hand_go_back_into_the_bin(tmp_path: Path) -> None:
    turns = [
        CART,
        TOTE,
        Turn("pick.location", f"L-{BIN}", fields=task(2)),
        Turn("pick.item", MUG, 2, fields=task(2)),
        # The tote's scan is refused and the next screen is already the drop.
        Turn("pick.tote", "T-1", fields=task(2, 0)),
        DROP,
        CART,
    ]
    with hall(turns, tmp_path) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        plain = script.scan

        def cancelled(body: dict[str, Any]) -> dict[str, Any]:
            answer = plain(body)
            if script.now == 5 and body["code"] == "T-1":
                answer = {**answer, "outcome": "rejected", "code": "order_cancelled"}
            return answer

        script.scan = cancelled  # type: ignore[method-assign]
        assert at.worker.pick_tour()
        assert at.world.count(BIN, "MUG") == 5
        assert "T-1" in at.gear.empty_totes


def test_a_full_tote_is_joined_by_a_second(tmp_path: Path) -> None:
    fresh = {**task(1, 0), "tote": {"position": 1, "code": "000002", "barcode": "T-2"}}
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(1)),
        Turn("pick.item", MUG, fields=task(1)),
        Turn("pick.tote", "C-NEWTOTE", fields=task(1, 0), commands=("NEWTOTE",)),
        Turn("pick.tote", "T-2", fields=task(1, 0)),
        Turn("pick.tote", "T-2", fields=fresh),
    )
    with hall(turns, tmp_path) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        at.world.bring("tote:T-1", "MUG", DAY, 150)
        plain = script.step

        def step() -> dict[str, Any]:
            answer = plain()
            return {**answer, "prompt": "scan_new_tote"} if script.now == 5 else answer

        script.step = step  # type: ignore[method-assign]
        assert at.worker.pick_tour()
        assert at.world.count("tote:T-2", "MUG") == 1


def test_a_lost_answer_is_asked_for_again_and_counts_once(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(1)),
        Turn("pick.item", MUG, fields=task(1)),
        Turn("pick.tote", "T-1", fields=task(1, 0)),
    )
    with hall(turns, tmp_path, mishap=WireMishap(lose_answer=True)) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        assert at.worker.pick_tour()
        assert at.station.tally.lost_answers == at.station.tally.scans == len(script.heard) == 6
        assert at.world.count("tote:T-1", "MUG") == 1


def test_a_scan_sent_twice_counts_once_and_answers_alike(tmp_path: Path) -> None:
    turns = tour(
        Turn("pick.location", f"L-{BIN}", fields=task(1)),
        Turn("pick.item", MUG, fields=task(1)),
        Turn("pick.tote", "T-1", fields=task(1, 0)),
    )
    with hall(turns, tmp_path, mishap=WireMishap(send_twice=True)) as (at, script):
        at.world.bring(BIN, "MUG", DAY, 5)
        assert at.worker.pick_tour()
        assert at.station.tally.duplicates == len(script.heard) == 6
        assert at.station.tally.replay_mismatches == []


def test_a_replay_with_another_outcome_is_reported(tmp_path: Path) -> None:
    turns = tour(Turn("pick.location", f"L-{BIN}", fields=task(1)))
    with hall(turns, tmp_path, mishap=WireMishap(send_twice=True)) as (at, script):
        script.answers.clear()
        plain = script.scan

        def forgetful(body: dict[str, Any]) -> dict[str, Any]:
            script.answers.clear()
            return plain(body)

        script.scan = forgetful  # type: ignore[method-assign]
        at.station.scan("K-1")
        assert len(at.station.tally.replay_mismatches) == 1


def packing(units_left: int) -> dict[str, Any]:
    return {"order": "577133", "units_left": units_left, "tote": {"barcode": "T-1"}, "scan_each_max": 3}


LABEL = Turn("pack.label", SSCC, fields={"parcel": {"number": SSCC[2:], "barcode": SSCC}})
LANE = Turn(
    "pack.lane",
    "L-LANE-DOM",
    fields={
        "parcel": {"number": SSCC[2:], "barcode": SSCC},
        "lane": {"code": "LANE-DOM", "barcode": "L-LANE-DOM"},
    },
)


def boxed(*turns: Turn) -> list[Turn]:
    return [Turn("pack.tote", "T-1"), *turns, LABEL, LANE, Turn("pack.tote", "-")]


def print_label(tmp_path: Path) -> None:
    (tmp_path / "000001.zpl").write_bytes(f"^XA^BCN,200^FD>;>8{SSCC}^FS^XZ".encode())


def test_few_units_are_scanned_each_and_many_are_counted(tmp_path: Path) -> None:
    turns = boxed(
        Turn("pack.item", MUG, 7, fields=packing(9)),
        Turn("pack.item", JUG, fields=packing(2)),
        Turn("pack.item", JUG, fields=packing(1)),
    )
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "MUG", DAY, 7)
        at.world.bring("tote:T-1", "JUG", DAY, 2)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(f"parcel:{SSCC}") == 9
        assert at.gear.lanes == {"LANE-DOM": [SSCC]}
        assert at.floor.parcel_orders == {SSCC: "577133"}
        assert "T-1" in at.gear.empty_totes


def test_a_box_weighs_what_really_lies_in_it(tmp_path: Path) -> None:
    weighing = {**packing(0), "carton": {"code": "M", "tare_g": 240}}
    turns = boxed(Turn("pack.item", MUG, 7, fields=packing(7)), Turn("pack.weigh", "1640 g", fields=weighing))
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "MUG", DAY, 7)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(f"parcel:{SSCC}") == 7


def test_a_full_case_is_scanned_by_its_own_barcode(tmp_path: Path) -> None:
    turns = boxed(Turn("pack.item", "CASE-MUG", fields=packing(12)))
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "MUG", DAY, 12)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(f"parcel:{SSCC}") == 12


def test_one_too_many_in_the_tote_is_set_aside(tmp_path: Path) -> None:
    turns = boxed(Turn("pack.item", MUG, 6, fields=packing(6), rejections={(MUG, 7): ("too_many", "6")}))
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "MUG", DAY, 7)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(f"parcel:{SSCC}") == 6
        assert at.world.count(ASIDE, "MUG") == 1


def test_a_foreign_unit_in_the_tote_is_set_aside(tmp_path: Path) -> None:
    turns = boxed(
        Turn("pack.item", MUG, fields=packing(1), rejections={(JUG, None): ("wrong_item", "MUG")}),
    )
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "JUG", DAY, 1)
        at.world.bring("tote:T-1", "MUG", DAY, 1)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(ASIDE, "JUG") == 1
        assert at.world.count(f"parcel:{SSCC}", "MUG") == 1


def test_a_unit_that_is_not_in_the_tote_is_reported_missing(tmp_path: Path) -> None:
    turns = boxed(
        Turn("pack.item", MUG, fields=packing(2)),
        Turn("pack.item", "C-MISSING", fields=packing(1), commands=("MISSING", "CLOSE")),
    )
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "MUG", DAY, 1)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(f"parcel:{SSCC}") == 1


def test_before_a_full_parcel_a_new_one_is_begun(tmp_path: Path) -> None:
    full = {(MUG, None): ("parcel_full", "0")}
    turns = boxed(
        Turn("pack.item", MUG, fields=packing(2)),
        Turn("pack.item", "C-NEWPARCEL", fields=packing(1), commands=("NEWPARCEL", "NOSCAN"), rejections=full),
        Turn("pack.split", "C-CONFIRM", fields=packing(1), commands=("CONFIRM", "BACK")),
    )
    with hall(turns, tmp_path) as (at, script):
        at.world.bring("tote:T-1", "MUG", DAY, 2)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert [code for code, _ in script.heard][2:5] == [MUG, "C-NEWPARCEL", "C-CONFIRM"]
        assert at.world.count(f"parcel:{SSCC}") == 1


def test_a_tote_whose_order_is_still_picked_waits_at_staging(tmp_path: Path) -> None:
    turns = [Turn("pack.tote", "-", rejections={("T-1", None): ("order_still_picking", None)})]
    with hall(turns, tmp_path) as (at, _):
        assert not at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.gear.take_staged() is None
        assert at.gear.take_staged("T-1") is not None


def test_the_label_on_the_box_is_scanned_not_the_one_on_the_screen(tmp_path: Path) -> None:
    other = "00340123450000000025"
    turns = boxed(Turn("pack.item", MUG, fields=packing(1)))
    turns[2] = Turn(
        "pack.label", SSCC, fields=LABEL.fields, rejections={(other, None): ("wrong_label", SSCC)}
    )
    with hall(turns, tmp_path) as (at, script):
        at.world.bring("tote:T-1", "MUG", DAY, 1)
        (tmp_path / "000000.zpl").write_bytes(f"^XA^BCN,200^FD>;>8{other}^FS^XZ".encode())
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert [code for code, _ in script.heard][2:4] == [other, SSCC]


def test_goods_go_from_the_dock_to_the_bin_the_screen_names(tmp_path: Path) -> None:
    place = {"location": {"code": BIN, "barcode": f"L-{BIN}"}, "qty_each": 4, "received_on": DAY}
    turns = [
        Turn("putaway.item", MUG),
        Turn("putaway.location", f"L-{BIN}", 4, fields=place),
        Turn("putaway.item", MUG),
        Turn(
            "putaway.location",
            f"L-{OTHER_BIN}",
            2,
            fields={**place, "qty_each": 2} | {"location": {"code": OTHER_BIN, "barcode": f"L-{OTHER_BIN}"}},
        ),
        Turn("putaway.item", MUG),
    ]
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("DOCK-1", "MUG", DAY, 6)
        assert at.worker.put_away("MUG")
        assert (at.world.count(BIN, "MUG"), at.world.count(OTHER_BIN, "MUG")) == (4, 2)


def test_a_delivery_is_counted_onto_the_dock(tmp_path: Path) -> None:
    turns = [
        Turn("receive.receipt", "R-1"),
        Turn("receive.item", JUG, 40, commands=("DONE",)),
        Turn("receive.item", "CASE-MUG", commands=("DONE",)),
        Turn("receive.item", "C-DONE", commands=("DONE",)),
        Turn("receive.receipt", "-"),
    ]
    with hall(turns, tmp_path) as (at, script):
        at.world.bring("supplier:1", "JUG", DAY, 40)
        at.world.bring("supplier:1", "MUG", DAY, 12)
        at.worker.receive("R-1", "supplier:1")
        assert script.now == 4
        assert at.world.count("DOCK-1") == 52
        assert list(at.gear.docks["DOCK-1"]) == ["JUG", "MUG"]


def test_a_count_says_what_really_lies_there(tmp_path: Path) -> None:
    turns = [
        Turn(
            "count.location", f"L-{BIN}", fields={"next": {"location": {"code": BIN, "barcode": f"L-{BIN}"}}}
        ),
        Turn("count.item", MUG, 3, commands=("DONE",)),
        Turn("count.item", JUG, 1, commands=("DONE",)),
        Turn("count.item", "C-DONE", commands=("DONE",)),
        Turn("count.location", "-", fields={"next": None}),
    ]
    with hall(turns, tmp_path) as (at, _):
        at.world.bring(BIN, "MUG", DAY, 3)
        at.world.bring(BIN, "JUG", DAY, 1)
        at.gear.to_count[BIN] = "short"
        assert at.worker.count_open()
        assert not at.gear.to_count
        assert not at.worker.count_open()


def test_what_was_set_aside_goes_back_to_a_bin_that_holds_it(tmp_path: Path) -> None:
    with hall([CART], tmp_path) as (at, _):
        at.world.bring(BIN, "MUG", DAY, 3)
        at.world.bring(OTHER_BIN, "MUG", DAY, 3)
        at.floor.home_bins["MUG"] = {"A02-03-1"}
        at.world.bring(ASIDE, "MUG", DAY, 1)
        at.world.bring(ASIDE, "JUG", DAY, 1)
        assert at.worker.return_aside()
        assert at.world.count(BIN, "MUG") == 4
        assert set(at.gear.to_count) == {BIN, OTHER_BIN, "A02-03-1"}, "the mistake may have been made in any"
        assert not at.worker.return_aside(), "nobody knows where the jug belongs"


def test_parcels_of_a_lane_are_loaded_and_the_manifest_is_confirmed(tmp_path: Path) -> None:
    turns = [
        Turn("load.lane", "L-LANE-DOM"),
        Turn("load.parcel", SSCC, fields={"manifest": "M1"}, commands=("CLOSE",)),
        Turn("load.parcel", "C-CLOSE", fields={"manifest": "M1"}, commands=("CLOSE",)),
        Turn("load.confirm", "C-CONFIRM", fields={"manifest": "M1"}, commands=("CONFIRM",)),
        Turn("load.lane", "-"),
    ]
    with hall(turns, tmp_path) as (at, _):
        at.gear.signs["LANE-DOM"] = "L-LANE-DOM"
        at.gear.lanes["LANE-DOM"] = [SSCC]
        at.world.bring(f"parcel:{SSCC}", "MUG", DAY, 2)
        assert at.worker.load("LANE-DOM") == 1
        assert at.world.count(f"truck:M1:{SSCC}") == 2
        assert at.gear.lanes["LANE-DOM"] == []


def test_a_screen_that_never_changes_is_said_and_not_endured(tmp_path: Path) -> None:
    turns = tour(Turn("pick.location", "L-NEVER", fields=task(1)))
    with hall(turns, tmp_path) as (at, _), pytest.raises(Stuck, match="does not change"):
        at.worker.pick_tour()


def test_the_whistle_ends_the_work_at_the_next_scan(tmp_path: Path) -> None:
    with hall([CART], tmp_path) as (at, _):
        at.stop.set()
        with pytest.raises(ShiftOver):
            at.worker.pick_tour()


def test_a_problem_answer_is_not_taken_for_an_outcome(tmp_path: Path) -> None:
    with hall([CART], tmp_path) as (at, script):
        assert at.station.step.at == "pick.cart"
        script.step = lambda: {"status": 200}  # type: ignore[method-assign]
        with pytest.raises((ServerRefused, LookupError)):
            at.station.refresh()
