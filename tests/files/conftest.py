"""A small installation that is reached under a public address, and one at a laptop, without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.installation import Installation, installed


@pytest.fixture
async def place(database: str, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(tmp_path) as place:
        yield place


@pytest.fixture
async def laptop(database: str, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(tmp_path, public_url=None) as place:
        yield place
