"""Jobs that carry answers to customers: send, edit, delete, acknowledge. What has left is written down part by part."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import orjson

from adapters.base import (
    Adapter,
    Ambiguous,
    CanAcknowledge,
    CanDelete,
    CanEdit,
    Channel,
    ChannelId,
    Content,
    Credentials,
    CredentialsRevoked,
    Envelope,
    NotFound,
    PlatformError,
    RecipientGone,
    Refused,
    Rejected,
    Sent,
    Temporary,
)  # fmt: skip
from adapters.content import MessageId, UserId, dump, load
from models.enums import ChannelState, FileState, MessageState, PartState
from models.fields import unseal
from services import clock, desk_jobs, statuses
from services.files import remember_handle
from services.jobs import Effect, Job, Kind, NotYet
from services.notices import notice
from services.sql import LOCK, Row, Steps, from_json, marks, moment, run, to_json, transact
from services.texts import N_

FILE_CHECK = timedelta(seconds=5)
"""How often an answer looks for its files; their coming wakes it at once."""
ACKNOWLEDGE_LIFETIME = timedelta(minutes=5)


class Uncertain(Refused):
    """Two attempts ended without an answer: a person decides whether to try again."""


class Files(Protocol):
    """Where the bytes of a file lie, and the public link under which a platform may fetch them."""

    def path(self, file_id: int) -> Path: ...

    def link(self, file_id: int, name: str | None, mime: str | None) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Part:
    id: int
    content: Content
    token: str
    number: int
    doubts: int


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that sending needs, read in one transaction."""

    message_id: int
    project_id: int
    identity_id: int
    user: UserId
    platform: str
    channel_id: int
    channel: Channel
    parts: tuple[Part, ...]
    by_person: bool
    window: object = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file of the message has not come yet."""


class Delivery:
    """Carries messages out over the adapters. Register `kinds()` with the runner."""

    def __init__(self, adapters: Mapping[str, Adapter], files: Files) -> None:
        self._adapters = adapters
        self._files = files

    def kinds(self) -> dict[str, Kind]:
        """The kinds of jobs that this module performs."""
        return {
            "send": Kind(self.send, refused=refused, repeatable=False),
            "edit": Kind(self.edit, refused=change_refused),
            "erase": Kind(self.erase, refused=change_refused),
            "acknowledge": Kind(self.acknowledge, lifetime=ACKNOWLEDGE_LIFETIME),
        }

    async def send(self, job: Job) -> Effect:
        """Send the parts of an answer that have not gone out."""
        work = await transact(partial(self._begin, job.payload["message"]))
        if work is None:
            return None
        if isinstance(work, Waiting):
            raise NotYet(clock.now() + FILE_CHECK, keep_place=True)
        adapter = self._adapters[work.platform]
        for place, part in enumerate(work.parts):
            if place:
                part = await transact(partial(_start, part))
            sent = await self._send_part(adapter, work, part)
            record = partial(_record, work, part, sent)
            if place == len(work.parts) - 1:
                return partial(_finish, work, record)
            await transact(record)
        return partial(_finish, work, None)

    async def _send_part(self, adapter: Adapter, work: Work, part: Part) -> Sent:
        if part.doubts > 1:
            raise Uncertain(N_("It is not known whether the message arrived: the messenger did not answer twice."))
        content = await self._with_bytes(work, part.content)
        envelope = Envelope(part.token, part.number, work.by_person, moment(work.window))
        try:
            return await adapter.send(work.channel, work.user, content, envelope)
        except Ambiguous:
            await transact(partial(_doubt, part.id))
            raise
        except PlatformError:
            await transact(partial(_unstart, part.id))
            raise

    async def _with_bytes(self, work: Work, content: Content) -> Content:
        """The content with paths, links and this channel's own handles of its files."""
        ids = [item.file_id for item in content.attachments if item.file_id is not None]
        if not ids:
            return content
        handles = await run(_handles(ids, f"channel:{work.channel_id}"))
        return replace(
            content,
            attachments=tuple(
                item
                if item.file_id is None
                else replace(
                    item,
                    path=self._files.path(item.file_id),
                    url=self._files.link(item.file_id, item.name, item.mime),
                    cached=handles.get(item.file_id),
                )
                for item in content.attachments
            ),
        )

    def _begin(self, message_id: int) -> Steps[Work | Waiting | None]:
        """Read the message, cut it into parts on the first attempt, and note that its next part is about to leave."""
        row = yield from _message(message_id)
        if row is None or row["deleted_at"] is not None or row["state"] in _OVER:
            return None
        content = load(from_json(row["content"]))
        ready, content = yield from _files_of(content)
        if not ready:
            return Waiting()
        parts = yield (
            f"SELECT id, content, token, number, doubts, state FROM message_parts WHERE message_id = ?"
            f" ORDER BY position {LOCK}",
            (message_id,),
        )
        if not parts:
            parts = yield from _cut(row, self._adapters[row["platform"]].plan(content).parts)
        left = [_part(part) for part in parts if part["state"] != PartState.SENT.value]
        if left:
            left[0] = yield from _start(left[0])
        return Work(
            message_id, row["project_id"], row["identity_id"], UserId(row["user_id"]), row["platform"],
            row["channel_id"], channel_from(row), tuple(left), row["author"] == "member", row["window_until"],
        )  # fmt: skip

    async def edit(self, job: Job) -> Effect:
        """Bring what stands at the customer up to date with an edited answer."""
        found = await transact(partial(_sent_parts, job.payload["message"]))
        if found is None:
            return None
        row, parts = found
        adapter = self._adapters[row["platform"]]
        if not isinstance(adapter, CanEdit) or not parts:
            return None
        planned = adapter.plan(load(from_json(row["content"]))).parts
        if len(planned) != len(parts):
            raise Rejected(N_("The edited text does not fit into the message that was sent."))
        for (part, message), new in zip(parts, planned, strict=True):
            if dump(part.content) == dump(new):
                continue
            await adapter.edit(channel_from(row), UserId(row["user_id"]), message, new)
            await transact(partial(_edited, part.id, new))
        return None

    async def erase(self, job: Job) -> Effect:
        """Delete an answer at the customer."""
        found = await transact(partial(_sent_parts, job.payload["message"]))
        if found is None:
            return None
        row, _ = found
        adapter = self._adapters[row["platform"]]
        ids = await run(_platform_ids(job.payload["message"]))
        if isinstance(adapter, CanDelete) and ids:
            try:
                await adapter.delete(channel_from(row), UserId(row["user_id"]), tuple(ids))
            except NotFound:
                return None
        return None

    async def acknowledge(self, job: Job) -> Effect:
        """Stop the waiting mark on a button that a customer pressed."""
        rows = await run(_channel(job.payload["channel"]))
        if rows and rows[0]["state"] == ChannelState.ACTIVE.value:
            adapter = self._adapters[rows[0]["platform"]]
            if isinstance(adapter, CanAcknowledge):
                await adapter.acknowledge(channel_from(rows[0]), job.payload["token"], None)
        return None


