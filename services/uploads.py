"""Media goes up to a control bot once: who shows it first uploads it, the others wait for that and use its handle."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from services.ports import FileStatus, MessageView

REMEMBERED = 4096
Key = tuple[int, int]


@dataclass(slots=True)
class Turn:
    """The messages to show now; `uploaded` becomes what showing them uploaded."""

    messages: tuple[MessageView, ...]
    uploaded: Mapping[int, str]


class Uploads:
    """What this process uploads, by control bot and file. The database has handles once they are committed."""

    def __init__(self) -> None:
        self._locks: dict[Key, tuple[asyncio.Lock, int]] = {}
        self._known: OrderedDict[Key, str] = OrderedDict()

    @asynccontextmanager
    async def turn(self, control_bot_id: int, messages: Sequence[MessageView]) -> AsyncIterator[Turn]:
        """Wait while others upload the same files; gives the messages with the handles that there are by now."""
        if not any(message.content.attachments for message in messages):
            yield Turn(tuple(messages), {})
            return
        async with AsyncExitStack() as stack:
            for key in sorted((control_bot_id, file_id) for file_id in _without_handle(messages)):
                await stack.enter_async_context(self._alone(key))
            turn = Turn(tuple(self._handled(control_bot_id, message) for message in messages), {})
            if not _without_handle(turn.messages):
                # Nothing is left to upload: no reason to keep the others waiting.
                await stack.aclose()
            yield turn
            for file_id, handle in turn.uploaded.items():
                self._remember((control_bot_id, file_id), handle)

    @asynccontextmanager
    async def _alone(self, key: Key) -> AsyncIterator[None]:
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = lock, users - 1

    def _handled(self, control_bot_id: int, message: MessageView) -> MessageView:
        if not message.content.attachments:
            return message
        attachments = tuple(
            replace(item, cached=self._known.get((control_bot_id, item.file_id)))
            if item.file_id is not None and item.cached is None
            else item
            for item in message.content.attachments
        )
        return replace(message, content=replace(message.content, attachments=attachments))

    def _remember(self, key: Key, handle: str) -> None:
        self._known[key] = handle
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _without_handle(messages: Sequence[MessageView]) -> set[int]:
    """The files that showing these messages would upload."""
    return {
        item.file_id
        for message in messages
        for item, status in zip(message.content.attachments, message.files, strict=False)
        if item.file_id is not None and item.cached is None and status is FileStatus.READY
    }
