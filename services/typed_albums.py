"""Albums that members send: every part is a Telegram message of its own, all of them are one answer.

The member's own messages keep what each of them holds, so that an edit of one finds its place in the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.base import Content, Span
from adapters.content import dump, load
from services.sql import Steps, from_json, to_json

PART, PARTS = "part", "parts"


def joined(parts: Sequence[Content]) -> Content:
    """One content of the parts in their order: every caption goes, each on lines of its own."""
    text, spans = "", list[Span]()
    for part in parts:
        if part.text:
            text += "\n" if text else ""
            spans += [replace(span, start=span.start + len(text)) for span in part.spans]
            text += part.text
    media = tuple(item for part in parts for item in part.attachments)
    return replace(parts[0], text=text, spans=tuple(spans), attachments=media)


def held(parts: Mapping[int, Content]) -> str:
    """What is kept of an album until a button says whom it is for: the parts by their Telegram ids, and the whole."""
    known = [[number, dump(parts[number])] for number in sorted(parts)]
    return to_json(dump(joined([parts[number] for number in sorted(parts)])) | {PARTS: known})


def parts_held(stored: Any) -> dict[int, Content]:
    """The parts of what `held` made; empty for what is no album."""
    return {number: load(part) for number, part in from_json(stored).get(PARTS, ())}


def shows(part: Content | None) -> str | None:
    """What a member's own message keeps of its part of an album."""
    return None if part is None else to_json({PART: dump(part)})


def with_part(message_id: int, telegram_id: int, part: Content) -> Steps[Content | None]:
    """The answer as it is with this part of it changed; None where it is no album."""
    rows = yield (
        "SELECT telegram_id, shows FROM operator_copies WHERE message_id = ? AND kind = 'own' AND shows IS NOT NULL"
        " ORDER BY telegram_id",
        (message_id,),
    )
    parts = {row["telegram_id"]: load(from_json(row["shows"])[PART]) for row in rows}
    if telegram_id not in parts:
        return None
    parts[telegram_id] = part
    return joined([parts[number] for number in sorted(parts)])


def keep_part(message_id: int, telegram_id: int, part: Content) -> Steps[None]:
    """Keep what an own message in an album holds now."""
    yield (
        "UPDATE operator_copies SET shows = ? WHERE message_id = ? AND kind = 'own' AND telegram_id = ?"
        " AND shows IS NOT NULL",
        (shows(part), message_id, telegram_id),
    )
