"""From what a member typed to an answer on its way: whom it is for, whether it may go, what is stored. Steps only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from adapters.base import Adapter, Content, Rejected
from adapters.content import dump, load
from models.enums import Author, CopyKind, Direction, InquiryState, MessageState
from services import access, addressees, clock, desk_jobs, holding, inquiries, reminders, sending, typed_albums, views
from services.access import Actor, Gone, Refusal, Right
from services.desk_jobs import Unit
from services.inquiries import OpenInquiry
from services.ports import InquiryView
from services.sql import LOCK, Row, Steps, from_json, moment, to_json
from services.texts import N_

# Telegram's key, Viber's, VK's and Facebook's page token, as people paste them.
_TOKENS = re.compile(
    r"\b\d{6,}:[A-Za-z0-9_-]{30,}|\b[0-9a-z]{16}-[0-9a-z]{16}-[0-9a-z]{16}\b|\bvk1\.a\.[\w-]{40,}|\bEAA[A-Za-z0-9]{60,}"
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A message of a member to the control bot.

    origin: "<control bot>:<chat>:<message id>". album: the same for every part of one album. reply_to: the Telegram
    message that it replies to.
    """

    origin: str
    telegram_id: int
    content: Content
    album: str | None = None
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Stored and on its way to the customer of `inquiry`. notes: message ids of what was changed, to be said once."""

    inquiry: InquiryView
    message_id: int
    notes: tuple[str, ...] = ()
    opened: bool = False
    """It opened a new inquiry, because the one that was answered is done."""


class AskWhy(StrEnum):
    NO_DIALOG = "no_dialog"
    GUARD = "guard"
    TAKEN = "taken"
    HEADER = "header"
    FOREIGN = "foreign"
    UNKNOWN_COPY = "unknown_copy"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Ask:
    """Held until a button says whom it is for. again: a further part of an album that was asked about already."""

    held_id: int
    why: AskWhy
    options: tuple[InquiryView, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class TokenTyped:
    """It looks like a key: nothing was stored."""


Outcome = Sent | Ask | TokenTyped


class Answering:
    """Steps that need to know what each platform can carry."""

    def __init__(self, adapters: Mapping[str, Adapter]) -> None:
        self._adapters = adapters
        self._titles = {name: adapter.title for name, adapter in adapters.items()}

    def typed(self, person_id: int, message: Typed) -> Steps[Outcome]:
        """See `Conversations.typed`."""
        if looks_like_token(message.content.text):
            return TokenTyped()
        repeated = yield from self._repeated(person_id, message)
        if repeated is not None:
            return repeated
        wrote_at = yield from addressees.wrote(person_id)
        part = yield from self._album_part(person_id, message)
        if part is not None:
            return part
        if message.reply_to is not None:
            return (yield from self._reply(person_id, message, message.reply_to))
        return (yield from self._undirected(person_id, message, wrote_at))

    def _repeated(self, person_id: int, message: Typed) -> Steps[Outcome | None]:
        """The update was handled before the process died: say what was said then."""
        rows = yield "SELECT id, inquiry_id FROM messages WHERE origin = ?", (message.origin,)
        if not rows and message.album is not None:
            rows = yield (
                "SELECT c.message_id AS id, c.inquiry_id FROM operator_copies c JOIN people p ON p.id = c.person_id"
                " WHERE c.control_bot_id = p.control_bot_id AND c.chat_id = p.telegram_id AND c.telegram_id = ?"
                " AND p.id = ? AND c.kind = 'own'",
                (message.telegram_id, person_id),
            )
        if not rows:
            return None
        return Sent((yield from views.inquiry(self._titles, rows[0]["inquiry_id"])), rows[0]["id"])

    def _reply(self, person_id: int, message: Typed, reply_to: int) -> Steps[Outcome]:
        copy = yield from copy_of(person_id, reply_to)
        if copy is None:
            options = yield from addressees.possible(person_id)
            return (yield from self._hold(person_id, message, AskWhy.UNKNOWN_COPY, options))
        who = yield from access.actor(person_id, copy["project_id"])
        who.require(Right.ANSWER)
        inquiry = yield from inquiries.locked(copy["inquiry_id"], who.project_id)
        if inquiry is None:
            raise Gone(N_("This conversation is not here any more."))
        if inquiry.state is InquiryState.ACTIVE and not (yield from is_in(inquiry.id, who.member_id)):
            return (yield from self._hold(person_id, message, AskWhy.FOREIGN, [inquiry.id]))
        if looks_like_note(message.content.text):
            return (yield from self._hold(person_id, message, AskWhy.NOTE, [inquiry.id]))
        return (yield from self._answer(who, inquiry, message, copy["message_id"]))

    def _undirected(self, person_id: int, message: Typed, wrote_at: Any) -> Steps[Outcome]:
        rows = yield (
            "SELECT i.id, i.project_id, p.taken_id FROM people p JOIN inquiries i ON i.id = p.dialog_id"
            " WHERE p.id = ? AND i.state <> 'new'",
            (person_id,),
        )
        if not rows:
            return (yield from self._hold(person_id, message, AskWhy.NO_DIALOG, None))
        who = yield from access.actor(person_id, rows[0]["project_id"])
        who.require(Right.ANSWER)
        inquiry = yield from inquiries.locked(rows[0]["id"], who.project_id)
        if inquiry is None or inquiry.state is InquiryState.NEW:
            return (yield from self._hold(person_id, message, AskWhy.NO_DIALOG, None))
        if inquiry.state is InquiryState.ACTIVE and not (yield from is_in(inquiry.id, who.member_id)):
            return (yield from self._hold(person_id, message, AskWhy.FOREIGN, [inquiry.id]))
        taken = (yield from addressees.taken(person_id, inquiry.id)) if rows[0]["taken_id"] is not None else None
        if taken is not None:
            return (yield from self._hold(person_id, message, AskWhy.TAKEN, [taken, inquiry.id]))
        if (yield from addressees.header_behind(person_id)):
            others = [one for one in (yield from addressees.likely(person_id)) if one != inquiry.id]
            return (yield from self._hold(person_id, message, AskWhy.HEADER, [inquiry.id, *others]))
        other = yield from addressees.other_appeared(person_id, inquiry.id, moment(wrote_at))
        if other is not None:
            return (yield from self._hold(person_id, message, AskWhy.GUARD, [inquiry.id, other]))
        if looks_like_note(message.content.text):
            return (yield from self._hold(person_id, message, AskWhy.NOTE, [inquiry.id]))
        return (yield from self._answer(who, inquiry, message, None))

    def settle(self, person_id: int, held_id: int, inquiry_id: int) -> Steps[Sent | Ask]:
        """See `Conversations.settle`."""
        who, inquiry, row = yield from holding.chosen(person_id, held_id, inquiry_id)
        if inquiry.state is InquiryState.ACTIVE and not (yield from is_in(inquiry.id, who.member_id)):
            # A colleague has the customer by now: named in a question, that is not said yet.
            return Ask(held_id, AskWhy.FOREIGN, ((yield from views.inquiry(self._titles, inquiry.id)),))
        return (yield from self._let_go(who, inquiry, row))

    def insist(self, person_id: int, held_id: int, inquiry_id: int) -> Steps[Sent]:
        """See `Conversations.insist`."""
        who, inquiry, row = yield from holding.chosen(person_id, held_id, inquiry_id)
        if inquiry.state is InquiryState.ACTIVE:
            yield from inquiries.join(inquiry, who.member_id)
        return (yield from self._let_go(who, inquiry, row))

    def _let_go(self, who: Actor, inquiry: OpenInquiry, row: Row) -> Steps[Sent]:
        """What was held goes to this customer."""
        ids: list[int] = from_json(row["telegram_ids"])
        message = Typed(row["origin"], ids[0], load(from_json(row["content"])))
        parts = typed_albums.parts_held(row["content"])
        yield from holding.drop(who.person_id, row["id"])
        return (yield from self._answer(who, inquiry, message, None, {number: parts.get(number) for number in ids}))

    def _answer(
        self, who: Actor, inquiry: OpenInquiry, message: Typed, quoted: int | None,
        own: Mapping[int, Content | None] | None = None,
    ) -> Steps[Sent]:  # fmt: skip
        """Store the answer with everything that follows from it."""
        channel = yield from sending.channel_of(inquiry.identity_id, who.project_id)
        adapter = adapter_of(self._adapters, channel.platform)
        try:
            plan = adapter.plan(message.content)
        except Rejected as error:
            raise Refusal(error.reason, **getattr(error, "params", {})) from error
        opened = inquiry.state is InquiryState.DONE
        if opened:
            done = inquiry
            inquiry = yield from self._open_again(who, done)
            yield from _follow(who.person_id, done.id, inquiry.id)
        elif inquiry.state is InquiryState.NEW:
            yield from inquiries.assign(inquiry, who.member_id)
        message_id = yield from _insert(who, inquiry, message, quoted)
        for telegram_id, part in (own or {message.telegram_id: message.content if message.album else None}).items():
            yield from own_copy(who, inquiry.id, message_id, telegram_id, part)
        yield from sending.attach_files(who, message_id, message.content)
        yield from sending.dispatch(who, channel, inquiry, message_id, album=message.album is not None)
        yield (
            "UPDATE inquiries SET last_at = ?, waiting_since = NULL, snoozed_until = NULL WHERE id = ?",
            (clock.now(), inquiry.id),
        )
        yield from reminders.read(inquiry.id)
        unit = Unit(inquiry.id, inquiry.identity_id, message_id, message.album, bool(message.content.attachments))
        yield from inquiries.announce(replace(inquiry, state=InquiryState.ACTIVE), unit, besides=who.member_id)
        return Sent((yield from views.inquiry(self._titles, inquiry.id)), message_id, plan.notes, opened)

    def _open_again(self, who: Actor, done: OpenInquiry) -> Steps[OpenInquiry]:
        """Writing to a customer whose inquiry is done: the open one if there is one, else a new one of the writer's."""
        current = yield from inquiries.current(done.identity_id)
        if current is None:
            owner = yield from desk_jobs.place(who.member_id)
            return (yield from inquiries.create(who.project_id, done.identity_id, owner, clock.now()))
        if current.state is InquiryState.NEW:
            yield from inquiries.assign(current, who.member_id)
        elif not (yield from is_in(current.id, who.member_id)):
            name = yield from views.member_name(current.assignee_id)
            raise Refusal(N_("{name} is answering this customer."), name=name)
        return current

    def _album_part(self, person_id: int, message: Typed) -> Steps[Outcome | None]:
        """A further part of an album joins the answer, or the held message, that its first part became."""
        if message.album is None:
            return None
        rows = yield (
            "SELECT m.id, m.inquiry_id, m.identity_id, m.project_id, m.content FROM messages m WHERE m.album = ?"
            " AND m.member_id IN (SELECT id FROM members WHERE person_id = ?) AND m.state = ? AND NOT EXISTS"
            " (SELECT 1 FROM message_parts p WHERE p.message_id = m.id) AND NOT EXISTS"
            f" (SELECT 1 FROM operator_copies c WHERE c.message_id = m.id AND c.kind = 'copy') {LOCK}",
            (message.album, person_id, MessageState.QUEUED.value),
        )
        if rows and not (yield from sending.being_shown(rows[0], message.album)):
            return (yield from self._extend(person_id, rows[0], message))
        held = yield (
            "SELECT id, content, telegram_ids FROM held WHERE person_id = ? AND origin = ?",
            (person_id, f"album:{message.album}"),
        )
        if not held:
            return (yield from self._late_part(person_id, message))
        ids: list[int] = from_json(held[0]["telegram_ids"])
        if message.telegram_id not in ids:
            parts = typed_albums.parts_held(held[0]["content"]) | {message.telegram_id: message.content}
            yield (
                "UPDATE held SET content = ?, telegram_ids = ? WHERE id = ?",
                (typed_albums.held(parts), to_json(sorted(parts)), held[0]["id"]),
            )
        return Ask(held[0]["id"], AskWhy.NO_DIALOG, (), again=True)

    def _late_part(self, person_id: int, message: Typed) -> Steps[Outcome | None]:
        """The album has left without this part: it follows to the same customer."""
        rows = yield (
            "SELECT inquiry_id, project_id FROM messages WHERE album = ?"
            " AND member_id IN (SELECT id FROM members WHERE person_id = ?) ORDER BY id DESC LIMIT 1",
            (message.album, person_id),
        )
        if not rows:
            return None
        who = yield from access.actor(person_id, rows[0]["project_id"])
        who.require(Right.ANSWER)
        inquiry = yield from inquiries.locked(rows[0]["inquiry_id"], who.project_id)
        if inquiry is None or not (yield from is_in(inquiry.id, who.member_id)):
            return None
        return (yield from self._answer(who, inquiry, message, None))

    def _extend(self, person_id: int, row: Row, message: Typed) -> Steps[Outcome]:
        who = yield from access.actor(person_id, row["project_id"])
        who.require(Right.ANSWER)
        sent = Sent((yield from views.inquiry(self._titles, row["inquiry_id"])), row["id"])
        inquiry = yield from inquiries.locked(row["inquiry_id"], who.project_id)
        yield from own_copy(who, row["inquiry_id"], row["id"], message.telegram_id, message.content)
        content = typed_albums.joined([load(from_json(row["content"])), message.content])
        yield "UPDATE messages SET content = ? WHERE id = ?", (to_json(dump(content)), row["id"])
        yield from sending.attach_files(who, row["id"], content)
        yield from sending.postpone(row["id"])
        if inquiry is not None:
            unit = Unit(inquiry.id, inquiry.identity_id, row["id"], message.album, media=True)
            yield from inquiries.announce(inquiry, unit, besides=who.member_id)
        return sent

    def _hold(self, person_id: int, message: Typed, why: AskWhy, options: list[int] | None) -> Steps[Ask]:
        """Keep the message until a button says whom it is for."""
        yield from access.somewhere(person_id)
        origin = f"album:{message.album}" if message.album else message.origin
        whole = typed_albums.held({message.telegram_id: message.content})
        content = whole if message.album else to_json(dump(message.content))
        held_id = yield from holding.keep(person_id, origin, content, message.telegram_id)
        ids = options if options is not None else (yield from addressees.likely(person_id))
        found: list[InquiryView] = []
        for inquiry_id in ids:
            found.append((yield from views.inquiry(self._titles, inquiry_id)))
        return Ask(held_id, why, tuple(found))


