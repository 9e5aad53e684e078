"""Takes what platforms deliver: journal, then rows and jobs, all in one commit before the platform hears "stored"."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial

import orjson
import structlog
from prometheus_client import Counter, Histogram

from adapters.base import TIMELESS, Event
from adapters.redaction import told
from models.enums import EventState
from models.fields import seal
from services import app_bodies, clock, trace
from services.alarms import Alarm, Quiet
from services.applying import HEARD_STEP, ChannelRow, apply
from services.arrivals import Arrival, journal, together
from services.driving import out_of_reach
from services.retention import Retention
from services.sql import Grouped, Steps, in_slices, transact
from services.texts import N_

__all__ = ["ChannelRow", "Inbox"]

log = structlog.get_logger(__name__)

ACCEPTED = Counter("pult_events_accepted", "Events by platform, kind and outcome", ["platform", "kind", "outcome"])
AGE = Histogram(
    "pult_event_age_seconds", "From what happened, by the platform's clock, to its commit here", ["platform"],
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86400),
)  # fmt: skip
FAILED = N_(
    "Something that arrived from {platform} could not be processed. It is kept: see the log, and run"
    " “python -m bot replay” when the cause is mended."
)
FORGOTTEN_AT_ONCE = 2000
QUIET_AFTER = timedelta(hours=1)
"""Replayed events older than this are stored without a sound."""
MENDED = "no strict JSON: read with its odd words mended"
RAW_LIMIT = 1024 * 1024
"""A body that could not be parsed is journaled up to this many bytes: whole, as no longer one is taken."""


def shared_commits() -> Grouped:
    """Commits that take arriving events in together, and whatever else is given to them."""
    return Grouped(together=together)


class Inbox:
    """Accepts events of any platform. `accept` returns after the commit that holds them.

    alarm tells the installation's operators a message id with its values: something is kept, but nobody sees it.
    commits: shared with others, where all write through one connection (`shared_commits`).
    """

    def __init__(self, alarm: Alarm | None = None, commits: Grouped | None = None) -> None:
        self._grouped = commits or shared_commits()
        self._alarm = Quiet(alarm)
        self._heard: dict[int, datetime] = {}
        self._confirmed: dict[int, ChannelRow] = {}

    async def accept(self, channel: ChannelRow, events: Sequence[Event], cursor: str | None = None) -> int:
        """Store events and what follows from them; returns how many were new.

        An event that cannot be applied is journaled as failed and the rest go on. `cursor` is kept with them, for
        polling. Raises what the database raises where nothing could be stored.
        """
        if len(events) == 1 and cursor is None:
            return int(await self._accept(channel, events[0]))
        # Started in order, so that they join the same commit in the order in which the platform names them.
        results = await asyncio.gather(*(self._accept(channel, event) for event in events), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        if cursor is not None:
            await self._grouped.submit(partial(_keep_cursor, channel.id, cursor))
        return sum(result is True for result in results)

    def _to_be_noted(self, channel: ChannelRow, now: datetime) -> bool:
        """Whether the channel's row is to say that it was heard: known here, so that most events need not ask it."""
        last = self._heard.get(channel.id)
        # What was read before the first event says "not confirmed" until it is read anew.
        confirmed = channel.confirmed or self._confirmed.get(channel.id) is channel
        if confirmed and last is not None and last <= now < last + HEARD_STEP:
            return False
        self._heard[channel.id] = now
        return True

    async def _accept(self, channel: ChannelRow, event: Event) -> bool:
        now = clock.now()
        event = _timed(event, now)
        payload = seal(orjson.dumps(event.raw, default=str).decode())
        noted = self._to_be_noted(channel, now)
        make = Arrival(channel, event, payload, noted)
        kind = type(event).__name__
        try:
            new = await self._grouped.submit(make)
        except Exception:
            # Once more by itself: two deliveries may have met; a third failure is the event's own.
            try:
                new = await transact(make)
            except Exception as error:
                if out_of_reach(error) or not await self._reachable():
                    raise
                log.exception("an event could not be applied", channel=channel.id, kind=kind, key=event.key)
                ACCEPTED.labels(channel.platform, kind, "failed").inc()
                failed = partial(journal, channel, event.key, kind, payload, event.at, EventState.FAILED, told(error))
                await transact(failed)
                await self._alarm.raise_("failed", FAILED, platform=channel.platform)
                return True
        if noted and new:
            self._confirmed[channel.id] = channel
        _count(channel, event, kind, now, new)
        return new

    async def failed(self, channel: ChannelRow, body: bytes, error: Exception) -> None:
        """Journal a body that could not be read, under the hash of its bytes, so that `replay` can try again."""
        log.error("a payload could not be parsed", channel=channel.id, error=type(error).__name__)
        ACCEPTED.labels(channel.platform, "unreadable", "failed").inc()
        await self._journal_raw(channel, body, EventState.FAILED, told(error))
        await self._alarm.raise_("failed", FAILED, platform=channel.platform)

    async def unread(self, platform: str, body: bytes, error: Exception) -> None:
        """The same for a body that came for a whole app: whose channel it concerns cannot be told."""
        log.error("a payload of an app could not be parsed", platform=platform, error=type(error).__name__)
        ACCEPTED.labels(platform, "unreadable", "failed").inc()
        await self._grouped.submit(partial(app_bodies.keep, platform, body, told(error)))
        await self._alarm.raise_("failed", FAILED, platform=platform)

    async def keep(self, channel: ChannelRow, body: bytes) -> None:
        """Journal a body whose JSON had to be mended, as it came, beside the events that were read from it."""
        log.warning("a payload was no strict JSON and was mended", channel=channel.id)
        ACCEPTED.labels(channel.platform, "mended", "kept").inc()
        await self._journal_raw(channel, body, EventState.SKIPPED, MENDED)

    async def _journal_raw(self, channel: ChannelRow, body: bytes, state: EventState, error: str) -> None:
        key = f"raw:{hashlib.sha256(body).hexdigest()}"
        text = seal(body[:RAW_LIMIT].decode(errors="replace"))
        await self._grouped.submit(partial(journal, channel, key, "raw", text, clock.now(), state, error))

    async def replay(self, channel: ChannelRow, event: Event, event_id: int, at: datetime) -> None:
        """Apply a journaled event again, without opening or announcing anything that is over an hour old.

        at: the journal's time of it, for platforms that tell none.
        """
        await transact(partial(_apply_again, channel, _timed(event, at), event_id))

    async def replay_unread(self, channel: ChannelRow, event: Event, at: datetime) -> None:
        """The same for an event of a kept body, which stands in no journal yet."""
        await transact(partial(_take_in_late, channel, _timed(event, at)))

    @staticmethod
    async def _reachable() -> bool:
        try:
            await transact(_nothing)
        except Exception:
            return False
        return True


