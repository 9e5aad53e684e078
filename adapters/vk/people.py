"""Names and pictures of people. Many are asked for at once when a mailing comes back: they share one users.get."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from adapters.base import Channel, Credentials, Profile, UserId
from adapters.reading import integer, items, string
from adapters.vk import limits
from adapters.vk.api import Api

GATHERED_SECONDS = 0.05
FIELDS = "photo_200,screen_name"


class People:
    """Answers `profile`; what is asked within a moment with the same key is one call."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._waiting: dict[str, dict[UserId, asyncio.Future[Profile | None]]] = defaultdict(dict)
        self._tasks: set[asyncio.Task[None]] = set()

    async def profile(self, channel: Channel, user: UserId) -> Profile | None:
        """None for people whom VK does not know."""
        if not user.isascii() or not user.isdigit():
            return None
        waiting = self._waiting[channel.credentials.get("token", "")]
        if (future := waiting.get(user)) is None:
            future = waiting[user] = asyncio.get_running_loop().create_future()
            if len(waiting) == 1:
                task = asyncio.create_task(self._ask_soon(channel.credentials))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(future)

    async def _ask_soon(self, credentials: Credentials) -> None:
        await asyncio.sleep(GATHERED_SECONDS)
        asked = self._waiting.pop(credentials.get("token", ""), {})
        users = list(asked)
        for start in range(0, len(users), limits.USERS):
            batch = users[start : start + limits.USERS]
            try:
                params = {"user_ids": batch, "fields": FIELDS}
                found = profiles(await self._api.ask(credentials, "users.get", params))
            except Exception as error:
                for user in batch:
                    _fail(asked[user], error)
                continue
            for user in batch:
                if not asked[user].done():
                    asked[user].set_result(found.get(user))


def profiles(answer: Any) -> dict[UserId, Profile]:
    """What users.get tells, by person."""
    found = {}
    for user in items({"users": answer}, "users"):
        if (number := integer(user, "id")) is not None:
            found[UserId(str(number))] = _profile(number, user)
    return found


def _profile(number: int, user: dict[str, Any]) -> Profile:
    names = (string(user, "first_name"), string(user, "last_name"))
    username = string(user, "screen_name") or string(user, "domain")
    return Profile(
        name=" ".join(name for name in names if name) or None,
        username=username if username != f"id{number}" else None,
        picture=string(user, "photo_200"),
        link=f"https://vk.com/{username or f'id{number}'}",
    )


def _fail(future: asyncio.Future[Profile | None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # whoever asked may have been cancelled meanwhile
