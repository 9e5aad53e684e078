"""What strangers asked for beyond their share: of each chat the newest waits for its moment, the journal keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from prometheus_client import Counter

from handlers.chat.hand import Key
from services.control import Entry

LIMITED: Final = Counter(
    "pult_strangers_limited", "What people of no project asked for beyond their share: it was put off, or left out",
    ["outcome"],
)  # fmt: skip
for _outcome in ("put off", "left out"):
    LIMITED.labels(_outcome)


class Waiting:
    """By chat the one update that is put off. `dropped` is told of what is left to the journal, as at the end."""

    def __init__(self, dropped: Callable[[int], None]) -> None:
        self._entries: dict[Key, tuple[Entry, asyncio.TimerHandle]] = {}
        self._dropped = dropped

    def put(self, key: Key, entry: Entry, seconds: float, due: Callable[[Entry], None]) -> Entry | None:
        """Tell `due` of the update then; returns the one that it replaces: what was asked before is asked no more.

        Of two it is the later one that stays, whichever is put off last.
        """
        before = self.take(key)
        newer, older = (before, entry) if before is not None and before.id > entry.id else (entry, before)
        loop = asyncio.get_running_loop()
        self._entries[key] = newer, loop.call_later(seconds, self._fire, key, due)
        if entry is newer:
            LIMITED.labels("put off").inc()
        return older

    def take(self, key: Key) -> Entry | None:
        """The chat's update, which then waits no more."""
        entry, timer = self._entries.pop(key, (None, None))
        if timer is not None:
            timer.cancel()
        return entry

    def clear(self, control_bot_id: int | None = None) -> None:
        """Leave to the journal what waits for this bot, or for any."""
        for key in [key for key in self._entries if control_bot_id in (None, key[0])]:
            entry = self.take(key)
            if entry is not None:
                self._dropped(entry.id)

    def _fire(self, key: Key, due: Callable[[Entry], None]) -> None:
        entry, _timer = self._entries.pop(key)
        due(entry)
