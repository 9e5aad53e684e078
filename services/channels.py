"""A project's channels: connecting and disconnecting, new keys, what their cards show.

Health stands in `services.channel_health`, settings in `services.channel_settings`; what the rows go through in
`services.connecting`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from adapters.base import (
    Adapter,
    CanPoll,
    Channel,
    ChannelProfile,
    Credentials,
    Health,
    HealthState,
    PlatformError,
    Unprepared,
)
from adapters.names import one_line
from models.enums import ChannelState, Receiving
from services import access, channel_troubles, clock, clock_trust, connecting
from services.access import Actor, Gone, Refusal
from services.channel_rows import (
    COLUMNS,
    HEARD,
    LIVE,
    ChannelView,
    Connected,
    Known,
    Trouble,
    connected,
    hook_address,
    load,
    of_project,
    view,
)
from services.connecting import Proposal, allowed, foreign_host, platform_words, receiving_of
from services.sql import Steps, fetch, marks, run, transact
from services.texts import N_

log = structlog.get_logger(__name__)

PAGE: Final = 8
STILL_UNDER_WAY: Final = timedelta(minutes=2)
"""How long a call that left with an earlier key may take to be refused."""
AT_ONCE: Final = 16
"""How many platforms' calls are made at a time when all channels are gone through."""
GONE = N_("This channel is not connected any more.")
UNKNOWN_PLATFORM = N_("This installation does not speak with that messenger.")
OTHER_CHANNEL = N_(
    "This key belongs to {other}, but the channel is {name}. Paste a key of {name}, or connect {other} by /connect."
)
STILL_DEAD = N_("{platform} still does not take the key of {name}. Press “New key” and paste one that works.")
UNREACHABLE = N_("{platform} cannot deliver messages to this service at the moment: {reason}")


@dataclass(frozen=True, slots=True)
class ChannelPage:
    """A page of a project's channels; pages count from 0."""

    items: tuple[ChannelView, ...]
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Platform:
    """A messenger that can be connected."""

    name: str
    title: str


