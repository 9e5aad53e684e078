"""JSON from outside. What a strict reader refuses is mended word by word and read again: half an emoji, a number that
no machine holds or a value nested without end must hide nothing of what stands beside it.

Whatever is read here can be written again, kept in a database and walked through.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

DEPTH: Final = 100
"""Objects and lists within each other; no platform comes near it. What lies deeper is left out."""

# A text, a bracket, a separator, or whatever stands between these: a number or a word.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|[,:]|\s+|[^\s"\[\]{},:]+|"', re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))|([\x00-\x1f])", re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
_SIMPLE = frozenset('"\\/bfnrt')
_WORDS = frozenset({"true", "false", "null"})
_LONGEST_NUMBER = 300
_UNKNOWN = "\ufffd"


class NoJson(ValueError):
    """Not even with odd words mended is it JSON: cut off, or something else altogether."""


def loads(text: bytes | str) -> Any:
    """What the JSON says. Raises NoJson.

    Halves of surrogate pairs become U+FFFD, one for one, so that offsets hold; NaN, endless numbers and unknown words
    become null; of a name that comes twice the last counts.
    """
    return read(text)[0]


def read(text: bytes | str) -> tuple[Any, bool]:
    """The same, and whether it was read as it came, with nothing mended or left out."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _mended(text), False
    if _brackets(text) <= DEPTH or not _too_deep(value):
        return value, True
    return _mended(text), False


def shallow(value: Any) -> Any:
    """A value that was read already without what lies deeper than DEPTH; changed in place, returned as it was else."""
    level: list[Any] = [value]
    for _ in range(DEPTH - 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return value
    for deepest in level:
        for place, inner in list(deepest.items() if isinstance(deepest, dict) else enumerate(deepest)):
            if isinstance(inner, dict | list):
                deepest[place] = None
    return value


def _mended(text: bytes | str) -> Any:
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig", errors="replace")
    text = _HALF.sub(_UNKNOWN, text.removeprefix("\ufeff"))
    if text.lstrip()[:1] not in ("{", "[", '"'):
        raise NoJson("no JSON: a word that stands alone")
    try:
        return orjson.loads("".join(_tokens(text)))
    except orjson.JSONDecodeError as error:
        raise NoJson(f"no JSON: {error.msg}") from None


def _tokens(text: str) -> Iterator[str]:
    """The words of the text, each as a strict reader takes it."""
    depth = 0
    for found in _TOKEN.finditer(text):
        token = found[0]
        depth += token in ("{", "[")
        if depth == DEPTH + 1 and token in ("{", "["):
            yield "null"
        if depth <= DEPTH:
            yield _word(token)
        depth -= token in ("}", "]")


def _word(token: str) -> str:
    if token[0] == '"':
        return _ESCAPE.sub(_escape, _without_halves(token))
    if token[0] in "[]{},:" or token.isspace() or token in _WORDS:
        return token
    return token if _finite(token) else "null"


def _finite(token: str) -> bool:
    if len(token) > _LONGEST_NUMBER or not _NUMBER.fullmatch(token):
        return False
    return math.isfinite(float(token))


_PAIRS = re.compile(
    r"(\\\\)|(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def _without_halves(token: str) -> str:
    """A text in which each escaped half that stands alone is U+FFFD."""
    return _PAIRS.sub(lambda found: found[1] or found[2] or _UNKNOWN, token)


def _escape(found: re.Match[str]) -> str:
    """An escape as JSON knows it: a bare control character escaped, an unknown escape as what it shows."""
    code, letter, control = found[1], found[2], found[3]
    if control is not None:
        return f"\\u{ord(control):04x}"
    if code is not None or letter in _SIMPLE:
        return found[0]
    return f"\\\\{_escape_of(letter)}"


def _escape_of(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if letter < " " else letter


def _brackets(text: bytes | str) -> int:
    return text.count(b"{") + text.count(b"[") if isinstance(text, bytes) else text.count("{") + text.count("[")


def _too_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in inner if isinstance(item, dict | list)]
