"""Methods about chats: what is known of them, pins, reactions, topics, leaving; and files to fetch."""

from __future__ import annotations

from .calls import method
from .errors import bad, forbidden
from .files import DOWNLOAD_LIMIT, path_of, photo_sizes
from .model import BotAccount, Chat, Json, Message
from .params import Params, as_integer
from .target import find_chat, find_message, without_reply, writable
from .world import World

# The list of reactions that bots may use (Bot API, "ReactionTypeEmoji").
_EMOJI = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 "
    "🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ "
    "🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
)
REACTIONS = frozenset(_EMOJI.split())
_NO_TOPICS = "the chat is not a forum"


@method("getChat")
def get_chat(world: World, bot: BotAccount, params: Params) -> Json:
    chat = find_chat(world, bot, params)
    if not chat.started:
        raise bad("chat not found")
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    info = {
        **chat.wire,
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }
    if chat.person is not None and chat.person.username:
        info["active_usernames"] = [chat.person.username]
    if chat.pinned:
        pinned = chat.messages.get(chat.pinned[-1])
        if pinned is not None:
            info["pinned_message"] = without_reply(pinned)
    return info


@method("getUserProfilePhotos")
def get_user_profile_photos(world: World, bot: BotAccount, params: Params) -> Json:
    number = params.integer("user_id")
    if number not in world.users:
        raise bad("user not found" if number else "invalid user_id specified")
    person = world.people.get(number)
    if person is None or person.photo is None or params.integer("offset") > 0:
        return {"total_count": 1 if person is not None and person.photo is not None else 0, "photos": []}
    return {"total_count": 1, "photos": [photo_sizes(world.files, bot, person.photo)]}


@method("getFile")
def get_file(world: World, bot: BotAccount, params: Params) -> Json:
    given = params.text("file_id").strip()
    if not given:
        raise bad("file_id not specified")
    file = bot.files.get(given)
    if file is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    if file.size > DOWNLOAD_LIMIT:
        raise bad("file is too big")
    return {
        "file_id": given,
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "file_path": path_of(file),
    }


@method("getChatMember")
def get_chat_member(world: World, bot: BotAccount, params: Params) -> Json:
    chat = find_chat(world, bot, params)
    user = world.users.get(params.integer("user_id"))
    if user is None:
        raise bad("user not found" if params.integer("user_id") else "invalid user_id specified")
    if chat.blocked and user["id"] == bot.id:
        return {"user": user, "status": "kicked", "until_date": 0}
    return {"user": user, "status": "member"}


@method("leaveChat")
def leave_chat(world: World, bot: BotAccount, params: Params) -> bool:
    chat = find_chat(world, bot, params)
    if chat.person is not None:
        raise bad("chat member status can't be changed in private chats")
    if chat.blocked:
        raise forbidden("bot is not a member of the group chat")
    chat.blocked = True
    payload = {
        "chat": chat.wire,
        "from": bot.user(),
        "date": world.now(),
        "old_chat_member": {"user": bot.user(), "status": "member"},
        "new_chat_member": {"user": bot.user(), "status": "left"},
    }
    world.queue(bot, "my_chat_member", payload, chat.id)
    return True


# Pins


@method("pinChatMessage")
def pin_chat_message(world: World, bot: BotAccount, params: Params) -> bool:
    """Pinning leaves a service message, of which the bot itself is told too."""
    chat = writable(find_chat(world, bot, params))
    message = find_message(chat, params, "pin")
    if message.service is not None:
        raise bad("service messages can't be pinned")
    if message.id in chat.pinned:
        chat.pinned.remove(message.id)
    chat.pinned.append(message.id)
    _pin_notice(world, chat, message)
    world.changes.chat(chat)
    return True


def _pin_notice(world: World, chat: Chat, message: Message) -> None:
    bot = chat.bot
    wire: Json = {"message_id": 0, "from": bot.user(), "chat": chat.wire, "date": world.now()}
    wire["pinned_message"] = without_reply(message)
    shown = (message.text or "a message").partition("\n")[0][:40]
    world.place(Message(chat, wire, outgoing=True, silent=True, editable=False, service=f"{bot.name} pinned «{shown}»"))
    world.queue(bot, "message", wire, chat.id)


@method("unpinChatMessage")
def unpin_chat_message(world: World, bot: BotAccount, params: Params) -> bool:
    chat = writable(find_chat(world, bot, params))
    number = params.integer("message_id")
    if not number and chat.pinned:
        number = chat.pinned[-1]
    if number not in chat.pinned:
        raise bad("message to unpin not found")
    chat.pinned.remove(number)
    world.changes.chat(chat)
    return True


@method("unpinAllChatMessages")
def unpin_all_chat_messages(world: World, bot: BotAccount, params: Params) -> bool:
    chat = writable(find_chat(world, bot, params))
    chat.pinned.clear()
    world.changes.chat(chat)
    return True


# Reactions


@method("setMessageReaction")
def set_message_reaction(world: World, bot: BotAccount, params: Params) -> bool:
    emoji = _reaction(params)
    chat = writable(find_chat(world, bot, params))
    message = find_message(chat, params, "react")
    if message.service is not None:
        raise bad("MESSAGE_ID_INVALID")
    if emoji is None:
        message.reactions.pop("bot", None)
    else:
        message.reactions["bot"] = emoji
    world.changes.message(message)
    return True


def _reaction(params: Params) -> str | None:
    data = params.data("reaction", "reaction types")
    if data is None or data == []:
        return None
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise bad("can't parse reaction types: expected an Array of ReactionType")
    if len(data) > 1:
        raise bad("REACTIONS_TOO_MANY")
    emoji = data[0].get("emoji")
    if data[0].get("type") != "emoji" or not isinstance(emoji, str) or emoji not in REACTIONS:
        raise bad("REACTION_INVALID")
    return emoji


# Topics: none of these bots has them switched on


def _topic_method(name: str) -> None:
    def refuse(world: World, bot: BotAccount, params: Params) -> bool:
        writable(find_chat(world, bot, params))
        raise bad(_NO_TOPICS)

    method(name)(refuse)


for _name in ("create", "edit", "delete", "close", "reopen"):
    _topic_method(f"{_name}ForumTopic")
_topic_method("unpinAllForumTopicMessages")


@method("getForumTopicIconStickers")
def get_forum_topic_icon_stickers(world: World, bot: BotAccount, params: Params) -> list[Json]:
    return []


@method("getChatMemberCount")
def get_chat_member_count(world: World, bot: BotAccount, params: Params) -> int:
    return 2 if as_integer(params.text("chat_id")) > 0 else 3
