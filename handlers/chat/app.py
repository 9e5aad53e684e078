"""Puts the control bot's handlers together, in the order in which they are asked.

Commands → replies to copies → a wizard that awaits text → whatever else was typed → buttons that nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from aiogram import Dispatcher, Router
from aiogram.filters import Command, Filter
from aiogram.types import Message
from aiogram_dialog import setup_dialogs

from handlers.chat import (
    cards,
    channel_picture,
    channel_settings,
    channels,
    connect,
    dialogs,
    groups,
    help,
    history,
    inbox,
    login,
    managed_bots,
    menu,
    profile,
    project,
    start,
    team,
)
from handlers.chat.context import Services
from handlers.chat.middleware import Reception
from handlers.chat.session import DeskBot
from handlers.chat.storage import DatabaseStorage, Isolation
from handlers.chat.windows import MenuMessages

_COMMAND = re.compile(r"/(\w+)(?:@(\w+))?(?:\s|$)")


def build(services: Services) -> Dispatcher:
    """The dispatcher of all control bots."""
    isolation = Isolation()
    dispatcher = Dispatcher(storage=DatabaseStorage(), events_isolation=isolation)
    dispatcher.update.outer_middleware(Reception(services))
    commands, replies, sections, typed = _routers()
    guard = Router(name="unknown commands")
    guard.message.register(help.unknown, Unknown(frozenset(_known([*commands, *replies, *typed]))))
    dispatcher.include_routers(guard, *commands, *replies, *sections, *typed, help.last)
    setup_dialogs(dispatcher, message_manager=MenuMessages(), events_isolation=isolation)
    return dispatcher


def _routers() -> tuple[list[Router], list[Router], list[Router], list[Router]]:
    """Commands and buttons, replies to copies, wizards, everything typed."""
    commands = [
        groups.router, start.router, help.router, menu.router, profile.router, project.router, team.router,
        cards.router, history.router, inbox.router, channels.router, connect.router, login.router, managed_bots.router,
        dialogs.words,
    ]  # fmt: skip
    replies, typed = [dialogs.replies], [dialogs.typed]
    sections: list[Router] = [
        start.dialog,
        menu.dialog,
        profile.dialog,
        project.dialog,
        project.name_dialog,
        project.zone_dialog,
        project.new_dialog,
        team.dialog,
        channels.dialog,
        channel_settings.dialog,
        channel_picture.dialog,
        connect.dialog,
        login.dialog,
    ]
    for router in (*commands, *replies, *sections, *typed, help.last):
        # Module-level routers serve one dispatcher after another: tests build several in a process.
        router._parent_router = None
    return commands, replies, sections, typed


class Unknown(Filter):
    """A message that is a command, but none of those that somebody handles: misspelled, or for another bot."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known

    async def __call__(self, message: Message, bot: DeskBot) -> bool:
        found = _COMMAND.match(message.text or message.caption or "")
        if found is None:
            return False
        name, addressee = found.groups()
        return name not in self._known or (addressee is not None and addressee.lower() != bot.username.lower())


def _known(routers: Iterable[Router]) -> set[str]:
    """The commands that these routers handle, read off their filters."""
    found: set[str] = set()
    for router in routers:
        for handler in router.message.handlers:
            for one in handler.filters or ():
                if isinstance(one.callback, Command):
                    found.update(str(command).lower() for command in one.callback.commands)
        found |= _known(router.sub_routers)
    return found
