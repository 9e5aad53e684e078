"""Lists of buttons, eight to a page."""

from __future__ import annotations

from typing import Any

from aiogram_dialog.widgets.kbd import Keyboard, ScrollingGroup

HEIGHT = 8


class Paged(ScrollingGroup):
    """One item a row; the row of pages is there only when it is needed."""

    def __init__(self, items: Keyboard, name: str = "pages", **options: Any) -> None:
        super().__init__(items, id=name, width=1, height=HEIGHT, hide_on_single_page=True, **options)
