"""Tolerant reading of what a platform sent: a missing or wrong-typed field is absent, never an exception."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

_BIGGEST = 2**63
_WHOLE = re.compile("-?[0-9]{1,18}")
# What no database stores in a text: halves of surrogate pairs and NUL. Replaced one for one, so that offsets hold.
_UNSTORABLE = re.compile("[\ud800-\udfff\x00]")


def section(data: Any, name: str) -> dict[str, Any]:
    """The object under `name`, or an empty one."""
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def items(data: Any, name: str) -> list[dict[str, Any]]:
    """The objects in the list under `name`; whatever is no object is left out."""
    value = data.get(name) if isinstance(data, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(data: Any, name: str) -> str | None:
    """The text under `name`, storable; None where there is none or an empty one."""
    value = data.get(name) if isinstance(data, dict) else None
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) and value else None


def integer(data: Any, name: str) -> int | None:
    """The whole number under `name`, as far as it fits 64 bits."""
    value = data.get(name) if isinstance(data, dict) else None
    if isinstance(value, bool) or not isinstance(value, int) or not -_BIGGEST <= value < _BIGGEST:
        return None
    return value


def whole(data: Any, name: str) -> int | None:
    """The whole number under `name`, which some senders write as a text."""
    written = string(data, name)
    if written is not None and _WHOLE.fullmatch(written):
        return int(written)
    return integer(data, name)


def decimal(data: Any, name: str) -> float | None:
    """The finite number under `name`."""
    value = data.get(name) if isinstance(data, dict) else None
    if isinstance(value, int) and integer(data, name) is None:
        return None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def true(data: Any, name: str) -> bool:
    """Whether `name` is there and true, not merely truthy."""
    return isinstance(data, dict) and data.get(name) is True


def moment(data: Any, name: str) -> datetime | None:
    """The Unix time under `name` in UTC; None for zero, which platforms send for "unknown"."""
    seconds = integer(data, name)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds and seconds > 0 else None
    except (OverflowError, OSError, ValueError):
        return None
