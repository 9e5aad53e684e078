from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


async def pult(folder: Path, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Runs the command line in a folder of its own; exit code, standard output, standard error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULT_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_help_names_the_commands(tmp_path: Path) -> None:
    code, out, _ = await pult(tmp_path, "--help")

    assert code == 0
    assert [name for name in ("migrate", "check", "rotate-keys", "messages", "docs") if name not in out] == []


async def test_migrate_makes_an_empty_database_and_says_so(tmp_path: Path) -> None:
    code, out, err = await pult(tmp_path, "migrate")

    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "The database is up to date"
    assert (tmp_path / "data" / "pult.sqlite3").exists()


async def test_two_processes_that_migrate_at_once_both_succeed(tmp_path: Path) -> None:
    done = await asyncio.gather(*(pult(tmp_path, "migrate") for _ in range(2)))

    assert [code for code, _, _ in done] == [0, 0]
    assert sum("Applied" in out for _, out, _ in done) == 1


async def test_wrong_settings_are_told_without_a_traceback(tmp_path: Path) -> None:
    code, out, err = await pult(tmp_path, "migrate", PULT_DATABASE_URL="mysql://root:wordpass@db/x", PULT_PORT="x")

    assert (code, out) == (1, "")
    assert "PULT_DATABASE_URL" in err
    assert "PULT_PORT" in err
    assert "Traceback" not in err
    assert "wordpass" not in err


async def test_check_tells_good_from_bad(tmp_path: Path) -> None:
    settings = {
        "PULT_BOT_TOKEN": "1234567:AAGIkdcDPqyN0OeGEeTuH3RxWxSGVnJXbfU",
        "PULT_TELEGRAM_API": "http://127.0.0.1:9",
        "PULT_REDIS_URL": "redis://127.0.0.1:9/0",
        "PULT_VK_APP_ID": "1",
        "PULT_VK_APP_SECRET": "key-of-the-app",
        "PULT_PUBLIC_URL": "https://127.0.0.1:9/desk",
    }

    code, out, _ = await pult(tmp_path, "check", **settings)

    assert code == 1
    assert "ok  settings: complete" in out
    assert "ok  database: empty" in out
    assert "BAD redis: 127.0.0.1:9 cannot be reached" in out
    assert "BAD telegram: 127.0.0.1:9 cannot be reached" in out
    assert "--  vk login: offered; its app must name the redirect address https://127.0.0.1:9/desk/login/vk" in out
    assert "facebook login" not in out
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("arguments", [("messages", "--check"), ("docs", "--check")])
async def test_the_catalogues_and_pages_can_be_checked_from_anywhere(
    tmp_path: Path, arguments: tuple[str, str]
) -> None:
    code, out, err = await pult(tmp_path, *arguments)

    assert "Traceback" not in err
    assert (code, out) == (0, "") or "run `make" in err or "no translation" in err
