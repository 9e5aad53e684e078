"""Methods that send what is not a file: text, places, contacts, chat actions."""

from __future__ import annotations

import asyncio

from .calls import method
from .editing import change, own
from .errors import bad
from .model import BotAccount, Json, Message
from .params import Params
from .target import find_chat, post, target, text_of, writable
from .world import World

_ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "record_audio",
        "upload_audio",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
        "cancel",
    ]
)
TYPING_SECONDS = 5.0
FOR_EVER = 0x7FFFFFFF
"""A live location that is followed until it is stopped (Bot API, "sendLocation")."""
SHORTEST_LIVE, LONGEST_LIVE = 60, 86_400


@method("sendMessage")
def send_message(world: World, bot: BotAccount, params: Params) -> Json:
    content = text_of(world, params)
    return post(world, bot, target(world, bot, params), content).wire


@method("sendLocation")
def send_location(world: World, bot: BotAccount, params: Params) -> Json:
    content = {"location": _location(params) | _live(params)}
    return post(world, bot, target(world, bot, params), content).wire


@method("sendVenue")
def send_venue(world: World, bot: BotAccount, params: Params) -> Json:
    location = _location(params)
    title, address = params.text("title").strip(), params.text("address").strip()
    if not title:
        raise bad("title is empty")
    if not address:
        raise bad("address is empty")
    content = {"venue": {"location": location, "title": title, "address": address}, "location": location}
    return post(world, bot, target(world, bot, params), content).wire


@method("editMessageLiveLocation")
def edit_message_live_location(world: World, bot: BotAccount, params: Params) -> Json:
    place = _location(params)
    message = _shared(world, bot, params)
    live = message.wire["location"]["live_period"]
    return change(world, message, ("location",), {"location": place | {"live_period": live}}, None)


@method("stopMessageLiveLocation")
def stop_message_live_location(world: World, bot: BotAccount, params: Params) -> Json:
    """Only a location that is followed still has a live_period (Location)."""
    message = _shared(world, bot, params)
    place = {name: value for name, value in message.wire["location"].items() if name != "live_period"}
    return change(world, message, ("location",), {"location": place}, None)


def _shared(world: World, bot: BotAccount, params: Params) -> Message:
    """The bot's live location that is followed still."""
    message = own(world, bot, params)
    live = message.wire.get("location", {}).get("live_period")
    if live is None or (live != FOR_EVER and world.clock() > message.sent_at + live):
        raise bad("message can't be edited")
    return message


def _live(params: Params) -> Json:
    if "live_period" not in params:
        return {}
    period = params.integer("live_period")
    if period != FOR_EVER and not SHORTEST_LIVE <= period <= LONGEST_LIVE:
        raise bad("invalid live location period specified")
    return {"live_period": period}


def _location(params: Params) -> Json:
    place: Json = {}
    for name, limit in (("latitude", 90), ("longitude", 180)):
        if name not in params:
            raise bad(f"{name} is empty")
        value = params.number(name)
        if value is None or not -limit <= value <= limit:
            raise bad("invalid location specified")
        place[name] = value
    return place


@method("sendContact")
def send_contact(world: World, bot: BotAccount, params: Params) -> Json:
    phone, name = params.text("phone_number").strip(), params.text("first_name").strip()
    if not phone:
        raise bad("phone number is empty")
    if not name:
        raise bad("first name is empty")
    contact = {"phone_number": phone, "first_name": name}
    if "last_name" in params:
        contact["last_name"] = params.text("last_name")
    return post(world, bot, target(world, bot, params), {"contact": contact}).wire


@method("sendChatAction")
def send_chat_action(world: World, bot: BotAccount, params: Params) -> bool:
    action = params.text("action").lower()
    if action not in _ACTIONS:
        raise bad("wrong parameter action in request")
    chat = writable(find_chat(world, bot, params))
    chat.typing_until = 0.0 if action == "cancel" else world.clock() + TYPING_SECONDS
    world.changes.chat(chat)
    if world.changes.listeners:
        # The phone forgets it after a while, without a word from the bot.
        asyncio.get_running_loop().call_later(TYPING_SECONDS, world.changes.chat, chat)
    return True
