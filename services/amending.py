"""Second thoughts about an answer: edited, deleted, sent once more. Steps only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from adapters.base import Adapter, CanDelete, CanEdit, CanReplace, Content, Rejected
from adapters.content import dump, load
from models.enums import InquiryState
from services import (
    access,
    clock,
    desk_jobs,
    inquiries,
    message_files,
    outbox,
    second_thoughts,
    sending,
    typed_albums,
    views,
)
from services.access import Actor, Denied, Gone, Refusal, Right
from services.answering import adapter_of, is_in, looks_like_note, looks_like_token
from services.sql import Row, Steps, from_json, moment, to_json
from services.texts import N_

UNMOVED = N_("The customer saw you where you were at first: this messenger does not let a place move.")


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of an edit. `known`: the message was an answer at all; why: a message id where it cannot be."""

    ok: bool
    why: str | None = None
    known: bool = True


class Amending:
    """Steps that need to know what each platform lets be changed."""

    def __init__(self, adapters: Mapping[str, Adapter]) -> None:
        self._adapters = adapters

    def edited(self, person_id: int, telegram_id: int, content: Content) -> Steps[Edited]:
        """See `Conversations.edited`."""
        found = yield from self._own(person_id, telegram_id)
        if found is None:
            return Edited(ok=(yield from _edit_held(person_id, telegram_id, content)), known=False)
        who, row, channel = found
        adapter = adapter_of(self._adapters, channel.platform)
        old = load(from_json(row["content"]))
        if looks_like_token(content.text):
            return Edited(ok=False, why=N_("This looks like a key, so the edit was not passed on."))
        if looks_like_note(content.text) and not looks_like_note(old.text):
            return Edited(ok=False, why=N_("This looks like a note for colleagues, so the edit was not passed on."))
        album = yield from typed_albums.with_part(row["id"], telegram_id, content)
        new = message_files.known(album or _instead_of(old, content), old)
        stands = yield from outbox.begun(row["id"])
        why = _fixed(adapter, old, new) if stands else None
        if why is not None:
            return Edited(ok=False, why=why or None)
        try:
            adapter.plan(new)
        except Rejected as error:
            return Edited(ok=False, why=error.reason)
        yield from second_thoughts.edited(row["id"], new, stands=stands)
        yield from typed_albums.keep_part(row["id"], telegram_id, content)
        yield from sending.attach_files(who, row["id"], new)
        yield from desk_jobs.change_of_answer("edit", channel.id, row["project_id"], row["identity_id"], row["id"])
        yield from sending.change_copies(row["inquiry_id"], row["id"], besides=row["member_id"])
        return Edited(ok=True)

    def erase(self, person_id: int, telegram_id: int) -> Steps[None]:
        """See `Conversations.erase`."""
        found = yield from self._own(person_id, telegram_id)
        if found is None:
            raise Refusal(N_("Reply with /delete to an answer of yours."))
        _, row, channel = found
        if not isinstance(adapter_of(self._adapters, channel.platform), CanDelete):
            raise Refusal(N_("This messenger does not let sent messages be deleted."))
        if moment(row["deleted_at"]) is not None:
            raise Refusal(N_("This answer is deleted already."))
        yield "UPDATE messages SET deleted_at = ? WHERE id = ?", (clock.now(), row["id"])
        to = yield from desk_jobs.place(row["member_id"])
        if to is not None:
            yield from desk_jobs.tick(to, row["id"])
        yield from desk_jobs.change_of_answer("erase", channel.id, row["project_id"], row["identity_id"], row["id"])
        yield from sending.change_copies(row["inquiry_id"], row["id"], besides=row["member_id"])

    def _own(self, person_id: int, telegram_id: int) -> Steps[tuple[Actor, Row, sending.ChannelOf] | None]:
        """The answer that this Telegram message of the member became."""
        rows = yield (
            "SELECT m.id, m.project_id, m.identity_id, m.inquiry_id, m.member_id, m.content, m.deleted_at"
            " FROM operator_copies c JOIN messages m ON m.id = c.message_id"
            " WHERE c.person_id = ? AND c.telegram_id = ? AND c.kind = 'own'",
            (person_id, telegram_id),
        )
        if not rows:
            return None
        who = yield from access.actor(person_id, rows[0]["project_id"])
        who.require(Right.ANSWER)
        return who, rows[0], (yield from sending.channel_of(rows[0]["identity_id"], who.project_id))

    def retry(self, person_id: int, message_id: int) -> Steps[None]:
        """See `Conversations.retry`."""
        rows = yield "SELECT project_id, identity_id, inquiry_id FROM messages WHERE id = ?", (message_id,)
        who = yield from access.actor_of(person_id, rows)
        who.require(Right.ANSWER)
        inquiry = yield from inquiries.locked(rows[0]["inquiry_id"], who.project_id)
        if inquiry is None:
            raise Gone(access.NOT_HERE)
        if inquiry.state is InquiryState.ACTIVE and not (yield from is_in(inquiry.id, who.member_id)):
            name = yield from views.member_name(inquiry.assignee_id)
            raise Denied(N_("{name} is answering this customer."), name=name)
        channel = yield from sending.channel_of(rows[0]["identity_id"], who.project_id)
        yield from sending.again(who, channel, inquiry, message_id)


def _instead_of(old: Content, new: Content) -> Content:
    """The answer with everything that a member's message can be taken from its edit."""
    if len(old.attachments) > len(new.attachments) > 0:
        # An album of before its parts were kept.
        return replace(old, text=new.text, spans=new.spans)
    return replace(
        old, text=new.text, spans=new.spans, attachments=new.attachments, location=new.location, contact=new.contact
    )


def _fixed(adapter: Adapter, old: Content, new: Content) -> str | None:
    """Why this edit cannot follow what has left; nothing is said of each step of a place that moves ("")."""
    if not isinstance(adapter, CanEdit):
        if new.location is not None and old.location is not None and old.location.live:
            return "" if new.location.live else UNMOVED
        return N_("This messenger does not let sent messages be edited.")
    if any(item.file_id is None for item in new.attachments) and not isinstance(adapter, CanReplace):
        return N_("Only the words of what was sent can be changed in this messenger.")
    return None


def _edit_held(person_id: int, telegram_id: int, content: Content) -> Steps[bool]:
    """What is edited while it is asked whom it is for goes out as edited; False where nothing is held."""
    held = yield (
        "SELECT h.id, h.content FROM people p JOIN held h ON h.person_id = p.id"
        " AND h.origin = p.control_bot_id || ':' || p.telegram_id || ':' || CAST(? AS TEXT) WHERE p.id = ?",
        (str(telegram_id), person_id),
    )
    if not held or looks_like_token(content.text):
        return False
    new = _instead_of(load(from_json(held[0]["content"])), content)
    yield "UPDATE held SET content = ? WHERE id = ?", (to_json(dump(new)), held[0]["id"])
    return True
