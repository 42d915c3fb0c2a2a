"""A run of chaos finds nothing wrong with the floor, and would find what is."""

from __future__ import annotations

import http.client
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from simulators.chaos.guns import Gun, code_of
from simulators.chaos.judgement import Judgement, judge
from simulators.chaos.line import FaultyLine
from simulators.chaos.printers import SerialPrinter, sscc_of
from simulators.chaos.stolen_time import StolenTime
from simulators.scanner import Scanned
from simulators.ssi_scanner import Heard

PALLETS = [f"00614141{number:010d}" for number in range(6)]
NOTHING = (
    "lost", "silently_duplicated", "unfinished", "reordered", "scans_lost", "scans_doubled", "scans_foreign",
)  # fmt: skip


@pytest.mark.scenario
def test_nothing_is_lost_doubled_or_reordered_while_everything_is_killed_and_cut(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            sys.executable, "-m", "simulators.chaos", "--seed", "7", "--jobs", "40", "--scans", "300", "--json", "-",
            "--keep", str(tmp_path / "kept"),
        ],
        capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert run.stdout, run.stderr[-3000:]
    report = json.loads(run.stdout)
    assert report["wrong"] == []
    assert {name: report[name] for name in NOTHING} == dict.fromkeys(NOTHING, 0)
    assert (report["jobs"], report["scans"]) == (40, 308)  # the last eight after the cables were pulled
    # One label of 40 that nobody knows about is more than 0.5 %; each kill of whoever prints may leave some.
    assert run.returncode == (report["uncertain"] > 0)
    assert report["kills"] >= 3  # of four: so short a run may be over before the last


