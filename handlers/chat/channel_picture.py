"""The channel's picture in «Настройки бота»: send one, or take it away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiogram.enums import ContentType
from aiogram.types import CallbackQuery, Message
from aiogram_dialog import DialogManager
from aiogram_dialog.widgets.input import MessageInput
from aiogram_dialog.widgets.kbd import Button

from handlers.chat.session import DeskBot
from handlers.chat.states import ChannelPicture
from handlers.chat.windows import Line, Section, given, press, say, values, window
from services import channel_picture
from services.access import Refusal
from services.channel_rows import ChannelView
from services.texts import N_, _

WAITING = N_("I am waiting for a picture here: a photo, or a JPEG or PNG file. To leave, press /cancel")


def leads() -> Button:
    """The button of the settings' list; its window's data say with `picture` whether there is one."""

    async def click(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
        data = manager.dialog_data
        await manager.start(ChannelPicture.ask, data={"channel": data["channel"], "project": data["project"]})

    return press(N_("Picture"), "picture", click, "picture")


def has(manager: DialogManager, view: ChannelView) -> bool:
    """Whether the channel's messenger lets its picture be changed."""
    services, _who = given(manager)
    return channel_picture.possible(services.channels.adapter(view.platform))


async def _remember(start_data: Any, manager: DialogManager) -> None:
    manager.dialog_data.update(start_data or {})


def _place(manager: DialogManager) -> tuple[int, int, int]:
    _services, who = given(manager)
    return who.person_id, manager.dialog_data["project"], manager.dialog_data["channel"]


async def _channel(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, _who = given(dialog_manager)
    return {"view": await services.channels.card(*_place(dialog_manager))}


def _ask(data: dict[str, Any]) -> str:
    return _("Send the new picture of <b>{name}</b>: a photo, or a file.", **values(name=data["view"].name))


async def _take(message: Message, _input: MessageInput, manager: DialogManager) -> None:
    services, who = given(manager)
    bot: DeskBot = manager.middleware_data["bot"]
    handle, size = _picture_of(message)
    if size > channel_picture.TAKEN:
        raise Refusal(channel_picture.TOO_LARGE, limit=channel_picture.TAKEN // 1024 // 1024)

    async def fetch(path: Path, limit: int) -> int:
        return await services.desk.fetch(bot.control_bot_id, handle, path, limit)

    await bot.send_chat_action(who.chat_id, "upload_photo")
    await channel_picture.change(services.channels, *_place(manager), fetch)
    await say(bot, who.chat_id, _("The picture is changed."))
    await manager.done()


def _picture_of(message: Message) -> tuple[str, int]:
    """The file and its size. Raises Refusal for anything that is no picture."""
    if message.photo:
        return message.photo[-1].file_id, message.photo[-1].file_size or 0
    document = message.document
    if document is not None and (document.mime_type or "").startswith("image/"):
        return document.file_id, document.file_size or 0
    raise Refusal(WAITING)


async def _remove(press_: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, _who = given(manager)
    await channel_picture.remove(services.channels, *_place(manager))
    await press_.answer(_("The picture is taken away."))
    await manager.done()


async def _leave(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    await manager.done()


dialog = Section(
    window(
        ChannelPicture.ask,
        Line(_ask),
        press(N_("Take it away"), "empty", _remove),
        press(N_("Back"), "leave", _leave),
        MessageInput(_take, content_types=[ContentType.ANY]),
        getter=_channel,
    ),
    on_start=_remember,
)
