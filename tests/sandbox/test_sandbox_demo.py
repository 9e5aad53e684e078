"""The demo: the service as a child of the sandbox."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from sandbox import demo

ROOT = Path(__file__).resolve().parents[2]
# In place of the service: says which bot it is by the environment it was given, then waits to be stopped.
CHILD = """
import json, os, signal, urllib.request
url = os.environ["PULT_TELEGRAM_API"] + "/bot" + os.environ["PULT_BOT_TOKEN"] + "/setMyName?name=ready"
urllib.request.urlopen(url).read()
assert os.environ["PULT_DATABASE_URL"].startswith("sqlite://" + os.environ["PULT_DATA_DIR"])
assert os.environ["PULT_PUBLIC_URL"] == "https://pult.test"
assert "PULT_REDIS_URL" not in os.environ
"""
WAIT = "signal.pause()\n"


def command(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def test_the_service_runs_against_the_sandbox_and_stops_with_it() -> None:
    stop, said = asyncio.Event(), asyncio.Queue[str]()
    os.environ["PULT_REDIS_URL"] = "redis://elsewhere"
    try:
        playing = asyncio.create_task(demo.run(stop, said.put_nowait, port=0, command=command(CHILD + WAIT)))
        address = await asyncio.wait_for(said.get(), 20)
        assert "http://127.0.0.1:" in address
        stop.set()
        assert await asyncio.wait_for(playing, 20) == 0
    finally:
        del os.environ["PULT_REDIS_URL"]


async def test_a_service_that_dies_stops_the_demo_and_is_named() -> None:
    said: list[str] = []
    code = await demo.run(asyncio.Event(), said.append, port=0, command=command(CHILD + "raise SystemExit(3)"))
    assert code == 1
    assert "ended by itself with code 3" in said[-1]


def test_a_taken_port_is_avoided() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        assert demo.free_port("127.0.0.1", number) != number


async def test_the_command_line_serves_until_it_is_told_to_stop() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--port", "0", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        shown = await process.stdout.readuntil(b"/telegram")
        assert b"http://127.0.0.1:" in shown
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
