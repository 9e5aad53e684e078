"""Facebook's numbers and times, which come as numbers or as texts ("All JSON properties are strings")."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from adapters.reading import decimal, integer, string, true, whole

LONGEST = 200
_MILLISECONDS = 10**11
_FRACTION = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?")


def flag(body: Any, name: str) -> bool:
    return true(body, name) or string(body, name) == "true"


def fraction(body: Any, name: str) -> float | None:
    """The number under `name`, of degrees."""
    written = string(body, name)
    return float(written) if written is not None and _FRACTION.fullmatch(written) else decimal(body, name)


def number(body: Any, name: str) -> str:
    """An id, which most senders write as text and some as a number; empty where there is none."""
    found = integer(body, name)
    return (string(body, name) or "")[:LONGEST] if found is None else str(found)


def moment(body: Any, name: str) -> datetime | None:
    """A Unix time, in milliseconds or, as some fixtures show, in seconds."""
    found = whole(body, name)
    if found is None or found <= 0:
        return None
    try:
        return datetime.fromtimestamp(found / 1000 if found >= _MILLISECONDS else found, UTC)
    except (OverflowError, OSError, ValueError):
        return None
