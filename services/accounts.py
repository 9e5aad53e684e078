"""Who uses the control bot: registration in one step, recognising a person at each update, own settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from adapters.names import one_line
from models.enums import Cards, Priority, Role
from services import clock, leaving, renaming, returning, zones
from services.access import Refusal, actor
from services.jobs import NewJob, enqueue
from services.sql import LOCK, Row, Steps, from_json, run, transact
from services.texts import N_, best_locale

OFTEN_RUSSIAN = ("ru", "uk", "be", "kk", "ky", "uz", "tg", "hy", "az")
"""Languages of Telegram whose speakers are first spoken to in Russian."""
NAME_LIMIT = 128


class Registration(StrEnum):
    """Who may make an account here."""

    OPEN = "open"
    FIRST = "first"
    INVITE = "invite"


@dataclass(frozen=True, slots=True)
class Visitor:
    """What Telegram says of somebody who writes to the control bot."""

    telegram_id: int
    name: str
    username: str | None = None
    language: str | None = None

    @property
    def locale(self) -> str:
        """The interface language to begin with."""
        code = (self.language or "").replace("_", "-").split("-")[0].lower()
        return "ru" if code in OFTEN_RUSSIAN else best_locale(code, "en")


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person with the place in the current project; that part is None for somebody who is in no project."""

    id: int
    control_bot_id: int
    telegram_id: int
    name: str
    language: str
    reachable: bool
    account_id: int | None
    project_id: int | None = None
    project: str | None = None
    time_zone: str | None = None
    member_id: int | None = None
    display_name: str | None = None
    role: Role | None = None
    denied: frozenset[str] = frozenset()
    on_duty: bool = True
    cards: Cards = Cards.SOUND
    keeps_dialog: bool = False
    """«Взять» leaves the dialog that is open."""
    projects: int = 0
    """How many projects the person is in."""


@dataclass(frozen=True, slots=True)
class Registered:
    """`created`: there was no such account before, and this is the moment to offer other names."""

    person: PersonView
    created: bool


_PERSON = """
SELECT p.id, p.control_bot_id, p.telegram_id, p.name, p.language, p.reachable, p.account_id,
       m.id AS member_id, m.name AS display_name, m.role, m.denied, m.on_duty, m.cards,
       m.keeps_dialog, pr.id AS project_id, pr.name AS project, pr.time_zone,
       (SELECT COUNT(*) FROM members c WHERE c.person_id = p.id AND c.removed_at IS NULL) AS projects
FROM people p
LEFT JOIN members m ON m.person_id = p.id AND m.removed_at IS NULL
LEFT JOIN projects pr ON pr.id = m.project_id
WHERE {where}
ORDER BY CASE WHEN m.project_id = p.current_project_id THEN 0 ELSE 1 END, m.id
LIMIT 1
"""
_BY_CHAT = _PERSON.format(where="p.control_bot_id = ? AND p.telegram_id = ?")
_BY_ID = _PERSON.format(where="p.id = ?")


