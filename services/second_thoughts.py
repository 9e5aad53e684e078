"""What stands at the customer while a change of an answer is on its way, and again where it does not get through.

A message has the new words at once, `before_edit` those that the customer still sees. Steps only.
"""

from __future__ import annotations

from adapters.base import Content
from adapters.content import dump
from services import clock, desk_jobs, sending
from services.sql import LOCK, Row, Steps, from_json, to_json


def edited(message_id: int, new: Content, *, stands: bool) -> Steps[None]:
    """The answer reads `new` from now on. stands: the customer has it, and sees the old words for a while yet."""
    before = "COALESCE(before_edit, content)" if stands else "NULL"
    yield (
        f"UPDATE messages SET before_edit = {before}, content = ?, edited_at = ?, edit_refused = ? WHERE id = ?",
        (to_json(dump(new)), clock.now(), False, message_id),
    )


def came_through(message_id: int, content: Content) -> Steps[None]:
    """The customer sees `content` now. It may have been edited once more meanwhile: these words stand until then."""
    rows = yield f"SELECT content, before_edit FROM messages WHERE id = ? {LOCK}", (message_id,)
    for row in rows:
        stands = to_json(dump(content))
        if row["before_edit"] is not None:
            over = from_json(row["content"]) == from_json(stands)
            yield "UPDATE messages SET before_edit = ? WHERE id = ?", (None if over else stands, message_id)


def nothing_stands(message_id: int) -> Steps[None]:
    """The customer has none of it: another try sends the new words."""
    yield "UPDATE messages SET before_edit = NULL WHERE id = ?", (message_id,)


def refused(kind: str, message_id: int) -> Steps[list[Row]]:
    """An edit ("edit") or deletion ("erase") did not get through: the message is again what the customer sees.

    Returns the message's row, in a list that is empty where there is none.
    """
    change = (
        "deleted_at = NULL"
        if kind == "erase"
        else "content = COALESCE(before_edit, content), before_edit = NULL, edit_refused = (before_edit IS NOT NULL)"
    )
    rows = yield (
        f"UPDATE messages SET {change} WHERE id = ? RETURNING id, member_id, inquiry_id",
        (message_id,),
    )
    for row in rows:
        yield from sending.change_copies(row["inquiry_id"], row["id"], besides=row["member_id"])
        to = (yield from desk_jobs.place(row["member_id"])) if row["member_id"] is not None else None
        if kind == "erase" and to is not None:
            yield from desk_jobs.tick(to, row["id"])
    return rows
