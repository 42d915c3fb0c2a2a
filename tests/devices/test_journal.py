"""The agent's journal: what it kept is there after any end, once, in order; what it cannot keep it says."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.agent_client import AgentClient, TokenFileOpen, Unreachable, read_token
from devices.floor_file import FloorFileError, read_floor_file
from devices.journal import Journal, JournalInUse
from devices.protocols import DeviceError
from devices.scanners import ScanEvent

ALL = 1 << 30


def event(scan_id: str, raw: bytes = b"MUG", aim: str | None = None) -> ScanEvent:
    return ScanEvent(scan_id, "somewhere", 1, raw, aim, datetime(2026, 11, 22, 8, tzinfo=UTC))


def ids(journal: Journal) -> list[str]:
    return [scan.scan_id for scan in journal.waiting(1000, ALL)]


def test_a_scan_is_kept_once_and_numbered_through_the_journal_and_its_device(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    for device, scan_id in (("A", "1"), ("B", "2"), ("A", "3"), ("A", "3")):
        journal.append(device, event(scan_id, aim="]C1"))
    kept = [(scan.number, scan.device, scan.sequence, scan.code) for scan in journal.waiting(10, ALL)]
    assert kept == [(1, "A", 1, "]C1MUG"), (2, "B", 1, "]C1MUG"), (3, "A", 2, "]C1MUG")]
    assert journal.waiting(10, ALL)[0].occurred_at == "2026-11-22T08:00:00.000+00:00"
    journal.close()


def test_what_a_scanner_or_a_printer_waits_for_is_on_the_disk_and_nothing_else_waits_for_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    said: list[str] = []
    journal._db.set_trace_callback(said.append)

    def waits_for_the_disk(work: Callable[[], object]) -> bool:
        said.clear()
        work()
        before = said[: said.index("COMMIT")]
        return [one for one in before if one.startswith("PRAGMA synchronous")][-1] == "PRAGMA synchronous=FULL"

    assert waits_for_the_disk(lambda: journal.append("A", event("1")))
    assert not waits_for_the_disk(lambda: journal.acknowledge(1))
    assert not waits_for_the_disk(lambda: journal.take([{"id": 7, "kind": "print"}]))
    assert waits_for_the_disk(lambda: journal.begin(7))
    assert waits_for_the_disk(lambda: journal.finish(7, "printed"))
    assert not waits_for_the_disk(lambda: journal.drop(7))
    assert waits_for_the_disk(lambda: journal.append("A", event("2")))
    journal.close()


def test_what_was_kept_is_there_after_kill_9_and_nobody_else_may_open_it_meanwhile(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; sys.path.insert(0, '.')\n"
        "from tests.devices.test_journal import *\n"
        f"journal = Journal(Path({str(tmp_path / 'j')!r}))\n"
        "for number in range(20): journal.append('A', event(str(number)))\n"
        "journal.take([{'id': 7, 'kind': 'print'}, {'id': 8, 'kind': 'print'}]); journal.begin(7)\n"
        "print(journal.name, flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    name = process.stdout.readline().strip()
    with pytest.raises(JournalInUse):
        Journal(tmp_path / "j")
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    journal = Journal(tmp_path / "j")
    assert (journal.name, ids(journal)) == (name, [str(number) for number in range(20)])
    assert [one.id for one in journal.commands("sending")] == [7]
    assert [one.id for one in journal.commands("taken")] == [8]
    journal.close()


@settings(max_examples=20)
@given(st.lists(st.one_of(st.integers(0, 40), st.sampled_from(["append", "reopen"])), max_size=20))
def test_numbers_rise_whatever_is_acknowledged_and_reopened(acts: list[int | str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "j")
        appended = acknowledged = 0
        for act in acts:
            if act == "reopen":
                journal.close()
                journal = Journal(Path(folder) / "j")
            elif act == "append":
                appended += 1
                assert journal.append("A", event(f"scan-{appended}")) == appended
            else:
                acknowledged = min(int(act), appended)
                journal.acknowledge(int(act))
            assert ids(journal) == [f"scan-{one}" for one in range(acknowledged + 1, appended + 1)]
        journal.close()


def test_a_server_that_was_restored_gets_what_it_had_taken_once_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    for number in range(1, 6):
        journal.append("A", event(str(number)))
    journal.acknowledge(5)
    assert ids(journal) == []
    journal.acknowledge(2)
    assert ids(journal) == ["3", "4", "5"]
    journal.close()


def test_a_full_journal_refuses_loudly_until_there_is_room(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", max_waiting=2)
    for number in range(2):
        journal.append("A", event(str(number)))
    with pytest.raises(DeviceError) as refused:
        journal.append("A", event("2"), room_s=0.01)
    assert refused.value.reason == "journal_full"
    journal.acknowledge(1)
    assert journal.append("A", event("2"), room_s=0.01) == 3
    journal.close()


def test_a_disk_that_will_not_have_it_is_said(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal._db.execute("PRAGMA max_page_count = 1")

    def fill() -> None:
        for number in range(200):
            journal.append("A", event(str(number), b"x" * 4000))

    with pytest.raises(DeviceError) as refused:
        fill()
    assert refused.value.reason == "journal_failed"
    kept = ids(journal)
    journal._db.execute("PRAGMA max_page_count = 100000")
    journal.append("A", event("after"))
    assert ids(journal) == [*kept, "after"]
    journal.close()


def test_a_job_is_begun_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    assert [one.id for one in journal.take([{"id": 3, "kind": "print"}, {"id": 4, "kind": "test"}])] == [3, 4]
    assert journal.take([{"id": 4, "kind": "test"}]) == []
    assert [journal.begin(3), journal.begin(3)] == [True, False]
    journal.finish(3, "printed", "odometer rose", "printed")
    journal.finish(3, "uncertain")
    [done] = journal.commands("done")
    assert (done.outcome, done.detail, done.level, journal.last_command) == ("printed", "odometer rose", "printed", 4)
    journal.drop(3)
    assert journal.commands("done") == []
    journal.close()


def test_a_batch_is_bounded_by_bytes_and_never_empty(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    for number in range(10):
        journal.append("A", event(str(number), b"\x01" * 3000))
    assert len(journal.waiting(200, 40_000)) == 2
    assert len(journal.waiting(200, 1)) == 1
    journal.close()


def test_the_journal_is_for_its_owner_only_and_no_other_file(tmp_path: Path) -> None:
    Journal(tmp_path / "j").close()
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o600
    (tmp_path / "notes").write_text("no database at all " * 100, "ascii")
    with pytest.raises(sqlite3.DatabaseError):
        Journal(tmp_path / "notes")


def test_a_token_others_can_read_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("fl_secret\n", "ascii")
    for mode in (0o644, 0o640, 0o602):
        file.chmod(mode)
        with pytest.raises(TokenFileOpen):
            read_token(file)
    file.chmod(0o400)
    assert read_token(file) == "fl_secret"


@pytest.mark.parametrize(
    ("server", "is_open"), [("http://127.0.0.1:8000", False), ("http://floor:8000", True), ("https://floor/x", False)]
)  # fmt: skip
def test_it_is_known_when_the_token_travels_in_the_open(server: str, is_open: bool) -> None:
    assert AgentClient(server, "t", "j").is_open_to_listeners == is_open


def test_a_server_that_is_not_there_is_unreachable_and_one_that_cannot_be_meant_is_said() -> None:
    with pytest.raises(Unreachable):
        AgentClient("http://127.0.0.1:9", "t", "j", answer_s=1.0).events([], [])
    with pytest.raises(ValueError, match="no http"):
        AgentClient("ftp://floor", "t", "j")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('journal = "j"', "agent is missing"),
        ('agent = "A"\njournal = 3', "journal has to be a str"),
        ('agent = "A"\njournal = "j"\n[[device]]\ncode = "G"\nkind = "kettle"\naddress = "tcp://x:1"', "kettle"),
        ('agent = "A"\njournal = "j"\n[[device]]\ncode = "G"\nkind = "scanner"\naddress = "x"', "device 1: address"),
        ("agent = ", "floor.toml"),
    ],
)
def test_a_file_that_cannot_be_meant_says_where(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "floor.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(FloorFileError, match=words):
        read_floor_file(file)
