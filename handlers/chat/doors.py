"""How one section of the menu opens another, by name: "menu", "inbox", "channels", "connect", "team", …

A section that is not there has no door, and the menu no button for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiogram.fsm.state import State
from aiogram.types import CallbackQuery
from aiogram_dialog import DialogManager, StartMode
from aiogram_dialog.widgets.kbd import Button

from handlers.chat.windows import When, press

Door = Callable[[DialogManager], Awaitable[None]]

_DOORS: dict[str, Door] = {}


def door(name: str) -> Callable[[Door], Door]:
    """Registers what opens a section. It is called for a command and for a button, and shows the section itself."""

    def register(opening: Door) -> Door:
        _DOORS[name] = opening
        return opening

    return register


def to_state(name: str, state: State) -> None:
    """Registers a section that is a dialog."""

    @door(name)
    async def opening(manager: DialogManager) -> None:
        await manager.start(state, mode=StartMode.RESET_STACK)


def exists(name: str) -> bool:
    return name in _DOORS


async def enter(name: str, manager: DialogManager) -> None:
    await _DOORS[name](manager)


def leads(message: str, name: str, when: When = None) -> Button:
    """A button that opens a section."""

    async def click(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
        await enter(name, manager)

    return press(message, f"to_{name}", click, when)