class Channels:
    """All functions that take a person raise Denied for whoever may not change the project's channels.

    adapters: by platform. public_url: the https address of this installation, without which channels are polled.
    """

    def __init__(self, adapters: Mapping[str, Adapter], public_url: str | None) -> None:
        self.adapters = adapters
        self.public_url = public_url
        self.known = Known()
        self._watchers: list[Callable[[int], None]] = []
        self._keyed: dict[int, datetime] = {}

    def keyed_lately(self, channel_id: int) -> bool:
        """Whether the key was replaced so lately that a refusal may still speak of the old one."""
        at = self._keyed.get(channel_id)
        return at is not None and clock.now() - at < STILL_UNDER_WAY

    def on_change(self, call: Callable[[int], None]) -> None:
        """Have `call` told the id of each channel that this process changes."""
        self._watchers.append(call)

    def changed(self, channel_id: int) -> None:
        """The channel's row was changed: nobody may go on with what is remembered of it."""
        self.known.forget(channel_id)
        for call in self._watchers:
            call(channel_id)

    def platforms(self) -> tuple[Platform, ...]:
        """The messengers of this installation, by title."""
        found = (Platform(adapter.platform, adapter.title) for adapter in self.adapters.values())
        return tuple(sorted(found, key=lambda platform: platform.title))

    def adapter(self, platform: str) -> Adapter:
        """Raises Gone where the installation has no such platform (any more)."""
        try:
            return self.adapters[platform]
        except KeyError:
            raise Gone(UNKNOWN_PLATFORM) from None

    async def source(self, channel_id: int) -> tuple[Adapter, Channel] | None:
        """What calls to a channel's platform need; None where it is disconnected."""
        found = await load(channel_id, HEARD)
        if found is None or found.platform not in self.adapters:
            return None
        return self.adapters[found.platform], found.channel(self.public_url)

    # Connecting

    async def may_change(self, person_id: int, project_id: int) -> None:
        """Raises Denied for whoever may not."""
        await run(allowed(person_id, project_id))

    async def may_connect(self, person_id: int, project_id: int, platform: str) -> None:
        """Raises Denied, or Refusal where this installation cannot receive the platform's messages."""
        await run(allowed(person_id, project_id))
        receiving_of(self.adapter(platform), self.public_url)

    async def identify(self, person_id: int, project_id: int, platform: str, credentials: Credentials) -> Proposal:
        """Ask the platform whose key it is; nothing is changed yet. Raises Refusal: what is wrong and what to do."""
        who = await run(allowed(person_id, project_id))
        adapter = self.adapter(platform)
        receiving_of(adapter, self.public_url)
        profile = await self._profile(adapter, credentials)
        earlier = await run(connecting.free(who, platform, profile))
        return Proposal(
            platform=platform,
            title=adapter.title,
            name=profile.name,
            username=profile.username,
            link=profile.link,
            picture=profile.picture,
            tied_to=foreign_host(profile.tied_to, self.public_url),
            revived=earlier is not None,
            warnings=profile.warnings,
            ticket=connecting.new_ticket(who, platform, credentials, profile),
        )

    async def _profile(self, adapter: Adapter, credentials: Credentials) -> ChannelProfile:
        with platform_words(adapter.title):
            profile = await adapter.identify(credentials)
        if profile.missing:
            raise Refusal(connecting.MISSING, rights=profile.missing)
        return replace(profile, name=one_line(profile.name) or profile.id)

    async def connect(self, person_id: int, project_id: int, ticket: str) -> ChannelView:
        """Connect what `identify` proposed. The same ticket twice connects once.

        Raises Gone for a ticket that is too old, Refusal as `identify` does; then nothing was changed.
        """
        who = await run(allowed(person_id, project_id))
        proposed = connecting.read_ticket(ticket)
        if (proposed.member_id, proposed.project_id) != (who.member_id, who.project_id):
            raise Gone(connecting.TOO_LATE)
        adapter = self.adapter(proposed.platform)
        receiving = receiving_of(adapter, self.public_url)
        with platform_words(adapter.title):
            prepared = await adapter.prepare(proposed.credentials, self._hook(proposed, receiving))
        channel, already = await transact(partial(connecting.begin, who, proposed, prepared, receiving))
        if not already:
            await self._subscribe(adapter, channel)
            self.changed(channel.id)
            log.info("a channel was connected", channel=channel.id, platform=channel.platform)
        return await self.card(person_id, project_id, channel.id)

    def _hook(self, ticket: connecting.Ticket, receiving: Receiving) -> str | None:
        if receiving is Receiving.POLLING or self.public_url is None:
            return None
        return hook_address(self.public_url, ticket.platform, ticket.hook_key)

    async def _subscribe(self, adapter: Adapter, channel: Connected) -> None:
        try:
            with platform_words(adapter.title):
                await self.deliver(adapter, channel)
        except Exception:
            await self._give_up(adapter, channel)
            raise
        if not await transact(partial(connecting.finish, channel)):
            await self._leave(adapter, channel)
            raise Refusal(connecting.SWEPT)

    async def deliver(self, adapter: Adapter, channel: Connected) -> None:
        """Have the platform deliver to the channel; what was prepared and has expired is prepared anew."""
        target = channel.channel(self.public_url)
        try:
            await adapter.subscribe(target)
        except Unprepared:
            prepared = await adapter.prepare(channel.credentials, target.hook)
            await transact(partial(connecting.keep, channel.id, prepared))
            self.changed(channel.id)
            await adapter.subscribe(replace(target, credentials=prepared))

    async def _give_up(self, adapter: Adapter, channel: Connected) -> None:
        """An answer that was lost may have been a yes: take the webhook away before the row."""
        await self._leave(adapter, channel)
        await transact(partial(connecting.undo, channel))
        self.changed(channel.id)

    async def _leave(self, adapter: Adapter, channel: Connected) -> bool:
        try:
            await adapter.unsubscribe(channel.channel(self.public_url))
        except PlatformError as error:
            log.warning("a webhook could not be taken away", channel=channel.id, error=str(error))
            return False
        return True

    async def start(self, *, before: datetime | None = None) -> None:
        """Put right what an earlier run left: half-connected channels, and those that are received another way now.

        before: when this process began, where no other can have been connecting one since.
        """
        await self.sweep(before)
        await self.align()

    async def sweep(self, before: datetime | None = None) -> int:
        """Undo what has been *connecting* since then, or for too long; returns how many there were."""
        if before is None and not clock_trust.certain():
            return 0
        left = await run(connecting.abandoned(before or clock.now() - connecting.PATIENCE))
        for channel in left:
            if channel.platform in self.adapters:
                await self._give_up(self.adapters[channel.platform], channel)
            else:
                await transact(partial(connecting.undo, channel))
        return len(left)

    async def align(self) -> None:
        """Have every channel delivered the way the settings say; the other way is removed first."""
        wanted = Receiving.POLLING if self.public_url is None else Receiving.WEBHOOK
        rows = await fetch(
            f"SELECT {COLUMNS} FROM channels WHERE receiving <> ? AND state IN ({marks(LIVE)})", wanted.value, *LIVE
        )
        for start in range(0, len(rows), AT_ONCE):
            await asyncio.gather(*(self._realign(connected(row), wanted) for row in rows[start : start + AT_ONCE]))

    async def _realign(self, channel: Connected, wanted: Receiving) -> None:
        adapter = self.adapters.get(channel.platform)
        if adapter is None:
            return
        if wanted is Receiving.POLLING and not isinstance(adapter, CanPoll):
            log.error("a channel has no way to be received", channel=channel.id, platform=channel.platform)
            await transact(partial(channel_troubles.begins, channel, Trouble.NO_ADDRESS, None))
            return
        try:
            await self.deliver(adapter, replace(channel, receiving=wanted))
        except PlatformError as error:
            # The health watch finds it again in a quarter of an hour.
            log.warning("a channel could not be received another way", channel=channel.id, error=str(error))
            return
        await transact(partial(connecting.receive_by, channel, wanted))
        self.changed(channel.id)

    # Cards

    async def list(self, person_id: int, project_id: int, page: int = 0) -> ChannelPage:
        """The connected channels of a project, in the order in which they came."""
        return await run(self._list(person_id, project_id, page))

    def _list(self, person_id: int, project_id: int, page: int) -> Steps[ChannelPage]:
        yield from allowed(person_id, project_id)
        counted = yield (
            "SELECT COUNT(*) AS n FROM channels WHERE project_id = ? AND state <> 'disconnected'",
            (project_id,),
        )
        pages = max(1, -(-counted[0]["n"] // PAGE))
        page = min(max(page, 0), pages - 1)
        rows = yield (
            f"SELECT {COLUMNS} FROM channels WHERE project_id = ? AND state <> 'disconnected'"
            " ORDER BY id LIMIT ? OFFSET ?",
            (project_id, PAGE, page * PAGE),
        )
        return ChannelPage(tuple(view(row, self.adapters.get(row["platform"])) for row in rows), page, pages)

    async def card(self, person_id: int, project_id: int, channel_id: int) -> ChannelView:
        """One channel. Raises Gone where the project has no such channel."""
        return await run(self._card(person_id, project_id, channel_id))

    def _card(self, person_id: int, project_id: int, channel_id: int) -> Steps[ChannelView]:
        yield from allowed(person_id, project_id)
        row = yield from of_project(project_id, channel_id)
        if row is None:
            raise Gone(GONE)
        return view(row, self.adapters.get(row["platform"]))

    async def project_of(self, person_id: int, channel_id: int) -> int:
        """The person's project of which a button names a channel. Raises Gone where there is none."""
        return (await run(_of_person(person_id, channel_id))).project_id

    async def own(self, person_id: int, project_id: int, channel_id: int) -> tuple[Actor, Connected, Adapter]:
        """A connected channel of the project. Raises Denied or Gone."""
        who, row = await run(_own(person_id, project_id, channel_id))
        return who, row, self.adapter(row.platform)

    # Keys

    async def replace_credentials(
        self, person_id: int, project_id: int, channel_id: int, credentials: Credentials
    ) -> ChannelView:
        """«Новый токен»: the same account's new key; what waited for it goes out.

        Raises Refusal for another account's key (both are named) and as `identify` does; the old key then stands.
        """
        _, channel, adapter = await self.own(person_id, project_id, channel_id)
        profile = await self._profile(adapter, credentials)
        if profile.id != channel.external_id:
            raise Refusal(OTHER_CHANNEL, other=profile.name, name=channel.name)
        channel = replace(channel, receiving=receiving_of(adapter, self.public_url))
        target = channel.channel(self.public_url)
        with platform_words(adapter.title):
            prepared = await adapter.prepare(credentials, target.hook)
        await transact(partial(connecting.store_key, channel, prepared, profile))
        self.known.forget(channel.id)
        try:
            with platform_words(adapter.title):
                await self.deliver(adapter, replace(channel, credentials=prepared))
        except Exception:
            await transact(partial(connecting.put_key_back, channel))
            self.changed(channel.id)
            raise
        await transact(partial(connecting.keyed, channel))
        self._keyed[channel.id] = clock.now()
        self.changed(channel.id)
        return await self.card(person_id, project_id, channel.id)

    async def disconnect(self, person_id: int, project_id: int, channel_id: int) -> ChannelView:
        """Take the webhook away and free the account; the history stays. A dead key or a silent platform is no
        obstacle: this service will not answer its webhook any more."""
        _, channel, adapter = await self.own(person_id, project_id, channel_id)
        await self._leave(adapter, channel)
        await transact(partial(connecting.disconnect, channel))
        self.changed(channel.id)
        log.info("a channel was disconnected", channel=channel.id, platform=channel.platform)
        return await self.card(person_id, project_id, channel.id)

    async def check(self, person_id: int, project_id: int, channel_id: int) -> ChannelView:
        """«Проверить»: ask the platform now, put the webhook back if it is lost. What works counts as confirmed.

        Raises Refusal where the platform does not answer or does not take the key.
        """
        _, channel, adapter = await self.own(person_id, project_id, channel_id)
        with platform_words(adapter.title):
            health = await adapter.inspect(channel.channel(self.public_url))
            if health.state is HealthState.WEBHOOK_LOST:
                await self.deliver(adapter, channel)
                health = Health(HealthState.WORKS)
        if health.state is HealthState.REVOKED:
            await transact(partial(channel_troubles.begins, channel, Trouble.REVOKED, health.detail))
            self.changed(channel.id)
            raise Refusal(STILL_DEAD, platform=adapter.title, name=channel.name)
        if health.state is HealthState.UNREACHABLE:
            await transact(partial(channel_troubles.begins, channel, Trouble.UNREACHABLE, health.detail))
            self.changed(channel.id)
            log.info("a platform cannot deliver", channel=channel.id, detail=health.detail)
            raise Refusal(UNREACHABLE, platform=adapter.title, reason=health.detail or "–")
        await transact(partial(connecting.confirmed, channel.id))
        self.changed(channel.id)
        return await self.card(person_id, project_id, channel.id)


def _of_person(person_id: int, channel_id: int) -> Steps[Actor]:
    rows = yield "SELECT project_id FROM channels WHERE id = ?", (channel_id,)
    return (yield from access.actor_of(person_id, rows))


def _own(person_id: int, project_id: int, channel_id: int) -> Steps[tuple[Actor, Connected]]:
    who = yield from allowed(person_id, project_id)
    row = yield from of_project(project_id, channel_id)
    if row is None or ChannelState(row["state"]) not in LIVE:
        raise Gone(GONE)
    return who, connected(row)
