"""`python -m bot` for the chaos matrix: without the platforms' rates, impatient, and with names that can be lost.

CHAOS_PATIENCE: seconds that a call waits for its answer, instead of a minute. CHAOS_REMIND: seconds until a reminder,
instead of a quarter of an hour. CHAOS_NAMES_LOST: a file; while it exists no name can be resolved.
"""

from __future__ import annotations

import functools
import os
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from adapters.http import Http
from adapters.telegram.adapter import TelegramAdapter
from bot import app, cli
from bot.assembly import assemble
from handlers.chat.session import Session
from services import reminders
from tests.e2e.lifted import LIFTED

MESSENGER = "messenger.test"
"""The name under which the service knows the emulated messengers."""


def lift_rates() -> None:
    app.assemble = functools.partial(assemble, control_rates=LIFTED)  # type: ignore[assignment]
    TelegramAdapter.capabilities = replace(TelegramAdapter.capabilities, rates=LIFTED)


def be_impatient(seconds: float) -> None:
    limit = aiohttp.ClientTimeout(total=seconds, sock_connect=seconds)
    Http.__init__.__kwdefaults__["timeout"] = limit  # type: ignore[index]
    opened = Session.__init__

    def init(self: Session, *args: Any, **more: Any) -> None:
        opened(self, *args, **more)
        self.timeout = seconds

    Session.__init__ = init  # type: ignore[method-assign]


def lose_names(lost: Path) -> None:
    """The messenger's name leads to this machine, or nowhere; what was found is not remembered."""
    found = socket.getaddrinfo
    connected = aiohttp.TCPConnector.__init__

    def lookup(host: Any, *args: Any, **more: Any) -> Any:
        if host != MESSENGER:
            return found(host, *args, **more)
        if lost.exists():
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return found("127.0.0.1", *args, **more)

    def init(self: aiohttp.TCPConnector, *args: Any, **more: Any) -> None:
        connected(self, *args, **{"use_dns_cache": False} | more)

    socket.getaddrinfo = lookup
    aiohttp.TCPConnector.__init__ = init  # type: ignore[method-assign]


if __name__ == "__main__":
    lift_rates()
    be_impatient(float(os.environ["CHAOS_PATIENCE"]))
    lose_names(Path(os.environ["CHAOS_NAMES_LOST"]))
    reminders.AFTER = timedelta(seconds=float(os.environ["CHAOS_REMIND"]))
    cli.app(prog_name="python -m bot")
