"""How often somebody who belongs to no project is answered: whoever asks without end is heard no more for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services import clock

BURST: Final = 20
"""So many answers at once, enough for finding one's way about; then one for each pause."""
PAUSE: Final = timedelta(seconds=2)
REMEMBERED: Final = 10_000


class Strangers:
    """Whom of them to answer now, by Telegram's id."""

    def __init__(self) -> None:
        self._until: dict[int, datetime] = {}

    def admit(self, telegram_id: int) -> bool:
        """Whether this one is answered; counts it if so."""
        now = clock.now()
        used = max(now, self._until.pop(telegram_id, now))
        admitted = used - now <= PAUSE * (BURST - 1)
        self._until[telegram_id] = used + PAUSE if admitted else used
        if len(self._until) > REMEMBERED:
            del self._until[next(iter(self._until))]
        return admitted
