"""Who may do what. Every service function that acts for a person takes an `Actor` and asks here first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from models.enums import Role
from services.sql import Row, Steps, from_json
from services.texts import N_


class Refusal(Exception):
    """Something that cannot be done, said to the person who tried: `message` is a message id with {placeholders}."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


class Denied(Refusal):
    """The person has no right to it."""


class Gone(Refusal):
    """What the button or link speaks of does not exist any more."""


OUT = N_("You are not in this project's team any more.")
NOT_HERE: Final = N_("This is not here any more, or you are not in the team that it belongs to.")
NOWHERE: Final = 0
"""The id of no project."""


class Right(StrEnum):
    ANSWER = "inbox"
    CHANNELS = "channels"
    CONTACTS = "contacts"
    TEAM = "team"
    APPOINT = "appoint"
    SETTINGS = "settings"
    PROJECTS = "projects"


_OWNER = frozenset(Right)
_ADMINISTRATOR = _OWNER - {Right.APPOINT, Right.PROJECTS}
_MANAGER = frozenset({Right.ANSWER, Right.CONTACTS})
LEADERS = frozenset({Role.OWNER, Role.ADMINISTRATOR})
"""Who hears of trouble with channels and people."""
RIGHTS = {Role.OWNER: _OWNER, Role.ADMINISTRATOR: _ADMINISTRATOR, Role.MANAGER: _MANAGER}


def allows(role: Role, denied: frozenset[str], right: Right) -> bool:
    """Whether a role has the right where these were taken away; nothing can be taken from an owner."""
    return right in RIGHTS[role] and (role is Role.OWNER or right.value not in denied)


@dataclass(frozen=True, slots=True)
class Actor:
    """A member who acts: the person, the place in one project, and the role there."""

    person_id: int
    member_id: int
    project_id: int
    role: Role
    name: str
    denied: frozenset[str] = frozenset()

    def may(self, right: Right) -> bool:
        """Whether the role has the right and it was not taken away from this member."""
        return allows(self.role, self.denied, right)

    def require(self, right: Right) -> None:
        """Raises Denied."""
        if not self.may(right):
            raise Denied(N_("You have no right to do this in this project. Ask its owner or an administrator."))


def actor(person_id: int, project_id: int) -> Steps[Actor]:
    """The person's place in the project. Raises Denied where there is none (any more)."""
    rows = yield (
        "SELECT id, person_id, project_id, role, name, denied FROM members"
        " WHERE person_id = ? AND project_id = ? AND removed_at IS NULL",
        (person_id, project_id),
    )
    if not rows:
        raise Denied(OUT)
    return from_row(rows[0])


def somewhere(person_id: int) -> Steps[None]:
    """Raises Denied where the person is in no team (any more)."""
    rows = yield "SELECT id FROM members WHERE person_id = ? AND removed_at IS NULL LIMIT 1", (person_id,)
    if not rows:
        raise Denied(OUT)


def actor_of(person_id: int, rows: Sequence[Row]) -> Steps[Actor]:
    """The person's place in the project of what an id led to. Ids can be guessed: where it led to nothing, and where to
    another project, one looks as long and says the same. Raises Gone."""
    try:
        return (yield from actor(person_id, rows[0]["project_id"] if rows else NOWHERE))
    except Denied:
        raise Gone(NOT_HERE) from None


def from_row(row: Row) -> Actor:
    """An Actor from a row of `members`."""
    return Actor(
        person_id=row["person_id"],
        member_id=row["id"],
        project_id=row["project_id"],
        role=Role(row["role"]),
        name=row["name"],
        denied=frozenset(from_json(row["denied"])),
    )