_CHANNEL = (
    "h.id AS channel_id, h.platform, h.external_id AS channel_external, h.credentials, h.username AS bot, h.state"
)
_OVER = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.SEEN, MessageState.REFUSED})
_IDLE = frozenset({MessageState.QUEUED.value, MessageState.WAITING_KEY.value})


def _message(message_id: int) -> Steps[Row | None]:
    rows = yield (
        "SELECT m.id, m.project_id, m.identity_id, m.member_id, m.author, m.content, m.state, m.deleted_at,"
        f" i.external_id AS user_id, i.window_until, {_CHANNEL.replace('h.state', 'h.state AS channel_state')}"
        " FROM messages m JOIN identities i ON i.id = m.identity_id JOIN channels h ON h.id = i.channel_id"
        " WHERE m.id = ?",
        (message_id,),
    )
    return rows[0] if rows else None


def _channel(channel_id: int) -> Steps[list[Row]]:
    return (yield f"SELECT {_CHANNEL} FROM channels h WHERE h.id = ?", (channel_id,))


def channel_from(row: Row) -> Channel:
    """The adapter's view of a channel. Raises CredentialsRevoked where it has no credentials."""
    if row["credentials"] is None:
        raise CredentialsRevoked(N_("The channel is disconnected."))
    return Channel(
        ChannelId(row["channel_external"]), Credentials(orjson.loads(unseal(row["credentials"]))), row["bot"]
    )


