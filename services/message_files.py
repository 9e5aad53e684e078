"""The files of a stored message: rows and fetch jobs for what came with it, and what of them an edit leaves."""

from __future__ import annotations

from dataclasses import replace

from adapters.base import Attachment, Content, MessageEdited
from adapters.content import dump, load
from models.enums import MessageState
from services.files import new_file
from services.rows import to_json
from services.sql import Steps, from_json

_WORDS = {"words_only": True}
"""Beside the content of an edit that came before its message, where it has the words alone."""


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


def edited(event: MessageEdited, old: Content) -> Content:
    """The content after an edit. Where the platform tells the words alone, the rest is what it was."""
    if event.words_only:
        return replace(old, text=event.content.text, spans=event.content.spans)
    return known(event.content, old)


def keep_words(identity_id: int, event: MessageEdited) -> Steps[None]:
    """Note that an edit which came before its message has the words alone: the rest is still to come."""
    yield (
        "UPDATE messages SET content = ? WHERE identity_id = ? AND external_id = ? AND state = ?",
        (to_json(dump(event.content) | _WORDS), identity_id, event.message_id, MessageState.EARLY.value),
    )


def adopt(
    project_id: int, channel_id: int, identity_id: int, external_id: str, original: Content
) -> Steps[tuple[int, Content] | None]:
    """A message whose edit came first is there already, with the edited content; None for a plain repeat."""
    rows = yield (
        "UPDATE messages SET state = ? WHERE identity_id = ? AND external_id = ? AND state = ? RETURNING id, content",
        (MessageState.RECEIVED.value, identity_id, external_id, MessageState.EARLY.value),
    )
    if not rows:
        return None
    data = from_json(rows[0]["content"])
    content = load(data)
    if _WORDS.items() <= data.items():
        content = replace(original, text=content.text, spans=content.spans)
        content = yield from store(project_id, channel_id, rows[0]["id"], content)
    return rows[0]["id"], content


def known(new: Content, old: Content) -> Content:
    """The edited content with the files that are there already: most edits change the words under a medium alone."""
    there = [item for item in old.attachments if item.file_id is not None]
    attachments: list[Attachment] = []
    for item in new.attachments:
        same = next((one for one in there if _same(one, item)), None)
        attachments.append(replace(item, file_id=same.file_id if same is not None else None))
        if same is not None:
            there.remove(same)
    return replace(new, attachments=tuple(attachments))


def _same(one: Attachment, other: Attachment) -> bool:
    """Whether it is one medium: by the platform's own name of it, else by everything that is told of it."""
    if one.unique is not None and other.unique is not None:
        return one.unique == other.unique
    return _likeness(one) == _likeness(other)


def _likeness(item: Attachment) -> tuple[object, ...]:
    """What stays the same of a medium: a platform may name it by another handle, signed anew, each time."""
    same = item.size if item.size is not None else (item.handle or "").partition("?")[0]
    return item.kind, same, item.width, item.height, item.duration, item.name


def album(content: Content) -> str | None:
    """What the parts of an album have in common, as it is stored."""
    return content.album[:128] if content.album else None
