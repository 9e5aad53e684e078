"""What lies on this machine or beside it: settings, database, disk, Redis, programs."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from adapters.pictures import ffmpeg as find_ffmpeg
from adapters.redaction import told
from bot import beside, keys
from bot.check.lines import Line, bad, good, note
from bot.database import running, sqlite_path
from bot.direct import connected
from bot.migrate.state import State, look
from bot.permissions import too_open
from bot.settings import Settings, unknown
from services.files import SCARCE_BYTES, SCARCE_SHARE

MB: Final = 1024 * 1024
INTEGRITY_SECONDS: Final = 60.0
"""A large database is looked through for no longer than this."""
WITHIN: Final = 5.0


def settings_and_privacy(settings: Settings) -> Iterator[Line]:
    strange = unknown()
    yield bad("settings", "; ".join(strange)) if strange else good("settings", "complete")
    if problems := too_open(settings):
        yield bad("privacy", "; ".join(problems))


async def database(settings: Settings) -> tuple[list[Line], bool]:
    """How it is, and whether it can be read."""
    try:
        state = await look(settings.database_url)
    except Exception as error:
        return [bad("database", f"cannot be opened: {told(error)}")], False
    problems = list(_problems(state))
    usable = not problems and not state.empty
    if usable:
        try:
            await keys.prove(settings, keys.known(settings))
        except keys.KeyLost as error:
            problems = [str(error)]
    if problems:
        return [bad("database", "; ".join(problems))], False
    if state.empty and (sentence := beside.told(settings)):
        return [bad("database", sentence)], False
    if state.empty:
        return [good("database", "empty, its tables are made at the start")], False
    return [good("database", "up to date"), *_process(settings), await _health(settings)], usable


def _process(settings: Settings) -> Iterator[Line]:
    if settings.sqlite:
        runs = running(sqlite_path(settings.database_url))
        yield good("process", "Pult runs on it now" if runs else "nothing runs on it now")


def _problems(state: State) -> Iterator[str]:
    if state.died:
        yield "a migration died half way: python -m bot migrate"
    if state.pending and not state.empty:
        yield f"{len(state.pending)} migrations are missing: python -m bot migrate"
    if state.unknown:
        yield "written by a newer Pult: install that version"
    if state.foreign:
        yield "holds tables, but none of Pult's: name another in PULT_DATABASE_URL"


async def _health(settings: Settings) -> Line:
    if settings.sqlite:
        path = sqlite_path(settings.database_url)
        return await asyncio.to_thread(_integrity, path)
    async with connected(settings.database_url) as connection:
        return good("server", f"PostgreSQL {connection.get_server_version().major}")


def _integrity(path: Path) -> Line:
    """SQLite's own look at its pages and indexes."""
    end = time.monotonic() + INTEGRITY_SECONDS
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=WITHIN)
    try:
        connection.set_progress_handler(lambda: time.monotonic() > end, 100_000)
        found = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return note("integrity", f"not looked through to its end within {INTEGRITY_SECONDS:.0f} s, {_size(path)}")
        return bad("integrity", f"cannot be read: {error}")
    except sqlite3.DatabaseError as error:
        return bad("integrity", f"the file is damaged ({error}): stop Pult and restore the last backup")
    finally:
        connection.close()
    if found != ["ok"]:
        return bad("integrity", f"the file is damaged ({found[0]}): stop Pult and restore the last backup")
    return good("integrity", f"SQLite {sqlite3.sqlite_version}, nothing damaged, {_size(path)}")


def _size(path: Path) -> str:
    return f"{path.stat().st_size / MB:.0f} MB"


async def disk(settings: Settings) -> Line:
    """Whether there is room, and whether this user may write."""
    folder = settings.data_dir.absolute()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return bad("disk", f"{folder} cannot be written by this user: chown it, or set PULT_DATA_DIR")
    usage = await asyncio.to_thread(shutil.disk_usage, there)
    free = f"{usage.free / MB:.0f} MB of {usage.total / MB:.0f} MB are free"
    if usage.free < min(SCARCE_BYTES, usage.total * SCARCE_SHARE):
        return bad("disk", f"nearly full, {free}: make room, or lower PULT_FILES_DAYS")
    return good("disk", f"{free} at {folder}")


async def redis(url: str) -> Line:
    line = await reached("redis", url, 6379)
    try:
        from redis.asyncio import Redis
        from redis.exceptions import RedisError
    except ImportError:
        return bad("redis", "PULT_REDIS_URL is set, but the library is not there: pip install 'pult[scale]'")
    if line.mark != good("", "").mark:
        return line
    connection = Redis.from_url(url, socket_timeout=WITHIN)
    try:
        version = (await connection.info("server"))["redis_version"]
    except (RedisError, OSError) as error:
        return bad("redis", f"answers, but not to us: {told(error)}: see user, password and TLS in PULT_REDIS_URL")
    finally:
        await connection.aclose()
    return good("redis", f"Redis {version}")


def ffmpeg() -> Line:
    if find_ffmpeg() is None:
        return note("ffmpeg", "not found: moving stickers and pictures of odd kinds go as files; apt install ffmpeg")
    return good("ffmpeg", "found")


async def reached(what: str, address: str, port: int, advice: str = "") -> Line:
    """Whether somebody listens there."""
    parts = urlsplit(address)
    where = f"{parts.hostname}:{parts.port or port}"
    try:
        async with asyncio.timeout(WITHIN):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or port)
        writer.close()
    except (OSError, TimeoutError) as error:
        return bad(what, f"{where} cannot be reached ({type(error).__name__}){advice}")
    return good(what, f"{where} answers")
