"""/metrics for Prometheus. What is counted elsewhere is in its registry; how late jobs are is asked at each scrape."""

from __future__ import annotations

from typing import Final

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from services.backlog import oldest_due

log = structlog.get_logger(__name__)
routes = web.RouteTableDef()

LANES: Final = 50
"""The lanes that are furthest behind; an installation may have thousands."""


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Everything in the text format."""
    return web.Response(body=generate_latest() + await _late(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _late() -> bytes:
    """How long the oldest due job of each lane has been waiting."""
    registry = CollectorRegistry()
    seconds = Gauge("pult_jobs_oldest_due_seconds", "Age of the oldest due job", ["lane"], registry=registry)
    due = Gauge("pult_jobs_due", "Jobs that are due", ["lane"], registry=registry)
    try:
        for lane in await oldest_due(LANES):
            seconds.labels(lane.name).set(lane.seconds)
            due.labels(lane.name).set(lane.count)
    except Exception:
        log.warning("the jobs could not be counted for the metrics", exc_info=True)
        return b""
    return generate_latest(registry)
