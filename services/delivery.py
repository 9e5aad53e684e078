"""Jobs that carry answers to customers: send, edit, delete, acknowledge. What has left is written down part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from adapters.base import (
    Adapter,
    Ambiguous,
    Attachment,
    AttachmentKind,
    CanAcknowledge,
    CanDelete,
    CanEdit,
    CanReplace,
    Content,
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
from adapters.content import UserId, dump, load
from adapters.names import of_file
from models.enums import ChannelState, MessageState, PartState
from services import clock, clock_trust, desk_jobs, outbox, second_thoughts, statuses
from services.jobs import Effect, Job, Kind, NotYet
from services.notices import notice_of_answer
from services.outbox import Part, Waiting, Work
from services.sql import LOCK, Row, Steps, fetch, from_json, marks, moment, run, transact
from services.texts import N_, UNTOLD, _, best_locale, ours, use_locale

FILE_CHECK = timedelta(seconds=5)
"""How often an answer looks for its files; their coming wakes it at once."""
ACKNOWLEDGE_LIFETIME = timedelta(minutes=5)


class Uncertain(Refused):
    """Two attempts ended without an answer: a person decides whether to try again."""


class Files(Protocol):
    """Where the bytes of a file lie, and the public link under which a platform may fetch them.

    fitted: the picture as JPEG of at most `limit` bytes, with path and link of its own; itself where none can be made.
    """

    def path(self, file_id: int) -> Path: ...

    def link(self, file_id: int, name: str | None, mime: str | None) -> str | None: ...

    async def fitted(self, item: Attachment, limit: int) -> Attachment: ...


class Delivery:
    """Carries messages out over the adapters. Register `kinds()` with the runner."""

    def __init__(self, adapters: Mapping[str, Adapter], files: Files, public_url: str | None = None) -> None:
        self._adapters = adapters
        self._files = files
        self._public_url = public_url

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
        for place, next_part in enumerate(work.parts):
            part = await transact(partial(outbox.start, next_part)) if place else next_part
            if part is None:
                continue
            if job.age < timedelta(minutes=adapter.capabilities.repeats_dropped_minutes):
                # The platform takes a second send of this part for the first: there is nothing to doubt.
                part = replace(part, doubts=0)
            sent = await self._send_part(adapter, work, part)
            record = partial(outbox.record, work, part, sent)
            if place == len(work.parts) - 1:
                return partial(_finish, work.message_id, record)
            await transact(record)
        return partial(_finish, work.message_id, None)

    async def _send_part(self, adapter: Adapter, work: Work, part: Part) -> Sent:
        if part.doubts > 1:
            raise Uncertain(N_("Two attempts ended without an answer."))
        content = await self._with_bytes(work.channel_id, part.content, adapter.capabilities.picture_limit)
        window = moment(work.window)
        envelope = Envelope(part.token, part.number, work.by_person, window, client=work.client, at=_within(window))
        try:
            return await adapter.send(work.channel, work.user, content, envelope)
        except Ambiguous:
            if await transact(partial(outbox.doubt, part.id)):
                raise
            # Its echo was faster than the loss of the answer.
            return Sent(())
        except PlatformError:
            await transact(partial(outbox.unstart, part.id))
            raise

    async def _with_bytes(self, channel_id: int, content: Content, picture_limit: int | None) -> Content:
        """The content with paths, links and this channel's own handles of its files."""
        ids = [item.file_id for item in content.attachments if item.file_id is not None]
        if not ids:
            return content
        handles = await run(outbox.handles(ids, f"channel:{channel_id}"))
        return replace(
            content,
            attachments=tuple([await self._placed(item, handles, picture_limit) for item in content.attachments]),
        )

    async def _placed(self, item: Attachment, handles: Mapping[int, str], picture_limit: int | None) -> Attachment:
        if item.file_id is None:
            return item
        item = replace(
            item,
            name=of_file(item.name or "") or None,
            path=self._files.path(item.file_id),
            url=self._files.link(item.file_id, item.name, item.mime),
            cached=handles.get(item.file_id),
        )
        if picture_limit is None or item.kind is not AttachmentKind.PHOTO or _fits(item, picture_limit):
            return item
        return await self._files.fitted(item, picture_limit)

    def _begin(self, message_id: int) -> Steps[Work | Waiting | None]:
        """Read the message, cut it into parts on the first attempt, and note that its next part is about to leave."""
        row = yield from outbox.message_row(message_id)
        if row is None or row["deleted_at"] is not None or row["state"] in _OVER:
            return None
        content = load(from_json(row["content"]))
        ready, content = yield from outbox.files_of(content)
        if not ready:
            return Waiting()
        parts = yield (
            f"SELECT id, content, token, number, doubts, state FROM message_parts WHERE message_id = ?"
            f" ORDER BY position {LOCK}",
            (message_id,),
        )
        planned = self._adapters[row["platform"]].plan(content).parts
        parts = (yield from outbox.recut(row, parts, planned)) if parts else (yield from outbox.cut(row, planned))
        left = [outbox.part_of(part) for part in parts if part["state"] != PartState.SENT.value]
        if left:
            left[0] = (yield from outbox.start(left[0])) or left[0]
        return Work(
            message_id, row["project_id"], row["identity_id"], UserId(row["user_id"]), row["platform"],
            row["channel_id"], outbox.channel_from(row, self._public_url), tuple(left), row["author"] == "member",
            row["window_until"], row["client"],
        )  # fmt: skip

    async def edit(self, job: Job) -> Effect:
        """Bring what stands at the customer up to date with an edited answer."""
        found = await transact(partial(outbox.parts_out, job.payload["message"]))
        if found is None:
            return None
        row, parts = found
        adapter = self._adapters[row["platform"]]
        if not isinstance(adapter, CanEdit) or not any(known_as for _part, known_as in parts):
            # Another try cuts it anew.
            return partial(second_thoughts.nothing_stands, job.payload["message"])
        content = load(from_json(row["content"]))
        if _media(content) != [number for part, _ in parts for number in _media(part.content)]:
            ready, content = await run(outbox.files_of(content))
            if not ready:
                raise NotYet(clock.now() + FILE_CHECK, keep_place=True)
        planned = adapter.plan(content).parts
        if len(planned) != len(parts):
            raise Rejected(N_("The edited text does not fit into the message that was sent."))
        for (part, message), new in zip(parts, planned, strict=True):
            if dump(part.content) == dump(new):
                continue
            if message is None:
                await transact(partial(outbox.reword, part.id, new))
                continue
            if _media(part.content) == _media(new):
                await adapter.edit(outbox.channel_from(row), UserId(row["user_id"]), message, new)
            else:
                await self._replace(adapter, row, part, new)
            await transact(partial(outbox.note_edit, part.id, new))
        return partial(second_thoughts.came_through, job.payload["message"], content)

    async def _replace(self, adapter: Adapter, row: Row, part: Part, new: Content) -> None:
        """Other media than those that the part was sent with."""
        if not isinstance(adapter, CanReplace):
            raise Rejected(N_("Only the words of what was sent can be changed in this messenger."))
        before, now = _media(part.content), _media(new)
        changed = tuple(place for place, number in enumerate(now) if before[place : place + 1] != [number])
        messages = await run(outbox.ids_of_part(row["id"], part.id))
        content = await self._with_bytes(row["channel_id"], new, adapter.capabilities.picture_limit)
        channel = outbox.channel_from(row, self._public_url)
        await adapter.replace(channel, UserId(row["user_id"]), messages, content, changed)

    async def erase(self, job: Job) -> Effect:
        """Delete an answer at the customer."""
        row = await run(outbox.message_row(job.payload["message"]))
        if row is None:
            return None
        adapter = self._adapters[row["platform"]]
        ids = await run(outbox.platform_ids(job.payload["message"]))
        if isinstance(adapter, CanDelete) and ids:
            try:
                await adapter.delete(outbox.channel_from(row), UserId(row["user_id"]), tuple(ids))
            except NotFound:
                return None
        return None

    async def acknowledge(self, job: Job) -> Effect:
        """Stop the waiting mark on a button that a customer pressed."""
        rows = await run(outbox.channel_row(job.payload["channel"]))
        if rows and rows[0]["state"] == ChannelState.ACTIVE.value:
            adapter = self._adapters[rows[0]["platform"]]
            if isinstance(adapter, CanAcknowledge):
                text = await self._old_button(job) if job.payload.get("stranger") else None
                await adapter.acknowledge(outbox.channel_from(rows[0]), job.payload["token"], text)
        return None

    async def _old_button(self, job: Job) -> str:
        """What a customer is told who pressed a button that nobody answers for any more."""
        rows = await fetch("SELECT language FROM projects WHERE id = ?", job.project_id)
        with use_locale(best_locale(rows[0]["language"] if rows else None)):
            return _("This button does not work any more. Please write in words.")


