"""The health watch: every quarter of an hour each channel is compared with what its platform has, and put right.

The team hears of a trouble once, when it begins; of its end where they were waiting for it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog

from adapters.base import (
    Adapter,
    ChannelSuspended,
    CredentialsRevoked,
    Enforcement,
    Health,
    HealthState,
    PlatformError,
    Refused,
)
from models.enums import ChannelState
from services import channel_troubles, clock
from services.channel_rows import COLUMNS, LIVE, Connected, Trouble, connected, load
from services.channel_troubles import REPAIRED, TAKEN
from services.channels import AT_ONCE, Channels
from services.connecting import foreign_host, resume
from services.jobs import Effect, Job, Kind
from services.sql import fetch, marks, transact

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(minutes=15)
BATCH: Final = 500
RHYTHM: Final = timedelta(days=14)
"""A channel's rhythm is how often it was heard in this long before it fell silent."""
RHYTHM_EVENTS: Final = 20
"""Fewer events make no rhythm."""
SILENT_AT_LEAST: Final = timedelta(hours=24)
SILENT_TIMES: Final = 10
"""Silence is too long at this many times the usual pause between two events, and never before SILENT_AT_LEAST."""
_LANE: Final = re.compile(r"(?:files:)?channel:(\d+)")


class Watch:
    """Looks after connected channels. Register `watch` as a tick; `paused` with the jobs' runner."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._rhythms: dict[int, tuple[datetime, timedelta | None]] = {}
        self._unreachable: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def kinds(self) -> dict[str, Kind]:
        """What the platforms do to channels, as jobs."""
        return {"enforced": Kind(self._enforced)}

    async def _enforced(self, job: Job) -> Effect:
        channel = await load(job.payload["channel"])
        if channel is None:
            return None
        self._channels.changed(channel.id)
        reason = job.payload["reason"]
        log.warning("a platform acts on a channel", channel=channel.id, action=job.payload["action"], reason=reason)
        match Enforcement(job.payload["action"]):
            case Enforcement.BLOCKED:
                return partial(channel_troubles.begins, channel, Trouble.SUSPENDED, reason)
            case Enforcement.RELEASED:
                return partial(channel_troubles.ends, channel)
        return partial(channel_troubles.warned, channel, reason)

    async def watch(self) -> None:
        """One round over all channels."""
        await self._channels.sweep()
        after = 0
        while True:
            rows = await fetch(
                f"SELECT {COLUMNS} FROM channels WHERE id > ? AND state IN ({marks(LIVE)}) ORDER BY id LIMIT ?",
                after, *LIVE, BATCH,
            )  # fmt: skip
            if not rows:
                return
            after = rows[-1]["id"]
            room = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._within(room, self.look_at(connected(row))) for row in rows))

    async def _within(self, room: asyncio.Semaphore, work: Coroutine[Any, Any, None]) -> None:
        async with room:
            try:
                await work
            except Exception:
                log.exception("a channel could not be looked at")

    async def look_at(self, channel: Connected) -> None:
        """Compare one channel with its platform and do what follows."""
        adapter = self._channels.adapters.get(channel.platform)
        if adapter is None:
            return
        try:
            health = await adapter.inspect(channel.channel(self._channels.public_url))
        except CredentialsRevoked as error:
            health = Health(HealthState.REVOKED, detail=error.reason)
        except ChannelSuspended as error:
            await self._trouble(channel, Trouble.SUSPENDED, error.reason or None)
            return
        except PlatformError as error:
            log.info("a platform did not say how a channel is", channel=channel.id, error=str(error))
            return
        match health.state:
            case HealthState.REVOKED:
                await self._trouble(channel, Trouble.REVOKED, health.detail)
            case HealthState.WEBHOOK_LOST:
                await self._webhook_lost(adapter, channel, health)
            case HealthState.UNREACHABLE:
                await self._out_of_reach(channel, health.detail)
            case HealthState.WORKS:
                await self._works(channel)

    async def broken(self, channel_id: int, error: PlatformError) -> None:
        """Sending or receiving found the key dead, or the channel blocked: the team is told, once.

        What customers write still comes in where the platform delivers it.
        """
        channel = await load(channel_id)
        if channel is None:
            return
        if self._channels.keyed_lately(channel_id):
            # What was on its way with the old key is refused after the new one has come.
            await transact(partial(resume, channel_id))
            await self.look_at(channel)
            return
        trouble = Trouble.REVOKED if isinstance(error, CredentialsRevoked) else Trouble.SUSPENDED
        await self._trouble(channel, trouble, error.reason or None)

    def paused(self, lane: str, error: Exception) -> None:
        """A lane was paused by an error: see whether it is a channel's key. For the runner's `on_paused`."""
        found = _LANE.fullmatch(lane)
        if found is None or not isinstance(error, CredentialsRevoked | ChannelSuspended):
            return
        task = asyncio.create_task(self._broken_later(int(found[1]), error))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _broken_later(self, channel_id: int, error: PlatformError) -> None:
        try:
            await self.broken(channel_id, error)
        except Exception:
            log.exception("a broken channel could not be noted", channel=channel_id)

    async def repair(self, channel_id: int) -> None:
        """Polling is refused again and again: perhaps somebody has set a webhook."""
        channel = await load(channel_id)
        if channel is not None:
            await self.look_at(channel)

    async def _trouble(self, channel: Connected, trouble: Trouble, detail: str | None) -> None:
        if channel.trouble is not trouble:
            log.warning("a channel is in trouble", channel=channel.id, trouble=trouble.value, detail=detail)
            await transact(partial(channel_troubles.begins, channel, trouble, detail))
            self._channels.changed(channel.id)

    async def _webhook_lost(self, adapter: Adapter, channel: Connected, health: Health) -> None:
        """Put the webhook back. Lost again by the next look, it is somebody else's, and people have to agree."""
        contested = channel.trouble is Trouble.WEBHOOK_LOST
        if contested and channel.detail == TAKEN:
            return
        host = foreign_host(health.webhook, self._channels.public_url)
        if not contested and not await self._renewed(adapter, channel):
            return
        if not contested and health.webhook and host is None:
            # An address of our own, which the platform has stopped or knows with other kinds: nothing that people did.
            log.info("a webhook was renewed", channel=channel.id, detail=health.detail)
            await self._out_of_reach(channel, health.detail)
            return
        end = TAKEN if contested else REPAIRED
        await transact(partial(channel_troubles.webhook_lost, channel, host, end))
        self._channels.changed(channel.id)

    async def _renewed(self, adapter: Adapter, channel: Connected) -> bool:
        """Put the webhook back, if the platform takes it."""
        try:
            await self._channels.deliver(adapter, channel)
        except CredentialsRevoked as error:
            await self._trouble(channel, Trouble.REVOKED, error.reason)
        except Refused as error:
            log.warning("a webhook could not be put back", channel=channel.id, error=str(error))
            await self._out_of_reach(channel, error.reason)
        else:
            return True
        return False

    async def _out_of_reach(self, channel: Connected, detail: str | None) -> None:
        """The platform cannot deliver to us, or has just been talked into it again. One look proves little: it may
        have met a restart."""
        if channel.id in self._unreachable:
            await self._trouble(channel, Trouble.UNREACHABLE, detail)
        self._unreachable.add(channel.id)

    async def _works(self, channel: Connected) -> None:
        self._unreachable.discard(channel.id)
        if channel.trouble is Trouble.SUSPENDED:
            # The platform's word on the webhook says nothing about sending: a person presses «Проверить».
            return
        if await self._silent(channel):
            await self._trouble(channel, Trouble.SILENT, None)
        elif channel.trouble is not None or channel.state is ChannelState.BROKEN:
            await transact(partial(channel_troubles.ends, channel))
            self._channels.changed(channel.id)

    async def _silent(self, channel: Connected) -> bool:
        last = channel.last_event_at
        if last is None or clock.now() - last < SILENT_AT_LEAST:
            return False
        known = self._rhythms.get(channel.id)
        if known is None or known[0] != last:
            known = self._rhythms[channel.id] = (last, await _rhythm(channel.id, last))
        pause = known[1]
        return pause is not None and clock.now() - last > max(SILENT_AT_LEAST, pause * SILENT_TIMES)


async def _rhythm(channel_id: int, last: datetime) -> timedelta | None:
    """The usual pause between two events before the silence; None where there were too few to tell."""
    rows = await fetch(
        "SELECT COUNT(*) AS n FROM events WHERE channel_id = ? AND received_at > ?", channel_id, last - RHYTHM
    )
    count = int(rows[0]["n"])
    return RHYTHM / count if count >= RHYTHM_EVENTS else None
