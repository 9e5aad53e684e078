"""What cannot be written whole leaves nothing behind, and says so in a sentence: a copy, an export."""

from __future__ import annotations

import os
import resource
import secrets
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOM = 40 * 1024
"""Bytes that a file may have, less than the copy takes: as if the disk were full by then."""


@pytest.mark.parametrize("command", ["backup", "export"])
def test_a_full_disk_ends_in_a_sentence_and_leaves_no_half(command: str, sqlite_template: Path, tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "copies" / "copy"
    data.mkdir()
    target.parent.mkdir()
    shutil.copyfile(sqlite_template, data / "pult.sqlite3")
    with closing(sqlite3.connect(data / "pult.sqlite3")) as database, database:
        rows = [(secrets.token_hex(120), "2026-12-01 00:00:00.000000+00:00") for _ in range(1000)]
        database.executemany("INSERT INTO accounts (name, created_at) VALUES (?, ?)", rows)
    done = subprocess.run(
        [sys.executable, "-m", "bot", command, str(target)],
        cwd=ROOT, text=True, capture_output=True, timeout=60,
        env={**os.environ, "PULT_DATA_DIR": str(data), "PULT_DATABASE_URL": f"sqlite:///{data}/pult.sqlite3"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "could not be written" in done.stderr
    assert [path for path in target.parent.rglob("*") if path.is_file()] == []
