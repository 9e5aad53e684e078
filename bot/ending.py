"""How a process ends before its time: what only people can put right, in a sentence for them."""

from __future__ import annotations

import asyncio
import errno


class TokenRefused(Exception):
    """Telegram does not know the control bot's token: only people can put that right."""

    def __init__(self) -> None:
        super().__init__("Telegram refuses PULT_BOT_TOKEN: take the right one from @BotFather, then start again")


class NoPlace(Exception):
    """The web server cannot listen where it is to."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        place = f"{host}:{port}"
        if error.errno == errno.EADDRINUSE:
            told = f"Something listens at {place} already: stop it, or set PULT_PORT (PULT_WATCH_PORT) to another port"
        elif error.errno == errno.EACCES:
            told = f"This user may not listen at {place}: take a port above 1023 behind a reverse proxy"
        else:
            told = f"Nothing can listen at {place} ({error.strerror}): PULT_HOST must be an address of this machine"
        super().__init__(told)


class Ending:
    """The end of the process: wished for by whoever runs it, or brought about by what only people can put right."""

    def __init__(self) -> None:
        self._come = asyncio.Event()
        self._error: Exception | None = None

    def because(self, error: Exception | None = None) -> None:
        """End now; with `error`, which `wait` raises."""
        self._error = self._error or error
        self._come.set()

    async def wait(self) -> None:
        """Until the end is to come."""
        await self._come.wait()
        if self._error is not None:
            raise self._error
