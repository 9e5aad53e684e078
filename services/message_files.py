"""The files of a stored message: rows and fetch jobs for what came with it, and what of them an edit leaves."""

from __future__ import annotations

from dataclasses import replace

from adapters.base import Attachment, Content
from adapters.content import dump
from services.files import new_file
from services.rows import to_json
from services.sql import Steps


def store(project_id: int, channel_id: int, message_id: int, content: Content) -> Steps[Content]:
    """Rows and fetch jobs for the attachments that can be fetched; the message's content then names the rows."""
    attachments: list[Attachment] = []
    for item in content.attachments:
        if item.handle is None or item.unavailable is not None or item.file_id is not None:
            attachments.append(item)
            continue
        file_id = yield from new_file(project_id, item, channel_id=channel_id, message_id=message_id)
        attachments.append(replace(item, file_id=file_id))
    stored = replace(content, attachments=tuple(attachments))
    yield "UPDATE messages SET content = ? WHERE id = ?", (to_json(dump(stored)), message_id)
    return stored


def known(new: Content, old: Content) -> Content:
    """The edited content with the files that are there already: most edits change the words under a medium alone."""
    there = {_medium(item): item.file_id for item in old.attachments if item.file_id is not None}
    attachments = tuple(replace(item, file_id=there.get(_medium(item))) for item in new.attachments)
    return replace(new, attachments=attachments)


def _medium(item: Attachment) -> tuple[object, ...]:
    """What stays the same of a medium: a platform may name it by another handle each time."""
    same = item.handle if item.size is None else item.size
    return item.kind, same, item.width, item.height, item.duration, item.name


def album(content: Content) -> str | None:
    """What the parts of an album have in common, as it is stored."""
    return content.album[:128] if content.album else None
