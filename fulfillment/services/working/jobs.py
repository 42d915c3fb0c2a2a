"""General jobs as rows: deferred with the business that wants them, run beside the floor, at least once.

A job's key is used once for ever, so deferring it again is no second job. Who runs one holds a lease that is
renewed while it lasts; a lease that ran out leaves the job open to another worker, so every job must come to the
same end when it is run twice. What is written about a job names the fence it was claimed with: a worker that lost
its lease writes nothing.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.hot import Tx
from fulfillment.services.working.claimants import this_process

log = logging.getLogger(__name__)

IDLE_S = 0.05
LEASE_MS = 15_000  # renewed three times within it; a killed worker's job waits this long at most
RETRY_MS = 2_000
ATTEMPTS_MAX = 3

# On PostgreSQL the workers of all machines are handed their jobs by Procrastinate (`shared_jobs`), whose own function
# queues them inside our transaction.
SCHEMA = "procrastinate"
TASK = "floor_job"
_HAND_OUT = (
    f"SELECT {SCHEMA}.procrastinate_defer_jobs_v1(ARRAY[ROW(CAST(:queue AS text), '{TASK}', 0, NULL, NULL,"
    " jsonb_build_object('job', CAST(:job AS bigint)),"
    " to_timestamp(NULLIF(CAST(:after AS double precision), 0) / 1000))"
    f"::{SCHEMA}.procrastinate_job_to_defer_v1])"
)


@dataclass(frozen=True)
class Job:
    """A job this worker may run until its lease ends."""

    job_id: int
    fence: int
    attempts: int
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """How jobs of one name are run; `gave_up` writes what follows when one failed ATTEMPTS_MAX times."""

    run: Callable[[Floor, Mapping[str, Any]], str]
    gave_up: Callable[[Tx, Mapping[str, Any]], None] | None = None


def defer(tx: Tx, name: str, arguments: Mapping[str, Any], dedupe_key: str, run_after_ms: int = 0) -> bool:
    """Have a job run after this transaction; False when one of this key was deferred before."""
    if tx.one("SELECT id FROM job WHERE warehouse_id = :w AND dedupe_key = :key", key=dedupe_key) is not None:
        return False
    job_id = tx.insert(
        "job", name=name, arguments=json.dumps(arguments, sort_keys=True), dedupe_key=dedupe_key,
        run_after_ms=run_after_ms, created_at_ms=tx.now_ms,
    )  # fmt: skip
    if tx.dialect == "postgresql":
        tx.put(_HAND_OUT, queue=queue_of(tx.warehouse_id), job=job_id, after=run_after_ms)
    return True


def lost(tx: Tx) -> list[int]:
    """Jobs that are due and that Procrastinate does not hand out (any more).

    Their rows came from another database, or it gave them up because another worker held them for too long.
    """
    rows = tx.all(
        "SELECT id FROM job WHERE warehouse_id = :w AND state IN ('queued', 'claimed') AND run_after_ms <= :now"
        f" AND NOT EXISTS (SELECT 1 FROM {SCHEMA}.procrastinate_jobs p WHERE p.queue_name = :queue"
        " AND p.status IN ('todo', 'doing') AND p.args->>'job' = CAST(job.id AS text)) ORDER BY id",
        queue=queue_of(tx.warehouse_id), now=tx.now_ms,
    )  # fmt: skip
    return [row["id"] for row in rows]


def hand_out_lost(tx: Tx) -> int:
    """Have those handed out; how many there were."""
    job_ids = lost(tx)
    for job_id in job_ids:
        tx.put(_HAND_OUT, queue=queue_of(tx.warehouse_id), job=job_id, after=0)
    return len(job_ids)


def queue_of(warehouse_id: int) -> str:
    """Procrastinate's queue of a warehouse's jobs."""
    return f"floor-{warehouse_id}"


def finish_key(tx: Tx, dedupe_key: str, result: str) -> None:
    """The job of this key is done, whoever did it: written with the business it was deferred for."""
    tx.put(
        "UPDATE job SET state = 'done', result = :result, done_at_ms = :now WHERE warehouse_id = :w"
        " AND dedupe_key = :key AND state IN ('queued', 'claimed')",
        key=dedupe_key, result=result, now=tx.now_ms,
    )  # fmt: skip


def job_worker(
    floor: Floor, stop: threading.Event, kinds: Mapping[str, Kind], between: Callable[[], None] | None = None
) -> None:
    """Run what is due until told to stop, one job at a time; `between` is called whenever nothing is being run."""
    while not stop.is_set():
        if between is not None:
            between()
        if not floor.read(lambda tx: is_due(tx, kinds)) or not run_next(floor, kinds):
            stop.wait(IDLE_S)


def run_next(floor: Floor, kinds: Mapping[str, Kind], lease_ms: int = LEASE_MS) -> bool:
    """Run the job that is due first; False when none is (or another worker has it)."""
    job = floor.writer.write(lambda tx: claim(tx, kinds, lease_ms))
    if job is None:
        return False
    run_claimed(floor, kinds, job, lease_ms)
    return True


def run_claimed(floor: Floor, kinds: Mapping[str, Kind], job: Job, lease_ms: int = LEASE_MS) -> None:
    """Run a job that is ours and write what came of it."""
    kind = kinds[job.name]
    try:
        with _kept_alive(floor, job, lease_ms):
            result = kind.run(floor, job.arguments)
    except Exception as error:
        log.exception("job %s (%s) failed", job.job_id, job.name)
        reason = f"{type(error).__name__}; see the worker's log"
        floor.writer.write(lambda tx: _fail(tx, kind, job, reason))
    else:
        floor.writer.write(lambda tx: _end(tx, job, "done", result))


def is_due(tx: Tx, names: Mapping[str, Any]) -> bool:
    """Whether a job waits. Read beside the writer: looking often must not take the turn that scans wait for."""
    return _first_due(tx, names) is not None


def claim(tx: Tx, names: Mapping[str, Any], lease_ms: int = LEASE_MS) -> Job | None:
    """The oldest due job, or one whose worker went silent."""
    row = _first_due(tx, names)
    return None if row is None else _take(tx, row, lease_ms)


def claim_one(tx: Tx, job_id: int, lease_ms: int = LEASE_MS) -> Job | None:
    """A job by its id, if it may be run now: who hands jobs out may hand one out twice."""
    row = tx.one(
        "SELECT * FROM job WHERE warehouse_id = :w AND id = :id AND (state = 'queued'"
        " OR (state = 'claimed' AND lease_until_ms <= :now)) AND run_after_ms <= :now",
        id=job_id, now=tx.now_ms,
    )  # fmt: skip
    return None if row is None else _take(tx, row, lease_ms)


def renew(tx: Tx, job: Job, lease_ms: int = LEASE_MS) -> bool:
    """Keep the lease while the job is being run; False when it is not ours any more."""
    kept = tx.run(
        "UPDATE job SET lease_until_ms = :until WHERE warehouse_id = :w AND id = :id AND fence = :fence"
        " AND state = 'claimed'",
        id=job.job_id, fence=job.fence, until=tx.now_ms + lease_ms,
    )  # fmt: skip
    return kept == 1


def _first_due(tx: Tx, names: Mapping[str, Any]) -> Any:
    known = ", ".join(f"'{name}'" for name in sorted(names))
    return tx.one(
        "SELECT * FROM job WHERE warehouse_id = :w AND (state = 'queued' OR (state = 'claimed'"
        f" AND lease_until_ms <= :now)) AND run_after_ms <= :now AND name IN ({known}) ORDER BY id LIMIT 1",
        now=tx.now_ms,
    )


def _take(tx: Tx, row: Any, lease_ms: int) -> Job | None:
    taken = tx.run(
        "UPDATE job SET state = 'claimed', fence = fence + 1, attempts = attempts + 1, lease_until_ms = :until,"
        " claimed_by = :me WHERE warehouse_id = :w AND id = :id AND fence = :fence AND state IN ('queued', 'claimed')",
        id=row["id"], fence=row["fence"], until=tx.now_ms + lease_ms, me=this_process(),
    )  # fmt: skip
    if taken != 1:
        return None
    return Job(row["id"], row["fence"] + 1, row["attempts"] + 1, row["name"], json.loads(row["arguments"]))


def _fail(tx: Tx, kind: Kind, job: Job, reason: str) -> None:
    if job.attempts < ATTEMPTS_MAX:
        tx.put(
            "UPDATE job SET state = 'queued', result = :reason, run_after_ms = :after WHERE warehouse_id = :w"
            " AND id = :id AND fence = :fence AND state = 'claimed'",
            id=job.job_id, fence=job.fence, reason=reason, after=tx.now_ms + RETRY_MS,
        )  # fmt: skip
    elif _end(tx, job, "failed", reason) and kind.gave_up is not None:
        kind.gave_up(tx, job.arguments)


def _end(tx: Tx, job: Job, state: str, result: str) -> bool:
    ended = tx.run(
        "UPDATE job SET state = :state, result = :result, done_at_ms = :now WHERE warehouse_id = :w AND id = :id"
        " AND fence = :fence AND state = 'claimed'",
        id=job.job_id, fence=job.fence, state=state, result=result, now=tx.now_ms,
    )  # fmt: skip
    return ended == 1


@contextmanager
def _kept_alive(floor: Floor, job: Job, lease_ms: int) -> Iterator[None]:
    """Renew the lease from a thread of its own for as long as the block lasts."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(lease_ms / 3_000):
            try:
                if not floor.writer.write(lambda tx: renew(tx, job, lease_ms)):
                    return
            except Exception:
                # Locked, full or gone: the lease may end, and then somebody else runs the job to the same end.
                log.exception("the lease of job %s was not renewed", job.job_id)

    keeper = threading.Thread(target=keep, name=f"floor-job-{job.job_id}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
