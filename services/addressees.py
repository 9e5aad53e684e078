"""Whom a member may have meant who typed without saying so. Steps only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services import clock
from services.desk_jobs import PLACES, place, to_place
from services.sql import LOCK, Steps

GUARD = timedelta(seconds=15)
"""Typed this soon after another customer's message appeared, a text may be meant for either."""
OPTIONS = 6


def wrote(person_id: int) -> Steps[Any]:
    """Note that the person wrote now; returns when they wrote before."""
    rows = yield f"SELECT wrote_at FROM people WHERE id = ? {LOCK}", (person_id,)
    yield "UPDATE people SET wrote_at = ? WHERE id = ?", (clock.now(), person_id)
    return rows[0]["wrote_at"] if rows else None


def other_appeared(person_id: int, dialog_id: int, wrote_at: Any) -> Steps[int | None]:
    """Another customer's inquiry of which something was shown after the person's previous message, in the last 15 s."""
    since = clock.now() - GUARD
    if wrote_at is not None and wrote_at > since:
        since = wrote_at
    rows = yield (
        "SELECT inquiry_id FROM operator_copies WHERE person_id = ? AND created_at > ? AND inquiry_id <> ?"
        " AND kind IN ('copy', 'card') ORDER BY created_at DESC LIMIT 1",
        (person_id, since, dialog_id),
    )
    return rows[0]["inquiry_id"] if rows else None


def taken(person_id: int, dialog_id: int) -> Steps[int | None]:
    """The inquiry that was taken while this dialog stayed open, where it is still active; asked about once."""
    rows = yield (
        "SELECT q.id FROM people p JOIN inquiries q ON q.id = p.taken_id"
        " WHERE p.id = ? AND q.id <> ? AND q.state = 'active'",
        (person_id, dialog_id),
    )
    yield "UPDATE people SET taken_id = NULL WHERE id = ?", (person_id,)
    return rows[0]["id"] if rows else None


def header_behind(person_id: int) -> Steps[bool]:
    """Whether the pinned header still names whom the dialog was with before: Telegram has not taken the new one yet."""
    rows = yield (
        "SELECT p.id FROM people p JOIN jobs j ON j.order_key = 'header:' || CAST(p.id AS TEXT)"
        " AND j.state <> 'refused' WHERE p.id = ? AND p.header_id IS NOT NULL LIMIT 1",
        (person_id,),
    )
    return bool(rows)


def likely(person_id: int) -> Steps[list[int]]:
    """The person's own open dialogs, newest activity first."""
    rows = yield (
        "SELECT i.id, m.id AS member_id FROM inquiries i JOIN inquiry_members d ON d.inquiry_id = i.id JOIN members m"
        " ON m.id = d.member_id WHERE m.person_id = ? AND m.removed_at IS NULL AND i.state = 'active'"
        " ORDER BY i.last_at DESC LIMIT ?",
        (person_id, OPTIONS),
    )
    seen: dict[int, bool] = {}
    for member_id in sorted({row["member_id"] for row in rows}):
        to = yield from place(member_id)
        seen[member_id] = to is not None and to.sees
    return [row["id"] for row in rows if seen[row["member_id"]]]


def possible(person_id: int) -> Steps[list[int]]:
    """Whom a reply to a message that nobody knows may be for: a card stands there unknown if its showing was cut off.

    The person's own open dialogs, then what waits to be taken, newest activity first.
    """
    found = yield from likely(person_id)
    rows = yield f"{PLACES} WHERE m.person_id = ? AND m.removed_at IS NULL ORDER BY m.id", (person_id,)
    for to in map(to_place, rows):
        if to.sees:
            found += yield from _untaken(to.project_id)
    return found[:OPTIONS]


def _untaken(project_id: int) -> Steps[list[int]]:
    rows = yield (
        "SELECT id FROM inquiries WHERE project_id = ? AND state = 'new' ORDER BY last_at DESC LIMIT ?",
        (project_id, OPTIONS),
    )
    return [row["id"] for row in rows]
