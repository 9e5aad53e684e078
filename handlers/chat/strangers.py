"""How often somebody who belongs to no project is answered: whoever asks without end is answered now and then, last
what was asked last."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from services import clock

BURST: Final = 20
"""So many answers at once, enough for finding one's way about; then one for each pause."""
PAUSE: Final = timedelta(seconds=2)
REMEMBERED: Final = 10_000
AT_ONCE: Final = 24
"""Of the places at which updates are handled: strangers wait there for theirs among the calls, members must not."""


class Later(Exception):
    """Raised where a stranger's update is not handled now: `after` that, unless the person asks for more until then."""

    def __init__(self, after: timedelta) -> None:
        super().__init__("later")
        self.after = after


class Strangers:
    """Whom of them to answer now, by Telegram's id."""

    def __init__(self) -> None:
        self._until: dict[int, datetime] = {}
        self._under_way = 0

    @contextlib.contextmanager
    def admitted(self, telegram_id: int) -> Iterator[None]:
        """While this one is being answered. Raises `Later`."""
        if self._under_way >= AT_ONCE:
            raise Later(PAUSE)
        wait = self.ask(telegram_id)
        if wait:
            raise Later(wait)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def ask(self, telegram_id: int) -> timedelta:
        """How long this one has to wait; nothing where an answer may be given now, which then counts."""
        now = clock.now()
        used = max(now, self._until.pop(telegram_id, now))
        wait = max(timedelta(), used - now - PAUSE * (BURST - 1))
        self._until[telegram_id] = used if wait else used + PAUSE
        if len(self._until) > REMEMBERED:
            del self._until[next(iter(self._until))]
        return wait
