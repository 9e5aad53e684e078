"""What `restore` refuses, with nothing changed; an empty database is not begun beside an old one; pg_dump's address."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bot.backup import BackupRefused, make
from bot.beside import NoDatabase, refuse_missing
from bot.database import DatabaseBusy, close_database, open_database, sqlite_path
from bot.direct import libpq
from bot.dump import ProgramFailed
from bot.keys import new_key
from bot.migrate import migrate
from bot.restoring import RestoreRefused, restore
from bot.settings import Settings
from bot.start import open_for
from tests.conftest import database_url, execute


def settings_of(url: str, data: Path) -> Settings:
    return Settings(_env_file=None, database_url=url, data_dir=data)  # type: ignore[call-arg]


def silent(_: str) -> None:
    """Nobody listens."""


@pytest.fixture
def lived(sqlite_template: Path, tmp_path: Path) -> Settings:
    """An installation with a file of a customer's, and a database outside its data folder."""
    database, data = tmp_path / "elsewhere" / "desk.sqlite3", tmp_path / "data"
    database.parent.mkdir()
    shutil.copyfile(sqlite_template, database)
    (data / "files" / "07").mkdir(parents=True)
    (data / "files" / "07" / "7").write_bytes(b"a picture")
    return settings_of(f"sqlite://{database}", data)


@pytest.fixture
async def copy(lived: Settings, tmp_path: Path) -> Path:
    await make(lived, tmp_path / "copy", silent)
    return tmp_path / "copy"


async def test_it_goes_to_where_it_belongs_and_what_was_there_stays(lived: Settings, copy: Path) -> None:
    path = sqlite_path(lived.database_url)
    path.write_bytes(b"something else")
    path.with_name(path.name + "-wal").write_bytes(b"and its log")
    path.with_name(path.name + ".migrating").write_text("/nowhere")
    (lived.data_dir / "files" / "07" / "7").unlink()
    said: list[str] = []
    await restore(lived, copy, said.append)
    [aside] = path.parent.glob("desk.replaced-*.sqlite3")
    assert aside.read_bytes() == b"something else"
    assert aside.with_name(aside.name + "-wal").read_bytes() == b"and its log"
    assert str(aside) in said[0]
    assert (lived.data_dir / "files" / "07" / "7").read_bytes() == b"a picture"
    assert not list(lived.data_dir.glob("*.sqlite3"))
    await open_for(lived)
    await close_database()


def no_manifest(copy: Path) -> None:
    (copy / "manifest.json").unlink()


def half_a_manifest(copy: Path) -> None:
    (copy / "manifest.json").write_text("{")


def no_file(copy: Path) -> None:
    (copy / "files" / "07" / "7").unlink()


def cut_database(copy: Path) -> None:
    path = copy / "desk.sqlite3"
    path.write_bytes(path.read_bytes()[:8192])


def no_database(copy: Path) -> None:
    (copy / "desk.sqlite3").write_bytes(b"what is this")


def of_postgres(copy: Path) -> None:
    (copy / "desk.sqlite3").write_bytes(b"PGDMP and so on")


def led_out(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "files": [["../../outside", 3]]}))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (no_manifest, "broke off"),
        (half_a_manifest, "cannot be read"),
        (no_file, "1 files of the copy are missing"),
        (cut_database, "damaged"),
        (no_database, "neither"),
        (of_postgres, "is of PostgreSQL"),
        (led_out, "missing"),
    ],
)
async def test_a_copy_that_is_not_whole_changes_nothing(lived: Settings, copy: Path, damage: object, told: str) -> None:
    assert callable(damage)
    damage(copy)
    path = sqlite_path(lived.database_url)
    before = path.read_bytes()
    with pytest.raises(RestoreRefused, match=told):
        await restore(lived, copy, silent)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir() if not one.name.endswith(".lock")] == [path.name]


async def test_nothing_is_put_under_a_running_process(lived: Settings, copy: Path) -> None:
    await open_database(lived.database_url)
    try:
        with pytest.raises(DatabaseBusy):
            await restore(lived, copy, silent)
    finally:
        await close_database()


@pytest.mark.parametrize("left", ["data/secret.key", "data/old.sqlite3", "data/files/07/7", "db/desk.sqlite3-wal",
                                  "db/desk.replaced-1.sqlite3", "db/desk.sqlite3.bak"])  # fmt: skip
async def test_no_empty_database_is_begun_beside_what_is_left_of_one(
    sqlite_template: Path, tmp_path: Path, left: str
) -> None:
    path = tmp_path / left
    path.parent.mkdir(parents=True)
    shutil.copyfile(sqlite_template, path)
    if left.endswith(".key"):
        path.write_text(new_key())
    settings = settings_of(f"sqlite://{tmp_path}/db/desk.sqlite3", tmp_path / "data")
    with pytest.raises(NoDatabase, match=r"restore.*python -m bot migrate"):
        await open_for(settings)
    assert not (tmp_path / "db" / "desk.sqlite3").exists()
    await migrate(settings.database_url)
    await open_for(settings)
    await close_database()


@pytest.mark.postgres
async def test_an_empty_postgres_is_not_begun_beside_an_old_file(lived: Settings, postgres_url: str) -> None:
    shutil.move(sqlite_path(lived.database_url), lived.data_dir / "pult.sqlite3")
    with pytest.raises(NoDatabase, match=r"pult_empty.*pult\.sqlite3"):
        await open_for(settings_of(postgres_url, lived.data_dir))


async def test_commands_for_what_is_there_make_nothing(tmp_path: Path) -> None:
    settings = settings_of(f"sqlite://{tmp_path}/none.sqlite3", tmp_path / "data")
    with pytest.raises(NoDatabase, match="nothing yet"):
        await open_for(settings, refuse_missing)
    with pytest.raises(BackupRefused, match="There is no database"):
        await make(settings, tmp_path / "copy", silent)
    assert not (tmp_path / "none.sqlite3").exists()
    assert not (tmp_path / "copy").exists()


@pytest.mark.postgres
async def test_a_dump_goes_into_a_new_database_alone_and_whole_or_not_at_all(
    postgres_server: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(postgres_url)
    settings = settings_of(postgres_url + "?maxsize=3", tmp_path)
    await make(settings, tmp_path / "copy", silent)
    with pytest.raises(ProgramFailed, match=r"holds tables already.*createdb"):
        await restore(settings, tmp_path / "copy", silent)
    missing = settings_of(database_url(postgres_server, "pult_not_there"), tmp_path)
    with pytest.raises(ProgramFailed, match="createdb pult_not_there"):
        await restore(missing, tmp_path / "copy", silent)
    await execute(postgres_url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    path = tmp_path / "copy" / "pult.dump"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 9 // 10])
    with pytest.raises(ProgramFailed, match="pg_restore ended with"):
        await restore(settings, tmp_path / "copy", silent)
    path.write_bytes(whole)
    await restore(settings, tmp_path / "copy", silent)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramFailed, match="pg_dump is not there"):
        await make(settings, tmp_path / "second", silent)


def test_the_address_for_postgres_own_programs() -> None:
    assert libpq("postgres://u:p%40ss@db.example:6543/desk?minsize=1&maxsize=9&ssl=require") == {
        "PGHOST": "db.example",
        "PGPORT": "6543",
        "PGUSER": "u",
        "PGPASSWORD": "p@ss",
        "PGDATABASE": "desk",
        "PGSSLMODE": "require",
    }
