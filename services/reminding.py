"""Jobs that remind: an inquiry that nobody took, a message that nobody read.

Whom it concerns is settled when the time has come; whether it still does, and the member's rights, when it is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from models.enums import InquiryState, Priority
from services import clock, copies, desk_jobs, inquiries
from services.answering import is_in
from services.desk_jobs import Place
from services.jobs import Effect, Job, Kind, NewJob, enqueue
from services.ports import Desk, Notice, Seat
from services.reminders import AFTER
from services.sql import Row, Steps, moment, run
from services.unshown import gone

_OPEN = {"untaken": InquiryState.NEW, "unread": InquiryState.ACTIVE}
"""What an inquiry has to be for this to be worth saying."""
_BUTTONS = {"untaken": ("take", "card"), "unread": ("open", "read")}


class Reminding:
    """Performs the jobs. `titles` are the platforms' names."""

    def __init__(self, desk: Desk, titles: Mapping[str, str]) -> None:
        self._desk = desk
        self._titles = titles

    def kinds(self) -> dict[str, Kind]:
        """The kinds of jobs that this module performs."""
        return {
            "untaken": Kind(self.spread),
            "unread": Kind(self.spread),
            "reminder": Kind(self.remind, refused=gone, repeatable=False),
        }

    async def spread(self, job: Job) -> Effect:
        """A reminder for each whom it concerns, made in the commit that ends this job."""
        return partial(_spread, job.kind, job.payload["inquiry"])

    async def remind(self, job: Job) -> Effect:
        """Say it to one member, unless it is settled by now."""
        found = await run(self._reminder(job))
        if found is None:
            return None
        to, seat, line, inquiry_id = found
        shown = await self._desk.tell(seat, line)
        return partial(copies.line, to, inquiry_id, shown)

    def _reminder(self, job: Job) -> Steps[tuple[Place, Seat, Notice, int] | None]:
        inquiry_id, what = job.payload["inquiry"], job.payload["what"]
        found = yield from copies.seated(job.payload["member"])
        if found is None or not found[0].takes or not found[0].sees:
            return None
        to, seat = found
        if not (yield from _matters(what, to.project_id, inquiry_id)):
            return None
        if what == "unread" and not (yield from is_in(inquiry_id, to.member_id)):
            return None
        params = {"inquiry": inquiry_id, "minutes": int(AFTER.total_seconds() // 60)}
        values, _ = yield from copies.filled(self._titles, to, params)
        buttons = tuple((action, inquiry_id) for action in _BUTTONS[what])
        return to, seat, Notice(what, values or {}, buttons, suspect=job.suspect), inquiry_id


def _spread(what: str, inquiry_id: int) -> Steps[None]:
    inquiry = yield from inquiries.locked_any(inquiry_id)
    if inquiry is None or not (yield from _matters(what, inquiry.project_id, inquiry_id)):
        return
    everybody = what == "untaken"
    people = yield from (desk_jobs.team(inquiry.project_id) if everybody else desk_jobs.in_dialog(inquiry_id))
    for to in people:
        if to.takes:
            yield from enqueue(
                NewJob(
                    kind="reminder",
                    lane=to.lane,
                    target=to.target,
                    # After the card that it reminds of, should that be late itself.
                    order_key=desk_jobs.order_of_copies(to.member_id, inquiry_id),
                    cancel_key=f"reminder:{to.member_id}:{inquiry_id}",
                    priority=Priority.CARD,
                    project_id=to.project_id,
                    payload={"member": to.member_id, "inquiry": inquiry_id, "what": what},
                )
            )


def _matters(what: str, project_id: int, inquiry_id: int) -> Steps[bool]:
    """Whether the inquiry still waits for what the reminder speaks of."""
    rows: list[Row] = yield (
        "SELECT state, snoozed_until, waiting_since FROM inquiries WHERE id = ? AND project_id = ?",
        (inquiry_id, project_id),
    )
    if not rows or rows[0]["state"] != _OPEN[what].value:
        return False
    snoozed = moment(rows[0]["snoozed_until"])
    if snoozed is not None and snoozed > clock.now():
        return False
    return what == "untaken" or rows[0]["waiting_since"] is not None
