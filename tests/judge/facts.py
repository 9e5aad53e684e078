"""Who is who: members and their rights, inquiries and who is in them, which message belongs where.

The rows give the frame alone. What was said, and what stands where, is never taken from them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Rows = Callable[[str], Awaitable[list[dict[str, Any]]]]

_MEMBERS = """
SELECT m.id, m.project_id, m.name, m.role, m.denied, m.on_duty, m.cards, m.removed_at, p.id AS person_id,
       p.telegram_id, p.reachable, p.dialog_id
FROM members m JOIN people p ON p.id = m.person_id ORDER BY m.id
"""
_INQUIRIES = """
SELECT q.id, q.project_id, q.number, q.state, q.assignee_id, q.identity_id, c.spam, c.name, i.external_id AS "user",
       q.waiting_since, h.platform, h.external_id AS line
FROM inquiries q JOIN identities i ON i.id = q.identity_id JOIN contacts c ON c.id = i.contact_id
JOIN channels h ON h.id = i.channel_id ORDER BY q.id
"""
_MESSAGES = """
SELECT m.id, m.inquiry_id, m.identity_id, m.direction, m.author, m.member_id, m.external_id, m.album, m.state,
       m.repeated, m.deleted_at, m.at, m.sequence, i.external_id AS "user", h.platform, h.external_id AS line
FROM messages m JOIN identities i ON i.id = m.identity_id JOIN channels h ON h.id = i.channel_id
ORDER BY m.at, m.sequence, m.id
"""
_IN_DIALOGS = "SELECT inquiry_id, member_id FROM inquiry_members"
_REMINDERS = "SELECT member_id, inquiry_id FROM reminders"
_OUT = "SELECT message_id, external_id FROM platform_messages"
_STANDING = "SELECT person_id, member_id, inquiry_id, message_id, telegram_id, kind FROM operator_copies ORDER BY id"

Place = tuple[str, str, str]
"""A customer: platform, the channel's id there, the person's."""


@dataclass(frozen=True, slots=True)
class Member:
    id: int
    name: str
    person_id: int
    telegram_id: int
    reachable: bool
    gone: bool
    answers: bool
    on_duty: bool
    cards: str
    dialog_id: int | None
    project_id: int

    @property
    def sees(self) -> bool:
        return self.answers and not self.gone

    @property
    def takes(self) -> bool:
        return self.sees and self.on_duty and self.reachable


@dataclass(slots=True)
class Inquiry:
    id: int
    number: int
    state: str
    assignee_id: int | None
    spam: bool
    customer: Place
    name: str
    project_id: int
    waits: bool
    """The customer has no answer yet."""
    inside: set[int] = field(default_factory=set)
    """The members in its dialog."""
    units: list[Unit] = field(default_factory=list)


@dataclass(slots=True)
class Unit:
    """A message, or the parts of an album, in an inquiry. keys: the messenger's ids of a customer's parts; own: the
    Telegram messages that a member typed it as; out: the ids under which the messenger has it."""

    id: int
    inquiry_id: int
    inbound: bool
    author: str
    member_id: int | None
    state: str
    repeated: bool
    deleted: bool
    keys: list[str] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    out: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Facts:
    members: dict[int, Member]
    inquiries: dict[int, Inquiry]
    stored: dict[Place, set[str]]
    """The messenger's ids of every message of a customer that was taken in."""
    lines: set[tuple[int, int]]
    """Person and Telegram id of what is known as a line about an inquiry."""
    due: list[tuple[int, int]]
    """Member and inquiry of each reminder that has fallen due."""


async def look(rows: Rows) -> Facts:
    members = {row["id"]: _member(row) for row in await rows(_MEMBERS)}
    inquiries = {row["id"]: _inquiry(row) for row in await rows(_INQUIRIES)}
    for row in await rows(_IN_DIALOGS):
        inquiries[row["inquiry_id"]].inside.add(row["member_id"])
    standing = await rows(_STANDING)
    stored = _units(await rows(_MESSAGES), inquiries, standing, await rows(_OUT))
    lines = {(row["person_id"], row["telegram_id"]) for row in standing if row["kind"] == "line"}
    due = [(row["member_id"], row["inquiry_id"]) for row in await rows(_REMINDERS)]
    return Facts(members, inquiries, stored, lines, due)


def _member(row: dict[str, Any]) -> Member:
    denied = row["denied"] if isinstance(row["denied"], list) else json.loads(row["denied"])
    return Member(
        row["id"], row["name"], row["person_id"], row["telegram_id"], bool(row["reachable"]),
        row["removed_at"] is not None, row["role"] == "owner" or "inbox" not in denied, bool(row["on_duty"]),
        row["cards"], row["dialog_id"], row["project_id"],
    )  # fmt: skip


def _inquiry(row: dict[str, Any]) -> Inquiry:
    customer = (row["platform"], row["line"], row["user"])
    return Inquiry(
        row["id"], row["number"], row["state"], row["assignee_id"], bool(row["spam"]), customer, row["name"],
        row["project_id"], row["waiting_since"] is not None,
    )  # fmt: skip


def _units(
    rows: list[dict[str, Any]], inquiries: dict[int, Inquiry], standing: list[dict[str, Any]],
    out: list[dict[str, Any]],
) -> dict[Place, set[str]]:  # fmt: skip
    """Hang every message into its inquiry; the ids of those that were taken in."""
    own: dict[int, list[int]] = defaultdict(list)
    for row in standing:
        if row["kind"] == "own":
            own[row["message_id"]].append(row["telegram_id"])
    outside: dict[int, set[str]] = defaultdict(set)
    for row in out:
        outside[row["message_id"]].add(row["external_id"])
    stored: dict[Place, set[str]] = defaultdict(set)
    albums: dict[tuple[int, str], Unit] = {}
    for row in rows:
        inbound = row["direction"] == "in"
        if inbound:
            stored[row["platform"], row["line"], row["user"]].add(row["external_id"])
        if row["inquiry_id"] is None or str(row["external_id"]).startswith("press:"):
            continue
        album = (row["identity_id"], row["album"])
        unit = albums.get(album) if row["album"] and inbound else None  # type: ignore[arg-type]
        if unit is None:
            unit = Unit(
                row["id"], row["inquiry_id"], inbound, row["author"], row["member_id"], row["state"],
                bool(row["repeated"]), row["deleted_at"] is not None, [], own[row["id"]], outside[row["id"]],
            )  # fmt: skip
            inquiries[row["inquiry_id"]].units.append(unit)
            if row["album"] and inbound:
                albums[album] = unit  # type: ignore[index]
        if inbound:
            unit.keys.append(row["external_id"])
        elif row["external_id"] is not None:
            # An answer given in the messenger itself.
            unit.out.add(row["external_id"])
    return stored
