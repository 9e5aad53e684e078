"""«Спам» and «Не спам»: what a spammer writes is kept and shown to nobody; taken back, nobody waits for ever. Steps."""

from __future__ import annotations

from datetime import timedelta

from services import inquiries
from services.inquiries import OpenInquiry
from services.sql import Steps, when


def mark(inquiry: OpenInquiry) -> Steps[None]:
    """The customer is a spammer: the open inquiry ends."""
    yield from _set(inquiry, True)
    rows = yield "SELECT waiting_since FROM inquiries WHERE id = ? AND state <> 'done'", (inquiry.id,)
    if not rows:
        yield from inquiries.refresh_all(inquiry)
        return
    yield from inquiries.close(inquiry, inquiry.assignee_id)
    # Kept beyond the end, so that `unmark` knows who was cut off.
    yield "UPDATE inquiries SET waiting_since = ? WHERE id = ?", (rows[0]["waiting_since"], inquiry.id)


def unmark(inquiry: OpenInquiry) -> Steps[None]:
    """It was a mistake: whoever was cut off is new again, with what they wrote meanwhile."""
    changed = yield from _set(inquiry, False)
    if changed and (yield from inquiries.current(inquiry.identity_id)) is None:
        yield from _bring_back(inquiry)
    yield from inquiries.refresh_all(inquiry)


def _set(inquiry: OpenInquiry, spam: bool) -> Steps[bool]:
    rows = yield (
        "UPDATE contacts SET spam = ? WHERE id = (SELECT contact_id FROM identities WHERE id = ?) AND project_id = ?"
        " AND spam <> ? RETURNING id",
        (spam, inquiry.identity_id, inquiry.project_id, spam),
    )
    return bool(rows)


_MEANWHILE = (
    "identity_id = ? AND at >= ? AND received_at >= ? AND inquiry_id IS NULL AND direction = 'in'"
    " AND state = 'received'"
)
"""What a spammer wrote since a moment. The platforms' clocks are not ours: theirs only keeps the index short."""


def _meanwhile(inquiry: OpenInquiry, since: object) -> tuple[object, ...]:
    return inquiry.identity_id, when(since) - timedelta(hours=1), since


def _bring_back(inquiry: OpenInquiry) -> Steps[None]:
    last = yield (
        "SELECT id, waiting_since, done_at FROM inquiries WHERE identity_id = ? ORDER BY id DESC LIMIT 1",
        (inquiry.identity_id,),
    )
    missed = yield (
        f"SELECT COUNT(*) AS n, MIN(at) AS at FROM messages WHERE {_MEANWHILE}",
        _meanwhile(inquiry, last[0]["done_at"]),
    )
    waited, count = last[0]["waiting_since"] is not None, missed[0]["n"]
    if not waited and not count:
        return
    again = yield from inquiries.locked(last[0]["id"], inquiry.project_id)
    if not waited or again is None:
        again = yield from inquiries.create(inquiry.project_id, inquiry.identity_id, None, when(missed[0]["at"]))
    yield (
        f"UPDATE messages SET inquiry_id = ? WHERE {_MEANWHILE}",
        (again.id, *_meanwhile(inquiry, last[0]["done_at"])),
    )
    yield (
        "UPDATE inquiries SET inbound = inbound + ?, waiting_since = COALESCE(waiting_since, ?) WHERE id = ?",
        (count, missed[0]["at"], again.id),
    )
    yield from inquiries.withdraw(again)
