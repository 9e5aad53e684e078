"""Wizard states and locks in Redis, for several processes. Imported only where Redis is configured: it is an extra."""

from __future__ import annotations

from typing import Any

import orjson
from aiogram.fsm.storage.base import BaseEventIsolation
from aiogram.fsm.storage.redis import RedisEventIsolation, RedisStorage
from redis.asyncio import Redis

from handlers.chat.storage import KEPT, KEYS, opened
from models.fields import seal


class SharedStorage(RedisStorage):
    """Wizard states in Redis, encrypted."""

    def __init__(self, redis: Redis) -> None:
        kept = int(KEPT.total_seconds())
        super().__init__(redis, KEYS, state_ttl=kept, data_ttl=kept, json_loads=_loads, json_dumps=_dumps)

    async def clear(self, bot_id: int, chat_id: int) -> None:
        """Forget every wizard of one chat."""
        async for key in self.redis.scan_iter(f"{KEYS.prefix}:{bot_id}:{chat_id}:*"):
            await self.redis.delete(key)


def _dumps(data: Any) -> str:
    return seal(orjson.dumps(data).decode())


def _loads(text: str | bytes) -> Any:
    data = opened("in Redis", text.decode() if isinstance(text, bytes) else text)
    return {} if data is None else orjson.loads(data)


def connect(redis_url: str) -> tuple[SharedStorage, BaseEventIsolation]:
    """Storage and locks; closing the storage closes the connections of both."""
    storage = SharedStorage(Redis.from_url(redis_url))
    return storage, RedisEventIsolation(storage.redis, KEYS)
