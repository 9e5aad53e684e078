"""A small installation on SQLite: what attackers try differs in no database, but for the tests of tenants."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from bot import logging as logs
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


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All that the process logs, at the most talkative level."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    stream = io.StringIO()
    logs.configure("debug", request.param, stream)
    yield stream
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()
