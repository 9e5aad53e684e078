"""One town for all tests of a module: its processes take long to start."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conftest import database_url, execute
from tests.scale.town import Town, town_of


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Two webs behind a proxy, two workers, PostgreSQL, Redis and Telegram."""
    name = f"pult_town_{os.getpid()}"
    url = database_url(postgres_server, name)
    await execute(postgres_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
    try:
        async with town_of(url, tmp_path_factory.mktemp("town")) as running:
            yield running
    finally:
        await execute(postgres_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
