"""Which journaled updates this process has in hand, and the queues in which they wait for their turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Final

REMEMBERED: Final = 20_000
"""Updates, done with, that are not taken up again from a journal that was read before their end."""

Work = Callable[[], Awaitable[None]]
Key = tuple[int, int | None]
"""The control bot and the chat."""


class Hand:
    """Journal ids of what waits here or is being handled, and of what was handled lately."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._done: OrderedDict[int, None] = OrderedDict()

    @property
    def held(self) -> frozenset[int]:
        return frozenset(self._held)

    def take(self, entry_id: int) -> bool:
        """False where it is in hand already, or done with."""
        if entry_id in self._held or entry_id in self._done:
            return False
        self._held.add(entry_id)
        return True

    def done(self, entry_id: int) -> None:
        """Its end is recorded."""
        self._held.discard(entry_id)
        self._done[entry_id] = None
        if len(self._done) > REMEMBERED:
            self._done.popitem(last=False)

    def drop(self, entry_id: int) -> None:
        """It is left to the journal: whoever looks there may take it up."""
        self._held.discard(entry_id)


class Queues:
    """Work by key: one after another within a key, at most `limit` keys at once. `dropped` is told the numbers of what
    was put here and will not be done."""

    def __init__(self, limit: int, dropped: Callable[[int], None] = lambda _: None) -> None:
        self._waiting: dict[Key, deque[tuple[int, Work]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(limit)
        self._dropped = dropped
        self._closed = False

    def put(self, key: Key, number: int, work: Work) -> None:
        """Have the work done after everything that was put under this key before."""
        if self._closed:
            self._dropped(number)
            return
        queue = self._waiting.get(key)
        if queue is not None:
            queue.append((number, work))
            return
        self._waiting[key] = deque([(number, work)])
        task = asyncio.create_task(self._work_off(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, key: Key) -> None:
        queue = self._waiting[key]
        try:
            while queue and not self._closed:
                async with self._room:
                    await queue[0][1]()
                queue.popleft()
        finally:
            del self._waiting[key]
            for number, _work in queue:
                self._dropped(number)

    def clear(self, control_bot_id: int) -> None:
        """Forget what waits for this bot; what has begun goes on."""
        for key, queue in self._waiting.items():
            if key[0] == control_bot_id:
                while len(queue) > 1:
                    self._dropped(queue.pop()[0])

    async def idle(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    def open(self) -> None:
        """Take work on, also after `drain`: a process may lose a bot to another and get it back."""
        self._closed = False

    async def drain(self, within: float) -> None:
        """Begin nothing more and wait for what has begun."""
        self._closed = True
        if self._tasks:
            _done, left = await asyncio.wait(self._tasks, timeout=within)
            for task in left:
                task.cancel()
