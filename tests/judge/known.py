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


KNOWN = (
    Known(
        "A card of one message that becomes too long for it by an edit may keep the beginning alone.",
        frozenset({Kind.CARD_WORDS}),
        lambda lie: bool(LONG.search(lie.about)),
    ),
    Known(
        "The cards and copies of a member who was away stay as they were when they come back.",
        frozenset(
            {
                Kind.CARD_HEADING,
                Kind.CARD_BUTTONS,
                Kind.CARD_WORDS,
                Kind.CARD_COUNT,
                Kind.MISSING,
                Kind.UNSAID,
                Kind.UNMARKED,
            }
        ),
        lambda lie: lie.back,
    ),
    Known(
        "The header, the field's hint and the keyboard stay with a member who is taken out or blocks the control bot.",
        frozenset({Kind.HEADER, Kind.HINT}),
        lambda lie: lie.back,
    ),
)


def unknown(lies: list[Lie]) -> list[Lie]:
    """Those that nobody has named yet."""
    return [lie for lie in lies if not any(lie.kind in one.kinds and one.applies(lie) for one in KNOWN)]
