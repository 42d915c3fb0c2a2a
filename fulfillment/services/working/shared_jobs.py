"""General jobs on PostgreSQL: Procrastinate hands them out to the workers of many machines.

What a job is and what became of it stays in our table on both engines (`jobs`); here is only who runs it when. A job
is deferred inside our own transaction by Procrastinate's SQL function, in a schema of its own. Its worker may hand
one out twice (a machine died): the lease and the fence of `jobs` see to it that it is run by one at a time, and jobs
come to the same end however often. Nothing waits for a NOTIFY. Procrastinate is an extra, imported when it is used.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.engine import Engine

from fulfillment.bootstrap import Floor
from fulfillment.services.working import jobs
from fulfillment.services.working.jobs import SCHEMA, TASK, queue_of

log = logging.getLogger(__name__)

POLL_S = 0.2
RETRY_S = 3
TRIES_MAX = 50  # a job that another worker holds, or whose next try is due later, is handed out again
STALLED_S = 30.0
KEPT_H = 24 * 7


class NotNow(RuntimeError):
    """The job is another worker's, or due later: it is to be handed out again."""


def job_worker(
    floor: Floor, stop: threading.Event, kinds: Mapping[str, jobs.Kind], between: Callable[[], None]
) -> None:
    """Run what Procrastinate hands out until told to stop; a job in hand is finished first."""
    asyncio.run(_work(floor, stop, kinds, between))


async def _work(
    floor: Floor, stop: threading.Event, kinds: Mapping[str, jobs.Kind], between: Callable[[], None]
) -> None:
    app = make_app(floor, kinds)
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[queue_of(floor.warehouse_id)], install_signal_handlers=False, listen_notify=False,
                fetch_job_polling_interval=POLL_S, name=f"floor-{floor.warehouse_id}",
            )
        )  # fmt: skip
        while not stop.is_set() and not worker.done():
            await asyncio.to_thread(between)
            await asyncio.sleep(POLL_S / 2)
        if worker.done():
            worker.result()  # what it died of goes up: the supervisor starts us again
            return
        worker.cancel()
        try:
            await worker
        except asyncio.CancelledError:
            log.debug("the job worker has stopped")


def make_app(floor: Floor, kinds: Mapping[str, jobs.Kind]) -> Any:
    """Procrastinate over the floor's database, with the one task of ours and the one that brings back the stalled."""
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(kwargs=_options(floor.engine), max_size=4))
    queue = queue_of(floor.warehouse_id)

    @app.task(name=TASK, queue=queue, retry=procrastinate.RetryStrategy(max_attempts=TRIES_MAX, wait=RETRY_S))
    def floor_job(job: int) -> None:
        run_handed_out(floor, kinds, job)

    # Without this a job whose worker died stays "doing" for ever (Procrastinate's documentation says so).
    @app.periodic(cron="* * * * *")
    @app.task(name="floor_retry_stalled", queue=queue, queueing_lock=f"stalled-{queue}", pass_context=True)
    async def retry_stalled(context: Any, timestamp: int) -> None:
        await bring_back(app, queue)
        await asyncio.to_thread(hand_out_lost, floor)
        await app.job_manager.delete_old_jobs(KEPT_H, queue=queue, include_failed=True)

    return app


async def bring_back(app: Any, queue: str) -> int:
    """Hand jobs out again whose worker has died; how many there were."""
    stalled = list(await app.job_manager.get_stalled_jobs(queue=queue, seconds_since_heartbeat=STALLED_S))
    for job in stalled:
        await app.job_manager.retry_job(job)
    return len(stalled)


def hand_out_lost(floor: Floor) -> int:
    """Hand out what waits and nobody hands out; how many there were. The writer is only asked when there is some."""
    return floor.writer.write(jobs.hand_out_lost) if floor.read(jobs.lost) else 0


def run_handed_out(floor: Floor, kinds: Mapping[str, jobs.Kind], job_id: int) -> None:
    """Run one job if it is still to be run.

    Raises:
        NotNow: it is to be handed out again, because it failed, is held by another worker or due later.
    """
    job = floor.writer.write(lambda tx: jobs.claim_one(tx, job_id))
    if job is not None and job.name in kinds:
        jobs.run_claimed(floor, kinds, job)
    state = floor.read(lambda tx: tx.one("SELECT state FROM job WHERE warehouse_id = :w AND id = :id", id=job_id))
    if state is not None and state["state"] in ("queued", "claimed"):
        raise NotNow(f"job {job_id} is {state['state']}")


def _options(engine: Engine) -> dict[str, Any]:
    """How to connect to the same database, seeing Procrastinate's tables first."""
    _, options = engine.dialect.create_connect_args(engine.url)
    return {**options, "options": f"-c search_path={SCHEMA}"}
