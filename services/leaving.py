"""The end of open dialogs, however they end: what is typed goes to nobody, and header, hint and keyboard say so.

Steps only; the jobs are made in the transaction of the cause.
"""

from __future__ import annotations

from services import desk_jobs
from services.sql import Row, Steps


def inquiry(inquiry_id: int, *, besides: int | None = None) -> Steps[None]:
    """Close the inquiry's dialog in every chat where it is the open one; `besides`: a person who goes on in it."""
    rows = yield (
        "UPDATE people SET dialog_id = NULL WHERE dialog_id = ? AND id <> ? RETURNING id",
        (inquiry_id, besides or 0),
    )
    yield from _told(rows)


def customer(identity_id: int, *, besides: int) -> Steps[None]:
    """The same for any inquiry of a customer whom somebody has now: «Написать» may have opened a finished one."""
    rows = yield (
        "UPDATE people SET dialog_id = NULL WHERE dialog_id IN (SELECT id FROM inquiries WHERE identity_id = ?)"
        " AND id <> ? RETURNING id",
        (identity_id, besides),
    )
    yield from _told(rows)


def project(person_id: int, project_id: int) -> Steps[None]:
    """Close the person's dialog if it is with a customer of this project."""
    rows = yield (
        "UPDATE people SET dialog_id = NULL WHERE id = ? AND EXISTS (SELECT 1 FROM inquiries q"
        " WHERE q.id = people.dialog_id AND q.project_id = ?) RETURNING id",
        (person_id, project_id),
    )
    yield from _told(rows)


def other_projects(person_id: int, project_id: int) -> Steps[None]:
    """The person looks at this project from now on: a dialog with a customer of another one ends."""
    rows = yield (
        "UPDATE people SET dialog_id = NULL WHERE id = ? AND EXISTS (SELECT 1 FROM inquiries q"
        " WHERE q.id = people.dialog_id AND q.project_id <> ?) RETURNING id",
        (person_id, project_id),
    )
    yield from _told(rows)


def _told(rows: list[Row]) -> Steps[None]:
    for person_id in sorted(row["id"] for row in rows):
        yield from desk_jobs.header_of(person_id)
