"""Looks for planted secrets in everything that an installation leaves behind or shows."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import aiohttp

from tests.e2e.conftest import Office


async def left_by(office: Office, file: Path) -> dict[str, str]:
    """Every place but the logs where a secret could stand, by name."""
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{office.port}/metrics") as answer:
        metrics = await answer.text()
    return {
        "the database's file": file.read_bytes().decode("latin-1"),
        "its journal": Path(f"{file}-wal").read_bytes().decode("latin-1"),
        "its tables": _dump(file),
        "metrics": metrics,
        "settings' and parts' repr": repr(office.parts.web) + repr(office.parts.services),
    }


def in_none(secrets: Iterable[str], places: dict[str, str], written: io.StringIO) -> None:
    """None of them stands in any of these places, nor in what was logged, which is something."""
    logs = written.getvalue()
    assert len(logs) > 500
    for place, text in {**places, "logs": logs}.items():
        for secret in secrets:
            assert secret not in text, f"{secret[:12]}… in {place}: …{text[max(0, text.find(secret) - 200) :][:200]}"


def _dump(file: Path) -> str:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return "\n".join(connection.iterdump())
    finally:
        connection.close()
