"""Methods about the bot itself: who it is, its commands, texts and menu button."""

from __future__ import annotations

from typing import Any

from .calls import method
from .errors import bad
from .files import measure_photo
from .model import BotAccount, Json
from .params import Params, as_integer
from .target import find_chat
from .world import World

_CHAT_SCOPES = frozenset({"chat", "chat_administrators", "chat_member"})
_SCOPES = _CHAT_SCOPES | {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}


@method("getMe")
def get_me(world: World, bot: BotAccount, params: Params) -> Json:
    return bot.user() | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_guest_queries": False,
        "supports_inline_queries": bot.inline,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": bot.topics,
        "allows_users_to_create_topics": False,
        "can_manage_bots": bot.manages,
        "supports_join_request_queries": False,
    }


def _scope(params: Params) -> str:
    data = params.data("scope", "bot command scope")
    if data is None:
        return "default"
    if not isinstance(data, dict):
        raise bad("can't parse BotCommandScope: expected an Object")
    kind = str(data.get("type"))
    if kind not in _SCOPES:
        raise bad("can't parse BotCommandScope: unsupported type specified")
    if kind not in _CHAT_SCOPES:
        return kind
    chat = as_integer(data.get("chat_id"))
    if not chat:
        raise bad("can't parse BotCommandScope: chat_id is empty")
    return f"{kind}:{chat}:{as_integer(data.get('user_id'))}" if kind == "chat_member" else f"{kind}:{chat}"


def _language(params: Params) -> str:
    language = params.text("language_code").strip()
    if language and not (len(language) == 2 and language.isascii() and language.islower()):
        raise bad("invalid language code specified")
    return language


def _command(item: Any) -> Json:
    if not isinstance(item, dict):
        raise bad("can't parse BotCommand: expected an Object")
    command, description = item.get("command"), item.get("description")
    if not isinstance(command, str) or not isinstance(description, str):
        raise bad("can't parse BotCommand: command and description must be Strings")
    command = command.removeprefix("/").lower()
    if not 1 <= len(command) <= 32 or not all(c.isascii() and (c.isalnum() or c == "_") for c in command):
        raise bad("BOT_COMMAND_INVALID")
    if not 1 <= len(description.strip()) <= 256:
        raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": command, "description": description.strip()}


@method("setMyCommands")
def set_my_commands(world: World, bot: BotAccount, params: Params) -> bool:
    data = params.data("commands", "commands")
    if not isinstance(data, list):
        raise bad("can't parse commands: expected an Array of BotCommand")
    if len(data) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    bot.commands[_scope(params), _language(params)] = [_command(item) for item in data]
    _commands_changed(world, bot)
    return True


@method("deleteMyCommands")
def delete_my_commands(world: World, bot: BotAccount, params: Params) -> bool:
    bot.commands.pop((_scope(params), _language(params)), None)
    _commands_changed(world, bot)
    return True


@method("getMyCommands")
def get_my_commands(world: World, bot: BotAccount, params: Params) -> list[Json]:
    return bot.commands.get((_scope(params), _language(params)), [])


def _commands_changed(world: World, bot: BotAccount) -> None:
    for chat in bot.chats.values():
        world.changes.chat(chat)


def commands_for(bot: BotAccount, chat_id: int, language: str | None) -> list[Json]:
    """What a person sees behind the menu button: the narrowest scope, and in it the own language first."""
    for scope in (f"chat:{chat_id}", "all_private_chats" if chat_id > 0 else "all_group_chats", "default"):
        for code in ((language or "")[:2], ""):
            if bot.commands.get((scope, code)):
                return bot.commands[scope, code]
    return []


def _text_methods(what: str, limit: int, field: str) -> None:
    """Setter and getter of one of the bot's texts, kept per language."""

    def setter(world: World, bot: BotAccount, params: Params) -> bool:
        text = params.text(field).strip()
        if len(text) > limit:
            raise bad(f"bot {field.replace('_', ' ')} is too long")
        language = _language(params)
        if text:
            bot.texts[field, language] = text
        else:
            bot.texts.pop((field, language), None)
        if field == "name" and not language and text:
            bot.name = text
            world.users[bot.id] = bot.user()
            world.changes.tell("bot", bot)
        return True

    def getter(world: World, bot: BotAccount, params: Params) -> Json:
        language = _language(params)
        usual = bot.name if field == "name" else ""
        return {field: bot.texts.get((field, language)) or bot.texts.get((field, "")) or usual}

    method(f"set{what}")(setter)
    method(f"get{what}")(getter)


_text_methods("MyName", 64, "name")
_text_methods("MyDescription", 512, "description")
_text_methods("MyShortDescription", 120, "short_description")


@method("setChatMenuButton")
def set_chat_menu_button(world: World, bot: BotAccount, params: Params) -> bool:
    chat = find_chat(world, bot, params).id if "chat_id" in params else 0
    data = params.data("menu_button", "menu button")
    if data is None:
        data = {"type": "default"}
    if not isinstance(data, dict) or data.get("type") not in ("default", "commands", "web_app"):
        raise bad("can't parse menu button: unsupported type specified")
    if data["type"] == "web_app":
        app = data.get("web_app")
        address = app.get("url") if isinstance(app, dict) else None
        if not isinstance(address, str) or not address.startswith("https://"):
            raise bad("can't parse menu button: Only HTTPS links are allowed")
        if not isinstance(data.get("text"), str) or not data["text"]:
            raise bad("can't parse menu button: text must be non-empty")
    bot.menu_buttons[chat] = data
    return True


@method("getChatMenuButton")
def get_chat_menu_button(world: World, bot: BotAccount, params: Params) -> Json:
    chat = find_chat(world, bot, params).id if "chat_id" in params else 0
    return bot.menu_buttons.get(chat) or bot.menu_buttons.get(0) or {"type": "commands"}


@method("setMyProfilePhoto")
def set_my_profile_photo(world: World, bot: BotAccount, params: Params) -> bool:
    """ "Profile photos can't be reused and can only be uploaded as a new file"; a static one is a JPEG."""
    data = params.data("photo", "input profile photo")
    if not isinstance(data, dict) or data.get("type") not in ("static", "animated"):
        raise bad("can't parse InputProfilePhoto: unsupported type specified")
    given = data.get("photo" if data["type"] == "static" else "animation")
    upload = params.files.get(str(given).removeprefix("attach://")) if str(given).startswith("attach://") else None
    if upload is None:
        raise bad("profile photo must be uploaded as a new file")
    if data["type"] == "static":
        measure_photo(upload.data)
        if not upload.data.startswith(b"\xff\xd8"):
            raise bad("PHOTO_EXT_INVALID")
    kind = "photo" if data["type"] == "static" else "animation"
    bot.photo = world.files.store(kind, upload.data, upload.name, upload.mime)
    return True


@method("removeMyProfilePhoto")
def remove_my_profile_photo(world: World, bot: BotAccount, params: Params) -> bool:
    bot.photo = None
    return True
