"""The table of methods: names that the Bot API knows, each with the function that answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from .model import BotAccount
from .params import Params
from .world import World

Method = Callable[[World, BotAccount, Params], Any | Awaitable[Any]]
M = TypeVar("M", bound=Method)

METHODS: dict[str, tuple[str, Method]] = {}


class Described:
    """A result that comes with a description, such as "Webhook was set"."""

    def __init__(self, result: Any, description: str) -> None:
        self.result = result
        self.description = description


class Ready:
    """A result that is JSON text already."""

    def __init__(self, text: str) -> None:
        self.text = text


def method(name: str) -> Callable[[M], M]:
    """Register a function under the method's name; Telegram ignores the case."""

    def register(function: M) -> M:
        METHODS[name.lower()] = (name, function)
        return function

    return register
