"""Asks a platform who a new customer is, where its events carry no names, and shows the name where there was none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from adapters.base import Adapter, Channel, Profile, UserId
from adapters.names import one_line
from services import applying, desk_jobs, identities
from services.jobs import Effect, Job, Kind
from services.sql import Row, Steps, fetch

LIFETIME = timedelta(hours=1)
AUTHOR = 255
"""Characters of an author's name that are kept."""
SHOWN = 20
"""How many messages that stand under no name are shown anew."""

Source = Callable[[int], Awaitable[tuple[Adapter, Channel] | None]]


class Naming:
    """source: a channel's adapter, and the channel as it wants it. Register `kinds()` with the runner."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def kinds(self) -> dict[str, Kind]:
        return {"profile": Kind(self._ask, lifetime=LIFETIME), "author": Kind(self._author, lifetime=LIFETIME)}

    async def _ask(self, job: Job) -> Effect:
        rows = await fetch("SELECT channel_id, external_id FROM identities WHERE id = ?", job.payload["identity"])
        found = await self._source(rows[0]["channel_id"]) if rows else None
        if found is None:
            return None
        adapter, channel = found
        profile = await adapter.profile(channel, UserId(rows[0]["external_id"]))
        return None if profile is None else partial(_learned, job.payload["identity"], profile)

    async def _author(self, job: Job) -> Effect:
        """Who of the account's own people answered a customer in the messenger itself."""
        rows = await fetch(
            "SELECT i.channel_id FROM messages m JOIN identities i ON i.id = m.identity_id WHERE m.id = ?",
            job.payload["message"],
        )
        found = await self._source(rows[0]["channel_id"]) if rows else None
        if found is None:
            return None
        adapter, channel = found
        profile = await adapter.profile(channel, UserId(job.payload["user"]))
        name = one_line(profile.name or "") if profile is not None else ""
        return partial(_told_by, job.payload["message"], name[:AUTHOR]) if name else None


def _told_by(message_id: int, name: str) -> Steps[None]:
    rows = yield (
        "UPDATE messages SET author_name = ? WHERE id = ? RETURNING id, inquiry_id",
        (name, message_id),
    )
    for row in rows:
        yield from applying.show_change(row["id"], row["inquiry_id"])


def _learned(identity_id: int, profile: Profile) -> Steps[None]:
    rows: list[Row] = yield "SELECT id, contact_id, name, username FROM identities WHERE id = ?", (identity_id,)
    for row in rows:
        yield from identities.rename(row, profile)
        shown = yield (
            "SELECT m.id, m.inquiry_id FROM messages m JOIN inquiries q ON q.id = m.inquiry_id"
            " WHERE m.identity_id = ? AND q.state <> 'done' ORDER BY m.id DESC LIMIT ?",
            (identity_id, SHOWN),
        )
        for message in shown:
            yield from applying.show_change(message["id"], message["inquiry_id"])
    answering = yield (
        "SELECT p.id FROM people p JOIN inquiries q ON q.id = p.dialog_id WHERE q.identity_id = ?",
        (identity_id,),
    )
    for person in answering:
        yield from desk_jobs.header_of(person["id"])
