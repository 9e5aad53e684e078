"""On duty or away: what waits for whoever comes back, and the warning when nobody is left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from services import access, desk_jobs, reminders
from services.desk_jobs import Place
from services.notices import notice, notice_team
from services.sql import LOCK, Steps, run, transact


@dataclass(frozen=True, slots=True)
class Back:
    """Somebody is on duty again. waits: their digest names what waits for them."""

    waits: bool


class Duty:
    """All raise Denied for somebody who is not in the project."""

    async def come(self, person_id: int, project_id: int) -> Back:
        """«Я на смене»: new inquiries come again, and a digest of what waits."""
        return await transact(partial(_come, person_id, project_id))

    async def go(self, person_id: int, project_id: int) -> None:
        """«Отошёл»: no cards and no reminders; the last one is warned, with a way to stay."""
        await transact(partial(_go, person_id, project_id))

    async def nobody(self, person_id: int, project_id: int) -> bool:
        """Whether new inquiries of the project reach nobody at this moment."""
        return await run(partial(_nobody_for, person_id, project_id)())


def _come(person_id: int, project_id: int) -> Steps[Back]:
    who = yield from access.actor(person_id, project_id)
    rows = yield (
        "UPDATE members SET on_duty = ? WHERE id = ? AND project_id = ? AND on_duty = ? RETURNING id",
        (True, who.member_id, project_id, False),
    )
    to = yield from desk_jobs.place(who.member_id)
    if not rows or to is None or not to.takes:
        return Back(waits=False)
    return Back((yield from reminders.catch_up(to)))


def _go(person_id: int, project_id: int) -> Steps[None]:
    who = yield from access.actor(person_id, project_id)
    before = yield from _left(project_id)
    yield "UPDATE members SET on_duty = ? WHERE id = ? AND project_id = ?", (False, who.member_id, project_id)
    to = yield from desk_jobs.place(who.member_id)
    if to is None:
        return
    yield from reminders.forget(to)
    if before == {who.member_id}:
        alone = len((yield from desk_jobs.team(project_id))) == 1
        yield from notice(who.member_id, "last_away", {"alone": alone}, buttons=[("stay", project_id)])


def _nobody_for(person_id: int, project_id: int) -> Steps[bool]:
    yield from access.actor(person_id, project_id)
    return not any(to.takes for to in (yield from desk_jobs.team(project_id)))


def _left(project_id: int) -> Steps[set[int]]:
    """Who is there for new inquiries. Of two who go at the same moment, the second waits here for the first."""
    yield f"SELECT id FROM projects WHERE id = ? {LOCK}", (project_id,)
    return {to.member_id for to in (yield from desk_jobs.team(project_id)) if to.takes}


def missed(was: Place) -> Steps[None]:
    """A member is out of the team, or cannot be reached: those who lead hear of it where nobody is on duty now."""
    if not was.on_duty or not was.answers or (yield from _left(was.project_id)):
        return
    yield from notice_team(
        was.project_id, "nobody_on_duty", roles=access.LEADERS, besides=was.member_id,
        buttons=[("stay", was.project_id)],
    )  # fmt: skip
