"""`python -m bot check`: what an installation can see of itself before it is started."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from adapters.redaction import told
from adapters.registry import discover
from bot import keys
from bot.migrate.state import State, look
from bot.permissions import too_open
from bot.settings import Settings, unknown


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    good: bool
    told: str

    def __str__(self) -> str:
        return f"{'ok ' if self.good else 'BAD'} {self.what}: {self.told}"


async def report(settings: Settings) -> list[Line]:
    """Settings have been read already: wrong ones never get here."""
    strange = unknown()
    lines = [Line("settings", not strange, "; ".join(strange) or "complete")]
    if problems := too_open(settings):
        lines.append(Line("privacy", False, "; ".join(problems)))
    lines.append(await _database(settings))
    if settings.redis_url:
        lines.append(await _answers("redis", settings.redis_url.get_secret_value(), 6379))
    for platform, kind in discover().items():
        api = getattr(kind.settings(), "api", None)
        if api:
            lines.append(await _answers(platform, api, 443 if api.startswith("https:") else 80))
    return lines


async def _database(settings: Settings) -> Line:
    try:
        state = await look(settings.database_url)
    except Exception as error:
        return Line("database", False, f"cannot be opened: {told(error)}")
    problems = list(_problems(state))
    usable = not problems and not state.empty
    if usable and not keys.known(settings) and await keys.holds_secrets(settings.database_url):
        problems = [f"its key is gone: {keys.key_file(settings)} or PULT_SECRET_KEY"]
    if problems:
        return Line("database", False, "; ".join(problems))
    return Line("database", True, "empty, its tables are made at the start" if state.empty else "up to date")


def _problems(state: State) -> Iterator[str]:
    if state.died:
        yield "a migration died half way: python -m bot migrate"
    if state.pending and not state.empty:
        yield f"{len(state.pending)} migrations are missing: python -m bot migrate"
    if state.unknown:
        yield "written by a newer Pult"
    if state.foreign:
        yield "holds tables, but none of Pult's"


async def _answers(what: str, address: str, port: int) -> Line:
    parts = urlsplit(address)
    where = f"{parts.hostname}:{parts.port or port}"
    try:
        async with asyncio.timeout(5):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or port)
        writer.close()
    except (OSError, TimeoutError) as error:
        return Line(what, False, f"{where} cannot be reached ({type(error).__name__})")
    return Line(what, True, f"{where} answers")
