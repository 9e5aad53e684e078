"""The whole database in one file: from SQLite to PostgreSQL and back, the same in every row; or nothing at all."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.fernet import Fernet

from bot.database import close_database, open_database
from bot.migrate import migrate
from bot.moving import LEFT_OUT, NotMoved, _reading, export, take_in
from bot.settings import Settings
from models import Account
from services import clock
from tests.installation import installed

KEY = Fernet.generate_key().decode()
Table = list[list[Any]]


def settings(url: str, folder: Path, key: str = KEY) -> Settings:
    return Settings(database_url=url, secret_key=key, data_dir=folder, _env_file=None)  # type: ignore[call-arg, arg-type]


def heard(_: str) -> None:
    return None


async def content(url: str) -> dict[str, Table]:
    """Every row of every table, in an order that both databases agree on; JSON by what it says."""
    found: dict[str, Table] = {}
    async with _reading(url, heard) as side:
        for table in await side.tables():
            if table not in LEFT_OUT:
                columns = sorted(await side.columns(table))
                found[table] = sorted(
                    [[_read(one) for one in row] async for row in side.rows(table, columns)], key=repr
                )
    return found


def _read(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


@pytest.fixture
async def lived_in(sqlite_template: Path, tmp_path: Path) -> str:
    """An SQLite database in which a company has worked."""
    path = tmp_path / "pult.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite://{path}"
    await open_database(url)
    try:
        async with installed(tmp_path, key=KEY) as place:
            await place.connect()
            emulator, bot, anna = place.emulator, place.bot, place.anna
            emulator.start(bot, anna)
            emulator.say(bot, anna, "Здравствуйте! 👋")
            emulator.send_location(bot, anna, 55.75, 37.6)
            emulator.send_media(bot, anna, "photo", _picture())
            await emulator.wait_for(lambda: not bot.pending, 30)
        for number in range(3):
            last = await Account.create(name=f"Пусто {number}", created_at=clock.now())
        await last.delete()
    finally:
        await close_database()
    return url


def _picture() -> bytes:
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (60, 40)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.postgres
async def test_what_came_to_postgresql_and_back_is_what_it_was(
    lived_in: str, postgres_url: str, tmp_path: Path
) -> None:
    before = await content(lived_in)
    assert {"messages", "jobs", "inquiries", "files", "events"} <= {table for table, rows in before.items() if rows}
    there, back = tmp_path / "there.gz", tmp_path / "back.gz"
    written = await export(settings(lived_in, tmp_path), there, heard)
    assert there.stat().st_mode & 0o777 == 0o600
    assert await take_in(settings(postgres_url, tmp_path), there, heard) == written
    assert await content(postgres_url) == before
    await export(settings(postgres_url, tmp_path), back, heard)
    again = f"sqlite://{tmp_path}/again/pult.sqlite3"
    assert await take_in(settings(again, tmp_path), back, heard) == written
    assert await content(again) == before


@pytest.mark.postgres
async def test_new_rows_go_on_above_all_numbers_ever_given(lived_in: str, postgres_url: str, tmp_path: Path) -> None:
    file = tmp_path / "file.gz"
    await export(settings(lived_in, tmp_path), file, heard)
    given: list[int] = []
    for url in (postgres_url, f"sqlite://{tmp_path}/again/pult.sqlite3"):
        await take_in(settings(url, tmp_path), file, heard)
        await open_database(url)
        try:
            given.append((await Account.create(name="Новый", created_at=clock.now())).id)
        finally:
            await close_database()
    # One account of the company and three more, of which the last was deleted.
    assert given == [5, 5]


@pytest.fixture
async def exported(lived_in: str, tmp_path: Path) -> Path:
    file = tmp_path / "file.gz"
    await export(settings(lived_in, tmp_path), file, heard)
    return file


def fresh(folder: Path, template: Path) -> str:
    path = folder / "fresh.sqlite3"
    path.write_bytes(template.read_bytes())
    return f"sqlite://{path}"


async def test_a_cut_file_leaves_nothing_behind(exported: Path, sqlite_template: Path, tmp_path: Path) -> None:
    url = fresh(tmp_path, sqlite_template)
    cut = tmp_path / "cut.gz"
    whole = gzip.decompress(exported.read_bytes()).splitlines(keepends=True)
    for spoiled in (exported.read_bytes()[:-100], gzip.compress(b"".join(whole[:-1])), gzip.compress(b"{}\n"), b"no"):
        cut.write_bytes(spoiled)
        with pytest.raises(NotMoved):
            await take_in(settings(url, tmp_path), cut, heard)
    assert not any((await content(url)).values())


async def test_a_file_that_lost_a_row_is_refused(exported: Path, sqlite_template: Path, tmp_path: Path) -> None:
    url = fresh(tmp_path, sqlite_template)
    lines = gzip.decompress(exported.read_bytes()).splitlines(keepends=True)
    row = next(number for number, line in enumerate(lines) if b'"table":"messages"' in line) + 1
    exported.write_bytes(gzip.compress(b"".join(lines[:row] + lines[row + 1 :])))
    with pytest.raises(NotMoved):
        await take_in(settings(url, tmp_path), exported, heard)
    assert not any((await content(url)).values())


async def test_a_database_with_rows_is_left_as_it_is(lived_in: str, exported: Path, tmp_path: Path) -> None:
    before = await content(lived_in)
    with pytest.raises(NotMoved, match="not empty"):
        await take_in(settings(lived_in, tmp_path), exported, heard)
    assert await content(lived_in) == before


async def test_another_key_is_refused_before_anything_is_written(
    exported: Path, sqlite_template: Path, tmp_path: Path
) -> None:
    url = fresh(tmp_path, sqlite_template)
    with pytest.raises(NotMoved, match="key is another"):
        await take_in(settings(url, tmp_path, Fernet.generate_key().decode()), exported, heard)
    assert not any((await content(url)).values())


async def test_another_version_is_refused(exported: Path, sqlite_template: Path, tmp_path: Path) -> None:
    url = fresh(tmp_path, sqlite_template)
    await migrate(url)
    lines = gzip.decompress(exported.read_bytes()).splitlines(keepends=True)
    head = orjson.loads(lines[0])
    lines[0] = orjson.dumps(head | {"migrations": [*head["migrations"], "9999_later"]}) + b"\n"
    exported.write_bytes(gzip.compress(b"".join(lines)))
    with pytest.raises(NotMoved, match="another version"):
        await take_in(settings(url, tmp_path), exported, heard)


async def test_a_running_sqlite_is_exported_with_a_word_and_never_filled(
    lived_in: str, sqlite_template: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    await open_database(lived_in)
    try:
        await export(settings(lived_in, tmp_path), tmp_path / "live.gz", said.append)
    finally:
        await close_database()
    assert any("running" in one for one in said)
    with pytest.raises(NotMoved, match="there already"):
        await export(settings(lived_in, tmp_path), tmp_path / "live.gz", heard)
