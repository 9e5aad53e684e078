"""The keys that encrypt secrets at rest and sign links: where they come from, and their change.

They are the setting's, or those of `secret.key` in the data folder, one a line, newest first. The file is made only for
a database without secrets: in any other, a new key would leave them unreadable.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from bot.database import CONNECTION, PULT, Schema, new_context, tortoise_config
from bot.settings import Settings
from models import ControlBot
from models.fields import SecretField

FILE: Final = "secret.key"
BATCH: Final = 500

Columns = list[tuple[type[Model], str]]


class KeyLost(Exception):
    """The database holds secrets and the key to them is not there."""


def new_key() -> str:
    return Fernet.generate_key().decode()


def key_file(settings: Settings) -> Path:
    return settings.data_dir / FILE


async def find(settings: Settings, say: Callable[[str], None]) -> tuple[str, ...]:
    """The keys, newest first; one is made where none is needed yet. For an up-to-date database.

    Raises `KeyLost` where they are not those that the database was written with.
    """
    if keys := known(settings):
        await prove(settings, keys)
        return keys
    path = key_file(settings)
    await prove(settings, ())
    key = new_key()
    _write(path, [key])
    say(f"A secret key was made in {path}: keep a copy of it apart from the backups of the database")
    return (key,)


def known(settings: Settings) -> tuple[str, ...]:
    """The keys that are there already."""
    if settings.secret_keys:
        return settings.secret_keys
    try:
        return tuple(key_file(settings).read_text("ascii").split())
    except FileNotFoundError:
        return ()


async def prove(settings: Settings, keys: tuple[str, ...]) -> None:
    """Open a stored value, as far as there is one. Raises `KeyLost` with what to do where none of the keys fits."""
    if not keys:
        if await holds_secrets(settings.database_url):
            raise KeyLost(_gone(settings))
        return
    crypt, strange = cipher(keys), False
    async with _connected(settings.database_url, PULT) as (db, columns):
        # The control bot's token is there from the first start on.
        for model, column in sorted(columns, key=lambda one: one[0] is not ControlBot):
            sql = f'SELECT "{column}" AS value FROM "{model._meta.db_table}" WHERE "{column}" IS NOT NULL LIMIT 1'
            for row in await db.execute_query_dict(sql):
                try:
                    crypt.decrypt(row["value"].encode())
                except InvalidToken:
                    strange = True
                else:
                    return
    if strange:
        raise KeyLost(_missing(settings))


def _gone(settings: Settings) -> str:
    return f"{key_file(settings)} is gone and PULT_SECRET_KEY is not set: put the key back, the database needs it"


def _missing(settings: Settings) -> str:
    where = "PULT_SECRET_KEY" if settings.secret_keys else str(key_file(settings))
    other = f", or {key_file(settings)} of then" if settings.secret_keys else ", or set PULT_SECRET_KEY"
    return f"The key in {where} is not the one that the database was written with: put that one back{other}"


async def holds_secrets(url: str, schema: Schema = PULT) -> bool:
    """Whether anything in an up-to-date database is encrypted."""
    async with _connected(url, schema) as (db, columns):
        for model, column in columns:
            sql = f'SELECT 1 FROM "{model._meta.db_table}" WHERE "{column}" IS NOT NULL LIMIT 1'
            if await db.execute_query_dict(sql):
                return True
    return False


def cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def add_key(settings: Settings, keys: tuple[str, ...]) -> tuple[str, ...]:
    """A new key in front of those of the file."""
    keys = (new_key(), *keys)
    _write(key_file(settings), list(keys))
    return keys


async def rotate(url: str, keys: tuple[str, ...], schema: Schema = PULT) -> int:
    """Encrypt every secret of the database with the newest key; how many were changed. May be repeated at any time.

    A value that changes meanwhile is left alone: it was written with the newest key.
    """
    crypt = cipher(keys)
    async with _connected(url, schema) as (db, columns):
        return sum([await _rotate_column(db, model, column, crypt) for model, column in columns])


@asynccontextmanager
async def _connected(url: str, schema: Schema) -> AsyncIterator[tuple[BaseDBAsyncClient, Columns]]:
    """A connection, and every column that holds secrets."""
    context = await new_context(tortoise_config(url, schema))
    with context:
        try:
            models = list(context.apps.get_models_iterable()) if context.apps else []
            yield context.db(CONNECTION), [(model, column) for model in models for column in _secret(model)]
        finally:
            await context.close_connections()


def _secret(model: type[Model]) -> list[str]:
    fields = model._meta.fields_map.items()
    return [field.source_field or name for name, field in fields if isinstance(field, SecretField)]


async def _rotate_column(db: BaseDBAsyncClient, model: type[Model], column: str, crypt: MultiFernet) -> int:
    table, pk = model._meta.db_table, model._meta.db_pk_column
    mark = ("?", "?", "?") if db.capabilities.dialect == "sqlite" else ("$1", "$2", "$3")
    changed, after = 0, None
    while True:
        rows = await db.execute_query_dict(
            f'SELECT "{pk}" AS id, "{column}" AS value FROM "{table}" WHERE "{column}" IS NOT NULL'
            + (f' AND "{pk}" > {mark[0]}' if after is not None else "")
            + f' ORDER BY "{pk}" LIMIT {BATCH}',
            [after] if after is not None else [],
        )
        if not rows:
            return changed
        after = rows[-1]["id"]
        for row in rows:
            fresh = _fresh(crypt, row["value"], f"{table}.{column}")
            sql = f'UPDATE "{table}" SET "{column}" = {mark[0]} WHERE "{pk}" = {mark[1]} AND "{column}" = {mark[2]}'
            changed += (await db.execute_query(sql, [fresh, row["id"], row["value"]]))[0]


def _fresh(crypt: MultiFernet, value: str, where: str) -> str:
    try:
        return crypt.rotate(value.encode()).decode()
    except InvalidToken:
        raise KeyLost(f"a value of {where} fits none of the keys: add the key it was written with") from None


def _write(path: Path, keys: list[str]) -> None:
    """For this user's eyes only, and whole or not at all."""
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
