"""The demo: the sandbox with a cast of people, and the service itself running against it in a temporary folder."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from .server import API, create_app, serving
from .stage import TellsSettings, find_stages

ROOT = Path(__file__).resolve().parent.parent
HOST = "pult.test"
STAFF = (("Олег", "oleg"), ("Мария", "maria"))
CUSTOMERS = (("Анна", "anna"), ("Борис", "boris"), ("Вера", "vera"))
# A demo must not reach for what the shell is set up for, save for how it talks.
_KEPT = frozenset({"PULT_LOG_LEVEL", "PULT_LOG_FORMAT", "PULT_LOCALE"})
_PATIENCE = 20.0


def service_command() -> list[str]:
    return [sys.executable, "-m", "bot", "run"]


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or any free one if it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"There is no free port on {host}.")


def environment(token: str, api: str, port: int, folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULT_") or name in _KEPT}
    path = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    return kept | {
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "PULT_BOT_TOKEN": token,
        "PULT_TELEGRAM_API": f"{api}/telegram",
        "PULT_PUBLIC_URL": f"https://{HOST}",
        "PULT_DATABASE_URL": f"sqlite://{folder}/pult.sqlite3",
        "PULT_DATA_DIR": folder,
        "PULT_HOST": "127.0.0.1",
        "PULT_PORT": str(port),
    }


async def run(
    stop: asyncio.Event,
    say: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int = 8081,
    service_port: int = 8080,
    command: Sequence[str] | None = None,
) -> int:
    """Play until `stop` is set or the service ends; the exit code."""
    service_port = free_port("127.0.0.1", service_port)
    stages = find_stages()
    app = create_app(stages, {HOST: f"http://127.0.0.1:{service_port}"})
    async with serving(app, host, port) as bound:
        telegram = next(stage for stage in stages if stage.id == "telegram")
        token = telegram.create_bot("Пульт", "pult_bot", True)["token"]
        for number, (name, username) in enumerate((*STAFF, *CUSTOMERS)):
            app[API].add_person(name, username, "ru", number < len(STAFF))
        with tempfile.TemporaryDirectory(prefix="pult-demo-") as folder:
            base = f"http://127.0.0.1:{bound}"
            env = environment(str(token), base, service_port, folder)
            for stage in stages:
                env |= stage.environment(base) if isinstance(stage, TellsSettings) else {}
            child = await asyncio.create_subprocess_exec(
                *(command or service_command()), env=env, cwd=folder, start_new_session=True
            )
            say(f"\n  Open the page of phones:  http://{host}:{bound}/\n  Ctrl-C stops everything.\n")
            return await _watch(child, stop, say)


async def _watch(child: asyncio.subprocess.Process, stop: asyncio.Event, say: Callable[[str], None]) -> int:
    ended, asked = asyncio.create_task(child.wait()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            say(f"The service has ended by itself with code {child.returncode}; the sandbox stops too.")
            return 1
        return 0
    finally:
        asked.cancel()
        await _end(child, ended)


async def _end(child: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    """Stop the child, and only it."""
    if ended.done():
        return
    child.terminate()
    try:
        async with asyncio.timeout(_PATIENCE):
            await asyncio.shield(ended)
    except TimeoutError:
        child.kill()
        await ended
