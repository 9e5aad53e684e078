"""What a member typed while it was unclear whom it is for: kept until a button says so. Steps only."""

from __future__ import annotations

from services import access, clock, inquiries
from services.access import Actor, Gone, Right
from services.inquiries import OpenInquiry
from services.sql import LOCK, Row, Steps, to_json
from services.texts import N_

DEALT_WITH = N_("This message has been dealt with already.")


def keep(person_id: int, origin: str, content: str, telegram_id: int) -> Steps[int]:
    """Hold it; returns under which id. The same origin twice is held once."""
    rows = yield (
        "INSERT INTO held (person_id, origin, content, telegram_ids, created_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (origin) DO UPDATE SET created_at = held.created_at RETURNING id",
        (person_id, origin, content, to_json([telegram_id]), clock.now()),
    )
    return int(rows[0]["id"])


def chosen(person_id: int, held_id: int, inquiry_id: int) -> Steps[tuple[Actor, OpenInquiry, Row]]:
    """Who chose, the inquiry, locked, and what was held: id, origin, content, telegram_ids.

    Raises Gone where it has been dealt with, or the inquiry is no more; Denied without the right to answer there.
    """
    rows = yield (
        f"SELECT id, origin, content, telegram_ids FROM held WHERE id = ? AND person_id = ? {LOCK}",
        (held_id, person_id),
    )
    if not rows:
        raise Gone(DEALT_WITH)
    projects = yield "SELECT project_id FROM inquiries WHERE id = ?", (inquiry_id,)
    who = yield from access.actor_of(person_id, projects)
    who.require(Right.ANSWER)
    inquiry = yield from inquiries.locked(inquiry_id, who.project_id)
    if inquiry is None:
        raise Gone(access.NOT_HERE)
    return who, inquiry, rows[0]


def drop(person_id: int, held_id: int) -> Steps[None]:
    """Forget a held message. Raises Gone where it has been sent, or dropped, already: it must not be called unsent."""
    rows = yield "DELETE FROM held WHERE id = ? AND person_id = ? RETURNING id", (held_id, person_id)
    if not rows:
        raise Gone(DEALT_WITH)
