"""Notes every statement that the product sends while the suite runs, with the place in the code that it comes from.

Each of pytest's processes notes its own; they are gathered at the end, and `judge` asks both databases about them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.postgres import Client as Postgres
from bot.sqlite import Client as Sqlite
from services import driving, sql

PRODUCT = ("handlers.", "models.", "services.")
PLUMBING = ("services.aside", "services.sql", "services.driving", "services.job_batches", "tests.statements.collect")
"""Where statements pass through, but are not made."""
ORM = ("execute_query", "execute_query_dict", "execute_insert", "execute_many")

Statement = tuple[str, str, str, str]
"""Place (module:function), statement for SQLite, the same for PostgreSQL, and which of them was really sent."""
_noted: dict[tuple[str, str], str] = {}


def noted() -> list[Statement]:
    """What the product's code has sent so far."""
    return [(place, text, driving._POSTGRES.get(text, text), database) for (database, text), place in _noted.items()]


def start() -> None:
    """From now on note. Nothing is changed in what is sent."""
    driving.drive = _listening(driving.drive, "sqlite")
    driving.drive_async = _listening(driving.drive_async, "postgres")
    sql.one = _one
    for client, database in ((Sqlite, "sqlite"), (Postgres, "postgres")):
        for method in ORM:
            setattr(client, method, _orm(getattr(client, method), database))


def _note(database: str, text: str, place: str | None) -> None:
    place = place or _asked_by.get(text)
    if place is not None and place.startswith(PRODUCT):
        _noted.setdefault((database, same(text)), place)


def same(text: str) -> str:
    """A statement that differs only in how many values a list has is the same one."""
    return re.sub(r"\?(, ?\?)+", "?", re.sub(r"(\$\d+)(, ?\$\d+)+", r"\1", text)) if "INSERT" not in text else text


def _listening(drive: Callable[..., Any], database: str) -> Callable[..., Any]:
    def driven(connection: Any, steps: Any, notes: Any) -> Any:
        return drive(connection, _overheard(steps, database), notes)

    return driven


def _overheard(steps: Any, database: str) -> Generator[Any, Any, Any]:
    go, given = steps.send, None
    while True:
        try:
            statement = go(given)
        except StopIteration as stop:
            return stop.value
        if statement[0]:
            _note(database, statement[0], _maker(steps))
        try:
            go, given = steps.send, (yield statement)
        except Exception as error:
            # What is told of a statement that failed may go on.
            go, given = steps.throw, error


def _maker(steps: Any) -> str | None:
    """Where the innermost of nested steps stands that is not mere plumbing."""
    place = None
    while steps is not None and getattr(steps, "gi_frame", None) is not None:
        name = steps.gi_frame.f_globals.get("__name__", "")
        if name not in PLUMBING:
            place = f"{name}:{steps.gi_code.co_name}"
        steps = steps.gi_yieldfrom
    return place


_plain_one = sql.one
_asked_by: dict[str, str] = {}
"""Who asked for a statement of `fetch` last."""


def _one(text: str, *params: Any) -> Any:
    """`fetch` makes its steps here: who called it is known only now."""
    _asked_by[text] = _caller(sys._getframe(1)) or ""
    return _plain_one(text, *params)


def _caller(frame: FrameType | None) -> str | None:
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith((*PRODUCT, "tests.")) and name not in PLUMBING:
            return f"{name}:{frame.f_code.co_name}"
        frame = frame.f_back
    return None


def _orm(method: Callable[..., Any], database: str) -> Callable[..., Any]:
    async def execute(self: BaseDBAsyncClient, query: str, *args: Any, **more: Any) -> Any:
        _note(database, query, _caller(sys._getframe(1)))
        return await method(self, query, *args, **more)

    return execute
