"""Long polling of a control bot over a connection of its own, as raw JSON: one odd update must not hide the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer

from adapters.errors import Ambiguous, CredentialsRevoked, PlatformError, Temporary, Throttled
from adapters.http import Http
from adapters.redaction import without_secrets
from handlers.chat.session import DeskBot

log = structlog.get_logger(__name__)

WAIT = 50
"""Seconds that Telegram holds a poll open when there is nothing (at most 50)."""
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds after the first, second, … failure in a row."""
CONFLICT_PAUSE = 10.0

Receive = Callable[[Sequence[object]], Awaitable[None]]


class WebhookActive(PlatformError):
    """Telegram delivers to a webhook and answers no polls."""


class OtherPoller(Temporary):
    """Somebody else polls with the same token."""


class Poller:
    """Asks Telegram for updates; `receive` has to have written them down when it returns."""

    def __init__(
        self, bot: DeskBot, kinds: Sequence[str], *, base: str | None = None, proxy: str | None = None, wait: int = WAIT
    ) -> None:
        server = TelegramAPIServer.from_base(base) if base else PRODUCTION
        self._address = server.base.format(token=bot.token, method="{method}")
        self._http = Http(proxy=proxy, pool=2)
        self._bot = bot
        self._kinds = list(kinds)
        self._wait = wait
        self._offset: int | None = None

    async def run(self, receive: Receive) -> None:
        """Until cancelled. Raises CredentialsRevoked; everything else is waited out."""
        await self._remove_webhook()
        failures = 0
        while True:
            try:
                updates = await self._updates()
                await receive(updates)
            except CredentialsRevoked:
                raise
            except WebhookActive:
                log.warning(
                    "a webhook was set on the control bot from elsewhere and is removed", bot=self._bot.username
                )
                await self._remove_webhook()
            except Exception as error:
                pause = pause_after(error, failures)
                failures += 1
                log.warning("polling failed", bot=self._bot.username, error=without_secrets(str(error)), again_in=pause)
                await asyncio.sleep(pause)
            else:
                failures = 0
                # Sent once: what is confirmed stays so, and a number that starts anew after a quiet week is not missed.
                self._offset = _after(updates)

    async def close(self) -> None:
        await self._http.close()

    async def _updates(self) -> list[Any]:
        body: dict[str, Any] = {"timeout": self._wait, "allowed_updates": self._kinds}
        if self._offset is not None:
            body["offset"] = self._offset
        result = await self._call("getUpdates", body, timeout=self._wait + 15.0)
        return result if isinstance(result, list) else []

    async def _remove_webhook(self) -> None:
        """A webhook and polling exclude each other; what waits at Telegram is kept."""
        failures = 0
        while True:
            try:
                await self._call("deleteWebhook", {"drop_pending_updates": False}, timeout=30.0)
            except CredentialsRevoked:
                raise
            except PlatformError as error:
                pause = pause_after(error, failures)
                failures += 1
                log.warning("the control bot's webhook could not be removed", error=str(error), again_in=pause)
                await asyncio.sleep(pause)
            else:
                return

    async def _call(self, method: str, body: dict[str, Any], *, timeout: float) -> Any:
        answer = await self._http.call("POST", self._address.format(method=method), json=body, timeout=timeout)
        data = answer.json()
        if not isinstance(data, dict):
            raise Ambiguous(f"HTTP {answer.status}: the answer is no object")
        if data.get("ok"):
            return data.get("result")
        raise _error(answer.status, data)


def _error(status: int, data: dict[str, Any]) -> PlatformError:
    words = without_secrets(str(data.get("description", f"HTTP {status}")))
    if status == 401 or (status == 404 and "method not found" not in words.lower()):
        return CredentialsRevoked(words)
    if status == 409:
        return WebhookActive(words) if "webhook" in words.lower() else OtherPoller(_TWICE, CONFLICT_PAUSE)
    if status == 429:
        return Throttled(words, float((data.get("parameters") or {}).get("retry_after", 1)))
    return Temporary(words)


_TWICE = "another program polls with the same token: stop it, or give one of the two another bot"


def pause_after(error: Exception, failures: int) -> float:
    """Seconds to wait after so many failures in a row before this one."""
    asked = getattr(error, "retry_after", None)
    growing = PAUSES[min(failures, len(PAUSES) - 1)]
    return growing if asked is None else max(float(asked), growing if failures else 0.0)


def _after(updates: Sequence[object]) -> int | None:
    numbers = [update.get("update_id") for update in updates if isinstance(update, dict)]
    known = [number for number in numbers if isinstance(number, int)]
    return max(known) + 1 if known else None
