"""Events without a public address ("Bots Long Poll API"), from `ts` to `ts`, and what was missed in between."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from adapters.base import Channel, ChannelId, Polled, Temporary
from adapters.reading import integer, items, section, string
from adapters.vk.api import Api
from adapters.vk.wire import FIRST_CHAT

GRACE_SECONDS: Final = 15.0
LONGEST_WAIT: Final = 90
REMEMBERED: Final = 10_000
PAGE: Final = 200
"""Dialogs or messages of one call ("messages.getConversations", "messages.getHistory")."""
MARGIN_SECONDS: Final = 300
"""How far VK's clock and ours may differ."""
NOBODY_KNOWS_SECONDS: Final = 24 * 3600
"""How far is looked back where the cursor does not say since when."""
_GAP, _KEY_EXPIRED = 1, 2
_SINCE: Final = "@"


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
        """Events after `cursor`: VK's ts, and when it was got, so that a gap can be filled from there on."""
        ts, _, _ = (cursor or "").partition(_SINCE)
        door = self._doors.get(channel.id) if ts else None
        if door is None:
            door = await self._door(channel)
        since = ts or door.ts
        params = {"act": "a_check", "key": door.key, "ts": since, "wait": str(int(min(wait, LONGEST_WAIT)))}
        try:
            answer = await self._api.get(door.server, params, wait + GRACE_SECONDS)
        except Temporary:
            self._doors.pop(channel.id, None)
            raise
        if (failed := integer(answer, "failed")) is not None:
            return await self._failed(channel, failed, answer, cursor or _cursor(since))
        now = _ts(answer) or since
        return Polled(tuple(items(answer, "updates")), cursor if cursor and now == ts else _cursor(now))

    async def _door(self, channel: Channel) -> Door:
        answer = await self._api.ask(channel.credentials, "groups.getLongPollServer", {"group_id": channel.id})
        server, key, ts = string(answer, "server"), string(answer, "key"), _ts(answer)
        if server is None or key is None or ts is None:
            raise Temporary("VK gave no address for polling")
        self._doors[channel.id] = door = Door(server if "://" in server else f"https://{server}", key, ts)
        while len(self._doors) > REMEMBERED:
            self._doors.popitem(last=False)
        return door

    async def _failed(self, channel: Channel, failed: int, answer: dict[str, Any], cursor: str) -> Polled:
        """1: what is older than a new ts is lost; 2: the key expired; 3: both key and ts are lost."""
        if failed == _KEY_EXPIRED:
            self._doors.pop(channel.id, None)
            return Polled((), cursor)
        ts = _ts(answer) if failed == _GAP else None
        if ts is None:
            self._doors.pop(channel.id, None)
            ts = (await self._door(channel)).ts
        return Polled(await self._missed(channel, _when(cursor)), _cursor(ts))

    async def _missed(self, channel: Channel, since: int) -> tuple[dict[str, Any], ...]:
        """What was said since then, by people and to them, as the events that were lost; known ones change nothing."""
        said: list[dict[str, Any]] = []
        async for dialog in self._pages(channel, "messages.getConversations", {}):
            # The dialog with the newest message comes first, and so does the newest message of a dialog.
            if _date(section(dialog, "last_message"), since) < since:
                break
            peer = integer(section(section(dialog, "conversation"), "peer"), "id")
            if peer is None or not 0 < peer < FIRST_CHAT:
                continue
            async for message in self._pages(channel, "messages.getHistory", {"peer_id": peer}):
                if _date(message, since) < since:
                    break
                said.append(message)
        said.sort(key=lambda message: (_date(message, since), integer(message, "id") or 0))
        return tuple(_as_event(channel, message) for message in said)

    async def _pages(self, channel: Channel, method: str, params: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Everything that a method lists, page by page, for as long as it is asked for."""
        offset, more = 0, True
        while more:
            bounds = {"group_id": channel.id, "count": PAGE, "offset": offset}
            page = items(await self._api.ask(channel.credentials, method, params | bounds), "items")
            for item in page:
                yield item
            offset, more = offset + PAGE, len(page) == PAGE


def _as_event(channel: Channel, message: dict[str, Any]) -> dict[str, Any]:
    """A message of the history as the event that tells of it: what the community says is wrapped in nothing."""
    sent = integer(message, "out") == 1
    number = integer(message, "conversation_message_id") or integer(message, "id")
    return {
        "type": "message_reply" if sent else "message_new",
        "event_id": f"missed:{integer(message, 'peer_id')}:{number}",
        "group_id": int(channel.id),
        "object": message if sent else {"message": message},
    }


def _date(message: dict[str, Any], otherwise: int) -> int:
    found = integer(message, "date")
    return otherwise if found is None else found


def _cursor(ts: str) -> str:
    return f"{ts}{_SINCE}{int(time.time())}"


def _when(cursor: str) -> int:
    """The moment from which on messages may be missing, in Unix seconds."""
    told = cursor.partition(_SINCE)[2]
    known = int(told) if told.isascii() and told.isdigit() else int(time.time()) - NOBODY_KNOWS_SECONDS
    return known - MARGIN_SECONDS


def _ts(answer: Any) -> str | None:
    """A text, or a number in answers with `failed`."""
    number = integer(answer, "ts")
    return string(answer, "ts") or (str(number) if number is not None else None)
