"""Events without a public address ("Bots Long Poll API"), from `ts` to `ts`, and what was missed in between."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from adapters.base import Channel, ChannelId, Polled, Temporary
from adapters.reading import integer, items, section, string
from adapters.vk.api import Api
from adapters.vk.wire import FIRST_CHAT

GRACE_SECONDS: Final = 15.0
LONGEST_WAIT: Final = 90
REMEMBERED: Final = 10_000
DIALOGS: Final = 200
"""Dialogs looked through after a gap ("messages.getConversations")."""
MISSED: Final = 200
"""Messages of one dialog ("messages.getHistory")."""
_GAP, _KEY_EXPIRED, _BOTH_LOST = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Door:
    """Where a community's events come out, until its key expires."""

    server: str
    key: str
    ts: str


class LongPoll:
    """Polls any community. The doors it remembers spare a call; whatever is forgotten is asked for again."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._doors: OrderedDict[ChannelId, Door] = OrderedDict()

    async def poll(self, channel: Channel, cursor: str | None, wait: float) -> Polled:
        """Events after `cursor` (VK's ts)."""
        door = self._doors.get(channel.id) if cursor else None
        if door is None:
            door = await self._door(channel)
        since = cursor or door.ts
        params = {"act": "a_check", "key": door.key, "ts": since, "wait": str(int(min(wait, LONGEST_WAIT)))}
        try:
            answer = await self._api.get(door.server, params, wait + GRACE_SECONDS)
        except Temporary:
            self._doors.pop(channel.id, None)
            raise
        if (failed := integer(answer, "failed")) is not None:
            return await self._failed(channel, failed, answer, since)
        return Polled(tuple(items(answer, "updates")), _ts(answer) or since)

    async def _door(self, channel: Channel) -> Door:
        answer = await self._api.ask(channel.credentials, "groups.getLongPollServer", {"group_id": channel.id})
        server, key, ts = string(answer, "server"), string(answer, "key"), _ts(answer)
        if server is None or key is None or ts is None:
            raise Temporary("VK gave no address for polling")
        self._doors[channel.id] = door = Door(server if "://" in server else f"https://{server}", key, ts)
        while len(self._doors) > REMEMBERED:
            self._doors.popitem(last=False)
        return door

    async def _failed(self, channel: Channel, failed: int, answer: dict[str, Any], since: str) -> Polled:
        """1: what is older than a new ts is lost; 2: the key expired; 3: both key and ts are lost."""
        if failed == _GAP:
            return Polled(await self._missed(channel), _ts(answer) or since)
        self._doors.pop(channel.id, None)
        if failed == _KEY_EXPIRED:
            return Polled((), since)
        door = await self._door(channel)
        return Polled(await self._missed(channel), door.ts)

    async def _missed(self, channel: Channel) -> tuple[dict[str, Any], ...]:
        """What people wrote and nobody has read, as the events that were lost. Known ones change nothing."""
        params = {"group_id": channel.id, "filter": "unread", "count": DIALOGS}
        answer = await self._api.ask(channel.credentials, "messages.getConversations", params)
        found: list[dict[str, Any]] = []
        for dialog in items(answer, "items"):
            conversation = section(dialog, "conversation")
            peer, unread = integer(section(conversation, "peer"), "id"), integer(conversation, "unread_count") or 0
            if peer is None or not 0 < peer < FIRST_CHAT or unread < 1:
                continue
            found += await self._history(channel, peer, min(unread, MISSED))
        return tuple(found)

    async def _history(self, channel: Channel, peer: int, count: int) -> list[dict[str, Any]]:
        params = {"group_id": channel.id, "peer_id": peer, "count": count}
        answer = await self._api.ask(channel.credentials, "messages.getHistory", params)
        return [_as_event(channel, message) for message in reversed(items(answer, "items"))]


def _as_event(channel: Channel, message: dict[str, Any]) -> dict[str, Any]:
    number = integer(message, "conversation_message_id") or integer(message, "id")
    return {
        "type": "message_new",
        "event_id": f"missed:{integer(message, 'peer_id')}:{number}",
        "group_id": int(channel.id),
        "object": {"message": message},
    }


def _ts(answer: Any) -> str | None:
    """A text, or a number in answers with `failed`."""
    number = integer(answer, "ts")
    return string(answer, "ts") or (str(number) if number is not None else None)
