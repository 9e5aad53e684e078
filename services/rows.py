"""What a row's columns mean on either database, and how values are written for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson


def moment(value: Any) -> datetime | None:
    """A time column of a row: text on SQLite, a datetime on PostgreSQL."""
    if value is None or isinstance(value, datetime):
        return value
    found = datetime.fromisoformat(value)
    return found if found.tzinfo is UTC else found.astimezone(UTC)


def when(value: Any) -> datetime:
    """`moment` of a column that is never null."""
    found = moment(value)
    if found is None:
        raise ValueError("a moment was expected")
    return found


def to_json(value: Any) -> str:
    """A value for a JSON column."""
    return orjson.dumps(value).decode()


def from_json(value: Any) -> Any:
    """A JSON column of a row."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def marks(values: Sequence[Any]) -> str:
    """`?, ?, ?` for an IN list; (NULL) matches nothing where the list is empty."""
    return ", ".join("?" for _ in values) or "NULL"
