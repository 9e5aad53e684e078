"""Brings what stands in a chat up to date when its person comes back: nothing was shown there meanwhile. Steps only."""

from __future__ import annotations

from datetime import timedelta

from models.enums import CopyKind
from services import clock, desk_jobs
from services.sql import Steps

WITHIN = timedelta(days=30)
"""How far back it is looked; people scroll no further."""
AT_MOST = 100


def shown(person_id: int) -> Steps[None]:
    """Cards as their inquiries stand now, and copies of what customers changed since they were shown."""
    yield from _cards(person_id)
    yield from _copies(person_id)


def _cards(person_id: int) -> Steps[None]:
    rows = yield (
        "SELECT inquiry_id, member_id, MAX(created_at) AS at FROM operator_copies WHERE person_id = ?"
        " AND created_at > ? AND kind = ? GROUP BY inquiry_id, member_id ORDER BY at DESC LIMIT ?",
        (person_id, clock.now() - WITHIN, CopyKind.CARD.value, AT_MOST),
    )
    for row in rows:
        to = yield from desk_jobs.place(row["member_id"])
        if to is not None and not to.gone:
            yield from desk_jobs.card(to, row["inquiry_id"])


def _copies(person_id: int) -> Steps[None]:
    rows = yield (
        "SELECT DISTINCT c.message_id, c.inquiry_id, c.member_id FROM operator_copies c"
        " JOIN messages m ON m.id = c.message_id WHERE c.person_id = ? AND c.created_at > ? AND c.kind = ?"
        " AND (m.edited_at > c.created_at OR m.deleted_at > c.created_at) ORDER BY c.message_id DESC LIMIT ?",
        (person_id, clock.now() - WITHIN, CopyKind.COPY.value, AT_MOST),
    )
    for row in rows:
        to = yield from desk_jobs.place(row["member_id"])
        if to is not None and not to.gone:
            yield from desk_jobs.change_of_copy(to, row["inquiry_id"], row["message_id"])
