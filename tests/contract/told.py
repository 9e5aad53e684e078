"""Events as JSON, the form in which samples state what is expected."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import Any

from adapters.base import Content, Event, Profile
from adapters.content import dump


def told(event: Event) -> dict[str, Any]:
    """An event with everything but `raw` and what has its default value."""
    data: dict[str, Any] = {"type": type(event).__name__}
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name != "raw" and value != field.default:
            data[field.name] = _plain(value)
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, Content):
        return dump(value)
    if isinstance(value, Profile):
        return {field.name: found for field in fields(value) if (found := getattr(value, field.name)) is not None}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
