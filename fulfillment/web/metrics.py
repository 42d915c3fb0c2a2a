"""GET /metrics: what the web processes have counted, and what the database says at that moment.

Figures of the database are read on a snapshot beside the scans, by the process that is asked; a database that is away
leaves `floor_database_up 0` and the counted ones, so that the alarm for it can be told from a dead server.
"""

from __future__ import annotations

import logging
import os
import resource
import time
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from fulfillment.bootstrap import Floor
from fulfillment.domain.roles import Permission
from fulfillment.services.figures import levels
from fulfillment.web import figures
from fulfillment.web.auth import floor, needs

log = logging.getLogger(__name__)

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@needs(Permission.READ_METRICS)
def get_metrics() -> Response:
    """Every figure in the text format of Prometheus."""
    figures.counted()
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)
    else:
        registry = CollectorRegistry()
        registry.register(_Counted())
    registry.register(_Levels(floor()))
    return Response(generate_latest(registry), mimetype=CONTENT_TYPE_LATEST)


class _Counted:
    """What this one process counted."""

    def collect(self) -> Iterator[Any]:
        return (family for family in REGISTRY.collect() if family.name.startswith("floor_"))


class _Levels:
    """What stands in the database, and how this process is."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def collect(self) -> Iterator[Any]:
        began = time.perf_counter()
        up = GaugeMetricFamily("floor_database_up", "Whether the database answered")
        try:
            read = self._floor.read(levels.levels)
        except Exception:
            log.exception("the database was not there for /metrics")
            read = {}
        up.add_metric([], 1 if read else 0)
        yield up
        for name, level in read.items():
            family = GaugeMetricFamily(f"floor_{name}", level.words, labels=level.labels)
            for labels, value in level.values:
                family.add_metric(labels, value)
            yield family
        yield from self._process()
        yield GaugeMetricFamily(
            "floor_metrics_seconds", "What it took to read the figures", value=time.perf_counter() - began
        )

    def _process(self) -> Iterator[Any]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        yield GaugeMetricFamily("floor_process_memory_bytes", "Most memory of the answering process",
                                value=usage.ru_maxrss * 1024)  # fmt: skip
        yield GaugeMetricFamily("floor_process_cpu_seconds", "Processor time of the answering process",
                                value=usage.ru_utime + usage.ru_stime)  # fmt: skip
        pool = self._floor.engine.pool
        for name in ("checkedout", "checkedin"):
            if hasattr(pool, name):
                yield GaugeMetricFamily(f"floor_pool_{name}", "Database connections of the answering process",
                                        value=getattr(pool, name)())  # fmt: skip
