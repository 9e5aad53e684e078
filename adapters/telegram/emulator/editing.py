"""Methods that change or delete messages."""

from __future__ import annotations

from . import markup
from .calls import method
from .copying import CONTENT
from .errors import bad
from .media import input_media, media_item, spoiler, wire_of
from .model import BotAccount, Json, Message
from .params import Params
from .target import caption_of, find_chat, find_message, ids_of, text_of, writable
from .world import World

DELETE_SECONDS = 48 * 3600
_SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


def own(world: World, bot: BotAccount, params: Params) -> Message:
    """The bot's message that is to be edited."""
    if params.text("inline_message_id"):
        raise bad("MESSAGE_ID_INVALID")
    chat = writable(find_chat(world, bot, params))
    message = find_message(chat, params, "edit")
    if not message.outgoing or message.service is not None or not message.editable:
        raise bad("message can't be edited")
    return message


def change(world: World, message: Message, fields: tuple[str, ...], content: Json, keyboard: Json | None) -> Json:
    """Put the content in place of these fields; an edit without a keyboard takes the keyboard away."""
    wire = message.wire
    new = dict(content)
    if keyboard is not None and keyboard["inline_keyboard"]:
        new["reply_markup"] = keyboard
    names = (*fields, "reply_markup")
    if {name: wire[name] for name in names if name in wire} == new:
        raise bad(_SAME)
    for name in names:
        wire.pop(name, None)
    if fields:
        wire["edit_date"] = world.now()
    wire.update(new)
    world.changes.message(message)
    return wire


@method("editMessageText")
def edit_message_text(world: World, bot: BotAccount, params: Params) -> Json:
    content, keyboard = text_of(world, params), markup.read(params, inline_only=True)
    message = own(world, bot, params)
    if "text" not in message.wire:
        raise bad("there is no text in the message to edit")
    return change(world, message, ("text", "entities", "link_preview_options"), content, keyboard)


@method("editMessageCaption")
def edit_message_caption(world: World, bot: BotAccount, params: Params) -> Json:
    content, keyboard = caption_of(world, params), markup.read(params, inline_only=True)
    message = own(world, bot, params)
    if not any(kind in message.wire for kind in ("photo", "video", "audio", "voice", "document", "animation")):
        raise bad("there is no caption in the message to edit")
    fields = ("caption", "caption_entities", "show_caption_above_media")
    return change(world, message, fields, content, keyboard)


@method("editMessageReplyMarkup")
def edit_message_reply_markup(world: World, bot: BotAccount, params: Params) -> Json:
    keyboard = markup.read(params, inline_only=True)
    return change(world, own(world, bot, params), (), {}, keyboard)


@method("editMessageMedia")
async def edit_message_media(world: World, bot: BotAccount, params: Params) -> Json:
    data = params.data("media", "media")
    if data is None:
        raise bad("media not found")
    item, keyboard = media_item(data, params), markup.read(params, inline_only=True)
    caption = caption_of(world, item)
    message = own(world, bot, params)
    if message.group and item.text("type") == "animation":
        raise bad("can't use animation in an album")
    content = wire_of(world, bot, await input_media(world, bot, item)) | caption | spoiler(item)
    return change(world, message, CONTENT, content, keyboard)


def _deletable(world: World, message: Message) -> bool:
    if world.clock() - message.sent_at > DELETE_SECONDS:
        return False
    return message.outgoing or message.chat.person is not None


@method("deleteMessage")
def delete_message(world: World, bot: BotAccount, params: Params) -> bool:
    message = find_message(find_chat(world, bot, params), params, "delete")
    if not _deletable(world, message):
        raise bad("message can't be deleted for everyone")
    world.remove(message)
    return True


@method("deleteMessages")
def delete_messages(world: World, bot: BotAccount, params: Params) -> bool:
    """Those that cannot be found are passed over; one that is too old is left where it is."""
    numbers = ids_of(params, "delete")
    chat = find_chat(world, bot, params)
    found = [message for number in numbers if (message := chat.messages.get(number)) is not None]
    if found and not any(_deletable(world, message) for message in found):
        raise bad("message can't be deleted for everyone")
    for message in found:
        if _deletable(world, message):
            world.remove(message)
    return True
