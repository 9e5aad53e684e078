"""What members are to be shown: messages as they read for one, what they lack, the values of lines. Steps only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from adapters.base import Attachment, Content, Quoted
from adapters.content import in_brief, load
from adapters.names import of_file
from models.enums import Author, CopyKind, Direction, FileState
from services import clock, desk_jobs, standings, views
from services.desk_jobs import Place
from services.files import reason
from services.jobs import Job
from services.ports import FileStatus, MessageView, Seat
from services.sql import Row, Steps, from_json, marks, moment, when
from services.standings import Group
from services.statuses import Reason
from services.texts import N_

QUOTE = 80


class Paths(Protocol):
    """Where the bytes of a file lie."""

    def path(self, file_id: int) -> Path: ...


@dataclass(frozen=True, slots=True)
class Unshown:
    """What a copy job has to show. group: what stands there for it without its media."""

    inquiry_id: int
    ids: tuple[int, ...]
    received_at: datetime
    first: bool
    reply_to: int | None
    group: Group | None


_SEATED = desk_jobs.PLACES.replace(
    "\nFROM",
    ", p.language, r.time_zone, r.name AS project,"
    " (SELECT COUNT(*) FROM members o WHERE o.person_id = p.id AND o.removed_at IS NULL) AS projects\nFROM",
)


def seated(member_id: int) -> Steps[tuple[Place, Seat] | None]:
    """A member, also one who was removed, and the chat with what rendering needs to know of the person."""
    rows = yield f"{_SEATED} JOIN projects r ON r.id = m.project_id WHERE m.id = ?", (member_id,)
    if not rows:
        return None
    to = desk_jobs.to_place(rows[0])
    return to, _seat(to, rows[0])


def _seat(to: Place, row: Row) -> Seat:
    return Seat(
        control_bot_id=to.control_bot_id,
        chat_id=to.chat_id,
        member_id=to.member_id,
        person_id=to.person_id,
        language=row["language"],
        time_zone=row["time_zone"],
        project=row["project"] if row["projects"] > 1 else None,
        silent=row["cards"] == "silent",
    )


def first_unit(inquiry_id: int) -> Steps[tuple[int, ...]]:
    """The ids of the customer's first message in an inquiry, of all its parts where it is an album."""
    rows = yield (
        "SELECT id, album, identity_id FROM messages WHERE inquiry_id = ? AND direction = 'in'"
        " ORDER BY at, sequence, id LIMIT 1",
        (inquiry_id,),
    )
    if not rows or rows[0]["album"] is None:
        return tuple(row["id"] for row in rows)
    return (yield from _album(rows[0]["identity_id"], rows[0]["album"]))


def unit(message_id: int) -> Steps[tuple[int, ...]]:
    """The message's id, and those of the other parts of its album."""
    rows = yield "SELECT id, album, identity_id FROM messages WHERE id = ?", (message_id,)
    if not rows or rows[0]["album"] is None:
        return tuple(row["id"] for row in rows)
    return (yield from _album(rows[0]["identity_id"], rows[0]["album"]))


def answer_outside(inquiry_id: int) -> Steps[tuple[int, ...]]:
    """The id of the latest answer that was given in the messenger itself, if any was."""
    rows = yield (
        "SELECT id FROM messages WHERE inquiry_id = ? AND direction = 'out' AND author = ?"
        " ORDER BY at DESC, sequence DESC, id DESC LIMIT 1",
        (inquiry_id, Author.OUTSIDE.value),
    )
    return tuple(row["id"] for row in rows)


def _album(identity_id: int, album: str) -> Steps[tuple[int, ...]]:
    rows = yield (
        "SELECT id FROM messages WHERE identity_id = ? AND album = ? ORDER BY at, sequence, id",
        (identity_id, album),
    )
    return tuple(row["id"] for row in rows)


