"""What lies on the disk is read by nobody else on the machine, whatever the machine's habits are."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.check.place import settings_and_privacy
from bot.migrate import backup
from bot.permissions import too_open
from bot.settings import Settings
from services.store import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """A machine on which new files are everybody's to read."""
    before = os.umask(0)
    yield
    os.umask(before)


def pult(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULT_")}
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments], cwd=folder, capture_output=True, text=True, check=False, umask=0,
        env={**environment, "PYTHONPATH": str(ROOT)}, timeout=300,
    )  # fmt: skip


def open_to_others(folder: Path) -> list[str]:
    found = [folder, *folder.rglob("*")]
    return [f"{path}: {stat.filemode(path.stat().st_mode)}" for path in found if path.stat().st_mode & 0o077]


def test_everything_that_a_command_makes_is_the_owners_alone(tmp_path: Path) -> None:
    assert pult(tmp_path, "migrate").returncode == 0
    done = pult(tmp_path, "rotate-keys")
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (tmp_path / "data").rglob("*")}
    assert {"pult.sqlite3", "secret.key"} <= made
    assert open_to_others(tmp_path / "data") == []


def test_a_backup_is_no_more_open_than_the_database(tmp_path: Path, sqlite_template: Path) -> None:
    database = tmp_path / "pult.sqlite3"
    database.write_bytes(sqlite_template.read_bytes())
    database.chmod(0o600)
    made = backup.make(database, "0002")
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    backup.restore(database, made)
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


async def test_folders_of_customers_files_are_closed(tmp_path: Path) -> None:
    store = Store(tmp_path / "files")
    async with store.receiving(7) as part:
        part.write_bytes(b"x")
        await store.keep(7, part)
    assert stat.S_IMODE(store.path(7).parent.stat().st_mode) == 0o700
    assert store.path(7).parent.parent == tmp_path / "files"


def test_what_is_open_is_told_with_the_way_to_close_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    data.mkdir(0o755)
    (data / "secret.key").touch(0o644)
    (data / "pult.sqlite3").touch(0o644)
    (tmp_path / ".env").touch(0o644)
    settings = Settings(_env_file=None, data_dir=data)  # type: ignore[call-arg]
    told = " ".join(too_open(settings))
    for name in ("secret.key", "pult.sqlite3", ".env"):
        assert f"{name}: chmod 600" in told
    data.chmod(0o700)
    (tmp_path / ".env").chmod(0o600)
    assert too_open(settings) == []
    data.chmod(0o755)
    lines = " ".join(map(str, settings_and_privacy(settings)))
    assert f"BAD privacy: other users can read {data}/secret.key: chmod 600" in lines