@cache
def _outcome(platform: str, kind: str, outcome: str) -> Counter:
    # To find the child of a metric is dearer than to count.
    return ACCEPTED.labels(platform, kind, outcome)


@cache
def _age(platform: str) -> Histogram:
    return AGE.labels(platform)


def _count(channel: ChannelRow, event: Event, kind: str, now: datetime, new: bool) -> None:
    _outcome(channel.platform, kind, "new" if new else "repeated").inc()
    if new:
        _age(channel.platform).observe(max(0.0, (now - event.at).total_seconds()))
    trace.note("event stored", platform=channel.platform, channel=channel.id, kind=kind, new=new)


def _timed(event: Event, now: datetime) -> Event:
    """Where the platform tells no time, it happened when it arrived."""
    return replace(event, at=now) if event.at == TIMELESS else event


def _nothing() -> Steps[None]:
    # A write, so that a database that can only be read counts as out of reach.
    yield "DELETE FROM lane_pauses WHERE lane = ''", ()


def _apply_again(channel: ChannelRow, event: Event, event_id: int) -> Steps[None]:
    yield from apply(channel, event, quiet=clock.now() - event.at > QUIET_AFTER)
    yield "UPDATE events SET state = 'applied', error = NULL WHERE id = ?", (event_id,)


def _take_in_late(channel: ChannelRow, event: Event) -> Steps[None]:
    payload = seal(orjson.dumps(event.raw, default=str).decode())
    if (yield from journal(channel, event.key, type(event).__name__, payload, event.at, EventState.APPLIED)):
        yield from apply(channel, event, quiet=clock.now() - event.at > QUIET_AFTER)


def _keep_cursor(channel_id: int, cursor: str) -> Steps[None]:
    yield "UPDATE channels SET cursor = ? WHERE id = ?", (cursor, channel_id)


async def forget(days: int, retention: Retention) -> None:
    """Delete journaled events older than `days`, a few thousand at a time; failed ones stay twice as long."""
    now = clock.now()
    for state, keep in ((EventState.APPLIED, days), (EventState.SKIPPED, days), (EventState.FAILED, 2 * days)):
        before = await retention.until(f"events {state.value}", now - timedelta(days=keep))
        await in_slices(partial(_forget, state, before), FORGOTTEN_AT_ONCE)


def _forget(state: EventState, before: datetime) -> Steps[int]:
    rows = yield (
        "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE received_at < ? AND state = ? LIMIT ?)"
        " RETURNING id",
        (before, state.value, FORGOTTEN_AT_ONCE),
    )
    return len(rows)
