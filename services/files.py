"""Media: a row per file, the job that fetches its bytes, the handle by which each bot knows it, and its end.

file_id = yield from new_file(project_id, attachment, channel_id=…, message_id=…)    # with its fetch job
Files(store, …).kinds()                                                              # what the job does
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from adapters.base import (
    Adapter,
    Attachment,
    AttachmentKind,
    Channel,
    CredentialsRevoked,
    NotFound,
    PlatformError,
    Temporary,
)
from models.enums import FileState, Priority
from services import clock
from services.fitting import MIME as FITTED
from services.fitting import fitted as fitted_picture
from services.genuine import OTHER, genuine
from services.jobs import Effect, Job, Kind, NewJob, enqueue
from services.links import Links
from services.media_types import UNKNOWN, file_name
from services.ports import Desk
from services.retention import Retention
from services.sql import Row, Steps, fetch, from_json, to_json, transact
from services.store import Store, Stored
from services.texts import N_, ours

log = structlog.get_logger(__name__)

MEMBERS_LIMIT: Final = 20 * 1024 * 1024
"""Bytes of a file that a bot is given by the public Bot API ("getFile")."""
LIFETIME: Final = timedelta(hours=6)
"""How long a download is tried: the platforms' links are dead by then."""
RETIRED_AT_ONCE: Final = 200
SCARCE_SHARE: Final = 0.05
SCARCE_BYTES: Final = 1024**3
DISCONNECTED: Final = N_("The channel was disconnected before the file was fetched.")
UNREADABLE: Final = N_("The file could not be fetched.")

Ready = Callable[[int], Steps[None]]
Source = Callable[[int], Awaitable[tuple[Adapter, Channel] | None]]
"""The adapter and credentials of a channel by its id; None where it has none any more."""


@dataclass(frozen=True, slots=True)
class FileView:
    """A stored file as it is handed out. `name` is fit for a header and ends as its type does."""

    id: int
    path: Path
    name: str
    mime: str
    size: int


def new_file(
    project_id: int,
    attachment: Attachment,
    *,
    channel_id: int | None = None,
    control_bot_id: int | None = None,
    message_id: int | None = None,
) -> Steps[int]:
    """A row for an attachment that is to be fetched from a channel or a control bot, and the job that does it.

    Returns the file's id. What a member sent may be shown to colleagues by the bot's own handle at once.
    """
    rows = yield (
        "INSERT INTO files (project_id, channel_id, control_bot_id, message_id, kind, handle, name, mime, size, state,"
        " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            project_id, channel_id, control_bot_id, message_id, attachment.kind.value, attachment.handle,
            attachment.name[:255] if attachment.name else None, attachment.mime[:128] if attachment.mime else None,
            attachment.size, FileState.WAITING.value, clock.now(),
        ),
    )  # fmt: skip
    file_id = int(rows[0]["id"])
    source = f"channel:{channel_id}" if channel_id is not None else f"control:{control_bot_id}"
    if control_bot_id is not None and attachment.handle:
        yield from remember_handle(file_id, source, attachment.handle)
    yield from enqueue(
        NewJob(
            kind="fetch",
            lane=f"files:{source}",
            priority=Priority.COPY,
            project_id=project_id,
            payload={"file": file_id},
        )
    )
    return file_id


def remember_handle(file_id: int, scope: str, handle: str) -> Steps[None]:
    """Note under which handle the bot of `scope` ("control:<id>", "channel:<id>") has the file now."""
    yield (
        "INSERT INTO file_handles (file_id, scope, handle) VALUES (?, ?, ?)"
        " ON CONFLICT (file_id, scope) DO UPDATE SET handle = excluded.handle",
        (file_id, scope, handle),
    )


def handle(file_id: int, scope: str) -> Steps[str | None]:
    """The handle of the file at the bot of `scope`, if it was sent there before."""
    rows = yield "SELECT handle FROM file_handles WHERE file_id = ? AND scope = ?", (file_id, scope)
    return str(rows[0]["handle"]) if rows else None


def forget_handles(scope: str) -> Steps[None]:
    """The bot's handles are void: it was replaced by another."""
    yield "DELETE FROM file_handles WHERE scope = ?", (scope,)


def reason(error: str | None) -> tuple[str, dict[str, str]]:
    """Why a file is missing, from its `error` column: a message id and the values of its placeholders."""
    if not error:
        return UNREADABLE, {}
    message, params = from_json(error)
    return message, params


def nothing_more(_: int) -> Steps[None]:
    """The `on_ready` of an installation that shows nothing: tests and tools."""
    yield from ()