def unshown(message_id: int, to: Place) -> Steps[Unshown | None]:
    """The message, or the parts of its album, of which the member has no full copy; None where nothing is left."""
    rows = yield (
        # The card of whoever took the inquiry has the dialog's buttons already.
        "SELECT m.id, m.inquiry_id, m.identity_id, m.album, m.received_at, m.reply_to_id, EXISTS (SELECT 1 FROM"
        " operator_copies c JOIN inquiries q ON q.id = c.inquiry_id WHERE c.inquiry_id = m.inquiry_id AND c.member_id ="
        " ? AND (c.kind IN ('copy', 'own') OR c.kind = 'card' AND q.assignee_id = c.member_id)) AS begun"
        " FROM messages m WHERE m.id = ?",
        (to.member_id, message_id),
    )
    if not rows or rows[0]["inquiry_id"] is None:
        return None
    row = rows[0]
    ids = (yield from _album(row["identity_id"], row["album"])) if row["album"] else (row["id"],)
    copies = yield (
        f"SELECT message_id, telegram_id FROM operator_copies WHERE message_id IN ({marks(ids)}) AND member_id = ?"
        " ORDER BY id",
        (*ids, to.member_id),
    )
    shown = {copy["message_id"] for copy in copies}
    groups = (yield from standings.of_messages(ids, to.member_id)) if shown else []
    group = next((one for one in groups if one.placeholder and not one.card), None)
    waiting = group.messages if group is not None else []
    left = tuple(one for one in ids if one not in shown or one in waiting)
    if not left:
        return None
    newest = row["received_at"] if left == (row["id"],) else (yield from _newest(left))
    reply_to = copies[0]["telegram_id"] if shown else (yield from _shown_as(row["reply_to_id"], to))
    return Unshown(
        inquiry_id=row["inquiry_id"],
        ids=left,
        received_at=when(newest),
        first=not row["begun"],
        reply_to=reply_to,
        group=group,
    )


def _newest(ids: Sequence[int]) -> Steps[Any]:
    rows = yield f"SELECT MAX(received_at) AS at FROM messages WHERE id IN ({marks(ids)})", ids
    return rows[0]["at"]


def _shown_as(message_id: int | None, to: Place) -> Steps[int | None]:
    """The Telegram message under which the member has this message."""
    if message_id is None:
        return None
    rows = yield (
        "SELECT telegram_id FROM operator_copies WHERE message_id = ? AND member_id = ? ORDER BY id LIMIT 1",
        (message_id, to.member_id),
    )
    return rows[0]["telegram_id"] if rows else None


def message_views(ids: Sequence[int], to: Place, paths: Paths) -> Steps[list[MessageView]]:
    """Messages as they are shown to this member, in order, with what is known of their files."""
    if not ids:
        return []
    rows = yield (
        "SELECT m.id, m.direction, m.author, m.author_name, m.content, m.at, m.late, m.edited_at, m.deleted_at,"
        " m.edit_refused, m.repeated, q.content AS quoted, n.name AS member_name, EXISTS"
        " (SELECT 1 FROM operator_copies c WHERE c.message_id = m.reply_to_id AND c.member_id = ?) AS quoted_stands"
        " FROM messages m LEFT JOIN messages q ON q.id = m.reply_to_id LEFT JOIN members n ON n.id = m.member_id"
        f" WHERE m.id IN ({marks(ids)}) ORDER BY m.at, m.sequence, m.id",
        (to.member_id, *ids),
    )
    contents = [load(from_json(row["content"])) for row in rows]
    files: list[Row] = []
    if any(content.attachments for content in contents):
        files = yield (
            "SELECT f.id, f.state, f.error, f.name, f.mime, f.size, h.handle FROM files f LEFT JOIN file_handles h"
            f" ON h.file_id = f.id AND h.scope = ? WHERE f.message_id IN ({marks(ids)})",
            (f"control:{to.control_bot_id}", *ids),
        )
    by_id = {file["id"]: file for file in files}
    return [_message_view(row, content, by_id, paths) for row, content in zip(rows, contents, strict=True)]


def _message_view(row: Row, content: Content, files: Mapping[int, Row], paths: Paths) -> MessageView:
    known = [_attachment(item, files, paths) for item in content.attachments]
    quoted = _quoted(row, content.quoted or Quoted())
    return MessageView(
        id=row["id"],
        direction=Direction(row["direction"]),
        author=Author(row["author"]),
        author_name=row["member_name"] or row["author_name"],
        content=replace(content, attachments=tuple(item for item, _ in known)) if known else content,
        files=tuple(status for _, status in known),
        at=when(row["at"]),
        late=bool(row["late"]),
        edited=moment(row["edited_at"]) is not None,
        edit_refused=bool(row["edit_refused"]),
        deleted=moment(row["deleted_at"]) is not None,
        repeated=bool(row["repeated"]),
        quoted=quoted,
    )


