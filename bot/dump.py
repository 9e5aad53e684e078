"""PostgreSQL copied and put back by its own programs, called with what this installation's settings say."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any, Final

import asyncpg

from bot.direct import connected, libpq

HEAD: Final = b"PGDMP"
"""A dump in PostgreSQL's own form begins so."""
_TABLES: Final = (
    "SELECT format('%s %s', schemaname, tablename) AS name FROM pg_tables"
    " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
)
_LISTED: Final = re.compile(r"^\d+; \d+ \d+ TABLE DATA (\S+ \S+) ", re.M)


class ProgramFailed(Exception):
    """One of PostgreSQL's programs is not there or did not do it; the sentence says why and holds no rows."""


async def dump(url: str, target: Path) -> None:
    """Copy the database, as it stands at one moment, into a new file for `pg_restore`. Raises `ProgramFailed`."""
    async with _reached(url) as connection:
        wanted = await _tables(connection)
    target.touch(0o600)
    await _program(url, "pg_dump", "--format=custom", f"--file={target}")
    listed = set(_LISTED.findall(await _program(url, "pg_restore", "--list", str(target))))
    if lacking := sorted(wanted - listed):
        raise ProgramFailed(f"the dump lacks {', '.join(name.split()[-1] for name in lacking)}")
    if not wanted:
        raise ProgramFailed("the database holds no tables: there is nothing to copy")


async def refuse_full(url: str) -> None:
    """Raises `ProgramFailed` where the database is not there or holds tables: a dump goes into a new one alone.

    What a newer version has added would stay beside it otherwise, and rows that were changed since as they are.
    """
    async with _reached(url) as connection:
        if await _tables(connection):
            name = await connection.fetchval("SELECT current_database()")
            raise ProgramFailed(
                f"the database {name} holds tables already: make a new one (createdb), name it in PULT_DATABASE_URL,"
                f" and restore into that; {name} stays as it is"
            )


async def put_back(url: str, copy: Path) -> None:
    """Fill an empty database from a dump, whole or not at all. Raises `ProgramFailed`."""
    once = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    await _program(url, "pg_restore", *once, f"--dbname={libpq(url)['PGDATABASE']}", str(copy))


class _reached:
    """A connection; `ProgramFailed` where there is none to be had."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened = connected(url)

    async def __aenter__(self) -> Any:
        try:
            return await self._opened.__aenter__()
        except asyncpg.InvalidCatalogNameError:
            name = libpq(self._url)["PGDATABASE"]
            raise ProgramFailed(f"there is no database {name} yet: make it first (createdb {name})") from None
        except (OSError, asyncpg.PostgresError) as error:
            raise ProgramFailed(f"PostgreSQL does not let us in: {type(error).__name__}: {error}") from None

    async def __aexit__(self, *error: Any) -> None:
        await self._opened.__aexit__(*error)


async def _tables(connection: Any) -> set[str]:
    return {row["name"] for row in await connection.fetch(_TABLES)}


async def _program(url: str, name: str, *arguments: str) -> str:
    """What it printed."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    environment = {**os.environ, **libpq(url), "LC_ALL": "C"}
    try:
        process = await asyncio.create_subprocess_exec(
            name, *arguments, env=environment, stdin=nothing, stdout=pipe, stderr=pipe
        )
    except FileNotFoundError:
        raise ProgramFailed(
            f"{name} is not there: install PostgreSQL's client of the server's version or a newer one"
            " (apt install postgresql-client)"
        ) from None
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise ProgramFailed(f"{name} ended with {process.returncode}: {_reason(name, err.decode(errors='replace'))}")
    return out.decode(errors="replace")


def _reason(name: str, said: str) -> str:
    """The program's own lines; those that follow them may quote a row."""
    own = [line.removeprefix(f"{name}: ") for line in said.splitlines() if line.startswith(f"{name}: ")]
    return "; ".join(own[:3]) or "it did not say why"
