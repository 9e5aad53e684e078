"""The rows of answers on their way: what sending needs to know, their parts, what is noted of each. Steps only."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, replace

import orjson

from adapters.base import Channel, ChannelId, Content, Credentials, Rejected, Sent
from adapters.content import MessageId, UserId, dump, load
from models.enums import FileState, PartState
from models.fields import unseal
from services import clock, statuses
from services.channel_rows import hook_address
from services.files import remember_handle
from services.sql import LOCK, Row, Steps, from_json, marks, to_json
from services.texts import N_

_CHANNEL = (
    "h.id AS channel_id, h.platform, h.external_id AS channel_external, h.credentials, h.username AS bot, h.state,"
    " h.name AS channel_name, h.hook_key, h.settings"
)


@dataclass(frozen=True, slots=True)
class Part:
    id: int
    content: Content
    token: str
    number: int
    doubts: int


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that sending needs, read in one transaction."""

    message_id: int
    project_id: int
    identity_id: int
    user: UserId
    platform: str
    channel_id: int
    channel: Channel
    parts: tuple[Part, ...]
    by_person: bool
    window: object = None
    client: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file of the message has not come yet."""


def message_row(message_id: int) -> Steps[Row | None]:
    rows = yield (
        "SELECT m.id, m.project_id, m.identity_id, m.member_id, m.author, m.content, m.state, m.deleted_at,"
        " i.external_id AS user_id, i.window_until, i.client,"
        f" {_CHANNEL.replace('h.state', 'h.state AS channel_state')}"
        " FROM messages m JOIN identities i ON i.id = m.identity_id JOIN channels h ON h.id = i.channel_id"
        " WHERE m.id = ?",
        (message_id,),
    )
    return rows[0] if rows else None


def channel_row(channel_id: int) -> Steps[list[Row]]:
    return (yield f"SELECT {_CHANNEL} FROM channels h WHERE h.id = ?", (channel_id,))


def channel_from(row: Row, public_url: str | None = None) -> Channel:
    """The adapter's view of a channel. Raises Rejected where it is disconnected."""
    if row["credentials"] is None:
        raise Rejected(N_("The channel is disconnected."))
    return Channel(
        ChannelId(row["channel_external"]),
        Credentials(orjson.loads(unseal(row["credentials"]))),
        row["bot"],
        hook_address(public_url, row["platform"], row["hook_key"]) if public_url is not None else None,
        row["channel_name"],
        from_json(row["settings"]) or {},
    )


def files_of(content: Content) -> Steps[tuple[bool, Content]]:
    """Whether every file is there, and the content with what is known of them now. Raises Rejected for a lost one."""
    ids = [item.file_id for item in content.attachments if item.file_id is not None]
    if not ids:
        return True, content
    rows = yield f"SELECT id, state, name, mime, size, error FROM files WHERE id IN ({marks(ids)})", ids
    found = {row["id"]: row for row in rows}
    for file_id in ids:
        state = found[file_id]["state"] if file_id in found else FileState.GONE.value
        if state in (FileState.FAILED.value, FileState.GONE.value):
            raise Rejected(N_("The file could not be taken from Telegram. Send it again."))
    if any(found[file_id]["state"] == FileState.WAITING.value for file_id in ids):
        return False, content
    known = tuple(
        item
        if item.file_id is None
        else replace(
            item,
            name=item.name or found[item.file_id]["name"],
            mime=found[item.file_id]["mime"] or item.mime,
            size=found[item.file_id]["size"],
        )
        for item in content.attachments
    )
    return True, replace(content, attachments=known)


def cut(row: Row, parts: tuple[Content, ...]) -> Steps[list[Row]]:
    made: list[Row] = []
    for position, content in enumerate(parts):
        made += yield (
            "INSERT INTO message_parts (project_id, message_id, position, content, state, token, number, doubts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 0) RETURNING id, content, token, number, doubts, state",
            (
                row["project_id"], row["id"], position, to_json(dump(content)), PartState.QUEUED.value,
                secrets.token_urlsafe(18), _number(),
            ),
        )  # fmt: skip
    return made


def _number() -> int:
    return random.SystemRandom().randint(1, 2**31 - 1)


def recut(row: Row, parts: list[Row], planned: tuple[Content, ...]) -> Steps[list[Row]]:
    """The parts of a message whose words changed before any of it left, cut anew; else as they are.

    With the old words go their token and number: by those a platform would take the new ones for a repeat.
    """
    if any(part["state"] != PartState.QUEUED.value or part["doubts"] for part in parts):
        return parts
    if [dump(load(from_json(part["content"]))) for part in parts] == [dump(content) for content in planned]:
        return parts
    ids = [part["id"] for part in parts]
    yield f"DELETE FROM platform_messages WHERE message_id = ? AND part_id IN ({marks(ids)})", (row["id"], *ids)
    yield f"DELETE FROM message_parts WHERE id IN ({marks(ids)})", ids
    return (yield from cut(row, planned))


def part_of(row: Row) -> Part:
    return Part(row["id"], load(from_json(row["content"])), row["token"], row["number"], row["doubts"])


# While a call is under way the platform's echo of its effect may come: what is known to be out stays out.


