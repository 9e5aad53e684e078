"""Fetches messages that their platform cut for the event, and shows the whole where the cut one stood."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from adapters.base import Adapter, CanComplete, Channel, Content, MessageId, UserId
from adapters.content import dump, load
from services import applying, message_files
from services.jobs import Effect, Job, Kind
from services.sql import Row, Steps, fetch, from_json, moment, to_json

LIFETIME = timedelta(hours=1)
"""For so long it is tried; the cut message, which says that it is one, stands meanwhile and after that."""

Source = Callable[[int], Awaitable[tuple[Adapter, Channel] | None]]


class Completing:
    """source: a channel's adapter, and the channel as it wants it. Register `kinds()` with the runner."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def kinds(self) -> dict[str, Kind]:
        return {"whole": Kind(self._ask, lifetime=LIFETIME)}

    async def _ask(self, job: Job) -> Effect:
        identity, external_id = job.payload["identity"], MessageId(job.payload["message"])
        rows = await fetch(
            "SELECT m.id, m.edited_at, m.edited_sequence, i.channel_id, i.external_id FROM messages m"
            " JOIN identities i ON i.id = m.identity_id WHERE m.identity_id = ? AND m.external_id = ?",
            identity,
            external_id,
        )
        found = await self._source(rows[0]["channel_id"]) if rows else None
        if found is None:
            return None
        adapter, channel = found
        if not isinstance(adapter, CanComplete):
            return None
        content = await adapter.whole(channel, UserId(rows[0]["external_id"]), external_id)
        if content is None:
            return None
        return partial(
            _completed, rows[0]["id"], channel_id=rows[0]["channel_id"], content=content, edit=_edit(rows[0])
        )


Edit = tuple[datetime | None, int | None]


def _edit(row: Row) -> Edit:
    """Which edit of the message it is."""
    return moment(row["edited_at"]), row["edited_sequence"]


def _completed(message_id: int, *, channel_id: int, content: Content, edit: Edit) -> Steps[None]:
    """Unless it was edited while it was fetched: what the edit said is newer, and asks for its own rest."""
    rows = yield (
        "SELECT project_id, inquiry_id, edited_at, edited_sequence, content FROM messages WHERE id = ?",
        (message_id,),
    )
    if not rows or _edit(rows[0]) != edit:
        return
    content = message_files.known(content, load(from_json(rows[0]["content"])))
    yield "UPDATE messages SET content = ? WHERE id = ?", (to_json(dump(content)), message_id)
    if content.attachments:
        yield from message_files.store(rows[0]["project_id"], channel_id, message_id, content)
    yield from applying.show_change(message_id, rows[0]["inquiry_id"])
