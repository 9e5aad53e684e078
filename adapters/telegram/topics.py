"""Topics of a private chat with a bot ("Threaded Mode"): an answer goes where the customer wrote last.

The topic travels as `Profile.client` of what the person writes, and comes back in `Envelope.client`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.reading import integer, true
from adapters.telegram.calls import Call


def of(message: dict[str, Any]) -> str:
    """The topic that a message stands in; empty outside of all."""
    number = integer(message, "message_thread_id") if true(message, "is_topic_message") else None
    return str(number) if number else ""


def into(call: Call, client: str | None) -> Call:
    """The call, for that topic."""
    number = int(client) if client and client.isdecimal() else 0
    return replace(call, params=call.params | {"message_thread_id": number}) if number else call


def outside(call: Call) -> Call:
    """The call without its topic, which Telegram says is none (any more)."""
    return replace(call, params={name: value for name, value in call.params.items() if name != "message_thread_id"})
