"""Who else on this machine may read what Pult keeps: nobody, unless somebody allowed it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bot import keys
from bot.database import sqlite_path
from bot.settings import Settings

OTHERS = stat.S_IRWXO | stat.S_IWGRP


def keep_private() -> None:
    """Whatever this process makes from now on (database, write-ahead log, backups, files, keys) is its user's alone."""
    os.umask(0o077)


def too_open(settings: Settings) -> list[str]:
    """A sentence for each thing that others of this machine could read or change, with the way to close it."""
    return [f"other users can read {path}: chmod {mode} {path}" for path, mode in _secret(settings) if _open(path)]


def _secret(settings: Settings) -> Iterator[tuple[Path, str]]:
    """A folder that is closed closes what is in it."""
    key = keys.key_file(settings)
    if not settings.secret_keys and _open(key.parent):
        yield key, "600"
    if settings.sqlite:
        database = sqlite_path(settings.database_url)
        if _open(database.parent):
            yield database, "600"
            yield database.parent / "backups", "700"
    if _open(settings.data_dir):
        yield settings.data_dir / "files", "700"
    if Path(".env").exists():
        yield Path(".env"), "600"


def _open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & OTHERS)
    except OSError:
        return False
