"""The id under which one message is followed through the logs, from its webhook to its delivery.

A request, a poll or a control bot's update is given an id (`following`). Every log line of its handling has it as
`request`; `enqueue` writes it into the jobs that follow from it, and whoever carries a job out is under its id again.

`note` writes the steps on the way. They come for every message, hence a way of their own past the costly formatting of
other lines: an event and its fields, which are ids, kinds and numbers and never what people wrote.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Generic

from services.driving import Make, Steps, T

LOGGER: Final = "pult.trace"
"""The same name is used by `adapters`, which know nothing of services."""
FIELDS: Final = "fields"
"""The attribute of a record that holds a note's fields."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_log = logging.getLogger(LOGGER)

REQUEST: Final[ContextVar[str | None]] = ContextVar("pult_request", default=None)


def new() -> str:
    """An id that no other request has."""
    return secrets.token_urlsafe(9)


def sane(text: str | None) -> str | None:
    """The id that somebody else gave, where it is one that can stand in a log."""
    return text if text and _ID.fullmatch(text) else None


def current() -> str | None:
    return REQUEST.get()


@contextmanager
def following(request: str | None) -> Iterator[None]:
    """Everything inside, in this task and those made in it, is done for this request."""
    token = REQUEST.set(request)
    try:
        yield
    finally:
        REQUEST.reset(token)


@dataclass(frozen=True, slots=True)
class Carried(Generic[T]):
    """Steps with the request of whoever wants them."""

    make: Make[T]
    request: str | None

    def __call__(self) -> Steps[T]:
        REQUEST.set(self.request)
        return self.make()


def carried(make: Make[T]) -> Carried[T]:
    """Steps that know the request of whoever wants them, in whatever thread or group they are run.

    Those that run after them in the same thread are carried too, and set their own.
    """
    return Carried(make, REQUEST.get())


def note(event: str, **fields: str | int | float | bool | None) -> None:
    """A line for each message on its way; ids, kinds and numbers alone."""
    if _log.isEnabledFor(logging.INFO):
        _log.info(event, extra={FIELDS: fields})
