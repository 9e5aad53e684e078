"""`python -m bot check`: what an installation can see of itself, before it is started or while it runs.

Nothing is changed by it, here or at any messenger.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.check import outside, place
from bot.check.lines import Line, Mark
from bot.check.logins import logins
from bot.settings import Settings

__all__ = ["Line", "Mark", "report"]


async def report(settings: Settings) -> AsyncIterator[Line]:
    """Line by line, as each is known. Settings have been read already: wrong ones never get here."""
    for line in place.settings_and_privacy(settings):
        yield line
    database, usable = await place.database(settings)
    for line in database:
        yield line
    yield await place.disk(settings)
    if settings.redis_url:
        yield await place.redis(settings.redis_url.get_secret_value())
    yield place.ffmpeg()
    reached: set[str] = set()
    async for platform, line in outside.messengers(await outside.used(settings, usable)):
        reached |= {platform} if line.mark is Mark.GOOD else set()
        yield line
    if "telegram" in reached:
        async for line in outside.control_bot(settings):
            yield line
    yield await outside.public_address(settings.public_url)
    for line in logins(settings):
        yield line
    if usable:
        async for line in outside.channels(settings, reached):
            yield line
