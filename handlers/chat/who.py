"""The person whose update is being handled, resolved once."""

from __future__ import annotations

from dataclasses import dataclass

from models.enums import Role
from services.access import Denied, Right, allows
from services.accounts import PersonView
from services.texts import N_


@dataclass(frozen=True, slots=True)
class Who:
    """A known person in the personal chat with a control bot; the project is None for somebody who is in none."""

    person_id: int
    control_bot_id: int
    chat_id: int
    language: str
    project_id: int | None
    member_id: int | None
    name: str
    role: Role | None = None
    denied: frozenset[str] = frozenset()
    project: str | None = None
    time_zone: str | None = None
    projects: int = 0

    def in_project(self) -> int:
        """The current project's id. Raises Denied for somebody who is in no project."""
        if self.project_id is None:
            raise Denied(N_("You are in no project now. Ask for an invitation link, or press /start to make your own."))
        return self.project_id

    def may(self, right: Right) -> bool:
        """Whether to offer it; the services check again when it is used."""
        return self.role is not None and allows(self.role, self.denied, right)


def who_of(person: PersonView) -> Who:
    return Who(
        person_id=person.id,
        control_bot_id=person.control_bot_id,
        chat_id=person.telegram_id,
        language=person.language,
        project_id=person.project_id,
        member_id=person.member_id,
        name=person.display_name or person.name,
        role=person.role,
        denied=person.denied,
        project=person.project,
        time_zone=person.time_zone,
        projects=person.projects,
    )
