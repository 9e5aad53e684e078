"""Back and forth through the pages of a list, with the ends joined."""

from __future__ import annotations

from collections.abc import Callable

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from handlers.chat.buttons import button


def turns(page: int, pages: int, to: Callable[[int], CallbackData]) -> list[list[InlineKeyboardButton]]:
    """The row of buttons; nothing where there is one page. Pages count from 0."""
    if pages < 2:
        return []
    step = [((page - 1) % pages, "‹"), (page, f"{page + 1} / {pages}"), ((page + 1) % pages, "›")]
    return [[button(label, to(number)) for number, label in step]]
