"""What each kind of event does to the rows. Steps only: they run inside the commit that journals the event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import singledispatch

from adapters.base import (
    ButtonPressed,
    Content,
    Delivery,
    Enforced,
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    OperatorEcho,
    ReactionChanged,
    Started,
    StatusChanged,
    Subscribed,
    Unsubscribed,
)  # fmt: skip
from adapters.content import dump, load
from adapters.names import one_line
from models.enums import Author, Direction, InquiryState, MessageState, Priority
from services import clock, cropped, desk_jobs, identities, inquiries, message_files, reminders, statuses
from services.desk_jobs import Unit
from services.identities import IdentityRow
from services.inquiries import OpenInquiry
from services.jobs import NewJob, enqueue
from services.notices import notice
from services.sql import Row, Steps, from_json, moment, to_json

ECHOES_WITHIN = timedelta(days=2)
"""How old a message of ours can be whose echo comes: an answer is tried for a day."""
HEARD_STEP = timedelta(minutes=1)
"""How exactly a channel's row says when it was heard last."""
OPT_OUT = frozenset({"стоп", "stop", "отписаться"})


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """What accepting needs to know of a channel."""

    id: int
    project_id: int
    platform: str
    confirmed: bool


def apply(channel: ChannelRow, event: Event, *, quiet: bool = False) -> Steps[None]:
    """Do what the event says. `quiet` (a late replay): stored, but nothing is opened and nobody is told."""
    return _apply(event, channel, quiet)


def heard_from(channel: ChannelRow) -> Steps[None]:
    """Note that the channel is alive, at most once a minute: the row would be a bottleneck otherwise."""
    now = clock.now()
    yield (
        "UPDATE channels SET last_event_at = ? WHERE id = ? AND (last_event_at IS NULL OR last_event_at < ?)",
        (now, channel.id, now - HEARD_STEP),
    )
    if channel.confirmed:
        return
    rows = yield (
        "UPDATE channels SET confirmed_at = ? WHERE id = ? AND confirmed_at IS NULL RETURNING connected_by_id",
        (now, channel.id),
    )
    if rows and rows[0]["connected_by_id"] is not None:
        yield from notice(rows[0]["connected_by_id"], "channel_confirmed", {"channel": channel.id})


@singledispatch
def _apply(event: Event, channel: ChannelRow, quiet: bool) -> Steps[None]:
    """Unsupported, and whatever comes later: the journal has it, nothing else follows."""
    yield from ()


@_apply.register
def _received(event: MessageReceived, channel: ChannelRow, quiet: bool) -> Steps[None]:
    identity = yield from identities.seen(channel.id, channel.project_id, event, wrote=True)
    if event.ref:
        yield from identities.came_by(identity, event.ref)
    yield from _take_in(channel, identity, event, event.message_id, event.content, quiet=quiet)
    if event.incomplete:
        yield from cropped.ask(channel.id, channel.project_id, identity.id, event.message_id)


def _take_in(
    channel: ChannelRow, identity: IdentityRow, event: Event, external_id: str, content: Content, *, quiet: bool
) -> Steps[None]:
    """Store a message of the customer, open or find its inquiry, and show it."""
    inquiry = yield from inquiries.current(identity.id)
    opting_out = inquiry is None and content.text.strip().casefold() in OPT_OUT
    if opting_out:
        yield "UPDATE identities SET opted_out_at = ? WHERE id = ?", (event.at, identity.id)
    message_id = yield from _insert(channel, identity, event, external_id, content, inquiry=inquiry)
    belongs = message_id is not None and inquiry is not None
    if message_id is None:
        adopted = yield from message_files.adopt(channel.project_id, channel.id, identity.id, external_id, content)
        if adopted is None:
            return
        message_id, content = adopted
    if inquiry is None and not quiet and not opting_out and not identity.spam:
        inquiry = yield from inquiries.open_for(channel.project_id, identity.id, event.at)
    if inquiry is None:
        return
    if not belongs:
        yield "UPDATE messages SET inquiry_id = ? WHERE id = ?", (inquiry.id, message_id)
    yield (
        "UPDATE inquiries SET inbound = inbound + 1, last_at = ?, snoozed_until = NULL,"
        " waiting_since = COALESCE(waiting_since, ?) WHERE id = ?",
        (clock.now(), event.at, inquiry.id),
    )
    if not quiet:
        unit = Unit(inquiry.id, identity.id, message_id, message_files.album(content), bool(content.attachments))
        yield from inquiries.announce(inquiry, unit)
        if inquiry.state is InquiryState.ACTIVE:
            yield from reminders.unread(channel.project_id, inquiry.id)


