"""A member's new display name where colleagues read it: cards of what the member has, and digests. Steps only."""

from __future__ import annotations

from services import desk_jobs, inquiries, reminders
from services.sql import Steps


def shown(project_id: int, member_id: int) -> Steps[None]:
    """Bring whatever tells who has an inquiry up to date."""
    rows = yield (
        "SELECT id FROM inquiries WHERE project_id = ? AND assignee_id = ? AND state = 'active' ORDER BY id",
        (project_id, member_id),
    )
    for row in rows:
        inquiry = yield from inquiries.found(row["id"])
        if inquiry is not None:
            yield from inquiries.refresh_cards(inquiry)
    yield from _digests(project_id, member_id)


def _digests(project_id: int, member_id: int) -> Steps[None]:
    """Those that say who is away."""
    rows = yield (
        "SELECT DISTINCT r.member_id FROM inquiries q JOIN reminders r ON r.inquiry_id = q.id"
        " WHERE q.project_id = ? AND q.assignee_id = ? AND q.state = 'active' AND r.what = 'left'",
        (project_id, member_id),
    )
    for row in sorted(rows, key=lambda row: int(row["member_id"])):
        to = yield from desk_jobs.place(row["member_id"])
        if to is not None:
            yield from reminders.digest(to)
