"""Figures to be watched: on their own permission, added up over the workers, with a bounded number of series."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.processes import environment_of, free_port
from fulfillment.services.figures import levels
from fulfillment.services.printing import outbox
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand


def token_of(hand: FloorHand, role: str, station: str | None = None) -> str:
    station_id = None
    if station:
        station_id = hand.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :c", c=station)["id"]
    return hand.write(lambda tx: setting_up.add_token(tx, role, role, station_id))


def figures(text: str) -> dict[str, float]:
    """name{labels} → value."""
    return {
        f"{one.name}{sorted(one.labels.items()) if one.labels else ''}": one.value
        for family in text_string_to_metric_families(text) for one in family.samples
    }  # fmt: skip


@pytest.mark.parametrize(("role", "status"), [("metrics", 200), ("admin", 200), ("api", 403), ("board", 403)])
def test_figures_need_their_own_permission(hand: FloorHand, role: str, status: int) -> None:
    client = create_app(hand.floor).test_client()
    assert client.get("/metrics", headers={"Authorization": f"Bearer {token_of(hand, role)}"}).status_code == status
    assert client.get("/metrics").status_code == 401


def test_a_metrics_token_reads_nothing_else(hand: FloorHand) -> None:
    client = create_app(hand.floor).test_client()
    headers = {"Authorization": f"Bearer {token_of(hand, TokenRole.METRICS)}"}
    for path in ("/api/v1/stock", "/api/v1/board", "/api/v1/audit-log", "/api/v1/orders/1"):
        assert client.get(path, headers=headers).status_code == 403


def test_a_scan_is_counted_by_flow_outcome_and_rejection(hand: FloorHand) -> None:
    client = create_app(hand.floor).test_client()
    scanner = {"Authorization": f"Bearer {token_of(hand, 'station', 'HAND-1')}"}
    reader = {"Authorization": f"Bearer {token_of(hand, 'metrics')}"}
    key = "floor_scans_total[('flow', 'home'), ('outcome', 'rejected'), ('rejection', 'unknown_code')]"
    again = "floor_scans_total[('flow', 'home'), ('outcome', 'replayed'), ('rejection', 'unknown_code')]"
    before = figures(client.get("/metrics", headers=reader).text)
    body = {"scan_id": "one", "station": "HAND-1", "code": "x", "occurred_at": "2026-11-22T09:00:00+00:00"}
    for _ in range(2):
        assert client.post("/api/v1/scans", json=body, headers=scanner).status_code == 200
    after = figures(client.get("/metrics", headers=reader).text)
    assert after[key] - before.get(key, 0) == 1
    assert after[again] - before.get(again, 0) == 1
    assert after["floor_scan_seconds_count"] - before.get("floor_scan_seconds_count", 0) == 2
    assert after["floor_writes_waiting"] == 0
    # A scan is a write, the replay is one that finds its answer: each waited for a commit it may have shared.
    assert after["floor_commit_pieces_sum"] - before.get("floor_commit_pieces_sum", 0) >= 2
    assert after["floor_commit_seconds_count"] - before.get("floor_commit_seconds_count", 0) in (1, 2)
    assert after["floor_database_up"] == 1
    assert after["floor_audit_entries"] == 1


def test_what_waits_is_told(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.order("SO-1", ("MUG", 1))
    printer = hand.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")["id"]
    for number in (1, 2):
        hand.write(lambda tx, n=number: outbox.queue_print(tx, f"P{n}", f"label:{n}", printer, "location", {}))
    hand.write(lambda tx: tx.run(
        "UPDATE outbox SET state = 'uncertain' WHERE warehouse_id = :w AND dedupe_key = 'label:1'"))  # fmt: skip
    hand.write(lambda tx: tx.run(
        "UPDATE outbox SET created_at_ms = :then WHERE warehouse_id = :w", then=tx.now_ms - 90_000))  # fmt: skip
    hand.write(lambda tx: tx.run("UPDATE sales_order SET cut_off_at_ms = 5 WHERE warehouse_id = :w"))
    found = hand.floor.read(levels.levels)
    assert found["prints_uncertain"].values == [([], 1)]
    assert 90 <= found["outbox_oldest_seconds"].values[0][1] < 200
    assert sorted(found["outbox"].values) == [(["print", "queued"], 1), (["print", "uncertain"], 1)]
    assert found["orders"].values == [(["waiting"], 1)]
    assert found["orders_past_cut_off"].values == [([], 1)]


def test_two_workers_add_up_and_a_dead_ones_counts_stay(hand: FloorHand, tmp_path: Path) -> None:
    """gunicorn with --preload and two workers; one is killed, its counters are kept and its gauges are not."""
    port = free_port()
    settings = hand.floor.settings
    address = f"http://127.0.0.1:{port}"
    env = {**os.environ, **environment_of(settings), "FLOOR_PORT": str(port)}
    command = [
        sys.executable, "-m", "gunicorn", "fulfillment.wsgi:make()", "-c", "python:fulfillment.gunicorn_hooks",
        "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4",
    ]  # fmt: skip
    token = token_of(hand, "metrics")
    with (tmp_path / "err").open("w") as err, subprocess.Popen(command, env=env, stderr=err) as master:
        try:
            assert _until(lambda: _get(f"{address}/api/v1/livez") is not None), (tmp_path / "err").read_text()
            for _ in range(40):
                _get(f"{address}/api/v1/livez")
            folder = settings.home / "metrics" / str(master.pid)
            workers = {int(found) for found in re.findall(r"counter_(\d+)\.db", " ".join(os.listdir(folder)))}
            before = figures(_get(f"{address}/metrics", token) or "")
            key = "floor_requests_total[('method', 'GET'), ('status', '2xx')]"
            assert before[key] >= 41
            os.kill(min(workers - {master.pid}), signal.SIGKILL)
            assert _until(lambda: figures(_get(f"{address}/metrics", token) or "").get(key, 0) > before[key])
        finally:
            master.terminate()


def _until(is_so) -> bool:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def _get(address: str, token: str = "") -> str | None:
    request = Request(address, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urlopen(request, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return None
