"""What was said with a customer before: their inquiries, newest first, and what stands in each. Reading only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from adapters.base import Adapter
from adapters.content import load
from models.enums import Author, Direction
from services import access, desk_jobs, views
from services.access import Actor, Right
from services.ports import InquiryView, MessageView
from services.sql import Row, Steps, from_json, moment, run, transact, when

PAGE = 8
"""Inquiries, or messages, on a page."""
HERE = -1
"""The page of the list on which the inquiry itself stands."""


@dataclass(frozen=True, slots=True)
class Past:
    """A page of a contact's inquiries; pages count from 0. inquiry_id: the one that it was asked for."""

    inquiry_id: int
    contact: str
    items: tuple[InquiryView, ...]
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Talk:
    """A page of an inquiry's messages, oldest first."""

    inquiry: InquiryView
    messages: tuple[MessageView, ...]
    page: int
    pages: int


class History:
    """`person_id` is always people.id. Every method checks the rights in the project concerned: Denied, Gone."""

    def __init__(self, adapters: Mapping[str, Adapter]) -> None:
        self._titles = {name: adapter.title for name, adapter in adapters.items()}

    async def of_contact(self, person_id: int, inquiry_id: int, page: int) -> Past:
        """The inquiries of the contact behind one of them, newest first. A page past the end gives the last."""
        return await run(_of_contact(self._titles, person_id, inquiry_id, page))

    async def read(self, person_id: int, inquiry_id: int, page: int) -> Talk:
        """What was said in an inquiry. A page past the end gives the last."""
        return await run(_read(self._titles, person_id, inquiry_id, page))

    async def show(self, person_id: int, message_id: int) -> None:
        """Put one message, in full and with its media, into the person's chat."""
        await transact(partial(_show, person_id, message_id))


def _may_read(person_id: int, inquiry_id: int) -> Steps[tuple[Actor, Row]]:
    rows = yield (
        "SELECT q.project_id, i.contact_id, c.name FROM inquiries q JOIN identities i ON i.id = q.identity_id"
        " JOIN contacts c ON c.id = i.contact_id WHERE q.id = ?",
        (inquiry_id,),
    )
    who = yield from access.actor_of(person_id, rows)
    who.require(Right.ANSWER)
    return who, rows[0]


_OF_CONTACT = "inquiries q JOIN identities i ON i.id = q.identity_id WHERE i.contact_id = ? AND q.project_id = ?"


def _of_contact(titles: Mapping[str, str], person_id: int, inquiry_id: int, page: int) -> Steps[Past]:
    who, row = yield from _may_read(person_id, inquiry_id)
    whose = (row["contact_id"], who.project_id)
    counted = yield (
        f"SELECT COUNT(*) AS n, COUNT(CASE WHEN q.id > ? THEN 1 END) AS newer FROM {_OF_CONTACT}",
        (inquiry_id, *whose),
    )
    page, pages = _page(counted[0]["newer"] // PAGE if page == HERE else page, counted[0]["n"])
    rows = yield f"SELECT q.id FROM {_OF_CONTACT} ORDER BY q.id DESC LIMIT ? OFFSET ?", (*whose, PAGE, page * PAGE)
    ids = [one["id"] for one in rows]
    found = yield from views.inquiries(titles, ids)
    return Past(inquiry_id, row["name"], tuple(found[one] for one in ids), page, pages)


def _page(wanted: int, count: int) -> tuple[int, int]:
    pages = max(1, -(-count // PAGE))
    return min(max(wanted, 0), pages - 1), pages


def _read(titles: Mapping[str, str], person_id: int, inquiry_id: int, page: int) -> Steps[Talk]:
    yield from _may_read(person_id, inquiry_id)
    counted = yield "SELECT COUNT(*) AS n FROM messages WHERE inquiry_id = ?", (inquiry_id,)
    page, pages = _page(page, counted[0]["n"])
    rows = yield (
        "SELECT m.id, m.direction, m.author, m.author_name, m.content, m.at, m.late, m.edited_at, m.deleted_at,"
        " m.edit_refused, m.repeated, n.name AS member_name FROM messages m LEFT JOIN members n ON n.id = m.member_id"
        " WHERE m.inquiry_id = ? ORDER BY m.at, m.sequence, m.id LIMIT ? OFFSET ?",
        (inquiry_id, PAGE, page * PAGE),
    )
    return Talk((yield from views.inquiry(titles, inquiry_id)), tuple(map(_message, rows)), page, pages)


def _message(row: Row) -> MessageView:
    return MessageView(
        id=row["id"],
        direction=Direction(row["direction"]),
        author=Author(row["author"]),
        author_name=row["member_name"] or row["author_name"],
        content=load(from_json(row["content"])),
        files=(),
        at=when(row["at"]),
        late=bool(row["late"]),
        edited=moment(row["edited_at"]) is not None,
        edit_refused=bool(row["edit_refused"]),
        deleted=moment(row["deleted_at"]) is not None,
        repeated=bool(row["repeated"]),
    )


def _show(person_id: int, message_id: int) -> Steps[None]:
    rows = yield "SELECT inquiry_id FROM messages WHERE id = ?", (message_id,)
    inquiry_id = (rows[0]["inquiry_id"] if rows else None) or access.NOWHERE
    who, _ = yield from _may_read(person_id, inquiry_id)
    to = yield from desk_jobs.place(who.member_id)
    if to is not None:
        yield from desk_jobs.copy_again(to, inquiry_id, message_id)
