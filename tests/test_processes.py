"""What is started, watched, killed and stopped: nothing that was answered is lost, and nobody waits for long."""

from __future__ import annotations

import os
import signal
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fulfillment.bootstrap import Floor
from fulfillment.gunicorn_hooks import LIVE_NICE
from fulfillment.processes import LIVE, PARTS, Processes, environment_of, free_port, is_taken
from fulfillment.settings import SettingError, Settings
from fulfillment.wsgi import make
from tests.benchmarks.http_load import Server
from tests.factories import FloorHand
from tests.serving import Receiver, check_kept, children, crew, docks, floor_run, get, master_of, total, wait_for

CREW = 6

Record = Callable[[str, object], None]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, port=free_port(), live_port=free_port())


def receivers_of(settings: Settings, hand: FloorHand) -> list[Receiver]:
    address = f"http://127.0.0.1:{settings.port}"
    return [Receiver(code, token, [address]) for code, token in docks(hand, CREW).items()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def open_files() -> dict[str, str]:
    # The folder is read through a handle of its own, which is gone by the time it is looked at.
    return {
        name: os.readlink(f"/proc/self/fd/{name}")
        for name in os.listdir("/proc/self/fd")
        if os.path.lexists(f"/proc/self/fd/{name}")
    }


def test_the_application_made_before_the_fork_holds_nothing_a_fork_would_share(
    floor: Floor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    # make() names the folder the workers count into; left behind, /metrics of later tests would read that folder.
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    threads, files = set(threading.enumerate()), open_files()
    app = make()
    made = app.extensions["floor"]
    assert set(threading.enumerate()) - threads == set()
    # The lock that says "this floor is open" is meant to be held by parent and children alike.
    opened = {path for name, path in open_files().items() if files.get(name) != path}
    assert {path for path in opened if not path.endswith(".in-use")} == set()
    assert (made.engine.pool.checkedin(), made.engine.pool.checkedout()) == (0, 0)
    with app.app_context():
        for engine in app.extensions["sqlalchemy"].engines.values():
            assert (engine.pool.checkedin(), engine.pool.checkedout()) == (0, 0)
    made.close()


def test_a_child_reads_the_settings_its_parent_had(settings: Settings) -> None:
    changed = replace(settings, warehouse_id=3, trusted_proxies=2, demo_badge="1", web_threads=5)
    assert Settings.from_env(environment_of(changed)) == changed


def test_a_taken_port_is_named(settings: Settings) -> None:
    with Processes(settings, parts=["live"]):
        wait_for(lambda: get(f"http://127.0.0.1:{settings.live_port}", "/api/v1/livez")[0] == 200)
        with pytest.raises(SettingError, match="FLOOR_LIVE_PORT"):
            Processes(settings, parts=["web", "live"]).start()
        assert not is_taken("127.0.0.1", settings.port)


@pytest.mark.scenario
def test_workers_that_are_killed_lose_nothing_and_the_next_answer_comes_at_once(
    settings: Settings, hand: FloorHand, record_property: Record
) -> None:
    receivers = receivers_of(settings, hand)
    waits_s = []
    with floor_run(settings, "--only", "web") as run:
        for receiver in receivers:
            receiver.sign_in()
        master = master_of(run)
        with crew(receivers):
            for _ in range(10):
                before = total(receivers)
                wait_for(lambda before=before: total(receivers) > before + 20)
                os.kill(children(master)[0], signal.SIGKILL)
                killed_at = time.monotonic()
                wait_for(lambda at=killed_at: any(r.answered_at[-1] > at for r in receivers))
                waits_s.append(min(at for r in receivers for at in r.answered_at if at > killed_at) - killed_at)
                wait_for(lambda: len(children(master)) == settings.web_workers)
    check_kept(settings, hand, receivers)
    record_property("kill of a worker to the next answer, median s", statistics.median(waits_s))
    assert {status for receiver in receivers for status in receiver.statuses} == {200}


@pytest.mark.scenario
def test_a_master_that_is_killed_leaves_nobody_behind_and_its_web_comes_back(
    settings: Settings, hand: FloorHand, record_property: Record
) -> None:
    receivers = receivers_of(settings, hand)
    waits_s = []
    with floor_run(settings, "--only", "web") as run:
        for receiver in receivers:
            receiver.sign_in()
        with crew(receivers):
            for _ in range(3):
                before = total(receivers)
                wait_for(lambda before=before: total(receivers) > before + 50)
                master = master_of(run)
                orphans = children(master)
                os.kill(master, signal.SIGKILL)
                killed_at = time.monotonic()
                wait_for(lambda pids=orphans: not any(map(is_running, pids)))
                gone_at = time.monotonic()
                wait_for(lambda at=gone_at: any(r.answered_at[-1] > at for r in receivers))
                waits_s.append(min(at for r in receivers for at in r.answered_at if at > gone_at) - killed_at)
        refused = sum(receiver.unanswered["ConnectionRefusedError"] for receiver in receivers)
    assert refused == 0, "the supervisor keeps the port: whoever connects waits"
    check_kept(settings, hand, receivers)
    record_property("kill of the master to the first answer of the next, s", waits_s)


@pytest.mark.scenario
def test_a_stop_under_load_answers_what_is_under_way(
    settings: Settings, hand: FloorHand, record_property: Record
) -> None:
    receivers = receivers_of(settings, hand)
    with floor_run(settings, "--only", "web") as run:
        for receiver in receivers:
            receiver.sign_in()
        with crew(receivers):
            for _ in range(3):
                before = total(receivers)
                wait_for(lambda before=before: total(receivers) > before + 50)
                master = master_of(run)
                os.kill(master, signal.SIGTERM)
                wait_for(lambda pid=master: not is_running(pid))
    check_kept(settings, hand, receivers)
    # Who was being answered got the answer to its end: only a connection nobody had taken yet may have been reset.
    cut_off = sum((receiver.unanswered for receiver in receivers), start=receivers[0].unanswered.__class__())
    assert {"IncompleteRead", "BadStatusLine", "TimeoutError"} & set(cut_off) == set(), cut_off
    record_property("connections cut while stopping", dict(cut_off))


@pytest.mark.scenario
def test_a_supervisor_that_is_killed_takes_all_with_it(settings: Settings, hand: FloorHand) -> None:
    with floor_run(settings) as run:
        started = children(run.pid)
        assert len(started) == len(PARTS)
        everybody = started + [pid for parent in started for pid in children(parent)]
        os.kill(run.pid, signal.SIGKILL)
        wait_for(lambda: not any(map(is_running, everybody)))
        assert not is_taken("127.0.0.1", settings.port)
        run.wait()
        run.returncode = 0


@pytest.mark.engine("sqlite")
def test_live_screens_make_way_for_scans(hand: FloorHand, settings: Settings) -> None:
    """A hundred boards are told at once, at every view: a scan must not wait behind them for the processor."""
    with Server(settings) as web, Server(settings, part=LIVE) as live:
        scans, boards = (
            {os.getpriority(os.PRIO_PROCESS, pid) for pid in server.workers()} for server in (web, live)
        )  # fmt: skip
    assert scans == {os.getpriority(os.PRIO_PROCESS, 0)}
    assert boards == {min(19, os.getpriority(os.PRIO_PROCESS, 0) + LIVE_NICE)}