# Most platforms tell whole seconds: within one, their own numbers tell what came first.
_LATE = (
    "(?14 OR EXISTS (SELECT 1 FROM messages o WHERE o.identity_id = ?2 AND o.at = ?11 AND o.sequence > ?12"
    f" AND o.direction = '{Direction.IN.value}'))"
)


def _insert(
    channel: ChannelRow,
    identity: IdentityRow,
    event: Event,
    external_id: str,
    content: Content,
    state: MessageState = MessageState.RECEIVED,
    *,
    inquiry: OpenInquiry | None = None,
) -> Steps[int | None]:
    """The message's row and its files; None where the platform's message is stored already."""
    reply_to = yield from _answered(identity, content)
    rows = yield (
        "INSERT INTO messages (project_id, identity_id, inquiry_id, direction, author, external_id, content, album,"
        " state, repeated, at, sequence, received_at, late, reply_to_id)"
        f" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, {_LATE}, ?15)"
        " ON CONFLICT (identity_id, external_id) DO NOTHING RETURNING id",
        (
            channel.project_id, identity.id, inquiry.id if inquiry else None, Direction.IN.value,
            Author.CUSTOMER.value, external_id, to_json(dump(content)), message_files.album(content), state.value,
            False, event.at, event.sequence, clock.now(),
            identity.latest is not None and event.at < identity.latest,
            reply_to,
        ),
    )  # fmt: skip
    if not rows:
        return None
    message_id = int(rows[0]["id"])
    if content.attachments:
        yield from message_files.store(channel.project_id, channel.id, message_id, content)
    return message_id


def _answered(identity: IdentityRow, content: Content) -> Steps[int | None]:
    """The message of ours, or of the customer, that this one answers to."""
    if content.quoted is None or content.quoted.message_id is None:
        return None
    return (yield from identities.find_message(identity.id, content.quoted.message_id))


@_apply.register
def _edited(event: MessageEdited, channel: ChannelRow, quiet: bool) -> Steps[None]:
    identity = yield from identities.seen(channel.id, channel.project_id, event)
    if event.incomplete:
        yield from cropped.ask(channel.id, channel.project_id, identity.id, event.message_id)
    rows = yield (
        "SELECT id, inquiry_id, edited_at, edited_sequence, content FROM messages"
        " WHERE identity_id = ? AND external_id = ?",
        (identity.id, event.message_id),
    )
    if not rows:
        # Webhooks may be shuffled: the message itself will find its edited content here.
        yield from _insert(channel, identity, event, event.message_id, event.content, state=MessageState.EARLY)
        yield (
            "UPDATE messages SET edited_at = ?, edited_sequence = ? WHERE identity_id = ? AND external_id = ?",
            (event.at, event.edition, identity.id, event.message_id),
        )
        if event.words_only:
            yield from message_files.keep_words(identity.id, event)
        return
    earlier = moment(rows[0]["edited_at"])
    if earlier is not None and (earlier, rows[0]["edited_sequence"] or 0) > (event.at, event.edition):
        return
    content = message_files.edited(event, load(from_json(rows[0]["content"])))
    yield (
        "UPDATE messages SET content = ?, edited_at = ?, edited_sequence = ? WHERE id = ?",
        (to_json(dump(content)), event.at, event.edition, rows[0]["id"]),
    )
    if content.attachments:
        yield from message_files.store(channel.project_id, channel.id, rows[0]["id"], content)
    if not quiet:
        yield from show_change(rows[0]["id"], rows[0]["inquiry_id"])