_PICTURES = frozenset({"image/jpeg", "image/png"})
_OVER = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.SEEN, MessageState.REFUSED})
_IDLE = frozenset({MessageState.QUEUED.value, MessageState.WAITING_KEY.value})


def _finish(message_id: int, record: Callable[[], Steps[None]] | None) -> Steps[None]:
    """Every part is out: the author's mark changes."""
    if record is not None:
        yield from record()
    rows = yield (
        f"UPDATE messages SET state = ? WHERE id = ? AND state IN ({marks(sorted(_IDLE))}) RETURNING member_id",
        (MessageState.SENT.value, message_id, *sorted(_IDLE)),
    )
    for row in rows:
        yield from _tell_author(row["member_id"], message_id)
    # Whatever its state: what became of it may have been told before its sending was over.
    rows = yield "SELECT member_id FROM messages WHERE id = ? AND repeated = ?", (message_id, True)
    for row in rows:
        yield from notice_of_answer(row["member_id"], message_id, "maybe_twice", once=f"twice:{message_id}")


def _tell_author(member_id: int | None, message_id: int) -> Steps[None]:
    to = (yield from desk_jobs.place(member_id)) if member_id is not None else None
    if to is not None:
        yield from desk_jobs.tick(to, message_id)


def refused(job: Job, error: Exception) -> Steps[None]:
    """The answer will not go out: the author hears why, with «Повторить».

    After a doubt a refusal of the second try says nothing about the first: whether it arrived is unknown.
    """
    message_id = job.payload["message"]
    out, doubtful = yield from outbox.fate(message_id)
    if out:
        yield from _finish(message_id, None)
        return
    state = MessageState.UNCERTAIN if doubtful else MessageState.REFUSED
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
    """A sentence of ours: the platform's own words are for the log."""
    match error:
        case RecipientGone() if not ours(error.reason):
            return statuses.Reason(N_("The customer has blocked the channel or left the messenger."))
        case CredentialsRevoked():
            return statuses.Reason(N_("The channel's key did not work for a day."))
        case Temporary():
            return statuses.Reason(N_("The messenger could not be reached for a day."))
        case PlatformError() if ours(error.reason):
            return statuses.Reason(error.reason, error.params)
        case PlatformError():
            return statuses.Reason(UNTOLD)
    return statuses.Reason(N_("Something went wrong on our side."))


