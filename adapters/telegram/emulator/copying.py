"""Methods that copy and forward messages: within one bot's chats, never between bots."""

from __future__ import annotations

from itertools import pairwise

from .calls import method
from .errors import bad
from .model import BotAccount, Chat, Json, Message
from .params import Params
from .target import Target, caption_of, find_chat, find_message, ids_of, origin_of, post, target
from .world import World

CONTENT = (
    "text",
    "entities",
    "link_preview_options",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    "photo",
    "video",
    "video_note",
    "voice",
    "audio",
    "document",
    "animation",
    "sticker",
    "location",
    "venue",
    "contact",
    "dice",
    "poll",
)


def _content(message: Message) -> Json:
    return {name: message.wire[name] for name in CONTENT if name in message.wire}


def _refusal(message: Message) -> bool:
    """Service messages and protected ones stay where they are."""
    return message.service is not None or "has_protected_content" in message.wire


def _source(world: World, bot: BotAccount, params: Params) -> Chat:
    return find_chat(world, bot, params, "from_chat_id")


@method("copyMessage")
def copy_message(world: World, bot: BotAccount, params: Params) -> Json:
    message = find_message(_source(world, bot, params), params, "copy")
    if _refusal(message):
        raise bad("message can't be copied")
    to = target(world, bot, params)
    content = _content(message)
    if "caption" in params.values and "text" not in content:
        for name in ("caption", "caption_entities", "show_caption_above_media"):
            content.pop(name, None)
        content |= caption_of(world, params)
    return {"message_id": post(world, bot, to, content).id}


@method("forwardMessage")
def forward_message(world: World, bot: BotAccount, params: Params) -> Json:
    message = find_message(_source(world, bot, params), params, "forward")
    if _refusal(message):
        raise bad("message can't be forwarded")
    return _forward(world, bot, target(world, bot, params), message, {}).wire


def _forward(world: World, bot: BotAccount, to: Target, message: Message, extra: Json) -> Message:
    origin = origin_of(message)
    sender = origin.get("sender_user")
    name = sender["first_name"] if sender else str(origin.get("sender_user_name", ""))
    content = {**_content(message), "forward_origin": origin, "forward_date": origin["date"], **extra}
    if sender:
        content["forward_from"] = sender
    else:
        content["forward_sender_name"] = name
    made = post(world, bot, to, content)
    made.forwarded_from = name
    return made


def _many(world: World, bot: BotAccount, params: Params, what: str) -> list[Message]:
    """The messages that can go; the others are passed over without a word."""
    numbers = ids_of(params, what)
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise bad("message identifiers must be in a strictly increasing order")
    source = _source(world, bot, params)
    found = (source.messages.get(number) for number in numbers)
    good = [message for message in found if message is not None and not _refusal(message)]
    if not good:
        raise bad(f"there are no messages to {what}")
    return good


class _Albums:
    """New album ids for the old ones, so that albums stay together."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, str] = {}

    def renewed(self, message: Message) -> Json:
        if message.group is None:
            return {}
        album = self._known.setdefault(message.group, "") or self._world.next_album_id()
        self._known[message.group] = album
        return {"media_group_id": album}


@method("copyMessages")
def copy_messages(world: World, bot: BotAccount, params: Params) -> list[Json]:
    messages, to, albums = _many(world, bot, params, "copy"), target(world, bot, params), _Albums(world)
    answer = []
    for message in messages:
        content = _content(message)
        if params.boolean("remove_caption"):
            content.pop("caption", None)
            content.pop("caption_entities", None)
        answer.append({"message_id": post(world, bot, to, content | albums.renewed(message)).id})
    return answer


@method("forwardMessages")
def forward_messages(world: World, bot: BotAccount, params: Params) -> list[Json]:
    messages, to, albums = _many(world, bot, params, "forward"), target(world, bot, params), _Albums(world)
    return [{"message_id": _forward(world, bot, to, m, albums.renewed(m)).id} for m in messages]
