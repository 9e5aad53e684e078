"""One connection to PostgreSQL beside Tortoise's pool, and the same address for PostgreSQL's own programs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from tortoise.backends.base.config_generator import expand_db_url

LOCK_WAIT: Final = {"lock_timeout": "10s"}
"""For commands that change: nobody waits for a table without end, and everybody else behind him."""

_OURS: Final = ("host", "port", "user", "password", "database", "ssl")
_LIBPQ: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "database": "PGDATABASE",
}
_SSL: Final = {"true": "require", "True": "require", "1": "require"}


@asynccontextmanager
async def connected(url: str, settings: dict[str, str] | None = None) -> AsyncIterator[Any]:
    """A connection of asyncpg's to the database of PULT_DATABASE_URL; `settings` are the server's, for this session."""
    connection = await asyncpg.connect(**_given(url), server_settings={"application_name": "pult", **(settings or {})})
    try:
        yield connection
    finally:
        await connection.close()


def libpq(url: str) -> dict[str, str]:
    """The environment in which pg_dump, pg_restore and psql find the database: a password has no place in a command
    line, which every user of the machine may read. What only Tortoise understands (`?maxsize=`) is left out."""
    given = _given(url)
    environment = {name: str(given[key]) for key, name in _LIBPQ.items() if key in given}
    if ssl := given.get("ssl"):
        environment["PGSSLMODE"] = _SSL.get(str(ssl), str(ssl))
    return environment


def _given(url: str) -> dict[str, Any]:
    credentials = expand_db_url(url)["credentials"]
    return {name: credentials[name] for name in _OURS if credentials.get(name) is not None}
