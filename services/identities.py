"""Contacts as they show themselves on a channel. Steps that accepting and answering share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.base import Event, Profile
from adapters.names import one_line
from models.enums import Priority
from services import clock
from services.jobs import NewJob, enqueue
from services.sql import Row, Steps, moment

NAMELESS = "…"


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """What accepting needs to know of an identity. latest: the platform's time of the newest message so far, that of
    the event counted where it wrote."""

    id: int
    project_id: int
    contact_id: int
    latest: datetime | None
    spam: bool


def seen(channel_id: int, project_id: int, event: Event, *, wrote: bool = False) -> Steps[IdentityRow]:
    """The identity behind an event, made with its contact where it is new; names and window are brought up to date.

    wrote: the person wrote or pressed something, which also subscribes.
    """
    rows = yield (_WROTE, (event.at, True, channel_id, event.user)) if wrote else (_KNOWN, (channel_id, event.user))
    if not rows:
        identity_id, contact_id = yield from _create(channel_id, project_id, event, wrote=wrote)
        row: Row = {"id": identity_id, "contact_id": contact_id, "last_inbound_at": None, "spam": False}
        if event.profile is None or event.profile.name is None:
            yield from _ask_for_name(channel_id, project_id, identity_id)
    else:
        row = rows[0]
        yield from rename(row, event.profile)
        client = event.profile.client if event.profile else None
        if client is not None and (client or None) != row["client"]:
            yield "UPDATE identities SET client = ? WHERE id = ?", (_cut(client, 255), row["id"])
    if event.window_until is not None:
        # Not only what people write opens it, and events may come out of order.
        yield (
            "UPDATE identities SET window_until = ? WHERE id = ? AND (window_until IS NULL OR window_until < ?)",
            (event.window_until, row["id"], event.window_until),
        )
    return IdentityRow(row["id"], project_id, row["contact_id"], moment(row["last_inbound_at"]), bool(row["spam"]))


_SPAM = "(SELECT c.spam FROM contacts c WHERE c.id = identities.contact_id) AS spam"
_KNOWN = (
    f"SELECT id, contact_id, last_inbound_at, name, username, client, {_SPAM} FROM identities"
    " WHERE channel_id = ? AND external_id = ?"
)
# One statement to find it, lock it and note that it wrote: most messages come from somebody known.
_WROTE = (
    "UPDATE identities SET last_inbound_at = CASE WHEN last_inbound_at > ?1 THEN last_inbound_at ELSE ?1 END,"
    " subscribed = ?2 WHERE channel_id = ?3 AND external_id = ?4"
    f" RETURNING id, contact_id, last_inbound_at, name, username, client, {_SPAM}"
)


def _create(channel_id: int, project_id: int, event: Event, *, wrote: bool) -> Steps[tuple[int, int]]:
    profile = event.profile or Profile()
    now = clock.now()
    rows = yield (
        "UPDATE projects SET next_contact = next_contact + 1 WHERE id = ? RETURNING next_contact - 1 AS number",
        (project_id,),
    )
    number = rows[0]["number"]
    name = _named(profile)
    rows = yield (
        "INSERT INTO contacts (project_id, number, name, spam, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (project_id, number, name, False, now),
    )
    contact_id = int(rows[0]["id"])
    rows = yield (
        "INSERT INTO identities (project_id, channel_id, contact_id, external_id, name, username, language, link,"
        " client, subscribed, last_inbound_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            project_id, channel_id, contact_id, event.user, name, _cut(profile.username, 128),
            _cut(profile.language, 16), _cut(profile.link, 512), _cut(profile.client, 255), True,
            event.at if wrote else None, now,
        ),
    )  # fmt: skip
    return int(rows[0]["id"]), contact_id


def _named(profile: Profile) -> str:
    return (one_line(profile.name or "") or profile.username or NAMELESS)[:255]


def _cut(text: str | None, limit: int) -> str | None:
    return text[:limit] if text else None


def _ask_for_name(channel_id: int, project_id: int, identity_id: int) -> Steps[None]:
    """Where the platform's events carry no names. Done by `services.naming`."""
    yield from enqueue(
        NewJob(
            kind="profile",
            lane=f"channel:{channel_id}",
            priority=Priority.COPY,
            project_id=project_id,
            payload={"identity": identity_id},
        )
    )


def ask_for_author(channel_id: int, project_id: int, message_id: int, user: str) -> Steps[None]:
    """Who answered in the messenger itself, where its events tell a number alone. Done by `services.naming`."""
    yield from enqueue(
        NewJob(
            kind="author",
            lane=f"channel:{channel_id}",
            priority=Priority.COPY,
            project_id=project_id,
            payload={"message": message_id, "user": user},
        )
    )


def rename(row: Row, profile: Profile | None) -> Steps[None]:
    """Follow a changed name on the platform; a card whose name the team changed keeps it.

    row: its id, contact_id, name and username as they are.
    """
    names = None if profile is None else renamed(row, profile)
    if names is None:
        return
    name, username = names
    yield "UPDATE identities SET name = ?, username = ? WHERE id = ?", (name, username, row["id"])
    yield "UPDATE contacts SET name = ? WHERE id = ? AND name = ?", (name, row["contact_id"], row["name"] or NAMELESS)


def renamed(row: Row, profile: Profile) -> tuple[str | None, str | None] | None:
    """Name and username where they are other than the row's; None where they are not, or not told."""
    if profile.name is None:
        return None
    names = _named(profile), _cut(profile.username, 128)
    return None if names == (row["name"], row["username"]) else names


def came_by(identity: IdentityRow, ref: str) -> Steps[None]:
    """Note the code of the link that first led here."""
    yield "UPDATE contacts SET source = ? WHERE id = ? AND source IS NULL", (one_line(ref)[:128], identity.contact_id)


def subscribe(identity: IdentityRow, at: datetime, *, subscribed: bool) -> Steps[bool]:
    """Note that messages are allowed or not, unless a later event said otherwise; True where that changed."""
    latest = "id = ? AND (subscribed_at IS NULL OR subscribed_at <= ?)"
    changed = yield (
        f"UPDATE identities SET subscribed = ? WHERE {latest} AND subscribed <> ? RETURNING id",
        (subscribed, identity.id, at, subscribed),
    )
    yield f"UPDATE identities SET subscribed_at = ? WHERE {latest}", (at, identity.id, at)
    return bool(changed)


def find_message(identity_id: int, external_id: str) -> Steps[int | None]:
    """The message that the platform names so, in either direction."""
    rows = yield (
        "SELECT id FROM messages WHERE identity_id = ? AND external_id = ?"
        " UNION ALL SELECT message_id FROM platform_messages WHERE identity_id = ? AND external_id = ?",
        (identity_id, external_id, identity_id, external_id),
    )
    return int(rows[0]["id"]) if rows else None
