"""Lies that are known and being mended: each with its reason, and gone from here with its mending."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.judge.lies import Kind, Lie

LONG = re.compile(r"\(\d{4,}\)")
"""How reports give the length of a text that needs several messages."""


@dataclass(frozen=True, slots=True)
class Known:
    reason: str
    kinds: frozenset[Kind]
    applies: Callable[[Lie], bool]


KNOWN: tuple[Known, ...] = ()


def unknown(lies: list[Lie]) -> list[Lie]:
    """Those that nobody has named yet."""
    return [lie for lie in lies if not any(lie.kind in one.kinds and one.applies(lie) for one in KNOWN)]
