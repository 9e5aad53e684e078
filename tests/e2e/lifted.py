"""`python -m bot` without the platforms' rates, which would make a test of many customers last for minutes."""

from __future__ import annotations

import functools
from dataclasses import replace

from adapters.base import Rates
from adapters.telegram.adapter import TelegramAdapter
from bot import app, cli
from bot.assembly import assemble

LIFTED = Rates(10_000, None, 10_000)

if __name__ == "__main__":
    app.assemble = functools.partial(assemble, control_rates=LIFTED)  # type: ignore[assignment]
    TelegramAdapter.capabilities = replace(TelegramAdapter.capabilities, rates=LIFTED)
    cli.app(prog_name="python -m bot")
