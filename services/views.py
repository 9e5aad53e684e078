"""What members see of inquiries and contacts, as data. Steps that read and never change anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from adapters.base import Content
from adapters.content import load
from models.enums import InquiryState
from services import access
from services.access import Gone, Right
from services.identities import NAMELESS
from services.ports import InquiryView
from services.sql import Row, Steps, from_json, marks, moment, when
from services.texts import N_

PAGE = 8


class Tab(StrEnum):
    NEW = "new"
    MINE = "mine"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class TabPage:
    """One page of a tab; pages count from 0 and there is at least one."""

    items: tuple[InquiryView, ...]
    counts: Mapping[Tab, int]
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class ContactView:
    """The customer card of the contact behind an inquiry."""

    inquiry: InquiryView
    number: int
    name: str
    username: str | None
    link: str | None
    phone: str | None
    channel: str
    platform: str
    source: str | None
    first_at: datetime
    last_at: datetime | None
    inquiries: int
    spam: bool
    subscribed: bool


_INQUIRY = """
SELECT q.id, q.number, q.state, q.opened_at, q.waiting_since, q.inbound, q.assignee_id, q.done_at, q.identity_id,
       q.last_at, i.window_until, c.name AS contact, c.number AS customer, c.source, c.spam, h.name AS channel,
       h.platform,
       m.name AS assignee,
       (SELECT x.content FROM messages x WHERE x.inquiry_id = q.id AND x.deleted_at IS NULL
        AND x.direction = CASE WHEN q.inbound = 0 THEN 'out' ELSE 'in' END
        ORDER BY x.at DESC, x.sequence DESC, x.id DESC LIMIT 1) AS last_content,
       EXISTS (SELECT 1 FROM contacts o WHERE o.project_id = c.project_id AND o.name = c.name AND o.id <> c.id)
       AS alike,
       EXISTS (SELECT 1 FROM inquiries e WHERE e.identity_id = q.identity_id AND e.id < q.id) AS repeat
FROM inquiries q
JOIN identities i ON i.id = q.identity_id
JOIN contacts c ON c.id = i.contact_id
JOIN channels h ON h.id = i.channel_id
LEFT JOIN members m ON m.id = q.assignee_id
"""
LAST_TEXT = 200


def inquiry(titles: Mapping[str, str], inquiry_id: int) -> Steps[InquiryView]:
    """The view of one inquiry; the caller has checked who may see it. `titles` are the platforms' names."""
    rows = yield f"{_INQUIRY} WHERE q.id = ?", (inquiry_id,)
    if not rows:
        raise Gone(N_("This conversation is not here any more."))
    return _inquiry(titles, rows[0])


def inquiries(titles: Mapping[str, str], ids: Sequence[int]) -> Steps[dict[int, InquiryView]]:
    """The views of many, by id; the caller has checked who may see them."""
    rows = (yield f"{_INQUIRY} WHERE q.id IN ({marks(ids)})", tuple(ids)) if ids else []
    return {row["id"]: _inquiry(titles, row) for row in rows}


def _inquiry(titles: Mapping[str, str], row: Row) -> InquiryView:
    named = row["contact"] != NAMELESS
    return InquiryView(
        id=row["id"],
        number=row["number"],
        state=InquiryState(row["state"]),
        contact_name=row["contact"] if named else None,
        channel=row["channel"],
        platform=titles.get(row["platform"], row["platform"]),
        source=row["source"],
        opened_at=when(row["opened_at"]),
        waiting_since=moment(row["waiting_since"]),
        inbound=row["inbound"],
        last=_beginning(load(from_json(row["last_content"]))) if row["last_content"] is not None else None,
        assignee=row["assignee"],
        assignee_id=row["assignee_id"],
        done_at=moment(row["done_at"]),
        repeat=bool(row["repeat"]),
        spam=bool(row["spam"]),
        window_until=moment(row["window_until"]),
        customer=row["customer"],
        alike=named and bool(row["alike"]),
    )


def _beginning(content: Content) -> Content:
    return replace(content, text=content.text[:LAST_TEXT], spans=())


