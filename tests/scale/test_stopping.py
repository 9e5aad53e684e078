"""A web that is being stopped tells balancers first, and goes on answering for as long as it was told to."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.conftest import emulated, opened
from tests.scale.processes import until


async def test_balancers_are_told_before_anything_stops(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "pult.sqlite3"
    copy.write_bytes(sqlite_template.read_bytes())
    async with emulated() as telegram, contextlib.AsyncExitStack() as stack, aiohttp.ClientSession() as client:
        office = await stack.enter_async_context(
            opened(telegram, f"sqlite://{copy}", tmp_path / "data", monkeypatch, PULT_DRAIN_SECONDS="300")
        )
        web = f"http://127.0.0.1:{office.port}"

        async def status(path: str) -> int:
            async with client.get(web + path) as answer:
                return answer.status

        async def refuses() -> bool:
            return await status("/health/ready") == 503

        assert await status("/health/ready") == 200
        stopping = asyncio.create_task(stack.aclose())
        await until(refuses)
        assert await status("/hooks/telegram/unknown") == 404
        assert await status("/health/live") == 200
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        with pytest.raises(aiohttp.ClientConnectorError):
            await status("/health/live")
