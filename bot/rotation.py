"""The command that changes the key of all stored secrets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

from bot import keys
from bot.beside import refuse_missing
from bot.migrate import ensure_current, sqlite
from bot.settings import Settings


async def rotate_keys(settings: Settings, say: Callable[[str], None]) -> int:
    """How many values were encrypted anew. May be repeated after a failure.

    A key file gets a new key in front first, and keeps the old ones: backups need them. On SQLite Pult must be stopped
    (`DatabaseBusy`), since it has read the keys; on PostgreSQL all processes must have the new key before.
    """
    await ensure_current(settings.database_url, before_making=partial(refuse_missing, settings))
    async with AsyncExitStack() as stack:
        if settings.sqlite:
            await stack.enter_async_context(sqlite.locked(settings.database_url, say))
        found = await keys.find(settings, say)
        if not settings.secret_keys:
            found = keys.add_key(settings, found)
            say(f"A new key stands first in {keys.key_file(settings)}: keep a copy of it")
        return await keys.rotate(settings.database_url, found)
