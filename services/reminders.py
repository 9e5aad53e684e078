"""Reminders of what nobody took or read: made with their cause, taken back by whatever deals with it.

A waiting job is all there is to remember until the time has come; from then on a row for each whom it concerns, which
their digest names. `services.reminding` carries the jobs out. Steps only.
"""

from __future__ import annotations

from datetime import timedelta

from models.enums import Priority
from services import clock, desk_jobs
from services.desk_jobs import Place
from services.jobs import NewJob, cancel, enqueue
from services.sql import Steps

AFTER = timedelta(minutes=15)
"""How long something waits before it is worth a reminder; somebody's digest sounds no more often than this."""
DIGEST_PAUSE = timedelta(seconds=1)
"""What falls due within it comes into the digest together."""
LANE = "reminders"


def untaken(project_id: int, inquiry_id: int) -> Steps[None]:
    """The inquiry is new: whoever may take it hears of it again if nobody does."""
    yield from enqueue(_later("untaken", project_id, inquiry_id))


def unread(project_id: int, inquiry_id: int) -> Steps[None]:
    """The customer wrote in a dialog: those in it are told if nobody reads. The first unread message counts."""
    yield from enqueue(unread_job(project_id, inquiry_id))


def unread_job(project_id: int, inquiry_id: int) -> NewJob:
    """The job that `unread` makes."""
    return _later("unread", project_id, inquiry_id)


def taken(inquiry_id: int) -> Steps[None]:
    """Somebody has it, or it is over."""
    yield from cancel(f"untaken:{inquiry_id}")
    yield from _settled(inquiry_id, "what = 'untaken'")


def read(inquiry_id: int) -> Steps[None]:
    """One of those in the dialog has seen what the customer wrote; that counts for all of them."""
    yield from cancel(f"unread:{inquiry_id}")
    yield from _settled(inquiry_id, "what <> 'untaken'")


def remind(to: Place, what: str, inquiry_id: int) -> Steps[None]:
    """Have the member's digest name an inquiry, with a sound even where it did before.

    what: "untaken", "unread", or "left" where those who should have read it are away.
    """
    yield (
        "INSERT INTO reminders (person_id, member_id, inquiry_id, what) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (inquiry_id, member_id) DO UPDATE SET what = excluded.what, shown_at = NULL",
        (to.person_id, to.member_id, inquiry_id, what),
    )
    yield from digest(to)


def catch_up(to: Place) -> Steps[bool]:
    """A member is back: the digest names all that waits, new or in the own dialogs, in a message of its own.

    False where nothing does.
    """
    rows = yield (
        "INSERT INTO reminders (person_id, member_id, inquiry_id, what) SELECT ?, ?, q.id,"
        " CASE WHEN q.state = 'new' THEN 'untaken' ELSE 'unread' END FROM inquiries q WHERE q.project_id = ?"
        " AND (q.state = 'new' OR q.state = 'active' AND q.waiting_since IS NOT NULL AND EXISTS"
        " (SELECT 1 FROM inquiry_members d WHERE d.inquiry_id = q.id AND d.member_id = ?))"
        " ON CONFLICT (inquiry_id, member_id) DO UPDATE SET what = excluded.what, shown_at = NULL RETURNING id",
        (to.person_id, to.member_id, to.project_id, to.member_id),
    )
    if not rows:
        return False
    yield "UPDATE people SET digest_at = NULL WHERE id = ?", (to.person_id,)
    yield from digest(to)
    return True


def forget(to: Place) -> Steps[None]:
    """A member is off duty, or out of the project: nothing of it concerns them any more."""
    rows = yield "DELETE FROM reminders WHERE member_id = ? RETURNING id", (to.member_id,)
    if rows:
        yield from digest(to)


def _settled(inquiry_id: int, which: str) -> Steps[None]:
    """The inquiry vanishes from every digest that names it."""
    rows = yield f"DELETE FROM reminders WHERE inquiry_id = ? AND {which} RETURNING member_id", (inquiry_id,)
    for row in sorted(rows, key=lambda row: int(row["member_id"])):
        to = yield from desk_jobs.place(row["member_id"])
        if to is not None:
            yield from digest(to)


def digest(to: Place) -> Steps[None]:
    """Bring the person's digest up to date."""
    key = f"digest:{to.person_id}"
    yield from enqueue(
        NewJob(
            kind="digest",
            lane=to.lane,
            target=to.target,
            order_key=key,
            cancel_key=key,
            priority=Priority.CARD,
            project_id=to.project_id,
            payload={"member": to.member_id},
            run_at=clock.now() + DIGEST_PAUSE,
        )
    )


def _later(kind: str, project_id: int, inquiry_id: int) -> NewJob:
    return NewJob(
        kind=kind,
        lane=LANE,
        priority=Priority.CARD,
        cancel_key=f"{kind}:{inquiry_id}",
        project_id=project_id,
        payload={"inquiry": inquiry_id},
        run_at=clock.now() + AFTER,
    )
