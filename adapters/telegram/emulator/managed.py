"""Bots that are made through another bot and managed by it (Bot API 10.3, "KeyboardButtonRequestManagedBot")."""

from __future__ import annotations

from . import markup, people
from .calls import method
from .errors import bad
from .model import BotAccount, Chat, Message, Person
from .params import Params
from .world import World


def create(
    world: World, chat: Chat, person: Person, name: str | None, username: str | None
) -> tuple[BotAccount, Message]:
    """The person presses the keyboard's button and agrees: the bot is there, its manager is told by two updates."""
    asked = markup.asks_for_bot(chat.reply_keyboard or {})
    if asked is None:
        raise people.NotPossible("The keyboard has no button that creates a bot.")
    if not chat.bot.manages:
        raise people.NotPossible(f"@{chat.bot.username} may not manage bots any more.")
    name = name or asked.get("suggested_name") or ""
    username = username or asked.get("suggested_username") or ""
    check_names(world, name, username)
    made = world.create_bot(name, username, False, False)
    made.manager, made.creator = chat.bot.id, person.id
    wire = {"managed_bot_created": {"bot": made.user()}}
    message = people.person_message(world, chat, person, wire, service=f"🤖 @{username}")
    _tell(world, made)
    people.used_keyboard(world, chat, None)
    return made, message


def check_names(world: World, name: str, username: str) -> None:
    if not name:
        raise people.NotPossible("A bot needs a name.")
    if not username.lower().endswith("bot") or not 5 <= len(username) <= 32:
        raise people.NotPossible("A bot's username has 5 to 32 characters and ends in bot.")
    if any(bot.username.lower() == username.lower() for bot in world.bots.values()):
        raise people.NotPossible(f"@{username} is taken.")


def _tell(world: World, made: BotAccount) -> None:
    """The manager's update: the bot was created, or its token or owner changed."""
    manager, creator = world.bots.get(made.manager or 0), world.people.get(made.creator or 0)
    if manager is not None and creator is not None:
        world.queue(manager, "managed_bot", {"user": creator.user(), "bot": made.user()}, creator.id)


def revoked(world: World, made: BotAccount) -> None:
    """Its owner took a new token at BotFather."""
    _tell(world, made)


def _managed(world: World, bot: BotAccount, params: Params) -> BotAccount:
    """The words of these refusals are ours: the documentation names none."""
    if not bot.manages:
        raise bad("BOT_MANAGE_NOT_ALLOWED")
    made = world.bots.get(params.integer("user_id"))
    if made is None or made.manager != bot.id:
        raise bad("managed bot not found")
    return made


@method("getManagedBotToken")
def get_managed_bot_token(world: World, bot: BotAccount, params: Params) -> str:
    return _managed(world, bot, params).token


@method("replaceManagedBotToken")
def replace_managed_bot_token(world: World, bot: BotAccount, params: Params) -> str:
    made = _managed(world, bot, params)
    token = world.revoke(made)
    _tell(world, made)
    return token
