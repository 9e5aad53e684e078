"""Jobs that remind: an inquiry that nobody took, a message that nobody read, and the digest that names them.

Whom it concerns is settled when the time has come; whether it still does, and the member's rights, whenever the digest
is written. One message for each person: it is edited while it grows and shrinks, and sounds when it is begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from adapters.base import NotFound, Rejected
from models.enums import InquiryState
from services import clock, copies, desk_jobs, inquiries, reminders, views
from services.desk_jobs import Place
from services.jobs import Effect, Job, Kind
from services.ports import Desk, DigestView, Due, Seat
from services.sql import Row, Steps, marks, moment, run
from services.unshown import gone

_OPEN = {"untaken": InquiryState.NEW, "unread": InquiryState.ACTIVE}
"""What an inquiry has to be for this to be worth saying."""
# What was answered in the messenger itself, or deleted by the customer, is nobody's to take any more.
_WAITS = (
    "(q.waiting_since IS NOT NULL OR q.state = 'new' AND EXISTS"
    " (SELECT 1 FROM messages x WHERE x.inquiry_id = q.id AND x.author = 'member'))"
)


@dataclass(frozen=True, slots=True)
class _Standing:
    """A person's digest as it is to be. telegram_id: the message that stands; begun: whether it goes on."""

    to: Place
    seat: Seat
    ids: tuple[int, ...]
    view: DigestView
    telegram_id: int | None
    begun: bool
    news: bool
    """Something in it has not been named before."""


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
            "digest": Kind(self.digest, refused=gone, repeatable=False),
            "reminder": Kind(self.earlier),
        }

    async def spread(self, job: Job) -> Effect:
        """A line in the digest of each whom it concerns, made in the commit that ends this job."""
        return partial(_spread, job.kind, job.payload["inquiry"])

    async def earlier(self, job: Job) -> Effect:
        """A reminder as versions without digests made it."""
        return partial(_remind, job.payload["member"], job.payload["what"], job.payload["inquiry"])

    async def digest(self, job: Job) -> Effect:
        """Begin the person's digest, with a sound, or bring the one that stands up to date."""
        found = await run(self._digest(job))
        if found is None:
            return None
        goes_on = found.begun or not found.news
        # One that the person deleted is not brought back but for news.
        if found.telegram_id is not None and goes_on and (await self._edited(found) or not found.news):
            return partial(_went_on, found)
        if not found.view.items:
            return None
        shown = await self._desk.show_digest(found.seat, found.view)
        if found.telegram_id is not None:
            await self._desk.delete(found.seat, (found.telegram_id,))
        return partial(_began, found, shown)

    async def _edited(self, found: _Standing) -> bool:
        """False where the message is gone."""
        assert found.telegram_id is not None
        try:
            await self._desk.update_digest(found.seat, found.telegram_id, found.view)
        except (NotFound, Rejected):
            return False
        return True

    def _digest(self, job: Job) -> Steps[_Standing | None]:
        place = yield from copies.seated(job.payload["member"])
        if place is None or not place[0].reachable:
            return None
        to, seat = place
        people = yield "SELECT digest_id, digest_at FROM people WHERE id = ?", (to.person_id,)
        rows = yield from _due(to.person_id)
        items = yield from self._items(rows)
        begun = moment(people[0]["digest_at"])
        return _Standing(
            to=to,
            seat=seat,
            ids=tuple(row["id"] for row in rows),
            view=DigestView(items, suspect=job.suspect, over=not (to.takes and to.sees)),
            telegram_id=people[0]["digest_id"],
            begun=begun is not None and clock.now() - begun < reminders.AFTER,
            news=any(row["shown_at"] is None for row in rows),
        )

    def _items(self, rows: Sequence[Row]) -> Steps[tuple[Due, ...]]:
        found = yield from views.inquiries(self._titles, [row["inquiry_id"] for row in rows])
        projects: dict[int, str | None] = {}
        for member_id in sorted({row["member_id"] for row in rows}):
            place = yield from copies.seated(member_id)
            projects[member_id] = place[1].project if place is not None else None
        return tuple(Due(row["what"], found[row["inquiry_id"]], projects[row["member_id"]]) for row in rows)