def start(part: Part) -> Steps[Part | None]:
    """Note that a part is about to leave; None where it is out already.

    One that was about to leave already was cut off in the middle.
    """
    rows = yield (
        "UPDATE message_parts SET doubts = doubts + CASE WHEN state = ? THEN 1 ELSE 0 END, state = ? WHERE id = ?"
        " AND state <> ? RETURNING doubts",
        (PartState.SENDING.value, PartState.SENDING.value, part.id, PartState.SENT.value),
    )
    return replace(part, doubts=rows[0]["doubts"]) if rows else None


def doubt(part_id: int) -> Steps[bool]:
    """Nobody knows whether the part is out; False where it is known by now."""
    rows = yield (
        "UPDATE message_parts SET doubts = doubts + 1, state = ? WHERE id = ? AND state <> ? RETURNING id",
        (PartState.QUEUED.value, part_id, PartState.SENT.value),
    )
    return bool(rows)


def unstart(part_id: int) -> Steps[None]:
    """The call changed nothing."""
    yield (
        "UPDATE message_parts SET state = ? WHERE id = ? AND state <> ?",
        (PartState.QUEUED.value, part_id, PartState.SENT.value),
    )


def fate(message_id: int) -> Steps[tuple[bool, bool]]:
    """Whether every part of the message is out, and whether any other may be out without our knowing."""
    rows = yield f"SELECT state, doubts FROM message_parts WHERE message_id = ? {LOCK}", (message_id,)
    left = [row for row in rows if row["state"] != PartState.SENT.value]
    return bool(rows) and not left, any(row["doubts"] or row["state"] == PartState.SENDING.value for row in left)


def record(work: Work, part: Part, sent: Sent) -> Steps[None]:
    """The part is out: its ids, the channel's handles of its files, and whether it may be out twice."""
    yield (
        "UPDATE message_parts SET state = ?, sent_at = ? WHERE id = ?",
        (PartState.SENT.value, clock.now(), part.id),
    )
    for message in sent.messages:
        for external_id in (message.id, *message.aliases):
            yield from statuses.known_as(
                work.project_id,
                work.identity_id,
                work.message_id,
                part.id,
                external_id,
                alias=external_id != message.id,
            )
    for file_id, handle in sent.cached.items():
        yield from remember_handle(file_id, f"channel:{work.channel_id}", handle)
    if part.doubts:
        yield "UPDATE messages SET repeated = ? WHERE id = ?", (True, work.message_id)


def handles(ids: list[int], scope: str) -> Steps[dict[int, str]]:
    rows = yield (
        f"SELECT file_id, handle FROM file_handles WHERE file_id IN ({marks(ids)}) AND scope = ?",
        (*ids, scope),
    )
    return {row["file_id"]: row["handle"] for row in rows}


def parts_out(message_id: int) -> Steps[tuple[Row, list[tuple[Part, MessageId | None]]] | None]:
    """The message and its parts, each with the platform's first id of it where it is out."""
    row = yield from message_row(message_id)
    if row is None:
        return None
    rows = yield (
        "SELECT p.id, p.content, p.token, p.number, p.doubts, CASE WHEN p.state = ? THEN x.external_id END AS known_as"
        " FROM message_parts p LEFT JOIN platform_messages x ON x.id ="
        " (SELECT MIN(y.id) FROM platform_messages y WHERE y.message_id = p.message_id AND y.part_id = p.id)"
        " WHERE p.message_id = ? ORDER BY p.position",
        (PartState.SENT.value, message_id),
    )
    return row, [(part_of(one), MessageId(one["known_as"]) if one["known_as"] else None) for one in rows]


def note_edit(part_id: int, content: Content) -> Steps[None]:
    yield "UPDATE message_parts SET content = ? WHERE id = ?", (to_json(dump(content)), part_id)


def reword(part_id: int, content: Content) -> Steps[None]:
    """Other words for a part that did not leave: under the old number a platform would take them for a repeat."""
    yield (
        "UPDATE message_parts SET content = ?, number = ? WHERE id = ?",
        (to_json(dump(content)), _number(), part_id),
    )


def begun(message_id: int) -> Steps[bool]:
    """Whether any of the message has left, or may have."""
    rows = yield (
        "SELECT id FROM message_parts WHERE message_id = ? AND (state IN (?, ?) OR doubts > 0) LIMIT 1",
        (message_id, PartState.SENDING.value, PartState.SENT.value),
    )
    return bool(rows)


def platform_ids(message_id: int) -> Steps[list[MessageId]]:
    rows = yield (
        "SELECT external_id FROM platform_messages WHERE message_id = ? AND alias = ? ORDER BY id",
        (message_id, False),
    )
    return [MessageId(row["external_id"]) for row in rows]


def ids_of_part(message_id: int, part_id: int) -> Steps[tuple[MessageId, ...]]:
    """The messages that a part became, in their order."""
    rows = yield (
        "SELECT external_id FROM platform_messages WHERE message_id = ? AND part_id = ? AND alias = ? ORDER BY id",
        (message_id, part_id, False),
    )
    return tuple(MessageId(row["external_id"]) for row in rows)