@_apply.register
def _deleted(event: MessageDeleted, channel: ChannelRow, quiet: bool) -> Steps[None]:
    identity = yield from identities.seen(channel.id, channel.project_id, event)
    message_id = yield from identities.find_message(identity.id, event.message_id)
    if message_id is None:
        return
    rows = yield (
        "UPDATE messages SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL RETURNING id, inquiry_id",
        (event.at, message_id),
    )
    if rows and rows[0]["inquiry_id"] is not None:
        yield from inquiries.wait_less(rows[0]["inquiry_id"])
    if rows and not quiet:
        yield from show_change(rows[0]["id"], rows[0]["inquiry_id"])


def show_change(message_id: int, inquiry_id: int | None) -> Steps[None]:
    """Those in the dialog besides those who have a copy: theirs may be on its way, with what it said before."""
    if inquiry_id is None:
        return
    places = {to.member_id: to for to in (yield from desk_jobs.in_dialog(inquiry_id))}
    rows = yield (
        "SELECT DISTINCT member_id FROM operator_copies WHERE message_id = ? AND kind = 'copy'",
        (message_id,),
    )
    for row in rows:
        to = places.get(row["member_id"]) or (yield from desk_jobs.place(row["member_id"]))
        if to is not None:
            places[to.member_id] = to
    for member_id in sorted(places):
        yield from desk_jobs.change_of_copy(places[member_id], inquiry_id, message_id)
    inquiry = yield from inquiries.found(inquiry_id)
    if inquiry is not None:
        yield from inquiries.refresh_cards(inquiry)


@_apply.register
def _reacted(event: ReactionChanged, channel: ChannelRow, quiet: bool) -> Steps[None]:
    identity = yield from identities.seen(channel.id, channel.project_id, event)
    message_id = yield from identities.find_message(identity.id, event.message_id)
    if message_id is None:
        return
    rows = yield (
        "UPDATE messages SET reaction = ?, reaction_at = ? WHERE id = ? AND (reaction_at IS NULL OR reaction_at <= ?)"
        " RETURNING inquiry_id",
        (" ".join(event.emoji)[:64] or None, event.at, message_id, event.at),
    )
    if not rows or rows[0]["inquiry_id"] is None or quiet:
        return
    for to in (yield from desk_jobs.in_dialog(rows[0]["inquiry_id"])):
        yield from desk_jobs.reaction(to, rows[0]["inquiry_id"], message_id)


@_apply.register
def _pressed(event: ButtonPressed, channel: ChannelRow, quiet: bool) -> Steps[None]:
    identity = yield from identities.seen(channel.id, channel.project_id, event, wrote=True)
    asked: list[Row] = []
    if event.message_id is not None:
        asked = yield (
            "SELECT m.author FROM messages m JOIN platform_messages p ON p.message_id = m.id"
            " WHERE p.identity_id = ? AND p.external_id = ?",
            (identity.id, event.message_id),
        )
    if event.acknowledge is not None:
        # A button of a message that is not ours was made by another service, which does not hear of it any more.
        stranger = event.message_id is not None and not asked
        yield from enqueue(
            NewJob(
                kind="acknowledge",
                lane=f"channel:{channel.id}",
                priority=Priority.ANSWER,
                project_id=channel.project_id,
                payload={"channel": channel.id, "token": event.acknowledge, "stranger": stranger},
            )
        )
    # A press says something only where a person had asked; what automation asked is automation's.
    if any(row["author"] == Author.MEMBER.value for row in asked):
        said = Content(text=event.label or event.payload)
        yield from _take_in(channel, identity, event, f"press:{event.key}", said, quiet=quiet)


@_apply.register
def _started(event: Started, channel: ChannelRow, quiet: bool) -> Steps[None]:
    identity = yield from identities.seen(channel.id, channel.project_id, event)
    if event.subscribed:
        yield from identities.subscribe(identity, event.at, subscribed=True)
    if event.ref:
        yield from identities.came_by(identity, event.ref)


@_apply.register
def _subscribed(event: Subscribed, channel: ChannelRow, quiet: bool) -> Steps[None]:
    identity = yield from identities.seen(channel.id, channel.project_id, event)
    yield from identities.subscribe(identity, event.at, subscribed=True)