def _files_of(content: Content) -> Steps[tuple[bool, Content]]:
    """Whether every file is there, and the content with what is known of them now. Raises Rejected for a lost one."""
    ids = [item.file_id for item in content.attachments if item.file_id is not None]
    if not ids:
        return True, content
    rows = yield f"SELECT id, state, name, mime, size, error FROM files WHERE id IN ({marks(ids)})", ids
    found = {row["id"]: row for row in rows}
    for file_id in ids:
        state = found[file_id]["state"] if file_id in found else FileState.GONE.value
        if state in (FileState.FAILED.value, FileState.GONE.value):
            raise Rejected(N_("The file could not be taken from Telegram. Send it again."))
    if any(found[file_id]["state"] == FileState.WAITING.value for file_id in ids):
        return False, content
    known = tuple(
        item
        if item.file_id is None
        else replace(
            item,
            name=item.name or found[item.file_id]["name"],
            mime=found[item.file_id]["mime"] or item.mime,
            size=found[item.file_id]["size"],
        )
        for item in content.attachments
    )
    return True, replace(content, attachments=known)


def _cut(row: Row, parts: tuple[Content, ...]) -> Steps[list[Row]]:
    made: list[Row] = []
    for position, content in enumerate(parts):
        made += yield (
            "INSERT INTO message_parts (project_id, message_id, position, content, state, token, number, doubts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 0) RETURNING id, content, token, number, doubts, state",
            (
                row["project_id"], row["id"], position, to_json(dump(content)), PartState.QUEUED.value,
                secrets.token_urlsafe(18), random.SystemRandom().randint(1, 2**31 - 1),
            ),
        )  # fmt: skip
    return made


def _part(row: Row) -> Part:
    return Part(row["id"], load(from_json(row["content"])), row["token"], row["number"], row["doubts"])


def _start(part: Part) -> Steps[Part]:
    """Note that a part is about to leave. One that was about to leave already was cut off in the middle."""
    rows = yield (
        "UPDATE message_parts SET doubts = doubts + CASE WHEN state = ? THEN 1 ELSE 0 END, state = ? WHERE id = ?"
        " RETURNING doubts",
        (PartState.SENDING.value, PartState.SENDING.value, part.id),
    )
    return replace(part, doubts=rows[0]["doubts"])


def _doubt(part_id: int) -> Steps[None]:
    yield "UPDATE message_parts SET doubts = doubts + 1, state = ? WHERE id = ?", (PartState.QUEUED.value, part_id)


def _unstart(part_id: int) -> Steps[None]:
    yield "UPDATE message_parts SET state = ? WHERE id = ?", (PartState.QUEUED.value, part_id)


def _record(work: Work, part: Part, sent: Sent) -> Steps[None]:
    """The part is out: its ids, the channel's handles of its files, and whether it may be out twice."""
    yield (
        "UPDATE message_parts SET state = ?, sent_at = ? WHERE id = ?",
        (PartState.SENT.value, clock.now(), part.id),
    )
    for message in sent.messages:
        for external_id in (message.id, *message.aliases):
            yield from statuses.known_as(
                work.project_id,
                work.identity_id,
                work.message_id,
                part.id,
                external_id,
                alias=external_id != message.id,
            )
    for file_id, handle in sent.cached.items():
        yield from remember_handle(file_id, f"channel:{work.channel_id}", handle)
    if part.doubts:
        yield "UPDATE messages SET repeated = ? WHERE id = ?", (True, work.message_id)


def _handles(ids: list[int], scope: str) -> Steps[dict[int, str]]:
    rows = yield (
        f"SELECT file_id, handle FROM file_handles WHERE file_id IN ({marks(ids)}) AND scope = ?",
        (*ids, scope),
    )
    return {row["file_id"]: row["handle"] for row in rows}


def _finish(work: Work, record: Callable[[], Steps[None]] | None) -> Steps[None]:
    """Every part is out: the author's mark changes."""
    if record is not None:
        yield from record()
    rows = yield (
        f"UPDATE messages SET state = ? WHERE id = ? AND state IN ({marks(sorted(_IDLE))})"
        " RETURNING member_id, repeated",
        (MessageState.SENT.value, work.message_id, *sorted(_IDLE)),
    )
    for row in rows:
        yield from _tell_author(row["member_id"], work.message_id)
        if row["repeated"] and row["member_id"] is not None:
            yield from notice(row["member_id"], "maybe_twice", {"message": work.message_id})