# What the judge would find


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Three confirmed prints, one uncertain, one failed; three scans of gun 0."""
    path = tmp_path / "floor.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE printer (warehouse_id, id, code); INSERT INTO printer VALUES (1, 1, 'P');"
            "CREATE TABLE outbox (warehouse_id, id, kind, subject, state, result, created_at_ms, printer_id);"
            "CREATE TABLE print_attempt (effect_id, outcome);"
            "CREATE TABLE scan (id INTEGER PRIMARY KEY, code, rejection);"
            "CREATE TABLE location (warehouse_id, id, code); INSERT INTO location VALUES (1, 5, 'DOCK-1');"
            "CREATE TABLE stock_balance (warehouse_id, location_id, on_hand_each);"
            "INSERT INTO stock_balance VALUES (1, 5, 3);"
        )
        states = ["confirmed", "confirmed", "confirmed", "uncertain", "failed"]
        for number, state in enumerate(states):
            row = (1, number + 1, "print", PALLETS[number], state, "", 0, 1)
            db.execute("INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        for number in range(3):
            db.execute("INSERT INTO scan (code, rejection) VALUES (?, '')", (code_of(0, number),))
        db.commit()
    return path


def judged(database: Path, paper: list[int], pulls: int = 3, bounced: frozenset[int] = frozenset()) -> Judgement:
    gun = Gun(0, database.parent / "gun", pulls, 1, 0.0, has_faults=False)
    gun.pulls += [Scanned(number + 1, code_of(0, number).encode(), 0.0) for number in range(pulls)]
    gun.bounced |= bounced
    return judge(database, {"P": [PALLETS[number] for number in paper]}, [gun], {}, 5)


def test_paper_and_tapes_that_agree_with_the_database_are_right(database: Path) -> None:
    found = judged(database, [0, 1, 2, 3])
    assert {name: found.told()[name] for name in NOTHING} == dict.fromkeys(NOTHING, 0)
    assert (found.wrong, len(found.uncertain), found.is_right) == ([], 1, False)  # one of five is 20 %


@pytest.mark.parametrize(
    ("paper", "name"),
    [
        ([0, 2], "lost"),
        ([0, 1, 1, 2], "silently_duplicated"),
        ([0, 1, 2, 3, 3], "silently_duplicated"),
        ([0, 1, 2, 4], "silently_duplicated"),
        ([1, 0, 2], "reordered"),
    ],
)
def test_paper_that_the_database_does_not_admit_is_found(database: Path, paper: list[int], name: str) -> None:
    found = judged(database, paper).told()
    assert {each for each in NOTHING if found[each]} == {name}


def test_a_label_of_nobody_is_found(database: Path) -> None:
    assert "came out that no print is about" in judged(database, [0, 1, 2, 5]).wrong[0]


def test_a_scan_that_never_came_and_one_that_came_twice_are_found(database: Path) -> None:
    assert judged(database, [0, 1, 2], pulls=4).scans_lost == [code_of(0, 3)]
    with closing(sqlite3.connect(database)) as db:
        db.execute("INSERT INTO scan (code, rejection) VALUES (?, '')", (code_of(0, 1),))
        db.commit()
    found = judged(database, [0, 1, 2])
    assert (len(found.scans_doubled), len(found.reordered)) == (1, 1)
    assert found.wrong == ["4 scans of goods were applied, 3 units lie on the dock"]
    assert judged(database, [0, 1, 2], bounced=frozenset({1})).scans_doubled == []


# The line, and the printer on a serial one


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    heard: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append(body)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[tuple[ThreadingHTTPServer, list[bytes]]]:
    heard: list[bytes] = []
    served = ThreadingHTTPServer(("127.0.0.1", 0), type("Echo", (_Echo,), {"heard": heard}))
    threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True).start()
    yield served, heard
    served.shutdown()
    served.server_close()


def say(line: FaultyLine, body: bytes) -> bytes:
    connection = http.client.HTTPConnection(line.address.removeprefix("http://"), timeout=10)
    with closing(connection):
        connection.request("POST", "/", body)
        return connection.getresponse().read()


def test_a_line_carries_says_twice_loses_answers_and_is_cut(
    server: tuple[ThreadingHTTPServer, list[bytes]],
) -> None:
    served, heard = server
    with FaultyLine(("127.0.0.1", served.server_port)) as line:
        assert say(line, b"once") == b"once"
        line.doubled = 1
        assert say(line, b"twice") == b"twice"
        line.lost = 1
        with pytest.raises((OSError, http.client.HTTPException)):
            say(line, b"unheard")
        line.cut()
        with pytest.raises((OSError, http.client.HTTPException)):
            say(line, b"cut")
        line.mend()
        assert say(line, b"again") == b"again"
        assert heard == [b"once", b"twice", b"twice", b"unheard", b"again"]
        assert line.counts == {"request doubled": 1, "answer lost": 1, "line cut": 1}


def test_a_printer_on_a_serial_line_answers_prints_and_notes_when_the_first_byte_came(tmp_path: Path) -> None:
    port = tmp_path / "port"
    with SerialPrinter(tmp_path / "tape", 1, 0.0, port) as printer, port.open("r+b", 0) as end:
        end.write(b"^XA^FO1,1^FD(00) " + PALLETS[1].encode() + b"^FS^XZ~HI\r\n")
        assert b"ZD621" in end.read(40)
        printer.wait_for(1)
        assert printer.paper() == [PALLETS[1]]
        assert set(printer.first_byte_s) == {PALLETS[1]}
        assert sscc_of(b"^XA^XZ") == ""


def test_a_latency_counts_as_undisturbed_only_when_the_host_took_nothing_then_or_just_before() -> None:
    host = StolenTime()
    host._samples = [(10.0, 0, 0), (11.0, 0, 200), (12.0, 80, 400), (13.0, 80, 600), (14.0, 81, 800), (15.0, 81, 1000)]
    assert [host.is_undisturbed(at_s) for at_s in (10.5, 11.5, 12.5, 13.5, 14.5)] == [True, False, False, True, True]
    assert not host.is_undisturbed(99.0)
    assert host.percent == 8.1


def test_a_real_machine_says_what_was_stolen() -> None:
    with StolenTime() as host:
        host.end()
    assert 0 <= host.percent <= 100


def test_a_beep_belongs_to_its_pull_however_late_it_comes() -> None:
    gun = Gun(0, Path("nowhere"), 3, 1, 0.0, has_faults=False)
    gun.pulls = [Scanned(1, b"x", at_s) for at_s in (1.0, 2.0, 3.0)]
    gun.device.heard = [Heard(at_s, "BEEP", b"") for at_s in (2.5, 2.75, 3.25)]
    assert [round(ms) for _, ms in gun.beeps_ms() or []] == [1500, 750, 250]
    del gun.device.heard[0]
    assert gun.beeps_ms() is None
