"""What people do with their phones: write, press, edit, delete, react, block."""

from __future__ import annotations

import asyncio
from typing import Any

from .errors import ApiError
from .model import BotAccount, CallbackQuery, Chat, Json, Message, Person
from .target import without_reply
from .text import clean, explicit, tidy, units
from .world import InlineQuery, World

PRESS_SECONDS = 10.0


class NotPossible(ValueError):
    """A person cannot do this: there is no such message, no such button, or the bot is blocked."""


def person_message(world: World, chat: Chat, person: Person, content: Json, **shown: Any) -> Message:
    """A message of the person appears in the chat, and the bot gets an update of it."""
    if chat.blocked:
        raise NotPossible(f"{person.name} has blocked @{chat.bot.username}: unblock it first.")
    if not chat.started:
        chat.started = True
        world.changes.chat(chat)
    if topic := content.get("message_thread_id"):
        chat.topics.add(topic)
    wire: Json = {"message_id": 0, "from": person.user(), "chat": chat.wire, "date": world.now(), **content}
    message = world.place(Message(chat, wire, outgoing=False, **shown))
    world.queue(chat.bot, "message", wire, chat.id)
    return message


def written(world: World, text: str, entities: list[Json] | None, field: str = "text") -> Json:
    try:
        text, found = tidy(clean(text), explicit(entities, text, world.users))
    except ApiError as error:
        raise NotPossible(error.description) from None
    if not text:
        return {}
    content: Json = {field: text}
    if found:
        content["entities" if field == "text" else "caption_entities"] = found
    return content


def replied(chat: Chat, reply_to: int | None, quote: str | None) -> Json:
    if reply_to is None:
        return {}
    message = find(chat, reply_to)
    extra: Json = {"reply_to_message": without_reply(message)}
    if quote:
        position = units(message.text[: max(0, message.text.find(quote))])
        extra["quote"] = {"text": quote, "position": position, "is_manual": True}
    return extra


def forwarded(world: World, name: str | None) -> Json:
    """A forward of somebody whose account the bot is not shown."""
    if not name:
        return {}
    origin = {"type": "hidden_user", "sender_user_name": name, "date": world.now()}
    return {"forward_origin": origin, "forward_sender_name": name, "forward_date": world.now()}


def find(chat: Chat, number: int) -> Message:
    message = chat.messages.get(number)
    if message is None:
        raise NotPossible(f"There is no message {number} in this chat.")
    return message


def start(world: World, bot: BotAccount, person: Person, payload: str | None) -> Message:
    chat = world.private_chat(bot, person)
    if chat.blocked:
        block(world, chat, False)
    text = f"/start {payload}" if payload else "/start"
    return person_message(world, chat, person, written(world, text, None))


def edit(world: World, chat: Chat, person: Person, number: int, text: str, entities: list[Json] | None) -> Message:
    message = find(chat, number)
    if message.outgoing or "forward_origin" in message.wire or message.service:
        raise NotPossible("A person can edit only own messages.")
    field = "text" if "text" in message.wire else "caption"
    for name in ("text", "entities", "caption", "caption_entities"):
        message.wire.pop(name, None)
    return _edited(world, chat, message, written(world, text, entities, field))


def edit_content(world: World, chat: Chat, person: Person, number: int, content: Json) -> Message:
    """The message shows this and nothing of what it showed: a replaced medium, a place that moved."""
    message = find(chat, number)
    if message.outgoing:
        raise NotPossible("A person can edit only own messages.")
    for name in message.wire.keys() - _HEAD:
        del message.wire[name]
    return _edited(world, chat, message, content)


_HEAD = frozenset({"message_id", "from", "chat", "date", "reply_to_message", "media_group_id", "message_thread_id"})


def _edited(world: World, chat: Chat, message: Message, content: Json) -> Message:
    message.wire.update(content, edit_date=world.now())
    world.changes.message(message)
    world.queue(chat.bot, "edited_message", message.wire, chat.id)
    return message


def delete(world: World, chat: Chat, number: int) -> None:
    """It goes for both sides; no bot is told of it."""
    world.remove(find(chat, number))


