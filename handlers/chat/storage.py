"""Where wizards keep their place: aiogram's storage on the table `wizard_states`, encrypted, and locks without leaks.

One process handles the updates of a control bot at a time, so what it has read is kept in memory and a write that
changes nothing is no write: most updates belong to no wizard, and cost none. `forget` when that process takes over.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import orjson
import structlog
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseEventIsolation, BaseStorage, DefaultKeyBuilder, StateType, StorageKey

from models.fields import seal, unseal
from services import clock
from services.sql import Steps, one, run, transact

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)
"""A wizard that nobody touched for this long is forgotten."""
REMEMBERED = 4096
KEYS = DefaultKeyBuilder(with_destiny=True, with_bot_id=True)


@dataclass(frozen=True, slots=True)
class _Record:
    state: str | None = None
    data: bytes | None = None


_NOTHING = _Record()


class Forgetting(Protocol):
    """A storage that can forget every wizard of one chat."""

    async def clear(self, bot_id: int, chat_id: int) -> None: ...


class DatabaseStorage(BaseStorage):
    """Wizard states in the database."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Record] = OrderedDict()

    def forget(self) -> None:
        """Read anew: another process may have written."""
        self._known.clear()

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        record = await self._read(KEYS.build(key))
        name = state.state if isinstance(state, State) else state
        await self._write(KEYS.build(key), _Record(name, record.data))

    async def get_state(self, key: StorageKey) -> str | None:
        return (await self._read(KEYS.build(key))).state

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        record = await self._read(KEYS.build(key))
        packed = orjson.dumps(dict(data), option=orjson.OPT_SORT_KEYS) if data else None
        await self._write(KEYS.build(key), _Record(record.state, packed))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        data = (await self._read(KEYS.build(key))).data
        found = orjson.loads(data) if data else {}
        return found if isinstance(found, dict) else {}

    async def clear(self, bot_id: int, chat_id: int) -> None:
        """Forget every wizard of one chat."""
        prefix = f"{KEYS.prefix}:{bot_id}:{chat_id}:"
        await transact(lambda: _delete_all(prefix))
        for key in [key for key in self._known if key.startswith(prefix)]:
            del self._known[key]

    async def close(self) -> None:
        self._known.clear()

    async def _read(self, key: str) -> _Record:
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        rows = await run(one("SELECT state, data FROM wizard_states WHERE key = ?", key))
        record = _Record(rows[0]["state"], opened(key, rows[0]["data"])) if rows else _NOTHING
        self._remember(key, record)
        return record

    async def _write(self, key: str, record: _Record) -> None:
        if self._known.get(key) == record:
            return
        self._known.pop(key, None)
        if record == _NOTHING:
            await transact(lambda: one("DELETE FROM wizard_states WHERE key = ?", key))
        else:
            await transact(lambda: _save(key, record))
        self._remember(key, record)

    def _remember(self, key: str, record: _Record) -> None:
        self._known[key] = record
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def opened(key: str, data: str | None) -> bytes | None:
    """The data in the clear; none where it cannot be read: aiogram-dialog then knows no such wizard, and says so."""
    if data is None:
        return None
    try:
        text = unseal(data)
        orjson.loads(text)
    except Exception:
        log.warning("a wizard's state cannot be read and is left out", key=key)
        return None
    return text.encode()


def _save(key: str, record: _Record) -> Steps[None]:
    data = None if record.data is None else seal(record.data.decode())
    yield (
        "INSERT INTO wizard_states (key, state, data, updated_at) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
        " state = excluded.state, data = excluded.data, updated_at = excluded.updated_at",
        (key, record.state, data, clock.now()),
    )


def _delete_all(prefix: str) -> Steps[None]:
    yield "DELETE FROM wizard_states WHERE key LIKE ?", (f"{prefix}%",)


async def sweep() -> None:
    """Forget wizards that were left standing."""
    await transact(lambda: one("DELETE FROM wizard_states WHERE updated_at < ?", clock.now() - KEPT))


class Isolation(BaseEventIsolation):
    """One lock per key, for as long as somebody holds it or waits."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncGenerator[None, None]:
        name = KEYS.build(key)
        lock, users = self._locks.get(name, (asyncio.Lock(), 0))
        self._locks[name] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[name]
            if users == 1:
                del self._locks[name]
            else:
                self._locks[name] = lock, users - 1

    async def close(self) -> None:
        self._locks.clear()
