"""What answering puts on its way: files to fetch, the send job, copies for colleagues, another try. Steps only."""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapters.base import Attachment, Content
from adapters.content import dump
from models.enums import ChannelState, MessageState, PartState
from services import clock, desk_jobs
from services.access import Actor, Gone, Refusal
from services.files import new_file
from services.inquiries import OpenInquiry
from services.sql import Row, Steps, to_json
from services.texts import N_


@dataclass(frozen=True, slots=True)
class ChannelOf:
    """The channel of an identity, and the person's id on it."""

    id: int
    platform: str
    state: ChannelState
    user: str


def channel_of(identity_id: int, project_id: int) -> Steps[ChannelOf]:
    """Where an identity is written to."""
    rows = yield (
        "SELECT h.id, h.platform, h.state, i.external_id FROM identities i JOIN channels h ON h.id = i.channel_id"
        " WHERE i.id = ? AND i.project_id = ?",
        (identity_id, project_id),
    )
    if not rows:
        raise Gone(N_("This conversation is not here any more."))
    row = rows[0]
    return ChannelOf(row["id"], row["platform"], ChannelState(row["state"]), row["external_id"])


def attach_files(who: Actor, message_id: int, content: Content) -> Steps[None]:
    """Rows and fetch jobs for what a member attached; the message's content then names the rows."""
    if not content.attachments:
        return
    bots = yield "SELECT control_bot_id FROM people WHERE id = ?", (who.person_id,)
    attachments: list[Attachment] = []
    for item in content.attachments:
        if item.file_id is None and item.handle is not None:
            file_id = yield from new_file(
                who.project_id, item, control_bot_id=bots[0]["control_bot_id"], message_id=message_id
            )
            item = replace(item, file_id=file_id)
        attachments.append(item)
    stored = replace(content, attachments=tuple(attachments))
    yield "UPDATE messages SET content = ? WHERE id = ?", (to_json(dump(stored)), message_id)


def dispatch(who: Actor, channel: ChannelOf, inquiry: OpenInquiry, message_id: int, *, album: bool) -> Steps[None]:
    """Make the job that sends, and the mark that shows when it takes longer. Raises Refusal where there is no way."""
    if channel.state is ChannelState.DISCONNECTED:
        raise Refusal(N_("The channel is disconnected, so this customer cannot be answered. Connect it again first."))
    if channel.state is ChannelState.BROKEN:
        yield "UPDATE messages SET state = ? WHERE id = ?", (MessageState.WAITING_KEY.value, message_id)
    yield from desk_jobs.send(channel.id, who.project_id, inquiry.identity_id, channel.user, message_id, album=album)
    to = yield from desk_jobs.place(who.member_id)
    if to is not None:
        yield from desk_jobs.tick(to, message_id, run_at=clock.now() + desk_jobs.TICK_PAUSE)


def postpone(message_id: int) -> Steps[None]:
    """A further part of an album came: sending waits for the next one."""
    yield (
        "UPDATE jobs SET run_at = ?, timed = TRUE WHERE cancel_key = ? AND state = 'queued'",
        (clock.now() + desk_jobs.ALBUM_PAUSE, f"send:{message_id}"),
    )


def being_shown(message: Row, album: str) -> Steps[bool]:
    """Whether a colleague's copy of an album is on its way at this moment, with the parts that there were."""
    for to in (yield from desk_jobs.in_dialog(message["inquiry_id"])):
        unit = desk_jobs.Unit(message["inquiry_id"], message["identity_id"], message["id"], album)
        rows = yield (
            "SELECT id FROM jobs WHERE order_key = ? AND cancel_key = ? AND state = 'running'",
            (desk_jobs.order_of_copies(to.member_id, message["inquiry_id"]), unit.key(to.member_id)),
        )
        if rows:
            return True
    return False


def again(who: Actor, channel: ChannelOf, inquiry: OpenInquiry, message_id: int) -> Steps[None]:
    """«Повторить»: the parts that did not go out are sent; a second press while it is under way changes nothing.

    Of what nobody knew whether it had arrived the history says that it may stand there twice. Raises Refusal for an
    answer that was deleted, or that is under way.
    """
    rows = yield "SELECT id FROM messages WHERE id = ? AND deleted_at IS NOT NULL", (message_id,)
    if rows:
        raise Refusal(N_("This answer is deleted already."))
    rows = yield (
        "UPDATE messages SET state = ?, reason = NULL, repeated = (repeated OR state = ?) WHERE id = ?"
        " AND state IN (?, ?) RETURNING id",
        (
            MessageState.QUEUED.value,
            MessageState.UNCERTAIN.value,
            message_id,
            MessageState.REFUSED.value,
            MessageState.UNCERTAIN.value,
        ),
    )
    if not rows:
        raise Refusal(N_("This answer is on its way already."))
    yield (
        "UPDATE message_parts SET state = ?, doubts = 0 WHERE message_id = ? AND state <> ?",
        (PartState.QUEUED.value, message_id, PartState.SENT.value),
    )
    yield from dispatch(who, channel, inquiry, message_id, album=False)


def change_copies(inquiry_id: int, message_id: int, *, besides: int | None) -> Steps[None]:
    """An answer was edited or deleted: colleagues' copies of it change."""
    rows = yield (
        "SELECT DISTINCT member_id FROM operator_copies WHERE message_id = ? AND kind = 'copy'",
        (message_id,),
    )
    for row in rows:
        to = (yield from desk_jobs.place(row["member_id"])) if row["member_id"] != besides else None
        if to is not None:
            yield from desk_jobs.change_of_copy(to, inquiry_id, message_id)