def _due(person_id: int) -> Steps[list[Row]]:
    """The rows of a person that are still worth saying, longest waiting first."""
    rows = yield (
        "SELECT r.id, r.what, r.inquiry_id, r.member_id, r.shown_at FROM reminders r"
        " JOIN inquiries q ON q.id = r.inquiry_id WHERE r.person_id = ?"
        " AND (q.snoozed_until IS NULL OR q.snoozed_until <= ?)"
        f" AND (r.what = 'untaken' AND q.state = 'new' AND {_WAITS} OR r.what <> 'untaken' AND q.state = 'active'"
        " AND q.waiting_since IS NOT NULL AND (r.what = 'left' OR EXISTS (SELECT 1 FROM inquiry_members d"
        " WHERE d.inquiry_id = q.id AND d.member_id = r.member_id)))"
        " ORDER BY COALESCE(q.waiting_since, q.opened_at), q.id",
        (person_id, clock.now()),
    )
    concerned: dict[int, bool] = {}
    for member_id in sorted({row["member_id"] for row in rows}):
        to = yield from desk_jobs.place(member_id)
        concerned[member_id] = to is not None and to.takes and to.sees
    return [row for row in rows if concerned[row["member_id"]]]


def _began(found: _Standing, telegram_id: int) -> Steps[None]:
    """A new digest stands: a reply to it answers the customer as long as it names a single one."""
    now = clock.now()
    yield (
        "UPDATE people SET digest_id = ?, digest_at = ? WHERE id = ?",
        (telegram_id, now, found.to.person_id),
    )
    if found.telegram_id is not None:
        yield from _speaks_of_nobody(found, found.telegram_id)
    if len(found.view.items) == 1:
        yield from copies.line(found.to, found.view.items[0].inquiry.id, telegram_id)
    yield from _named(found)


def _went_on(found: _Standing) -> Steps[None]:
    """The digest says something else now: what it was a line about it may be no more."""
    assert found.telegram_id is not None
    if not found.view.items:
        yield "UPDATE people SET digest_at = NULL WHERE id = ?", (found.to.person_id,)
    only = found.view.items[0].inquiry.id if len(found.view.items) == 1 else None
    yield from _speaks_of_nobody(found, found.telegram_id, besides=only)
    yield from _named(found)


def _speaks_of_nobody(found: _Standing, telegram_id: int, *, besides: int | None = None) -> Steps[None]:
    yield (
        "DELETE FROM operator_copies WHERE control_bot_id = ? AND chat_id = ? AND telegram_id = ? AND kind = 'line'"
        " AND inquiry_id <> ?",
        (found.to.control_bot_id, found.to.chat_id, telegram_id, besides or 0),
    )


def _named(found: _Standing) -> Steps[None]:
    if found.ids:
        yield (
            f"UPDATE reminders SET shown_at = ? WHERE id IN ({marks(found.ids)}) AND shown_at IS NULL",
            (clock.now(), *found.ids),
        )


def _spread(what: str, inquiry_id: int) -> Steps[None]:
    inquiry = yield from inquiries.locked_any(inquiry_id)
    if inquiry is None or not (yield from _matters(what, inquiry.project_id, inquiry_id)):
        return
    team = [to for to in (yield from desk_jobs.team(inquiry.project_id)) if to.takes]
    if what == "unread":
        there = [to for to in (yield from desk_jobs.in_dialog(inquiry_id)) if to.takes]
        # Whoever is away hears nothing: the customer must not wait for them alone.
        what, team = ("unread", there) if there else ("left", team)
    for to in team:
        yield from reminders.remind(to, what, inquiry_id)


def _remind(member_id: int, what: str, inquiry_id: int) -> Steps[None]:
    to = yield from desk_jobs.place(member_id)
    if to is not None:
        yield from reminders.remind(to, what, inquiry_id)


def _matters(what: str, project_id: int, inquiry_id: int) -> Steps[bool]:
    """Whether the inquiry still waits for what the reminder speaks of."""
    rows = yield (
        f"SELECT state, snoozed_until, {_WAITS} AS waits FROM inquiries q WHERE id = ? AND project_id = ?",
        (inquiry_id, project_id),
    )
    if not rows or rows[0]["state"] != _OPEN[what].value:
        return False
    snoozed = moment(rows[0]["snoozed_until"])
    return bool(rows[0]["waits"]) and (snoozed is None or snoozed <= clock.now())
