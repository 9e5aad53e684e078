"""A line of `python -m bot check`: what was looked at, how it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """NOTE: works without it, or cannot be told from here."""

    GOOD = "ok "
    NOTE = "-- "
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Line:
    """`told` holds no secrets."""

    what: str
    mark: Mark
    told: str

    def __str__(self) -> str:
        return f"{self.mark} {self.what}: {self.told}"


def good(what: str, told: str) -> Line:
    return Line(what, Mark.GOOD, told)


def note(what: str, told: str) -> Line:
    return Line(what, Mark.NOTE, told)


def bad(what: str, told: str) -> Line:
    return Line(what, Mark.BAD, told)
