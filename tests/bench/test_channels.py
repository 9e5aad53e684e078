"""Ten thousand channels in one process: what each takes of its memory, how it is looked up, and how the service starts.

python -m pytest tests/bench/test_channels.py -m bench -s
"""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from pathlib import Path

import aiohttp
import pytest

from models.fields import seal, to_text
from services import clock
from services.channel_rows import Known
from services.sql import fetch
from tests.bench.conftest import Report, kind_of
from tests.bench.test_growth import counted
from tests.e2e.conftest import emulated, opened

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

CHANNELS = 10_000
SECRET = "s3cret"
KB_EACH = 20
START_WITHIN = 10.0
"""Seconds."""


async def connected() -> None:
    """Rows as of channels that were connected long ago."""
    [shop] = await fetch("SELECT project_id FROM channels")
    sealed = seal(json.dumps({"token": "1:x", "hook_secret": SECRET}))
    at = to_text(clock.now())
    await fetch(
        "INSERT INTO channels (project_id, platform, external_id, state, name, credentials, receiving, hook_key,"
        f" created_at, confirmed_at) SELECT {shop['project_id']}, 'telegram', 'c' || n, 'active', 'Канал',"
        f" '{sealed}', 'webhook', 'hook' || n, '{at}', '{at}' FROM {counted(CHANNELS)} SELECT n FROM numbers) AS s"
    )


async def heard(port: int, number: int) -> int:
    """The answer to a message that comes to this channel."""
    person = {"id": 5, "is_bot": False, "first_name": "Анна"}
    chat = {"id": 5, "type": "private", "first_name": "Анна"}
    message = {"message_id": 1, "from": person, "chat": chat, "date": int(time.time()), "text": "Здравствуйте"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{port}/hooks/telegram/hook{number}",
            json={"update_id": 1, "message": message},
            headers={"X-Telegram-Bot-Api-Secret-Token": SECRET},
        ) as response,
    ):
        return response.status


async def looked_up(known: Known) -> float:
    """Milliseconds for each."""
    started = time.perf_counter()
    for number in range(1, CHANNELS + 1):
        assert await known.by_hook("telegram", f"hook{number}") is not None
    return (time.perf_counter() - started) / CHANNELS * 1e3


async def kilobytes() -> float:
    """What a channel takes once its webhook has been heard."""
    gc.collect()
    tracemalloc.start()
    known = Known()
    await looked_up(known)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] / 1024 / CHANNELS
    tracemalloc.stop()
    return grown


async def test_ten_thousand_channels_in_one_process(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    async with emulated() as telegram:
        async with opened(telegram, migrated_url, tmp_path, monkeypatch) as office:
            await office.company()
            await connected()
            looked, grown = await looked_up(Known()), await kilobytes()
        started = time.perf_counter()
        async with opened(telegram, migrated_url, tmp_path, monkeypatch, desk=office.desk) as office:
            status = await heard(office.port, CHANNELS)
            start = time.perf_counter() - started
    assert status == 200
    head = ("", "KB each", "looked up in, ms", "from start to the answer of the last one's webhook, s")
    report.row("channels", head, kind_of(migrated_url), f"{grown:.1f}", f"{looked:.2f}", f"{start:.1f}")
    assert grown < KB_EACH
    assert start < START_WITHIN
