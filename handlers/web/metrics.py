"""/metrics for Prometheus: what this process has counted, and how the whole installation stands.

The second is asked of the database at a scrape, at most every few seconds. Every process tells the same of it, so that
it is there for as long as one of them lives: take the maximum over them, never the sum.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services import backlog
from services.backlog import Standing
from services.store import Store

log = structlog.get_logger(__name__)
routes = web.RouteTableDef()

KEPT: Final = 5.0
"""Seconds for which an answer of the database is used again: several may scrape."""
UNKNOWN: Final = Counter("pult_metrics_failed", "Scrapes for which the database could not be asked")


class Watching:
    """What a scrape asks for. look: how the installation stands; room: free and total bytes of the data folder."""

    def __init__(
        self,
        look: Callable[[], Awaitable[Standing]] = backlog.look,
        room: Callable[[], Awaitable[tuple[int, int]]] | None = None,
    ) -> None:
        self._look, self._room = look, room
        self._found: list[Metric] = []
        self._until = float("-inf")

    async def found(self) -> list[Metric]:
        """The figures, from the database or from a moment ago; none where it cannot be asked."""
        if time.monotonic() < self._until:
            return self._found
        found = [_build()]
        try:
            if self._room is not None:
                found += _disk(*await self._room())
            found += [*_jobs(standing := await self._look()), *_journals(standing), *_channels(standing)]
        except Exception:
            log.warning("what the metrics tell of the database could not be asked", exc_info=True)
            UNKNOWN.inc()
            return found
        self._found, self._until = found, time.monotonic() + KEPT
        return found


WATCHING: Final = web.AppKey("watching", Watching)


def watching(store: Store) -> Watching:
    """With the room of the disk on which files are kept."""
    return Watching(room=store.room)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Everything in the text format."""
    registry = CollectorRegistry()
    registry.register(_Found(await request.app[WATCHING].found()))
    body = generate_latest() + generate_latest(registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Found(Collector):
    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = list(found)

    def collect(self) -> Iterator[Metric]:
        yield from self._found


def _gauge(name: str, text: str, labels: tuple[str, ...], rows: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _jobs(found: Standing) -> Iterator[Metric]:
    yield _gauge(
        "pult_jobs", "Jobs by kind and state: due, waiting, running, refused", ("kind", "state"),
        (((one.kind, one.state), one.count) for one in found.jobs),
    )  # fmt: skip
    oldest: dict[str, float] = {}
    for one in found.jobs:
        oldest[one.kind] = max(oldest.get(one.kind, 0.0), one.oldest)
    yield _gauge(
        "pult_kind_oldest_due_seconds", "Age of the oldest job that is due or running, by kind", ("kind",),
        (((kind,), seconds) for kind, seconds in oldest.items()),
    )  # fmt: skip
    yield _gauge(
        "pult_jobs_oldest_due_seconds", "Age of the oldest due job, of the lanes furthest behind", ("lane",),
        (((lane.name,), lane.seconds) for lane in found.lanes),
    )  # fmt: skip
    yield _gauge(
        "pult_jobs_due", "Jobs that are due, of the lanes furthest behind", ("lane",),
        (((lane.name,), lane.count) for lane in found.lanes),
    )  # fmt: skip
    labels = ("platform", "reason")
    pauses = [((one.platform, one.reason), one) for one in found.paused]
    yield _gauge("pult_paused", "Pauses in force", labels, ((key, one.count) for key, one in pauses))
    yield _gauge(
        "pult_paused_left_seconds", "Until the last of the pauses in force ends", labels,
        ((key, one.left) for key, one in pauses),
    )  # fmt: skip


def _journals(found: Standing) -> Iterator[Metric]:
    kept = {
        ("events", "failed"): found.events_failed,
        ("updates", "received"): found.updates_waiting,
        ("updates", "failed"): found.updates_failed,
    }
    labels = ("journal", "state")
    yield _gauge(
        "pult_journal", "What arrived and is not done: events of customers, updates of the team", labels,
        ((key, one.count) for key, one in kept.items()),
    )  # fmt: skip
    yield _gauge(
        "pult_journal_oldest_seconds", "Age of the oldest of these", labels,
        ((key, one.oldest) for key, one in kept.items()),
    )  # fmt: skip
    yield _gauge(
        "pult_lease_left_seconds", "For how long each lease still holds", ("lease",),
        (((name,), left) for name, left in found.leases),
    )  # fmt: skip


def _channels(found: Standing) -> Iterator[Metric]:
    labels = ("platform", "state")
    yield _gauge(
        "pult_channels", "Channels by state", labels,
        (((one.platform, one.state), one.count) for one in found.channels),
    )  # fmt: skip
    yield _gauge(
        "pult_channels_last_event_seconds", "Since the last event of any of these channels, to the minute", labels,
        (((one.platform, one.state), one.heard) for one in found.channels if one.heard is not None),
    )  # fmt: skip


def _disk(free: int, total: int) -> Iterator[Metric]:
    yield _gauge("pult_disk_free_bytes", "Free room of the data folder", (), [((), free)])
    yield _gauge("pult_disk_total_bytes", "Size of the disk of the data folder", (), [((), total)])


def _build() -> Metric:
    return _gauge(
        "pult_build_info", "What runs here", ("version", "python"), [((_version(), platform.python_version()), 1)]
    )


@cache
def _version() -> str:
    try:
        return version("pult")
    except PackageNotFoundError:
        return "unknown"
