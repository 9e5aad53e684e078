"""The register of methods: what each is called, which right it needs, which parameters VK documents for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .model import Community
from .params import Params
from .world import World

Function = Callable[[World, Community, Params], Any]


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    right: str | None
    known: frozenset[str]
    function: Function


METHODS: dict[str, Method] = {}
_EVERYWHERE = frozenset({"v", "access_token", "lang", "test_mode"})


def method(name: str, right: str | None, known: str) -> Callable[[Function], Function]:
    """Register a function as a method; `known` are its parameters. An unknown one is refused: VK would ignore it, and
    a slip would go unnoticed."""

    def register(function: Function) -> Function:
        METHODS[name.lower()] = Method(name, right, frozenset(known.split()) | _EVERYWHERE, function)
        return function

    return register
