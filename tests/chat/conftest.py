"""A desk at work for the tests of the chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from bot import logging, messages
from models.fields import use_cipher
from tests.chat.office import Office, opened

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def spoken() -> None:
    """The catalogues as they are in the .po files now."""
    paths = messages.Paths(ROOT)
    if paths.mo("ru").stat().st_mtime < paths.po("ru").stat().st_mtime:
        messages.compile_all(ROOT)
    logging.configure("warning", "json")


@pytest.fixture
async def office(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """The service against the emulated Telegram, on each database."""
    use_cipher(MultiFernet([Fernet(Fernet.generate_key())]))
    async with opened(tmp_path / "files", database.startswith("postgres"), monkeypatch) as office:
        yield office
