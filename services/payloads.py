"""Payloads as they arrive: JSON that is safe to walk through. Depth is bounded before anything recursive meets it."""

from __future__ import annotations

from typing import Any, Final

import orjson

DEPTH: Final = 100
"""Objects and lists within each other; no platform comes near it."""


class Unreadable(ValueError):
    """No JSON, or JSON that nobody sends in good faith."""


def read(body: bytes) -> Any:
    """The payload. Raises Unreadable."""
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"no JSON: {error.msg}") from None
    if body.count(b"{") + body.count(b"[") > DEPTH:
        check_depth(payload)
    return payload


def check_depth(payload: Any) -> None:
    """Raises Unreadable for what is nested deeper than DEPTH."""
    level: list[Any] = [payload]
    for _ in range(DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise Unreadable(f"nested deeper than {DEPTH}")


def _inside(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in inner if isinstance(item, dict | list)]