def change_refused(job: Job, error: Exception) -> Steps[None]:
    """An edit or deletion did not get through: the author is told, with the reason, and nobody sees it as done."""
    message_id = job.payload["message"]
    rows = yield from second_thoughts.refused(job.kind, message_id)
    why = reason_of_change(error)
    params = {"why": why.message, "why_params": dict(why.params)}
    for row in rows:
        yield from notice_of_answer(row["member_id"], message_id, f"{job.kind}_refused", params)


def reason_of_change(error: Exception) -> statuses.Reason:
    """Why what the customer has cannot be changed: in our words, whatever the platform's were."""
    reason = reason_of(error)
    if reason.message != UNTOLD:
        return reason
    if isinstance(error, NotFound):
        return statuses.Reason(N_("The customer does not have this message any more."))
    return statuses.Reason(N_("The messenger does not let this message be changed any more."))


def wait_for_key(channel_id: int) -> Steps[None]:
    """The channel's token died: answers that wait say so. Their jobs stay; a new token lets them go."""
    rows = yield (
        "UPDATE messages SET state = ? WHERE state = ? AND identity_id IN"
        " (SELECT id FROM identities WHERE channel_id = ?) RETURNING id, member_id",
        (MessageState.WAITING_KEY.value, MessageState.QUEUED.value, channel_id),
    )
    for row in rows:
        yield from notice_of_answer(
            row["member_id"], row["id"], "waiting_key", {"channel": channel_id}, once=f"key:{channel_id}"
        )


def _media(content: Content) -> list[int | None]:
    """The files that a content has, in order."""
    return [item.file_id for item in content.attachments]


def _fits(item: Attachment, limit: int) -> bool:
    """Whether a platform that fetches pictures takes this one as it is."""
    return item.mime in _PICTURES and item.size is not None and item.size <= limit


def _within(window: datetime | None) -> datetime:
    """Now, for the reply window; a clock that is doubted closes none: the platform knows."""
    now = clock.now()
    return now if window is None or now < window or clock_trust.certain() else window - timedelta(seconds=1)