def adapter_of(adapters: Mapping[str, Adapter], platform: str) -> Adapter:
    """The platform's adapter. Raises Refusal where its folder is gone."""
    adapter = adapters.get(platform)
    if adapter is None:
        raise Refusal(N_("This installation does not know the messenger of this channel any more."))
    return adapter


def looks_like_token(text: str) -> bool:
    """Whether a platform's key stands in the text."""
    return _TOKENS.search(text) is not None


def looks_like_note(text: str) -> bool:
    """Whether it begins as notes for colleagues do in other desks: whoever writes so does not mean the customer."""
    return text.lstrip().startswith("//")


def _follow(person_id: int, done_id: int, inquiry_id: int) -> Steps[None]:
    """The open dialog was with a customer whose inquiry is done: it goes on in the new one."""
    rows = yield (
        "UPDATE people SET dialog_id = ? WHERE id = ? AND dialog_id = ? RETURNING id",
        (inquiry_id, person_id, done_id),
    )
    if rows:
        yield from desk_jobs.header_of(person_id)


def is_in(inquiry_id: int, member_id: int) -> Steps[bool]:
    """Whether the member is in the inquiry's dialog."""
    rows = yield "SELECT id FROM inquiry_members WHERE inquiry_id = ? AND member_id = ?", (inquiry_id, member_id)
    return bool(rows)


