"""One part of a plan as the parameters of messages.send and messages.edit, and what came of it as `Sent`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.base import (
    Ambiguous,
    Content,
    MessageId,
    NotFound,
    RecipientGone,
    Rejected,
    Sent,
    SentMessage,
    UserId,
)
from adapters.reading import integer, items, section, string
from adapters.vk import messages
from adapters.vk.keyboards import within
from adapters.vk.outbound import NOTHING
from adapters.vk.refusals import MESSAGE_GONE, NO_DIALOG, refusal

GLOBAL = "id"


def message_of(
    part: Content, to: UserId, number: int, attached: Sequence[str], client: str | None = None
) -> dict[str, Any]:
    """messages.send, always with peer_ids, since only then VK tells the number within the dialog.

    client: what the person's app shows of keyboards (`keyboards.shown_by`).
    """
    params = _matter(part, attached, client) | {"peer_ids": peer(to), "random_id": number}
    if not params.keys() & {"message", "attachment", "lat"}:
        raise Rejected(NOTHING)
    if part.quoted and part.quoted.message_id:
        params |= _reply(part.quoted.message_id, to)
    return params


def edit_of(part: Content, to: UserId, message: MessageId, attached: Sequence[str]) -> dict[str, Any]:
    """messages.edit: whatever is not named again is taken off the message."""
    kept = {"keep_forward_messages": True, "keep_snippets": True}
    return _matter(part, attached) | {"peer_id": peer(to), **named(message)} | kept


def peer(user: UserId) -> int:
    """A person as VK has them; raises RecipientGone for who cannot be VK's."""
    if not user.isascii() or not user.isdigit():
        raise RecipientGone(NO_DIALOG)
    return int(user)


def named(message: MessageId) -> dict[str, int]:
    """A message by its number within the dialog or by its own. Raises NotFound for one that cannot be VK's."""
    number = message.removeprefix(GLOBAL)
    if not number.isascii() or not number.isdigit():
        raise NotFound(MESSAGE_GONE)
    return {"message_id" if message.startswith(GLOBAL) else "cmid": int(number)}


def cmid(message: MessageId) -> int:
    """The number within the dialog, which is all that some methods take."""
    name, number = next(iter(named(message).items()))
    if name != "cmid":
        raise NotFound(MESSAGE_GONE)
    return number


def sent(answer: Any, cached: Mapping[int, str]) -> Sent:
    """The message that a call made. Raises what VK says of the recipient, Ambiguous for an answer without any."""
    item = next(iter(items({"sent": answer}, "sent")), {})
    error = section(item, "error")
    if (code := integer(error, "code")) is not None:
        raise refusal(code, string(error, "description") or f"error {code}", method="messages.send", once=True)
    number = integer(item, "message_id") or integer({"sent": answer}, "sent") or 0
    names = [MessageId(str(found))] if (found := integer(item, "conversation_message_id") or 0) > 0 else []
    names += [messages.global_id(number)] if number > 0 else []
    if not names:
        raise Ambiguous("VK did not name the message")
    return Sent((SentMessage(names[0], tuple(names[1:])),), cached)


def attached_to(message: Any) -> list[str]:
    """What hangs on a message of ours, in the words of `attachment`."""
    names = []
    for item in items(message, "attachments"):
        kind = string(item, "type") or ""
        body = section(item, kind)
        owner, number, secret = integer(body, "owner_id"), integer(body, "id"), string(body, "access_key")
        if owner is not None and number is not None:
            names.append(f"{kind}{owner}_{number}" + (f"_{secret}" if secret else ""))
    return names


def check_deleted(answer: Any) -> None:
    """Raises what VK says of a message that it did not delete."""
    for item in items({"deleted": answer}, "deleted"):
        error = section(item, "error")
        if (code := integer(error, "code")) is not None:
            raise refusal(code, string(error, "description") or f"error {code}", method="messages.delete", once=False)


def _matter(part: Content, attached: Sequence[str], client: str | None = None) -> dict[str, Any]:
    part, shown = within(part, client)
    params: dict[str, Any] = {}
    if text := part.text or _place(part):
        params["message"] = text
    if attached:
        params["attachment"] = ",".join(attached)
    if part.location:
        params |= {"lat": part.location.latitude, "long": part.location.longitude}
    if shown is not None:
        params["keyboard"] = shown
    return params


def _place(part: Content) -> str:
    """A map without a word is no message for VK."""
    if part.location is None:
        return ""
    where = (part.location.title, part.location.address)
    told = "\n".join(dict.fromkeys(filter(None, where)))
    return told or f"📍 {part.location.latitude}, {part.location.longitude}"


def _reply(answered: MessageId, to: UserId) -> dict[str, Any]:
    number = answered.removeprefix(GLOBAL)
    if not number.isascii() or not number.isdigit():
        return {}
    if answered.startswith(GLOBAL):
        return {"reply_to": int(number)}
    return {"forward": {"peer_id": peer(to), "conversation_message_ids": [int(number)], "is_reply": True}}
