"""What aiogram's strict models refuse, read again without the parts that they refuse.

A kind of reaction, button or origin that is newer than the models, or a field that Telegram left out this once, must
not take a member's answer with it, nor make a message that was sent count as lost.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiogram.types import Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError

from adapters.redaction import told

T = TypeVar("T")
Path = tuple[str | int, ...]

ROUNDS = 30
"""Readings of one value at most: each leaves out what the one before it could not read."""
# What stands in for a field that a model demands and nothing here depends on.
_STAND_INS: dict[str | int, Any] = {
    "date": 0, "edit_date": 0, "is_bot": False, "first_name": "", "chat_instance": "", "old_reaction": [],
    "until_date": 0, "old_chat_member": {"status": "left", "user": {"id": 0, "is_bot": False, "first_name": ""}},
}  # fmt: skip
# A member's reaction to a copy means "I have read it", whatever it looks like.
_SOME_REACTION = {"type": "custom_emoji", "custom_emoji_id": "0"}
# What may be missing from a member's message without its going to somebody else, or in another form, than was meant.
_ASIDE = frozenset({
    "forward_origin", "forward_date", "forward_from", "forward_from_chat", "forward_from_message_id",
    "forward_sender_name", "forward_signature", "is_automatic_forward", "external_reply", "quote", "reply_to_story",
    "reply_to_checklist_task_id", "reply_to_poll_option_id", "via_bot", "guest_bot_caller_user",
    "guest_bot_caller_chat", "guest_query_id", "sender_chat", "sender_boost_count", "sender_business_bot",
    "sender_tag", "business_connection_id", "edit_date", "date", "has_protected_content", "is_from_offline",
    "is_paid_post", "author_signature", "paid_star_count", "entities", "caption_entities", "link_preview_options",
    "suggested_post_info", "effect_id", "show_caption_above_media", "has_media_spoiler", "reply_markup",
    "receiver_user", "ephemeral_message_id", "direct_messages_topic",
})  # fmt: skip
_WRITTEN = ("message", "edited_message")
_REACTIONS = ("message_reaction", "new_reaction")
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Reading:
    """An update as far as it can be read. None: not even whom to tell.

    reason: why it was not read as it is. unread: what it says is not known, and only whom to tell so.
    """

    update: Update | None
    reason: str | None = None
    unread: bool = False


def read(payload: dict[str, Any], bot: Any) -> Reading:
    """The update: as it is, else without its odd parts, else as little as it takes to tell the member."""

    def validate(data: Any) -> Update:
        update = Update.model_validate(data, context={"bot": bot})
        _kind = update.event_type
        return update

    try:
        return Reading(validate(payload))
    except UpdateTypeLookupError as error:
        return Reading(None, told(error)[:300])
    except ValidationError as error:
        reason = told(error)[:300]
    try:
        update, mended = without_odd(payload, validate)
        if not _lost(payload, mended):
            return Reading(update, reason)
    except (ValidationError, UpdateTypeLookupError):
        pass
    try:
        return Reading(validate(_bare(payload)), reason, unread=True)
    except (ValidationError, UpdateTypeLookupError):
        return Reading(None, reason)


def press_of(payload: dict[str, Any]) -> str | None:
    """The id by which a press is answered, however little else of it can be read."""
    query = payload.get("callback_query")
    found = query.get("id") if isinstance(query, dict) else None
    return found if isinstance(found, str) else None


def without_odd(payload: Any, validate: Callable[[Any], T]) -> tuple[T, Any]:
    """What the model makes of the payload without its odd parts, and that payload.

    Raises ValidationError where what is odd is the whole.
    """
    payload = copy.deepcopy(payload)
    for _ in range(ROUNDS):
        try:
            return validate(payload), payload
        except ValidationError as error:
            odd = _places(payload, error)
            places = sorted(odd, key=lambda place: [str(step).zfill(6) for step in place], reverse=True)
            # The last first, so that what is left out of a list moves nothing that is still to come.
            if not all(_mend(payload, place, odd[place]) for place in places):
                raise
    return validate(payload), payload


def _places(payload: Any, error: ValidationError) -> dict[Path, set[str | int]]:
    """Where the payload is odd, and which fields are missing there.

    Between several models that a value may have, the first is meant: of the others nothing is mended.
    """
    places: dict[Path, set[str | int]] = {}
    models: dict[Path, str | int] = {}
    for one in error.errors():
        missing = one["type"] == "missing"
        place, other = _walk(payload, one["loc"][:-1] if missing else one["loc"])
        if all(models.setdefault(path, name) == name for path, name in other):
            places.setdefault(place, set()).update([one["loc"][-1]] if missing else [])
    return places


def _walk(payload: Any, location: Iterable[str | int]) -> tuple[Path, list[tuple[Path, str | int]]]:
    """The way into the payload, and the names of models that stand in between."""
    path: Path = ()
    models = []
    for step in location:
        here = payload.get(step, _NOTHING) if isinstance(payload, dict) else _NOTHING
        if isinstance(payload, list) and isinstance(step, int) and step < len(payload):
            here = payload[step]
        if here is _NOTHING:
            models.append((path, step))
        else:
            payload, path = here, (*path, step)
    return path, models


_NOTHING = object()


def _mend(payload: Any, place: Path, missing: set[str | int]) -> bool:
    """Put something harmless in the place, or leave it out; False where it is the whole."""
    if missing and missing <= _STAND_INS.keys() and isinstance(holder := _at(payload, place), dict):
        holder.update({field: copy.deepcopy(_STAND_INS[field]) for field in missing})
        return True
    if len(place) < 2:
        return False
    holder, last = _at(payload, place[:-1]), place[-1]
    stand_in = _SOME_REACTION if place[:2] == _REACTIONS and len(place) == 3 else _STAND_INS.get(last)
    if stand_in is not None and holder[last] != stand_in:
        holder[last] = copy.deepcopy(stand_in)
    else:
        del holder[last]
    return True


def _at(payload: Any, path: Path) -> Any:
    for step in path:
        payload = payload[step]
    return payload


def _lost(payload: dict[str, Any], mended: dict[str, Any]) -> bool:
    """Whether something was left out of a member's message without which the rest would say something else."""
    return any(
        mended[kind].get(name) in _EMPTY
        for kind in _WRITTEN
        if kind in mended
        for name, value in payload[kind].items()
        if name not in _ASIDE and value not in _EMPTY
    )