def _tell_author(member_id: int | None, message_id: int) -> Steps[None]:
    to = (yield from desk_jobs.place(member_id)) if member_id is not None else None
    if to is not None:
        yield from desk_jobs.tick(to, message_id)


def refused(job: Job, error: Exception) -> Steps[None]:
    """The answer will not go out: the author hears why, with «Повторить»."""
    message_id = job.payload["message"]
    state = MessageState.UNCERTAIN if isinstance(error, Uncertain) else MessageState.REFUSED
    rows = yield (
        "UPDATE messages SET state = ?, reason = ? WHERE id = ? AND state NOT IN ('sent', 'delivered', 'seen')"
        " RETURNING identity_id, member_id",
        (state.value, reason_of(error).stored(), message_id),
    )
    yield (
        "UPDATE message_parts SET state = ? WHERE message_id = ? AND state <> ?",
        (PartState.REFUSED.value, message_id, PartState.SENT.value),
    )
    for row in rows:
        if isinstance(error, RecipientGone):
            yield "UPDATE identities SET subscribed = ? WHERE id = ?", (False, row["identity_id"])
        yield from _tell_author(row["member_id"], message_id)
        yield from statuses.refusal(row["member_id"], message_id)


def reason_of(error: Exception) -> statuses.Reason:
    """A sentence of ours for the errors that have one, the platform's own words otherwise."""
    match error:
        case RecipientGone():
            return statuses.Reason(N_("The customer has blocked the channel or left the messenger."))
        case CredentialsRevoked():
            return statuses.Reason(N_("The channel's key did not work for a day."))
        case Temporary():
            return statuses.Reason(N_("The messenger could not be reached for a day."))
        case PlatformError() if error.reason:
            return statuses.Reason(error.reason, error.params)
    return statuses.Reason(N_("Something went wrong on our side."))


def change_refused(job: Job, error: Exception) -> Steps[None]:
    """An edit or deletion did not get through: the author is told."""
    rows = yield "SELECT member_id FROM messages WHERE id = ?", (job.payload["message"],)
    if rows and rows[0]["member_id"] is not None:
        what = "edit_refused" if job.kind == "edit" else "erase_refused"
        yield from notice(rows[0]["member_id"], what, {"message": job.payload["message"]})


def _sent_parts(message_id: int) -> Steps[tuple[Row, list[tuple[Part, MessageId]]] | None]:
    """The message and each part that is out, with the platform's first id of it."""
    row = yield from _message(message_id)
    if row is None:
        return None
    rows = yield (
        "SELECT p.id, p.content, p.token, p.number, p.doubts, x.external_id FROM message_parts p"
        " JOIN platform_messages x ON x.id = (SELECT MIN(y.id) FROM platform_messages y WHERE y.part_id = p.id)"
        " WHERE p.message_id = ? AND p.state = ? ORDER BY p.position",
        (message_id, PartState.SENT.value),
    )
    return row, [(_part(one), MessageId(one["external_id"])) for one in rows]


def _edited(part_id: int, content: Content) -> Steps[None]:
    yield "UPDATE message_parts SET content = ? WHERE id = ?", (to_json(dump(content)), part_id)


def _platform_ids(message_id: int) -> Steps[list[MessageId]]:
    rows = yield (
        "SELECT external_id FROM platform_messages WHERE message_id = ? AND alias = ? ORDER BY id",
        (message_id, False),
    )
    return [MessageId(row["external_id"]) for row in rows]


def wait_for_key(channel_id: int) -> Steps[None]:
    """The channel's token died: answers that wait say so. Their jobs stay; a new token lets them go."""
    rows = yield (
        "UPDATE messages SET state = ? WHERE state = ? AND identity_id IN"
        " (SELECT id FROM identities WHERE channel_id = ?) RETURNING id, member_id",
        (MessageState.WAITING_KEY.value, MessageState.QUEUED.value, channel_id),
    )
    for row in rows:
        if row["member_id"] is not None:
            yield from notice(
                row["member_id"], "waiting_key", {"channel": channel_id, "message": row["id"]},
                once=f"key:{channel_id}",
            )  # fmt: skip
