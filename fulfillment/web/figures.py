"""The figures a web process counts while it works, in the multiprocess way of prometheus-client.

Each worker writes its own files in FLOOR_HOME/metrics (PROMETHEUS_MULTIPROC_DIR); whoever is asked for /metrics adds
them up. Labels are words of our own vocabularies, so that there is a bounded number of series.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

SCAN_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
OTHER = "other"


def counted() -> Any:
    """The figures; made at the first use, when PROMETHEUS_MULTIPROC_DIR is known."""
    with _MAKING:  # a worker's first two requests would make them twice, which the registry refuses
        return _made()


_MAKING = threading.Lock()


@functools.cache
def _made() -> Any:
    return SimpleNamespace(
        scans=Counter("floor_scans", "Scans answered, replays too", ["flow", "outcome", "rejection"]),
        scan_seconds=Histogram("floor_scan_seconds", "From request to answer of a scan", buckets=SCAN_BUCKETS_S),
        requests=Counter("floor_requests", "Requests answered", ["method", "status"]),
        request_seconds=Histogram("floor_request_seconds", "From request to answer", buckets=SCAN_BUCKETS_S),
        write_seconds=Histogram(
            "floor_write_seconds", "A write: waiting for its turn, its work and its commit", buckets=SCAN_BUCKETS_S
        ),
        commit_seconds=Histogram(
            "floor_commit_seconds", "A COMMIT: until what it holds is on disk", buckets=SCAN_BUCKETS_S
        ),
        commit_pieces=Histogram(
            "floor_commit_pieces", "Writes that shared a COMMIT", buckets=(1, 2, 4, 8, 16, 32, 64)
        ),
        writes_waiting=Gauge(
            "floor_writes_waiting", "Writes waiting for or in their commit", multiprocess_mode="livesum"
        ),
    )


def count_scan(answer: Mapping[str, Any], took_s: float | None) -> None:
    """A scan was answered."""
    outcome = "replayed" if answer.get("replayed") else str(answer["outcome"])
    rejection = str(answer.get("code") or "")
    figures = counted()
    figures.scans.labels(str(answer["step"]["flow"])[:20], outcome, rejection[:40]).inc()
    if took_s is not None:
        figures.scan_seconds.observe(took_s)


def count_request(method: str, status: int, took_s: float) -> None:
    """A request was answered."""
    figures = counted()
    figures.requests.labels(method if method in METHODS else OTHER, f"{status // 100}xx").inc()
    figures.request_seconds.observe(took_s)


@contextmanager
def measured_write() -> Iterator[None]:
    """A write of this process, from being asked for to being durable."""
    figures = counted()
    figures.writes_waiting.inc()
    began = time.perf_counter()
    try:
        yield
    finally:
        figures.writes_waiting.dec()
        figures.write_seconds.observe(time.perf_counter() - began)


def count_commit(pieces: int, commit_s: float) -> None:
    """What some writes did is on disk."""
    figures = counted()
    figures.commit_pieces.observe(pieces)
    figures.commit_seconds.observe(commit_s)


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
