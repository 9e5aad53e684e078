"""Reminders of what nobody took or read: made with their cause, taken back by whatever deals with it.

A waiting job is all there is to remember that something is unread; `services.reminding` carries it out. Steps only.
"""

from __future__ import annotations

from datetime import timedelta

from models.enums import Priority
from services import clock
from services.jobs import NewJob, cancel, enqueue
from services.sql import Steps

AFTER = timedelta(minutes=15)
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


def read(inquiry_id: int) -> Steps[None]:
    """One of those in the dialog has seen what the customer wrote; that counts for all of them."""
    yield from cancel(f"unread:{inquiry_id}")


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