def _quoted(row: Row, told: Quoted) -> Quoted | None:
    """What is answered to. Where it stands in the chat as it was written, the reply shows it."""
    stored = load(from_json(row["quoted"])) if row["quoted"] is not None else None
    chosen = stored is not None and told.kind is None and told.text not in (None, stored.text)
    if row["quoted_stands"] and not chosen:
        return None
    shown = told if chosen or stored is None else in_brief(stored)
    return replace(shown, text=shown.text[:QUOTE] if shown.text else None) if shown.text or shown.kind else None


def _attachment(item: Attachment, files: Mapping[int, Row], paths: Paths) -> tuple[Attachment, FileStatus]:
    file = files.get(item.file_id) if item.file_id is not None else None
    if file is None:
        why = item.unavailable or N_("This medium is not kept any more.")
        return replace(item, unavailable=why), FileStatus.MISSING
    if file["handle"] is not None or file["state"] == FileState.STORED.value:
        known = replace(
            item,
            name=of_file(item.name or file["name"] or "") or None,
            mime=file["mime"] or item.mime,
            size=file["size"] or item.size,
            cached=file["handle"],
            path=paths.path(file["id"]) if file["state"] == FileState.STORED.value else None,
        )
        return known, FileStatus.READY
    if file["state"] == FileState.WAITING.value:
        return item, FileStatus.COMING
    why, values = reason(file["error"])
    return replace(item, unavailable=why, unavailable_values=tuple(values.items())), FileStatus.MISSING


def doubt(job: Job, ids: Collection[int]) -> Steps[None]:
    """These messages may stand in the chat already: whatever is to show them next there says so."""
    rows = yield (
        "SELECT id, payload FROM jobs WHERE order_key = ? AND kind = 'copy' AND state = 'queued'"
        " AND state <> 'refused'",  # In these words, by which SQLite finds the index of order keys.
        (job.order_key,),
    )
    for row in rows:
        if from_json(row["payload"])["message"] in ids:
            yield "UPDATE jobs SET suspect = ? WHERE id = ?", (True, row["id"])


def line(to: Place, inquiry_id: int, telegram_id: int) -> Steps[None]:
    """A line that speaks of an inquiry: replying to it answers the customer."""
    yield (
        "INSERT INTO operator_copies (project_id, control_bot_id, member_id, person_id, inquiry_id, kind, chat_id,"
        " telegram_id, placeholder, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (control_bot_id, chat_id, telegram_id) DO NOTHING",
        (
            to.project_id, to.control_bot_id, to.member_id, to.person_id, inquiry_id, CopyKind.LINE.value,
            to.chat_id, telegram_id, False, clock.now(),
        ),
    )  # fmt: skip


def filled(
    titles: Mapping[str, str], to: Place, params: Mapping[str, Any]
) -> Steps[tuple[dict[str, Any] | None, int | None]]:
    """A notice's ids as what people call them: "inquiry" → its number and customer, "member" → a name, and so on.

    Returns (values, the inquiry that the line speaks of); values are None where what it speaks of is gone or is
    another project's.
    """
    values: dict[str, Any] = dict(params)
    inquiry_id = params.get("inquiry")
    if "message" in params:
        rows = yield (
            "SELECT inquiry_id, reason, state, project_id FROM messages WHERE id = ?",
            (params["message"],),
        )
        if not rows or rows[0]["project_id"] != to.project_id:
            return None, None
        inquiry_id = rows[0]["inquiry_id"]
        why = Reason.read(rows[0]["reason"])
        values |= {"state": rows[0]["state"]} | ({"reason": why.message, "reason_params": why.params} if why else {})
    if inquiry_id is not None:
        view = yield from views.inquiry(titles, inquiry_id)
        values |= {"contact": view.contact, "number": view.number, "platform": view.platform, "inquiry": view}
    if "member" in params:
        values["name"] = yield from views.member_name(params["member"])
    if "channel" in params:
        rows = yield (
            "SELECT name, platform, link FROM channels WHERE id = ? AND project_id = ?",
            (params["channel"], to.project_id),
        )
        if not rows:
            return None, None
        values |= {
            "channel_id": params["channel"],
            "channel": rows[0]["name"],
            "platform": titles.get(rows[0]["platform"], rows[0]["platform"]),
            "link": rows[0]["link"],
        }
    rows = yield "SELECT name FROM projects WHERE id = ?", (to.project_id,)
    return values | {"project": rows[0]["name"]}, inquiry_id