def _bare(payload: dict[str, Any]) -> dict[str, Any]:
    """The update's number and kind, who and where; of a press its id too."""
    kind = next((name for name in (*_WRITTEN, "callback_query") if isinstance(payload.get(name), dict)), "")
    body = payload.get(kind) or {}
    if kind == "callback_query":
        message = body.get("message")
        chat = message.get("chat") if isinstance(message, dict) else None
        told_of = {"id": body.get("id"), "from": _user(body), "chat_instance": "", "data": "?"}
        if isinstance(message, dict) and isinstance(chat, dict):
            told_of["message"] = {"message_id": message.get("message_id"), "date": 0, "chat": _chat(chat)}
        return {"update_id": payload.get("update_id"), kind: told_of}
    chat = body.get("chat")
    bare = {"message_id": body.get("message_id"), "date": 0, "edit_date": 0, "from": _user(body)}
    return {"update_id": payload.get("update_id"), kind: bare | {"chat": _chat(chat if isinstance(chat, dict) else {})}}


def _user(body: dict[str, Any]) -> dict[str, Any]:
    user = body.get("from")
    found = user if isinstance(user, dict) else {}
    name, language = found.get("first_name"), found.get("language_code")
    bare = {"id": found.get("id"), "is_bot": False, "first_name": name if isinstance(name, str) else ""}
    return bare | ({"language_code": language} if isinstance(language, str) else {})


def _chat(chat: dict[str, Any]) -> dict[str, Any]:
    kind = chat.get("type")
    return {"id": chat.get("id"), "type": kind if isinstance(kind, str) else "private"}
