"""The listening side: what is no HTTP, or breaks off, is answered as briefly as everything else and fills no log.

aiohttp answers such requests before any middleware sees them, quotes them, and logs a traceback for each.
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError
from prometheus_client import Counter

from handlers.web import guard

log = structlog.get_logger(__name__)

MALFORMED: Final = Counter("pult_web_malformed", "Requests that were no HTTP, or broke off")
_THEIRS: Final = (HttpProcessingError, RequestPayloadError, ConnectionError)
"""The fault of whoever sent it."""
LINGERS: Final = 2.0
"""Seconds for which the rest of a refused body is read, so that its sender hears the refusal."""


class Connection(web.RequestHandler):
    """One connection of a client."""

    __slots__ = ()

    def log_exception(self, *args: Any, **more: Any) -> None:
        """A stranger's rubbish is counted; what is ours to mend is logged in full."""
        if isinstance(more.get("exc_info"), _THEIRS):
            MALFORMED.inc()
        else:
            super().log_exception(*args, **more)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The same short answer for everything; the connection ends."""
        super().handle_error(request, status, exc, message)
        answer = guard.refusal(status)
        answer.headers.update({**guard.HEADERS, "Server": guard.SERVER})
        answer.force_close()
        return answer


class Server(web.Server):
    """Makes a `Connection` for each client."""

    def __init__(self, made: web.Server) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory, loop=made._loop, **made._kwargs)

    def __call__(self) -> Connection:
        return Connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Serves an application over such connections."""

    __slots__ = ()

    def __init__(self, app: web.Application, *, shutdown_timeout: float) -> None:
        # Packed bodies are refused, so nothing unpacks what is only read to be thrown away.
        super().__init__(
            app, access_log=None, auto_decompress=False, lingering_time=LINGERS, shutdown_timeout=shutdown_timeout
        )

    async def _make_server(self) -> Server:
        return Server(await super()._make_server())
