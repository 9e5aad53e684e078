"""From settings to an open database: keys found or made, tables made or refused, secrets readable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from adapters.registry import RegistryError
from bot import keys
from bot import logging as logs
from bot.backup import BackupRefused
from bot.beside import refuse_beside_old
from bot.database import DatabaseBusy, close_database, open_database
from bot.dump import ProgramFailed
from bot.ending import NoPlace, TokenRefused
from bot.migrate import MigrationRefused, WrongDatabase, ensure_current
from bot.moving import NotMoved
from bot.permissions import keep_private, too_open
from bot.restoring import RestoreRefused
from bot.settings import Role, Settings, SettingsError, load, platform_settings, secrets_in, unknown
from models.fields import use_cipher

__all__ = ["EXPECTED", "begin", "close_database", "open_for"]

# What whoever runs Pult can put right: told as a sentence.
EXPECTED = (
    BackupRefused,
    RestoreRefused,
    ProgramFailed,
    SettingsError,
    RegistryError,
    WrongDatabase,
    DatabaseBusy,
    MigrationRefused,
    NotMoved,
    NoPlace,
    TokenRefused,
    keys.KeyLost,
)


def begin(role: Role) -> Settings:
    """The settings of this process, with its logs set up accordingly. Raises SettingsError."""
    keep_private()
    settings = load(role)
    logs.hide(secrets_in(settings))
    for model in platform_settings():
        logs.hide(secrets_in(model()))
    logs.configure(settings.log_level, settings.log_format)
    for sentence in (*unknown(), *too_open(settings)):
        structlog.get_logger("bot").warning(sentence)
    return settings


async def open_for(
    settings: Settings, before_making: Callable[[Settings], None] = refuse_beside_old
) -> tuple[str, ...]:
    """Open the database of `settings` for the process; gives the secret keys, newest first.

    Tables are made in an empty one, unless `before_making` raises. Raises `WrongDatabase`, `DatabaseBusy` or `KeyLost`
    with a sentence for whoever runs Pult.
    """
    log = structlog.get_logger("bot")
    await ensure_current(settings.database_url, say=log.warning, before_making=partial(before_making, settings))
    found = await keys.find(settings, log.warning)
    logs.hide(found)
    use_cipher(keys.cipher(found))
    await open_database(settings.database_url)
    return found