def own_copy(
    who: Actor, inquiry_id: int, message_id: int, telegram_id: int, part: Content | None = None
) -> Steps[None]:
    """The member's own message stands for the answer, or for one part of an album: ticks, edits and refusals find it
    by this."""
    yield (
        "INSERT INTO operator_copies (project_id, control_bot_id, member_id, person_id, inquiry_id, message_id, kind,"
        " chat_id, telegram_id, placeholder, shows, created_at)"
        " SELECT ?, p.control_bot_id, ?, p.id, ?, ?, ?, p.telegram_id, ?, ?, ?, ? FROM people p WHERE p.id = ?"
        " ON CONFLICT (control_bot_id, chat_id, telegram_id) DO NOTHING",
        (
            who.project_id, who.member_id, inquiry_id, message_id, CopyKind.OWN.value, telegram_id, False,
            typed_albums.shows(part), clock.now(), who.person_id,
        ),
    )  # fmt: skip


def _insert(who: Actor, inquiry: OpenInquiry, message: Typed, quoted: int | None) -> Steps[int]:
    now = clock.now()
    rows = yield (
        "INSERT INTO messages (project_id, identity_id, inquiry_id, direction, author, member_id, author_name, origin,"
        " content, album, state, repeated, at, sequence, received_at, late, reply_to_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            who.project_id, inquiry.identity_id, inquiry.id, Direction.OUT.value, Author.MEMBER.value, who.member_id,
            who.name, message.origin, to_json(dump(message.content)), message.album, MessageState.QUEUED.value, False,
            now, 0, now, False, quoted,
        ),
    )  # fmt: skip
    return int(rows[0]["id"])


def being_shown(person_id: int, telegram_id: int) -> Steps[bool]:
    """Whether this message, unknown so far, may be one of those that are just being shown to the person.

    It stands in the chat when Telegram has it, and is known here a moment later, or when the database is well again.
    """
    if (yield from copy_of(person_id, telegram_id)) is not None:
        return False
    rows = yield (
        "SELECT j.id FROM people p JOIN jobs j ON j.target = 'control:' || p.control_bot_id || ':' || p.telegram_id"
        " WHERE p.id = ? AND j.state = 'running' LIMIT 1",
        (person_id,),
    )
    return bool(rows)


def copy_of(person_id: int, telegram_id: int) -> Steps[Row | None]:
    """What a message in the person's chat stands for."""
    rows = yield (
        "SELECT c.project_id, c.inquiry_id, c.message_id FROM operator_copies c JOIN people p ON p.id = c.person_id"
        " WHERE c.control_bot_id = p.control_bot_id AND c.chat_id = p.telegram_id AND c.telegram_id = ? AND p.id = ?",
        (telegram_id, person_id),
    )
    return rows[0] if rows else None
