"""A project's own settings, and which project a person looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from models.enums import Role
from services import clock, leaving, zones
from services.access import Denied, Gone, Refusal, Right, actor
from services.accounts import PersonView, name_of, new_project, person, refresh_commands
from services.sql import LOCK, Steps, run, transact
from services.texts import LOCALES, N_

REOPEN_HOURS = (0, 1, 6, 24, 72)
"""The choices for «re-open instead of a new number»."""
_SAME = timedelta(minutes=1)
"""A second project of the same name within this time is a repeat of the same press."""


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project's settings, and whether the reader may change them."""

    id: int
    name: str
    time_zone: str
    language: str
    repeat_to_last: bool
    reopen_hours: int
    role: Role
    may_change: bool


@dataclass(frozen=True, slots=True)
class ProjectChoice:
    """One of the projects that a person may switch to."""

    id: int
    name: str
    role: Role
    current: bool


class Projects:
    """All functions take the person who asks; they raise Denied where that person is not in the project."""

    async def view(self, person_id: int, project_id: int) -> ProjectView:
        return await run(_view(person_id, project_id))

    async def mine(self, person_id: int) -> tuple[ProjectChoice, ...]:
        """The person's projects by name."""
        return await run(_mine(person_id))

    async def switch(self, person_id: int, project_id: int) -> PersonView:
        """Look at another project from now on; the open dialog is left by `services.conversations`, not here."""
        return await transact(lambda: _switch(person_id, project_id))

    async def create(self, person_id: int, name: str) -> PersonView:
        """Make another project in the owner's account, with the zone and language of the current one.

        Raises Denied for everybody but owners of an account, Refusal for an empty or overlong name.
        """
        clean = name_of(name)
        return await transact(lambda: _create(person_id, clean))

    async def rename(self, person_id: int, project_id: int, name: str) -> ProjectView:
        """Raises Refusal for an empty or overlong name."""
        return await self._set(person_id, project_id, "name", name_of(name))

    async def set_time_zone(self, person_id: int, project_id: int, zone: str) -> ProjectView:
        """Raises Refusal for a zone that does not exist."""
        if not zones.known(zone):
            raise Refusal(N_("There is no such time zone."))
        return await self._set(person_id, project_id, "time_zone", zone)

    async def set_language(self, person_id: int, project_id: int, language: str) -> ProjectView:
        """The language of automatic texts to customers."""
        if language not in LOCALES:
            raise Refusal(N_("There is no such language here."))
        return await self._set(person_id, project_id, "language", language)

    async def set_repeat_to_last(self, person_id: int, project_id: int, on: bool) -> ProjectView:
        """Whether a repeat inquiry goes straight to the member who had the last one."""
        return await self._set(person_id, project_id, "repeat_to_last", on)

    async def set_reopen_hours(self, person_id: int, project_id: int, hours: int) -> ProjectView:
        """How long after «Готово» a message re-opens the inquiry; 0: never."""
        if hours not in REOPEN_HOURS:
            raise Refusal(N_("Choose one of the offered numbers of hours."))
        return await self._set(person_id, project_id, "reopen_hours", hours)

    async def _set(self, person_id: int, project_id: int, column: str, value: Any) -> ProjectView:
        return await transact(lambda: _change(person_id, project_id, column, value))


def _view(person_id: int, project_id: int) -> Steps[ProjectView]:
    who = yield from actor(person_id, project_id)
    rows = yield (
        "SELECT id, name, time_zone, language, repeat_to_last, reopen_hours FROM projects WHERE id = ?",
        (project_id,),
    )
    if not rows:
        raise Gone(N_("This project does not exist any more."))
    row = rows[0]
    return ProjectView(
        id=row["id"],
        name=row["name"],
        time_zone=row["time_zone"],
        language=row["language"],
        repeat_to_last=bool(row["repeat_to_last"]),
        reopen_hours=row["reopen_hours"],
        role=who.role,
        may_change=who.may(Right.SETTINGS),
    )


def _change(person_id: int, project_id: int, column: str, value: Any) -> Steps[ProjectView]:
    who = yield from actor(person_id, project_id)
    who.require(Right.SETTINGS)
    yield f"UPDATE projects SET {column} = ? WHERE id = ?", (value, project_id)
    return (yield from _view(person_id, project_id))


def _mine(person_id: int) -> Steps[tuple[ProjectChoice, ...]]:
    looking = yield from person(person_id)
    rows: Sequence[dict[str, Any]] = yield (
        "SELECT pr.id, pr.name, m.role FROM members m JOIN projects pr ON pr.id = m.project_id"
        " WHERE m.person_id = ? AND m.removed_at IS NULL ORDER BY pr.name, pr.id",
        (person_id,),
    )
    return tuple(
        ProjectChoice(row["id"], row["name"], Role(row["role"]), row["id"] == looking.project_id) for row in rows
    )


def _switch(person_id: int, project_id: int) -> Steps[PersonView]:
    yield from actor(person_id, project_id)
    yield "UPDATE people SET current_project_id = ? WHERE id = ?", (project_id, person_id)
    yield from leaving.other_projects(person_id, project_id)
    yield from refresh_commands(person_id)
    return (yield from person(person_id))


def _create(person_id: int, name: str) -> Steps[PersonView]:
    rows = yield f"SELECT account_id FROM people WHERE id = ? {LOCK}", (person_id,)
    account_id = rows[0]["account_id"]
    if account_id is None:
        raise Denied(N_("Only the owner of an account makes projects."))
    owner = yield from person(person_id)
    rows = yield (
        "SELECT id FROM projects WHERE account_id = ? AND name = ? AND created_at > ?",
        (account_id, name, clock.now() - _SAME),
    )
    if not rows:
        zone = owner.time_zone or zones.of_language(owner.language)
        yield from new_project(account_id, person_id, name, zone, owner.language)
    return (yield from person(person_id))
