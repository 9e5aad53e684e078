"""What is counted, and noted for whoever follows a message, when jobs end: is something stuck, slow or refused?

`platform` is the messenger of the job's lane; "control" for the team's chats.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from prometheus_client import Counter, Histogram

from adapters.base import ChannelSuspended, CredentialsRevoked, RecipientGone, Throttled
from services import trace
from services.decisions import Retry
from services.jobs import Job, Kind

FINISHED: Final = Counter("pult_jobs_finished", "Attempts at jobs by kind and how they ended", ["kind", "outcome"])
REFUSED: Final = Counter("pult_jobs_refused", "Jobs given up by kind and class of the error", ["kind", "reason"])
UNSHOWN: Final = Counter("pult_unshown", "What a member was to see and Telegram did not take in any form", ["kind"])
DOUBTS: Final = Counter(
    "pult_doubts", "Jobs of which nobody knows whether they took effect: they may be repeated", ["platform", "kind"]
)
THROTTLED: Final = Counter("pult_throttled", "Calls refused for being too fast", ["platform", "scope"])
PAUSES: Final = Counter("pult_pauses", "Pauses of a lane, or of a part of it, by cause", ["platform", "cause"])
DELIVERIES: Final = Counter(
    "pult_deliveries", "Answers, copies and cards by where they go and how they ended", ["platform", "kind", "outcome"]
)
DELIVERY: Final = Histogram(
    "pult_delivery_seconds", "From what asked for it to the messenger's answer", ["platform", "kind"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 14400, 86400),
)  # fmt: skip

_DELIVERED: Final = frozenset({"send", "copy", "card"})
_SHOWN: Final = frozenset({"card", "copy", "copy_change", "reaction", "header", "notice", "reminder"})
for _kind in _SHOWN:
    # From the start: the first increase of a series that was not there is none.
    UNSHOWN.labels(_kind)
_NAMED: Final = ("message", "inquiry", "file", "channel", "member")
"""What of a payload is shown in a note: ids of ours."""


@cache
def _counter(counter: Counter, *labels: str) -> Counter:
    # To find the child of a metric is dearer than to count.
    return counter.labels(*labels)


@cache
def _seconds(platform: str, kind: str) -> Histogram:
    return DELIVERY.labels(platform, kind)


def ended(job: Job, platform: str, outcome: str) -> None:
    """A job was carried out, or given up; outcome: "done", "lease lost", "unrecorded" or "refused"."""
    _counter(FINISHED, job.kind, outcome).inc()
    if outcome != "done" and outcome != "refused":
        DOUBTS.labels(platform, job.kind).inc()
    age = job.age.total_seconds()
    if job.kind in _DELIVERED:
        _counter(DELIVERIES, platform, job.kind, outcome).inc()
        if outcome == "done":
            _seconds(platform, job.kind).observe(max(0.0, age))
    named = {name: job.payload[name] for name in _NAMED if isinstance(job.payload.get(name), int)}
    trace.note("job ended", kind=job.kind, job=job.id, outcome=outcome, lane=job.lane, age=round(age, 3), **named)


def refused(job: Job, platform: str, error: Exception) -> None:
    """A job was given up for good."""
    REFUSED.labels(job.kind, type(error).__name__).inc()
    if job.kind in _SHOWN and not isinstance(error, RecipientGone):
        UNSHOWN.labels(job.kind).inc()
    ended(job, platform, "refused")


def put_off(job: Job, kind: Kind, platform: str, error: Exception, decision: Retry) -> None:
    """A job is tried again."""
    FINISHED.labels(job.kind, "retried").inc()
    if isinstance(error, Throttled):
        THROTTLED.labels(platform, error.scope.value).inc()
    if decision.suspect and not job.suspect and not kind.repeatable:
        DOUBTS.labels(platform, job.kind).inc()
    if decision.pause_lane is not None:
        PAUSES.labels(platform, _cause(error)).inc()


def _cause(error: Exception) -> str:
    match error:
        case Throttled():
            return "too fast"
        case CredentialsRevoked():
            return "token revoked"
        case ChannelSuspended():
            return "channel suspended"
    return "other"
