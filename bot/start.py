"""From settings to an open database: keys found or made, tables made or refused, secrets readable."""

from __future__ import annotations

import logging

import structlog

from bot import keys
from bot import logging as logs
from bot.database import close_database, open_database
from bot.migrate import ensure_current
from bot.migrate.state import look
from bot.settings import Role, Settings, load
from models.fields import use_cipher

__all__ = ["begin", "close_database", "open_for"]


def begin(role: Role) -> Settings:
    """The settings of this process, with its logs set up accordingly. Raises SettingsError."""
    settings = load(role)
    logs.hide(settings.secrets())
    logs.configure(settings.log_level, settings.log_format)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    return settings


async def open_for(settings: Settings) -> tuple[str, ...]:
    """Open the database of `settings` for the process; gives the secret keys, newest first.

    Raises `WrongDatabase`, `DatabaseBusy` or `KeyLost` with a sentence for whoever runs Pult.
    """
    log = structlog.get_logger("bot")
    state = await look(settings.database_url)
    found = keys.find(settings, log.warning, empty_database=state.empty)
    logs.hide(found)
    await ensure_current(settings.database_url)
    use_cipher(keys.cipher(found))
    await open_database(settings.database_url)
    return found