class Files:
    """Fetches, serves and retires files.

    source: credentials of a channel. desk: fetches what members sent. on_ready: steps made in the commit that says a
    file is there, or will never be. links: makes public addresses. alarm: tells the installation's operators a message
    id with its values.
    """

    def __init__(
        self,
        store: Store,
        *,
        source: Source,
        desk: Desk | None = None,
        on_ready: Ready = nothing_more,
        alarm: Callable[[str, dict[str, str]], Awaitable[None]] | None = None,
        members_limit: int = MEMBERS_LIMIT,
        links: Links | None = None,
    ) -> None:
        self.store = store
        self._links = links
        self._source = source
        self._desk = desk
        self._on_ready = on_ready
        self._alarm = alarm
        self._members_limit = members_limit
        self._scarce = False

    def kinds(self) -> dict[str, Kind]:
        """The kinds of job that this service carries out."""
        return {"fetch": Kind(self._fetch, self._refused, lifetime=LIFETIME)}

    def path(self, file_id: int) -> Path:
        """Where the bytes of a stored file lie."""
        return self.store.path(file_id)

    def link(self, file_id: int, name: str | None, mime: str | None) -> str | None:
        """A public, expiring address of a stored file; None where this installation has none."""
        return None if self._links is None else self._links.make(file_id, mime)

    async def fitted(self, item: Attachment, limit: int) -> Attachment:
        """The picture as JPEG of at most `limit` bytes with a path and link of its own; itself where none is made."""
        return item if self._links is None else await fitted_picture(self.store, self._links, item, limit)

    async def view(self, file_id: int, *, fitted: bool = False) -> FileView | None:
        """A file that lies on the disk, or the picture that was fitted from it, for handing out; None for any other."""
        rows = await fetch(
            "SELECT id, kind, name, mime, size FROM files WHERE id = ? AND state = ?", file_id, FileState.STORED.value
        )
        if not rows:
            return None
        row = rows[0]
        if fitted:
            return await self._fitted(row["id"], row["name"])
        mime = row["mime"] or UNKNOWN
        return FileView(
            row["id"],
            self.store.path(row["id"]),
            file_name(f"{row['kind']}-{row['id']}", row["name"], mime),
            mime,
            row["size"],
        )

    async def _fitted(self, file_id: int, name: str | None) -> FileView | None:
        path = self.store.fitted(file_id)
        try:
            size = (await asyncio.to_thread(path.stat)).st_size
        except OSError:
            return None
        return FileView(file_id, path, file_name(f"photo-{file_id}", name, FITTED), FITTED, size)

    async def retire(self, days: int, retention: Retention) -> int:
        """Delete the bytes of files older than `days`, and parts that crashes left; returns how many files."""
        await self.store.sweep()
        cutoff = await retention.until("files", clock.now() - timedelta(days=days))
        total = 0
        while True:
            rows = await fetch(
                "SELECT id FROM files WHERE created_at < ? AND state = ? ORDER BY created_at LIMIT ?",
                cutoff, FileState.STORED.value, RETIRED_AT_ONCE,
            )  # fmt: skip
            if not rows:
                return total
            # The row first: a link to bytes that are still there does no harm, the opposite would.
            await transact(partial(_retired, [row["id"] for row in rows]))
            for row in rows:
                await self.store.remove(row["id"])
            total += len(rows)

    async def watch_disk(self) -> None:
        """Tell the operators, once, that the disk is nearly full."""
        free, total = await self.store.room()
        scarce = free < min(SCARCE_BYTES, total * SCARCE_SHARE)
        if scarce and not self._scarce:
            log.error("the disk is nearly full", free=free, total=total)
            if self._alarm is not None:
                message = N_("The disk of this installation is nearly full: {free} MB are left.")
                await self._alarm(message, {"free": str(free // 1024**2)})
        self._scarce = scarce

    async def _fetch(self, job: Job) -> Effect:
        rows = await fetch(
            "SELECT id, channel_id, control_bot_id, kind, handle, name, mime, size, state FROM files WHERE id = ?",
            job.payload["file"],
        )
        if not rows or rows[0]["state"] != FileState.WAITING.value:
            return None
        row = rows[0]
        try:
            stored = await (self._from_channel(row) if row["channel_id"] is not None else self._from_member(row))
        except OSError as error:
            raise Temporary(f"the disk did not take a file: {error.strerror}") from error
        if not genuine(_attachment(row), stored):
            log.warning(
                "other bytes than were told", file=row["id"], told=row["size"], size=stored.size, mime=stored.mime
            )
            await self.store.remove(row["id"])
            raise NotFound(OTHER)
        return lambda: self._stored(row["id"], stored)

    async def _from_channel(self, row: Row) -> Stored:
        found = await self._source(row["channel_id"])
        if found is None:
            raise NotFound(DISCONNECTED)
        adapter, channel = found
        limit = adapter.capabilities.fetch_limit
        chunks: AsyncIterator[bytes] = adapter.fetch(channel, _attachment(row), limit)
        return await self.store.write(row["id"], chunks, limit, row["mime"])

    async def _from_member(self, row: Row) -> Stored:
        if self._desk is None or row["control_bot_id"] is None or not row["handle"]:
            raise NotFound(UNREADABLE)
        async with self.store.receiving(row["id"]) as part:
            await self._desk.fetch(row["control_bot_id"], row["handle"], part, self._members_limit)
            return await self.store.keep(row["id"], part, row["mime"])

    def _stored(self, file_id: int, stored: Stored) -> Steps[None]:
        rows = yield (
            "UPDATE files SET state = ?, size = ?, mime = ?, error = NULL, stored_at = ? WHERE id = ? AND state = ?"
            " RETURNING id",
            (FileState.STORED.value, stored.size, stored.mime, clock.now(), file_id, FileState.WAITING.value),
        )
        if rows:
            yield from self._on_ready(file_id)

    def _refused(self, job: Job, error: Exception) -> Steps[None]:
        """The file will not come: kept with the reason, in words where the platform gave some."""
        words = to_json([UNREADABLE, {}])
        if isinstance(error, PlatformError) and not isinstance(error, CredentialsRevoked) and ours(error.reason):
            words = to_json([error.reason, error.params])
        rows = yield (
            "UPDATE files SET state = ?, error = ? WHERE id = ? AND state = ? RETURNING id",
            (FileState.FAILED.value, words, job.payload["file"], FileState.WAITING.value),
        )
        if rows:
            yield from self._on_ready(job.payload["file"])


def _attachment(row: Row) -> Attachment:
    return Attachment(
        kind=AttachmentKind(row["kind"]),
        handle=row["handle"],
        name=row["name"],
        mime=row["mime"],
        size=row["size"],
    )


def _retired(ids: list[int]) -> Steps[None]:
    places = ", ".join("?" for _ in ids)
    yield f"UPDATE files SET state = ? WHERE id IN ({places})", (FileState.GONE.value, *ids)