class Accounts:
    """`registration` says who may make an account on this installation."""

    def __init__(self, registration: Registration = Registration.OPEN) -> None:
        self._registration = registration

    async def recognise(self, control_bot_id: int, telegram_id: int) -> PersonView | None:
        """The person who writes, with the current project (another of theirs where they are out of it)."""
        return await run(_find(_BY_CHAT, control_bot_id, telegram_id))

    async def person(self, person_id: int) -> PersonView:
        """The person as they are now."""
        return await run(person(person_id))

    async def register(self, control_bot_id: int, visitor: Visitor) -> Registered:
        """Make the person, the account and a first project with defaults; nothing for somebody who has a project.

        Raises Refusal where this installation takes nobody new.
        """
        return await transact(lambda: self._register(control_bot_id, visitor))

    def _register(self, control_bot_id: int, visitor: Visitor) -> Steps[Registered]:
        # The bot's row serialises registrations, so that a repeated update or two of "the first" cannot both succeed.
        yield f"SELECT id FROM control_bots WHERE id = ? {LOCK}", (control_bot_id,)
        known = yield from _find(_BY_CHAT, control_bot_id, visitor.telegram_id)
        if known is not None and known.project_id is not None:
            return Registered(known, created=False)
        if known is None or known.account_id is None:
            yield from self._admit()
        person_id = yield from ensure_person(control_bot_id, visitor)
        account_id = yield from _account(person_id, visitor.name)
        zone = zones.of_language(visitor.language)
        yield from new_project(account_id, person_id, _first_name(one_line(visitor.name)), zone, visitor.locale)
        return Registered((yield from person(person_id)), created=True)

    def _admit(self) -> Steps[None]:
        if self._registration is Registration.OPEN:
            return
        if self._registration is Registration.INVITE:
            raise Refusal(N_("People join this desk by invitation. Ask a colleague for a link and open it."))
        taken = yield "SELECT id FROM accounts LIMIT 1", ()
        if taken:
            raise Refusal(N_("This desk has an owner already. Ask them for an invitation link and open it."))

    async def speak(self, person_id: int, language: str) -> PersonView:
        """Change the language of the interface; the command menu follows."""
        return await transact(lambda: _speak(person_id, language))

    async def set_cards(self, person_id: int, project_id: int, cards: Cards) -> PersonView:
        """Choose how new inquiries of this project are announced. Raises Denied for somebody who is not in it."""
        return await transact(lambda: _set_member(person_id, project_id, "cards", cards.value))

    async def keep_dialog(self, person_id: int, project_id: int, keeps: bool) -> PersonView:
        """Whether «Взять» leaves the dialog that is open, or opens the one with whoever was taken. Raises Denied."""
        return await transact(lambda: _set_member(person_id, project_id, "keeps_dialog", keeps))

    async def rename(self, person_id: int, project_id: int, name: str) -> PersonView:
        """Change the display name that colleagues see in this project. Raises Refusal, Denied."""
        return await transact(partial(_rename, person_id, project_id, name_of(name)))


def name_of(text: str) -> str:
    """A name as people type it, tidied. Raises Refusal where it is empty or longer than 128 characters."""
    clean = one_line(text)
    if not clean:
        raise Refusal(N_("A name needs at least one character."))
    if len(clean) > NAME_LIMIT:
        raise Refusal(N_("The name is too long: {limit} characters at most."), limit=NAME_LIMIT)
    return clean


def person(person_id: int) -> Steps[PersonView]:
    """The person with this id, who exists."""
    found = yield from _find(_BY_ID, person_id)
    if found is None:
        raise LookupError(f"no person {person_id}")
    return found


def ensure_person(control_bot_id: int, visitor: Visitor) -> Steps[int]:
    """The person's id; made where new, name and username brought up to date where known."""
    rows = yield (
        "INSERT INTO people (control_bot_id, telegram_id, name, username, language, reachable, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (control_bot_id, telegram_id) DO UPDATE SET"
        " name = excluded.name, username = excluded.username, reachable = excluded.reachable RETURNING id",
        (
            control_bot_id, visitor.telegram_id, one_line(visitor.name)[:255] or "?", visitor.username, visitor.locale,
            True, clock.now(),
        ),
    )  # fmt: skip
    return int(rows[0]["id"])


def new_project(account_id: int, person_id: int, name: str, zone: str, language: str) -> Steps[int]:
    """Make a project with its owner, who looks at it from now on."""
    now = clock.now()
    rows = yield (
        "INSERT INTO projects (account_id, name, time_zone, language, repeat_to_last, reopen_hours, next_contact,"
        " next_inquiry, created_at) VALUES (?, ?, ?, ?, ?, 0, 1, 1, ?) RETURNING id",
        (account_id, name[:NAME_LIMIT], zone, language, True, now),
    )
    project_id = int(rows[0]["id"])
    yield from join(person_id, project_id, Role.OWNER)
    return project_id


