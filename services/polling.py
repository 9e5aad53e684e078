"""Long polling of channels that have no public address: one task each, the same journal and order as webhooks.

A cursor is kept with the events before it, and given to the platform only after that: what is confirmed is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Mapping
from typing import Any, Final

import orjson
import structlog
from prometheus_client import Gauge

from adapters.base import Adapter, CanPoll, Channel, CredentialsRevoked, Event, PlatformError, Polled, Throttled
from adapters.lenient import shallow
from models.enums import ChannelState, Receiving
from services.applying import ChannelRow
from services.channel_health import Watch
from services.channel_rows import COLUMNS, Connected, connected
from services.channels import Channels
from services.inbox import Inbox
from services.sql import fetch
from services.trace import following, new

log = structlog.get_logger(__name__)

POLLED: Final = Gauge("pult_channels_polled", "Channels that this process polls")

WAIT: Final = 25.0
"""Seconds that a platform may hold a poll open."""
LOOK_EVERY: Final = 5.0
"""Seconds between looks at what other processes connected; this one's changes are seen at once."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
LOOK_INTO_IT: Final = 3
"""Failures in a row after which the channel is compared with its platform: somebody may have set a webhook."""


class Polling:
    """Polls all channels that are received that way; `run` until cancelled, in one process at a time.

    adapters: built over an HTTP pool of their own, with room for a connection per channel, so that open polls hold up
    no sending.
    """

    def __init__(
        self,
        adapters: Mapping[str, Adapter],
        channels: Channels,
        inbox: Inbox,
        watch: Watch,
        *,
        wait: float = WAIT,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._adapters = adapters
        self._channels = channels
        self._inbox = inbox
        self._watch = watch
        self._wait = wait
        self._look_every = look_every
        self._tasks: dict[int, tuple[str, asyncio.Task[None]]] = {}
        self._look = asyncio.Event()
        self._alive = False
        channels.on_change(self._changed)

    @property
    def alive(self) -> bool:
        """Whether it is running; for the health page."""
        return self._alive

    async def run(self) -> None:
        """Start and stop polls as channels come and go."""
        self._alive = True
        try:
            while True:
                self._look.clear()
                try:
                    await self._match()
                except Exception:
                    log.exception("the channels to poll could not be read")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._look.wait(), self._look_every)
        finally:
            self._alive = False
            await self._stop(list(self._tasks))

    def _changed(self, channel_id: int) -> None:
        self._look.set()

    async def _match(self) -> None:
        """Make the running polls those of the channels that are to be polled now."""
        rows = await fetch(
            f"SELECT {COLUMNS} FROM channels WHERE state = ? AND receiving = ?",
            ChannelState.ACTIVE.value, Receiving.POLLING.value,
        )  # fmt: skip
        wanted = {row["id"]: connected(row) for row in rows if row["platform"] in self._adapters}
        over = [
            channel_id
            for channel_id, (mark, task) in self._tasks.items()
            if task.done() or channel_id not in wanted or mark != _mark(wanted[channel_id])
        ]
        await self._stop(over)
        for channel_id, channel in wanted.items():
            if channel_id not in self._tasks:
                self._tasks[channel_id] = (_mark(channel), asyncio.create_task(self._poll(channel)))
        POLLED.set(len(self._tasks))

    async def _stop(self, channel_ids: list[int]) -> None:
        tasks = [self._tasks.pop(channel_id)[1] for channel_id in channel_ids]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _poll(self, channel: Connected) -> None:
        """Poll one channel until its key is dead; what fails is tried again with growing pauses."""
        adapter = self._adapters[channel.platform]
        if not isinstance(adapter, CanPoll):
            log.error("a channel cannot be polled", channel=channel.id, platform=channel.platform)
            return
        target, cursor, failures = channel.channel(None), channel.cursor, 0
        while True:
            try:
                cursor = await self._once(adapter, target, channel.row, cursor)
                failures = 0
                continue
            except CredentialsRevoked as error:
                if await self._broken(channel.id, error):
                    return
                failures += 1
                pause = _pause(failures)
            except Throttled as error:
                pause = error.retry_after
            except PlatformError as error:
                failures += 1
                pause = _pause(failures)
                log.info("a poll failed", channel=channel.id, error=str(error), again_in=pause)
            except Exception:
                # The database is away, or there is a fault of ours: the cursor stands, so that nothing is lost.
                failures += 1
                pause = _pause(failures)
                log.exception("what was polled could not be stored", channel=channel.id, again_in=pause)
            if failures and failures % LOOK_INTO_IT == 0:
                with contextlib.suppress(Exception):
                    await self._watch.repair(channel.id)
            await asyncio.sleep(pause)

    async def _broken(self, channel_id: int, error: CredentialsRevoked) -> bool:
        """Whether it is written down that the key is dead: until then the channel counts as polled."""
        try:
            await self._watch.broken(channel_id, error)
        except Exception:
            log.exception("a dead key could not be recorded", channel=channel_id)
            return False
        return True

    async def _once(self, adapter: Any, target: Channel, row: ChannelRow, cursor: str | None) -> str | None:
        """One poll; returns the cursor that confirms what it brought, which is stored by then."""
        polled = await adapter.poll(target, cursor, self._wait)
        with following(new()):
            return await self._take_in(adapter, row, polled, cursor)

    async def _take_in(self, adapter: Any, row: ChannelRow, polled: Polled, cursor: str | None) -> str | None:
        events: list[Event] = []
        for payload in polled.payloads:
            try:
                events += adapter.parse(shallow(payload))
            except Exception as error:
                await self._inbox.failed(row, orjson.dumps(payload, default=repr), error)
        if events or polled.cursor != cursor:
            await self._inbox.accept(row, events, cursor=polled.cursor)
        return str(polled.cursor) if polled.cursor is not None else None


def _mark(channel: Connected) -> str:
    """What a running poll depends on: a new key needs a new one."""
    return f"{channel.hook_key}:{hash(tuple(sorted(channel.credentials.items())))}"


def _pause(failures: int) -> float:
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311  jitter
