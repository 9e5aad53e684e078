"""Judges a keyboard as strictly as VK does ("Keyboards for bots")."""

from __future__ import annotations

import json
from typing import Any

from .errors import VkError
from .model import Json

LABEL = 40
PAYLOAD = 255
_COLOURS = frozenset({"primary", "secondary", "negative", "positive"})
_WIDE = frozenset({"location", "vkpay", "open_app"})
# Type → fields that it needs besides.
_NEEDED = {
    "text": ("label",), "callback": ("label", "payload"), "open_link": ("label", "link"), "location": (),
    "vkpay": ("hash",), "open_app": ("app_id", "label"),
}  # fmt: skip


def judged(data: Any) -> Json | None:
    """The keyboard, or None for an empty one, which hides what is there."""
    if not isinstance(data, dict) or not isinstance(data.get("buttons"), list):
        raise invalid("buttons is required")
    rows = data["buttons"]
    inline = data.get("inline", False)
    if not isinstance(inline, bool) or not isinstance(data.get("one_time", False), bool):
        raise invalid("inline and one_time are booleans")
    if not all(isinstance(row, list) and row for row in rows):
        raise invalid("a row is a list of buttons")
    most_rows, most = (6, 10) if inline else (10, 40)
    if len(rows) > most_rows or max(map(len, rows), default=0) > 5 or sum(map(len, rows)) > most:
        raise invalid("too many buttons")
    for row in rows:
        for button in row:
            _judge(button, alone=len(row) == 1)
    return data if rows else None


def _judge(button: Any, *, alone: bool) -> None:
    action = button.get("action") if isinstance(button, dict) else None
    kind = action.get("type") if isinstance(action, dict) else None
    if not isinstance(action, dict) or kind not in _NEEDED:
        raise invalid("unknown type of button")
    if any(not action.get(name) for name in _NEEDED[kind]):
        raise invalid(f"{kind} needs {', '.join(_NEEDED[kind])}")
    if len(str(action.get("label", ""))) > LABEL:
        raise invalid("label is too long")
    if kind in _WIDE and not alone:
        raise invalid(f"{kind} takes the whole row")
    _judge_payload(action.get("payload"))
    if kind == "open_link" and not str(action["link"]).startswith(("https://", "http://", "vk://")):
        raise invalid("link is no address")
    colour = button.get("color")
    if colour is not None and (colour not in _COLOURS or kind not in ("text", "callback")):
        raise invalid("color")


def _judge_payload(payload: Any) -> None:
    if payload is None:
        return
    if not isinstance(payload, str) or len(payload.encode()) > PAYLOAD:
        raise invalid(f"payload is a text of up to {PAYLOAD} bytes")
    try:
        json.loads(payload)
    except ValueError:
        raise invalid("payload is not valid JSON") from None


def invalid(why: str) -> VkError:
    return VkError(911, why)