def join(person_id: int, project_id: int, role: Role) -> Steps[int]:
    """Make the person a member (again), who looks at the project from now on; returns the member's id."""
    rows = yield "SELECT name FROM people WHERE id = ?", (person_id,)
    rows = yield (
        "INSERT INTO members (project_id, person_id, role, name, denied, on_duty, cards, created_at, removed_at)"
        " VALUES (?, ?, ?, ?, '[]', ?, 'sound', ?, NULL) ON CONFLICT (project_id, person_id) DO UPDATE SET"
        " role = excluded.role, denied = excluded.denied, on_duty = excluded.on_duty, removed_at = NULL RETURNING id",
        (project_id, person_id, role.value, rows[0]["name"][:NAME_LIMIT], True, clock.now()),
    )
    yield "UPDATE people SET current_project_id = ? WHERE id = ?", (project_id, person_id)
    yield from leaving.other_projects(person_id, project_id)
    yield from returning.shown(person_id)
    yield from refresh_commands(person_id)
    return int(rows[0]["id"])


def refresh_commands(person_id: int) -> Steps[None]:
    """Bring the command menu in the person's chat to their language and role."""
    rows = yield "SELECT control_bot_id FROM people WHERE id = ?", (person_id,)
    bot = rows[0]["control_bot_id"]
    yield from enqueue(
        NewJob(
            kind="commands",
            lane=f"control:{bot}",
            order_key=f"commands:{person_id}",
            cancel_key=f"commands:{person_id}",
            priority=Priority.TICK,
            payload={"person": person_id},
        )
    )


def _account(person_id: int, name: str) -> Steps[int]:
    rows = yield "SELECT account_id FROM people WHERE id = ?", (person_id,)
    if rows[0]["account_id"] is not None:
        return int(rows[0]["account_id"])
    rows = yield "INSERT INTO accounts (name, created_at) VALUES (?, ?) RETURNING id", (name[:255], clock.now())
    account_id = int(rows[0]["id"])
    yield "UPDATE people SET account_id = ? WHERE id = ?", (account_id, person_id)
    return account_id


def _first_name(name: str) -> str:
    return name.split(" ")[0] or name or "Pult"


def _speak(person_id: int, language: str) -> Steps[PersonView]:
    yield "UPDATE people SET language = ? WHERE id = ?", (best_locale(language), person_id)
    yield from refresh_commands(person_id)
    return (yield from person(person_id))


def _set_member(person_id: int, project_id: int, column: str, value: Any) -> Steps[PersonView]:
    who = yield from actor(person_id, project_id)
    yield f"UPDATE members SET {column} = ? WHERE id = ? AND project_id = ?", (value, who.member_id, project_id)
    return (yield from person(person_id))


def _rename(person_id: int, project_id: int, name: str) -> Steps[PersonView]:
    who = yield from actor(person_id, project_id)
    known = yield from _set_member(person_id, project_id, "name", name)
    yield from renaming.shown(project_id, who.member_id)
    return known


def _find(sql: str, *params: Any) -> Steps[PersonView | None]:
    rows = yield sql, params
    return _view(rows[0]) if rows else None


def _view(row: Row) -> PersonView:
    placed: Mapping[str, Any] = {}
    if row["member_id"] is not None:
        placed = {
            "project_id": row["project_id"],
            "project": row["project"],
            "time_zone": row["time_zone"],
            "member_id": row["member_id"],
            "display_name": row["display_name"],
            "role": Role(row["role"]),
            "denied": frozenset(from_json(row["denied"])),
            "on_duty": bool(row["on_duty"]),
            "cards": Cards(row["cards"]),
            "keeps_dialog": bool(row["keeps_dialog"]),
        }
    return PersonView(
        id=row["id"],
        control_bot_id=row["control_bot_id"],
        telegram_id=row["telegram_id"],
        name=row["name"],
        language=row["language"],
        reachable=bool(row["reachable"]),
        account_id=row["account_id"],
        projects=row["projects"],
        **placed,
    )