def react(world: World, chat: Chat, person: Person, number: int, emoji: str | None) -> Message:
    message = find(chat, number)
    old = message.reactions.pop("person", None)
    if emoji:
        message.reactions["person"] = emoji
    world.changes.message(message)
    payload = {
        "chat": chat.wire,
        "message_id": message.id,
        "user": person.user(),
        "date": world.now(),
        "old_reaction": [{"type": "emoji", "emoji": old}] if old else [],
        "new_reaction": [{"type": "emoji", "emoji": emoji}] if emoji else [],
    }
    if old != emoji:
        world.queue(chat.bot, "message_reaction", payload, chat.id)
    return message


async def press(
    world: World, chat: Chat, person: Person, message: Message, row: int, column: int, timeout: float
) -> Json | None:
    """Press an inline button; the bot's answer, or None if none came: the phone shows its spinner."""
    try:
        button = message.buttons[row][column]
    except IndexError:
        raise NotPossible(f"Message {message.id} has no button {row}:{column}.") from None
    if "callback_data" not in button:
        raise NotPossible(f"The button «{button['text']}» sends nothing to the bot.")
    return await query(world, chat, person, message, button["callback_data"], timeout)


async def query(
    world: World, chat: Chat, person: Person, message: Message, data: str, timeout: float, odd: Json | None = None
) -> Json | None:
    """What a press sends. A client that somebody wrote sends any data at all, whatever buttons the message has."""
    if chat.blocked:
        raise NotPossible(f"{person.name} has blocked @{chat.bot.username}: unblock it first.")
    answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
    asked = CallbackQuery(world.next_query_id(), chat.bot, world.clock(), answer)
    world.callbacks[asked.id] = asked
    payload = {
        "id": asked.id,
        "from": person.user(),
        "message": message.wire | (odd or {}),
        "chat_instance": str(chat.bot.id * 31 + chat.id),
        "data": data,
    }
    world.queue(chat.bot, "callback_query", payload, chat.id)
    try:
        async with asyncio.timeout(timeout):
            return await answer
    except TimeoutError:
        return None


async def ask_inline(world: World, bot: BotAccount, person: Person, text: str, timeout: float) -> list[Json]:
    """Type @bot text into the input field; the results that the bot offers."""
    if not bot.inline:
        raise NotPossible(f"@{bot.username} has no inline mode.")
    answer: asyncio.Future[list[Json]] = asyncio.get_running_loop().create_future()
    number = world.next_query_id()
    world.inline_queries[number] = InlineQuery(bot, person, answer)
    payload = {"id": number, "from": person.user(), "chat_type": "sender", "query": text, "offset": ""}
    world.queue(bot, "inline_query", payload, person.id)
    async with asyncio.timeout(timeout):
        return await answer


def block(world: World, chat: Chat, blocked: bool) -> None:
    """The person blocks the bot or lets it in again."""
    person = chat.person
    assert person is not None
    if chat.blocked == blocked:
        return
    chat.blocked = blocked
    world.changes.chat(chat)
    membership(world, chat, person, "member" if blocked else "kicked", "kicked" if blocked else "member")


def membership(world: World, chat: Chat, actor: Person, old: str, new: str) -> None:
    def state(status: str) -> Json:
        extra = {"until_date": 0} if status == "kicked" else {}
        return {"user": chat.bot.user(), "status": status, **extra}

    payload = {
        "chat": chat.wire,
        "from": actor.user(),
        "date": world.now(),
        "old_chat_member": state(old),
        "new_chat_member": state(new),
    }
    world.queue(chat.bot, "my_chat_member", payload, chat.id)


def add_to_group(world: World, chat: Chat, person: Person) -> Message:
    """The person adds the bot to the group."""
    chat.started, chat.blocked = True, False
    membership(world, chat, person, "left", "member")
    newcomers = {"new_chat_members": [chat.bot.user()]}
    return person_message(world, chat, person, newcomers, service=f"{person.name} added {chat.bot.name}")


def remove_from_group(world: World, chat: Chat, person: Person) -> None:
    chat.blocked = True
    membership(world, chat, person, "member", "kicked")


def used_keyboard(world: World, chat: Chat, text: str | None) -> None:
    """A one-time keyboard hides once one of its buttons was pressed."""
    keyboard = chat.reply_keyboard
    if keyboard is None or not keyboard["one_time_keyboard"]:
        return
    if text is None or any(button["text"] == text for row in keyboard["keyboard"] for button in row):
        chat.reply_keyboard = None
        world.changes.chat(chat)
