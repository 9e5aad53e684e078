"""Where a bot's message goes and how: the chat, the reply, the markup, and the refusals that belong to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import html, markdown, markup
from .errors import bad, forbidden
from .model import BotAccount, Chat, Json, Message
from .params import Params, as_boolean, as_integer
from .text import clean, explicit, tidy, units
from .world import World

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024

Parser = Callable[[str, dict[int, Json]], tuple[str, list[Json]]]
_PARSERS: dict[str, Parser] = {"html": html.parse, "markdownv2": markdown.parse, "markdown": markdown.parse_old}


@dataclass(slots=True)
class Target:
    chat: Chat
    keyboard: Json | None
    extra: Json
    silent: bool


def find_chat(world: World, bot: BotAccount, params: Params, name: str = "chat_id") -> Chat:
    """The chat, if the bot knows it; nothing is said yet on whether it may write there."""
    raw = params.text(name).strip()
    if not raw:
        raise bad(f"{name} is empty")
    number = as_integer(raw)
    chat = bot.chats.get(number)
    if chat is None:
        if number in world.bots:
            raise forbidden("bot can't send messages to bots")
        person = world.people.get(number)
        if person is None:
            raise bad("chat not found")
        chat = world.private_chat(bot, person)
    return chat


def writable(chat: Chat) -> Chat:
    if chat.blocked:
        raise forbidden(
            "bot was blocked by the user" if chat.person is not None else "bot was kicked from the group chat"
        )
    if not chat.started:
        raise forbidden("bot can't initiate conversation with a user")
    return chat


def target(world: World, bot: BotAccount, params: Params) -> Target:
    """Check everything about a message except its content."""
    keyboard = markup.read(params)
    chat = writable(find_chat(world, bot, params))
    topic = check_topic(chat, params)
    if keyboard is not None and markup.asks_for_bot(keyboard) is not None and not (bot.manages and chat.id > 0):
        # "Available for bots that enabled management of other bots ... in private chats only"; the words are ours.
        raise bad("BUTTON_TYPE_INVALID")
    extra: Json = {"message_thread_id": topic, "is_topic_message": True} if topic else {}
    if params.boolean("protect_content"):
        extra["has_protected_content"] = True
    reply(world, bot, params, chat, extra)
    return Target(chat, keyboard, extra, params.boolean("disable_notification"))


def check_topic(chat: Chat, params: Params) -> int:
    """The topic that the message is for, 0 for none. Bots have topics in private chats once these are switched on."""
    number = params.integer("message_thread_id")
    if number and not (chat.bot.topics and number in chat.topics):
        raise bad("message thread not found")
    return number


def reply(world: World, bot: BotAccount, params: Params, chat: Chat, extra: Json) -> None:
    data = params.data("reply_parameters", "reply parameters")
    if data is None:
        number = params.integer("reply_to_message_id")
        data = {"message_id": number, "allow_sending_without_reply": params.values.get("allow_sending_without_reply")}
        if not number:
            return
    if not isinstance(data, dict):
        raise bad("object expected as reply parameters")
    number = as_integer(data.get("message_id"))
    if not number:
        raise bad("can't parse reply parameters: message identifier is not specified")
    source = bot.chats.get(as_integer(data["chat_id"])) if data.get("chat_id") else chat
    message = source.messages.get(number) if source else None
    if message is None:
        if as_boolean(data.get("allow_sending_without_reply")):
            return
        raise bad("message to be replied not found")
    if message.chat is chat:
        extra["reply_to_message"] = without_reply(message)
    else:
        extra["external_reply"] = {"origin": origin_of(message), "message_id": message.id}
    if data.get("quote"):
        extra["quote"] = _quote(world, data, message)


def without_reply(message: Message) -> Json:
    """A replied message is shown without the message that it replies to."""
    return {key: value for key, value in message.wire.items() if key not in ("reply_to_message", "quote")}


def origin_of(message: Message) -> Json:
    """Who wrote it first, as a forward of it tells."""
    known: Json | None = message.wire.get("forward_origin")
    return known or {"type": "user", "sender_user": message.wire["from"], "date": message.wire["date"]}


def _quote(world: World, data: Json, message: Message) -> Json:
    inner = Params(
        {"q": data.get("quote"), "m": data.get("quote_parse_mode"), "e": data.get("quote_entities")},
    )
    text, entities = parsed(world, inner, "q", "m", "e")
    position = units(message.text[: message.text.find(text)]) if text in message.text else -1
    if position < 0 or not text:
        raise bad("QUOTE_TEXT_INVALID")
    if units(text) > 1024:
        raise bad("quote is too long")
    quote: Json = {"text": text, "position": position, "is_manual": True}
    if entities:
        quote["entities"] = entities
    return quote


def parsed(world: World, params: Params, text: str, mode: str, entities: str) -> tuple[str, list[Json]]:
    """Text and entities, from markup or from an explicit list."""
    source = clean(params.text(text))
    name = params.text(mode).strip().lower()
    if name and name != "none":
        parser = _PARSERS.get(name)
        if parser is None:
            raise bad("unsupported parse_mode")
        return parser(source, world.users)
    return source, explicit(params.data(entities, "message entities"), source, world.users)


def text_of(world: World, params: Params) -> Json:
    text, entities = tidy(*parsed(world, params, "text", "parse_mode", "entities"))
    if not text:
        raise bad("message text is empty")
    if units(text) > TEXT_LIMIT:
        raise bad("message is too long")
    content: Json = {"text": text}
    if entities:
        content["entities"] = entities
    preview = _preview(params)
    if preview:
        content["link_preview_options"] = preview
    return content


def _preview(params: Params) -> Json | None:
    data = params.data("link_preview_options", "link preview options")
    if data is None:
        return {"is_disabled": True} if params.boolean("disable_web_page_preview") else None
    if not isinstance(data, dict):
        raise bad("object expected as link preview options")
    options: Json = {}
    for name in ("is_disabled", "prefer_small_media", "prefer_large_media", "show_above_text"):
        if as_boolean(data.get(name)):
            options[name] = True
    if isinstance(data.get("url"), str) and data["url"]:
        options["url"] = data["url"]
    return options


def caption_of(world: World, params: Params) -> Json:
    text, entities = tidy(*parsed(world, params, "caption", "parse_mode", "caption_entities"))
    if units(text) > CAPTION_LIMIT:
        raise bad("message caption is too long")
    content: Json = {}
    if text:
        content["caption"] = text
    if entities:
        content["caption_entities"] = entities
    if text and params.boolean("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def post(world: World, bot: BotAccount, to: Target, content: Json) -> Message:
    """The bot's message appears in the chat."""
    chat = to.chat
    wire: Json = {
        "message_id": 0,
        "from": bot.user(),
        "chat": chat.wire,
        "date": world.now(),
        **to.extra,
        **content,
    }
    message = Message(chat, wire, outgoing=True, silent=to.silent)
    if chat.typing_until:
        chat.typing_until = 0.0
        world.changes.chat(chat)
    if to.keyboard is not None:
        _apply_keyboard(world, message, to.keyboard)
    return world.place(message)


def _apply_keyboard(world: World, message: Message, keyboard: Json) -> None:
    if "inline_keyboard" in keyboard:
        if keyboard["inline_keyboard"]:
            message.wire["reply_markup"] = keyboard
        return
    chat = message.chat
    message.editable = False
    chat.reply_keyboard = keyboard if keyboard.get("keyboard") else None
    chat.input_placeholder = keyboard.get("input_field_placeholder")
    world.changes.chat(chat)


def find_message(chat: Chat, params: Params, what: str) -> Message:
    number = params.integer("message_id")
    if number <= 0:
        raise bad("message identifier is not specified")
    message = chat.messages.get(number)
    if message is None:
        raise bad(f"message to {what} not found")
    return message


def ids_of(params: Params, what: str) -> list[int]:
    """`message_ids` of the methods that take many."""
    data: Any = params.data("message_ids", "message identifiers")
    if not isinstance(data, list) or not data:
        raise bad("message identifiers are not specified")
    if len(data) > 100:
        raise bad(f"too many messages to {what}")
    numbers = [as_integer(item) for item in data]
    if any(number <= 0 for number in numbers):
        raise bad("invalid message identifier specified")
    return numbers