@_apply.register
def _unsubscribed(event: Unsubscribed, channel: ChannelRow, quiet: bool) -> Steps[None]:
    identity = yield from identities.seen(channel.id, channel.project_id, event)
    changed = yield from identities.subscribe(identity, event.at, subscribed=False)
    inquiry = yield from inquiries.current(identity.id)
    if not changed or inquiry is None or quiet:
        return
    for to in (yield from desk_jobs.in_dialog(inquiry.id)):
        yield from notice(to.member_id, "customer_left", {"inquiry": inquiry.id})


@_apply.register
def _status(event: StatusChanged, channel: ChannelRow, quiet: bool) -> Steps[None]:
    identity = yield from identities.seen(channel.id, channel.project_id, event)
    if event.status is Delivery.FAILED:
        yield from statuses.failed(identity.id, event.message_ids, event.reason)
    else:
        yield from statuses.reached(identity.id, event.status, event.message_ids, event.watermark, event.up_to)


@_apply.register
def _enforced(event: Enforced, channel: ChannelRow, quiet: bool) -> Steps[None]:
    """Told to the team by `services.channel_health`, in its own time."""
    if not quiet:
        yield from enqueue(
            NewJob(
                kind="enforced",
                lane="health",
                priority=Priority.COPY,
                project_id=channel.project_id,
                order_key=f"enforced:{channel.id}",
                payload={"channel": channel.id, "action": event.action.value, "reason": event.reason},
            )
        )


@_apply.register
def _echo(event: OperatorEcho, channel: ChannelRow, quiet: bool) -> Steps[None]:
    identity = yield from identities.seen(channel.id, channel.project_id, event)
    if event.token is not None and (yield from statuses.echoed(identity.id, event.token, event.message_id)):
        return
    known = yield from identities.find_message(identity.id, event.message_id)
    if known is not None or (yield from _our_own(identity, event)):
        return
    inquiry = yield from inquiries.current(identity.id)
    message_id = yield from _insert_echo(channel, identity, event, inquiry)
    if inquiry is None or message_id is None:
        return
    yield (
        "UPDATE inquiries SET last_at = ?, waiting_since = NULL WHERE id = ?",
        (clock.now(), inquiry.id),
    )
    yield from reminders.read(inquiry.id)
    if not quiet and inquiry.state is InquiryState.ACTIVE:
        unit = Unit(
            inquiry.id, identity.id, message_id, message_files.album(event.content), bool(event.content.attachments)
        )
        yield from inquiries.announce(inquiry, unit)
    elif not quiet:
        yield from inquiries.offer(inquiry)


def _our_own(identity: IdentityRow, event: OperatorEcho) -> Steps[bool]:
    """Whether the echo came before the answer to our call, or instead of it."""
    if event.number is None:
        return False
    since = clock.now() - ECHOES_WITHIN
    return (yield from statuses.echoed_number(identity.id, event.number, event.message_id, since))


def _insert_echo(
    channel: ChannelRow, identity: IdentityRow, event: OperatorEcho, inquiry: OpenInquiry | None
) -> Steps[int | None]:
    """An answer given outside Pult stands in the history like one of ours."""
    rows = yield (
        "INSERT INTO messages (project_id, identity_id, inquiry_id, direction, author, author_name, external_id,"
        " content, album, state, repeated, at, sequence, received_at, late)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (identity_id, external_id) DO NOTHING RETURNING id",
        (
            channel.project_id, identity.id, inquiry.id if inquiry else None, Direction.OUT.value,
            Author.OUTSIDE.value, one_line(event.author or "")[:255] or None, event.message_id,
            to_json(dump(event.content)), message_files.album(event.content), MessageState.SENT.value, False, event.at,
            event.sequence, clock.now(), False,
        ),
    )  # fmt: skip
    if not rows:
        return None
    if event.content.attachments:
        yield from message_files.store(channel.project_id, channel.id, rows[0]["id"], event.content)
    if event.author_id is not None:
        yield from identities.ask_for_author(channel.id, channel.project_id, rows[0]["id"], event.author_id)
    return int(rows[0]["id"])
