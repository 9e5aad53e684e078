"""Names and titles as strangers give them: one line, in which nothing hides or turns its neighbours round.

A name stands inside lines of ours ("You are answering: …"): a line break in it would forge another such line, and a
character that turns the direction of writing would reorder the rest of its own.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

_JOINERS: Final = "\u200c\u200d"
"""Invisible, but emoji are put together by them, and Persian is spelt with them."""
_TAGS: Final = range(0xE0020, 0xE0080)
"""The flags of England, Scotland and Wales are spelt with these."""
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0" + _JOINERS)
"""Letters and signs that show nothing."""
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Mn", "Me", "Zs"})
_SHORT: Final = 256
"""Longer ones are no names, and strangers could fill the memory with them."""
_LONGEST: Final = 120
_ENDING: Final = 16
_UNFIT: Final = '\\/:*?"<>|'
_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "123456789")}
)


def one_line(text: str) -> str:
    """The text in one line without control and direction characters; empty where nothing of it could be seen."""
    return _remembered(text) if len(text) <= _SHORT else _in_one_line(text)


@lru_cache(maxsize=4096)
def _remembered(text: str) -> str:
    # Whoever writes once writes again, and each time under the same name.
    return _in_one_line(text)


def _in_one_line(text: str) -> str:
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    # What breaks a line parts words; what is merely invisible stands for nothing.
    clean = "".join(char for char in " ".join(text.split()) if _kept(char))
    line = " ".join(clean.split())
    return line if any(_seen(char) for char in line) else ""


def _kept(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs") or char in _JOINERS or ord(char) in _TAGS


def _seen(char: str) -> bool:
    return char not in _BLANK and unicodedata.category(char) not in _UNSEEN


def of_file(text: str) -> str:
    """A file's name as it may travel on: no path, no device of Windows, at most 120 characters with its ending kept.

    Empty where nothing is left of it.
    """
    name = one_line("".join("_" if char in _UNFIT or _control(char) else char for char in text)).strip(" .")
    if not any(_seen(char) and char != "_" for char in name):
        return ""
    if name.partition(".")[0].rstrip().upper() in _DEVICES:
        name = f"_{name}"
    if len(name) <= _LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > _ENDING:
        return name[:_LONGEST].rstrip()
    return f"{stem[: _LONGEST - len(ending) - 1].rstrip()}.{ending}"


def _control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Zl", "Zp")
