"""Logs: structlog and the standard library's loggers through one handler, as text or JSON, without secrets.

    log = structlog.get_logger()
    log.info("channel connected", channel=channel.id)     # ids and kinds, never a message's text

`hide(secrets)` is called with every secret when it becomes known: at start, and when a channel is connected.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.redaction import Redaction
from services import trace

# At DEBUG these write statements with their values, or addresses with a channel's key.
_TALKATIVE: Final = {
    "tortoise": logging.INFO,
    "tortoise.db_client": logging.INFO,
    "aiosqlite": logging.INFO,
    "aiohttp.access": logging.WARNING,
    "apscheduler": logging.WARNING,
    "asyncio": logging.INFO,
    # A dear line for each update; `services.trace` notes it.
    "aiogram.event": logging.WARNING,
    # An error for whatever a menu refuses to show; what is one is logged by `handlers.chat.errors`.
    "aiogram_dialog.window": logging.CRITICAL,
}

_redaction = Redaction()


def hide(secrets: Iterable[str]) -> None:
    """Never show these strings in a log from now on."""
    _redaction.add(secrets)


def configure(level: str = "info", form: str = "text", stream: TextIO | None = None) -> None:
    """Send all logs of the process to `stream` (standard error); `form` is `text` or `json`."""
    shared = _shared_processors()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Formatter(shared, _renderer(form)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, floor in _TALKATIVE.items():
        logging.getLogger(name).setLevel(max(floor, root.level))
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """The finished line is redacted once more: a secret may have come in through a name or a traceback."""

    def __init__(self, shared: list[Processor], renderer: Processor) -> None:
        remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
        super().__init__(foreign_pre_chain=shared, processors=[remove, renderer])
        self._json = isinstance(renderer, structlog.processors.JSONRenderer)

    def format(self, record: logging.LogRecord) -> str:
        if record.name == trace.LOGGER:
            return self._note(record)
        return _redaction.text(super().format(record))

    def _note(self, record: logging.LogRecord) -> str:
        """A step of a message on its way: of ids and kinds alone, so that there is nothing to hide and little to do."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        fields = {**getattr(record, trace.FIELDS, {}), "request": trace.current()}
        event = record.getMessage()
        if self._json:
            whole = {**fields, "event": event, "level": "info", "logger": record.name, "timestamp": at}
            return orjson.dumps(whole, default=str).decode()
        told = " ".join(f"{name}={value}" for name, value in fields.items() if value is not None)
        return f"{at} [info] {event} [{record.name}] {told}"


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _with_request,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _redact,
    ]


def _with_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (request := trace.current()) is not None:
        event.setdefault("request", request)
    return event


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    hidden = ("_record", "_from_structlog")
    return {name: value if name in hidden else _redaction.value(value) for name, value in event.items()}


def _renderer(form: str) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Any:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("bot").critical("stopped by an error", exc_info=(kind, error, trace))
