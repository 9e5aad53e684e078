"""What menus and wizards are made of: aiogram-dialog's windows, with escaped texts from the catalogue and our errors.

A section whose window awaits no text lets typed text pass: it is for a customer, not for the menu. So it does with
presses of buttons that are not its own.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Any

from aiogram import Bot
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ParseMode
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message
from aiogram_dialog import Dialog, DialogManager, StartMode, Window
from aiogram_dialog.api.entities import NewMessage, OldMessage, stack
from aiogram_dialog.api.exceptions import UnknownIntent
from aiogram_dialog.api.protocols import MessageNotModified
from aiogram_dialog.manager.manager import ManagerImpl
from aiogram_dialog.manager.message_manager import MessageManager
from aiogram_dialog.utils import remove_intent_id
from aiogram_dialog.widgets.kbd import Button
from aiogram_dialog.widgets.text import Text
from tortoise.exceptions import OperationalError

from adapters.errors import NotFound, Rejected
from handlers.chat.context import Services
from handlers.chat.who import Who
from services.connecting import CONTROL_PLATFORM
from services.texts import _

_ID_SIGNS = string.digits + string.ascii_letters


def _new_id() -> str:
    return "".join(secrets.choice(_ID_SIGNS) for _ in range(6))


# The library's own ids are the second and a number below a hundred: a wizard opened from a menu within the same second
# took the menu's id once in a hundred times, and neither could be found again.
stack.new_id = _new_id

Render = Callable[[dict[str, Any]], str]
Click = Callable[[CallbackQuery, Button, DialogManager], Awaitable[None]]
When = str | Callable[[dict[str, Any], Any, DialogManager], bool] | None


class Line(Text):
    """A text made by a function of the window's data; values that people typed must be escaped there."""

    def __init__(self, render: Render, when: When = None) -> None:
        super().__init__(when=when)
        self._render = render

    async def _render_text(self, data: dict[str, Any], manager: DialogManager) -> str:
        return self._render(data)


class Label(Text):
    """A text of the catalogue without values: a button's caption, a fixed sentence."""

    def __init__(self, message: str, when: When = None) -> None:
        super().__init__(when=when)
        self._message = message

    async def _render_text(self, data: dict[str, Any], manager: DialogManager) -> str:
        return _(self._message)


def press(message: str, name: str, on_click: Click, when: When = None) -> Button:
    """A button with a caption of the catalogue."""
    return Button(Label(message), id=name, on_click=on_click, when=when)


def opens(message: str, name: str, state: State, when: When = None, *, over: bool = False) -> Button:
    """A button that leads to another section; with `over` that section comes back here when it is done."""
    mode = StartMode.NORMAL if over else StartMode.RESET_STACK

    async def click(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
        await manager.start(state, mode=mode)

    return press(message, name, click, when)


def window(state: State, *widgets: Any, getter: Any = None, **options: Any) -> Window:
    """A window whose text is HTML."""
    return _Window(*widgets, state=state, getter=getter, parse_mode=ParseMode.HTML, **options)


class _Window(Window):
    """A window that awaits text says so to somebody who has a dialog open: the text will not go there."""

    async def render_text(self, data: dict[str, Any], manager: DialogManager) -> str:
        text: str = await super().render_text(data, manager)
        services, who = given(manager)
        if self.on_message is None or who is None:
            return text
        open_dialog = await services.conversations.dialog(who.person_id)
        if open_dialog is None:
            return text
        paused = _(
            "The dialog with {contact} is suspended: what you write now does not go there. Back to it: /cancel",
            **values(contact=open_dialog.contact),
        )
        return f"{text}\n\n⏸ {paused}"


class Section(Dialog):
    """A menu section or a wizard."""

    async def awaits_text(self, manager: DialogManager) -> bool:
        """Whether the window that is open takes what is typed."""
        current = await self._current_window(manager)
        return isinstance(current, _Window) and current.on_message is not None

    async def _message_handler(self, message: Message, dialog_manager: DialogManager) -> None:
        if not await self.awaits_text(dialog_manager):
            raise SkipHandler
        await super()._message_handler(message, dialog_manager)

    async def _callback_handler(self, callback: CallbackQuery, dialog_manager: DialogManager) -> None:
        if remove_intent_id(callback.data or "")[0] is None:
            # A button of something else, pressed while this menu is open.
            raise SkipHandler
        try:
            await super()._callback_handler(callback, dialog_manager)
        except (ValueError, LookupError, OverflowError, OperationalError) as error:
            if _offered(callback):
                raise
            # A forged client: numbers of items and pages come back as they were given to it, and are read unchecked.
            raise UnknownIntent("data that no button of this message has") from error


async def awaits_text(manager: DialogManager) -> bool:
    """Whether what is typed now goes to the open window, and the open dialog with a customer is suspended."""
    if not manager.has_context() or not isinstance(manager, ManagerImpl):
        return False
    section = manager.dialog()
    return isinstance(section, Section) and await section.awaits_text(manager)


def _offered(callback: CallbackQuery) -> bool:
    """Whether the message has a button with this data, by Telegram's word."""
    markup = callback.message.reply_markup if isinstance(callback.message, Message) else None
    keys = (key for row in markup.inline_keyboard for key in row) if markup is not None else ()
    return any(key.callback_data == callback.data for key in keys)


def given(manager: DialogManager) -> tuple[Services, Who]:
    """The services, and who acts."""
    return manager.middleware_data["services"], manager.middleware_data["who"]


def safe(value: object) -> str:
    """A value as it may stand in HTML."""
    return escape(str(value), quote=False)


def values(**items: object) -> Mapping[str, str]:
    """Values for a text in HTML, escaped."""
    return {name: safe(item) for name, item in items.items()}


def mention(platform: str, username: str | None) -> str:
    """The name of a bot of Telegram; another messenger's would lead to whoever has it in Telegram."""
    return f" · @{safe(username)}" if username and platform == CONTROL_PLATFORM else ""


async def say(bot: Bot, chat_id: int, text: str, **options: Any) -> Message:
    """Send a text in HTML."""
    return await bot.send_message(chat_id, text, parse_mode=ParseMode.HTML, **options)


class MenuMessages(MessageManager):
    """aiogram-dialog's messages over our session, which raises `adapters.errors` instead of aiogram's."""

    async def answer_callback(self, bot: Bot, callback_query: CallbackQuery) -> None:
        await bot.answer_callback_query(callback_query.id)

    async def remove_inline_kbd(self, bot: Bot, old_message: OldMessage | None) -> Message | None:
        try:
            return await super().remove_inline_kbd(bot, old_message)
        except (NotFound, Rejected):
            return None

    async def remove_message_safe(self, bot: Bot, old_message: OldMessage, new_message: NewMessage | None) -> None:
        try:
            await bot.delete_message(chat_id=old_message.chat.id, message_id=old_message.message_id)
        except NotFound:
            return
        except Rejected:
            await self._remove_kbd(bot, old_message, new_message)

    async def edit_message_safe(self, bot: Bot, new_message: NewMessage, old_message: OldMessage) -> Message:
        try:
            edited: Message | bool = await self.edit_message(bot, new_message, old_message)
        except (NotFound, Rejected):
            return await self.send_message(bot, new_message)
        if isinstance(edited, bool):
            raise MessageNotModified
        return edited
