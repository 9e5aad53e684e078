"""A small installation on SQLite: what attackers try differs in no database, but for the tests of tenants."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.database import close_database, open_database
from tests.installation import Installation, installed


@pytest.fixture
async def place(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Installation]:
    copy = tmp_path / "pult.sqlite3"
    copy.write_bytes(sqlite_template.read_bytes())
    await open_database(f"sqlite://{copy}")
    try:
        async with installed(tmp_path) as place:
            yield place
    finally:
        await close_database()