def member_name(member_id: int | None) -> Steps[str]:
    """A colleague's display name."""
    if member_id is None:
        return "…"
    rows = yield "SELECT name FROM members WHERE id = ?", (member_id,)
    return str(rows[0]["name"]) if rows else "…"


def contact(titles: Mapping[str, str], inquiry_id: int) -> Steps[ContactView]:
    """The card of the contact behind an inquiry."""
    view = yield from inquiry(titles, inquiry_id)
    rows = yield (
        "SELECT c.id, c.number, c.name, c.phone, c.source, c.spam, c.created_at, i.username, i.link, i.subscribed,"
        " h.name AS channel, h.platform,"
        " (SELECT MAX(d.last_inbound_at) FROM identities d WHERE d.contact_id = c.id) AS last_at,"
        " (SELECT COUNT(*) FROM inquiries e JOIN identities d ON d.id = e.identity_id WHERE d.contact_id = c.id)"
        " AS inquiries"
        " FROM inquiries q JOIN identities i ON i.id = q.identity_id JOIN contacts c ON c.id = i.contact_id"
        " JOIN channels h ON h.id = i.channel_id WHERE q.id = ?",
        (inquiry_id,),
    )
    row = rows[0]
    return ContactView(
        inquiry=view,
        number=row["number"],
        name=row["name"],
        username=row["username"],
        link=row["link"],
        phone=row["phone"],
        channel=row["channel"],
        platform=titles.get(row["platform"], row["platform"]),
        source=row["source"],
        first_at=when(row["created_at"]),
        last_at=moment(row["last_at"]),
        inquiries=row["inquiries"],
        spam=bool(row["spam"]),
        subscribed=bool(row["subscribed"]),
    )


_IN_DIALOG = "EXISTS (SELECT 1 FROM inquiry_members d WHERE d.inquiry_id = q.id AND d.member_id = ?)"


def _condition(tab: Tab, member_id: int) -> tuple[str, tuple[object, ...]]:
    match tab:
        case Tab.NEW:
            return "q.state = 'new'", ()
        case Tab.MINE:
            return f"q.state = 'active' AND {_IN_DIALOG}", (member_id,)
        case Tab.WAITING:
            return (
                f"q.waiting_since IS NOT NULL AND (q.state = 'new' OR q.state = 'active' AND {_IN_DIALOG})",
                (member_id,),
            )
        case Tab.DONE:
            return "q.state = 'done'", ()


def counts(person_id: int, project_id: int) -> Steps[dict[Tab, int]]:
    """How many inquiries each tab holds for this member. Raises Denied."""
    who = yield from access.actor(person_id, project_id)
    who.require(Right.ANSWER)
    found: dict[Tab, int] = {}
    for tab in Tab:
        condition, params = _condition(tab, who.member_id)
        rows = yield (
            f"SELECT COUNT(*) AS n FROM inquiries q WHERE q.project_id = ? AND {condition}",
            (project_id, *params),
        )
        found[tab] = rows[0]["n"]
    return found


def tab_page(titles: Mapping[str, str], person_id: int, project_id: int, tab: Tab, page: int) -> Steps[TabPage]:
    """A page of a tab; a page past the end gives the last one. Raises Denied."""
    found = yield from counts(person_id, project_id)
    who = yield from access.actor(person_id, project_id)
    pages = max(1, -(-found[tab] // PAGE))
    page = min(max(page, 0), pages - 1)
    condition, params = _condition(tab, who.member_id)
    order = "q.waiting_since, q.id" if tab is Tab.WAITING else "q.last_at DESC, q.id DESC"
    # The page is chosen first: its eight inquiries are looked up in full, not all that stand before them.
    chosen = f"SELECT q.id FROM inquiries q WHERE q.project_id = ? AND {condition} ORDER BY {order} LIMIT ? OFFSET ?"
    rows = yield (
        f"{_INQUIRY} WHERE q.id IN ({chosen}) ORDER BY {order}",
        (project_id, *params, PAGE, page * PAGE),
    )
    return TabPage(tuple(_inquiry(titles, row) for row in rows), found, page, pages)


def names(ids: Sequence[int]) -> Steps[dict[int, str]]:
    """Display names by member id."""
    found: dict[int, str] = {}
    for member_id in ids:
        found[member_id] = yield from member_name(member_id)
    return found
