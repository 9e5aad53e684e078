"""Keeps secrets out of logs: every known one by its value, unknown ones by their shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

HIDDEN: Final = "<hidden>"
SHORTEST: Final = 6  # a shorter "secret" would blank out ordinary words

_SHAPES: Final = (
    # A Telegram token, also behind the "bot" of an address.
    (re.compile(r"\d{6,}:[A-Za-z0-9_-]{30,}"), HIDDEN),
    # The password of an address.
    (re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+(?=@)"), rf"\1:{HIDDEN}"),
    # What pydantic and PostgreSQL quote of the data they refuse: it may be what a customer wrote.
    (re.compile(r"input_value=.*?, input_type="), f"input_value={HIDDEN}, input_type="),
    (re.compile(r"(Failing row contains|Key \([^)]*\)=) ?\(.*\)", re.S), rf"\1 {HIDDEN}"),
)


class Redaction:
    """The secrets known so far. Finding one costs the length of the text, however many there are."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._by_start: dict[str, set[str]] = {}
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Secrets shorter than six characters are not taken: they stand in ordinary words."""
        for secret in secrets:
            for form in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}:
                if len(form) >= SHORTEST:
                    self._by_start.setdefault(form[:SHORTEST], set()).add(form)

    def text(self, text: str) -> str:
        return self._known(_shapes(text))

    def value(self, value: Any) -> Any:
        """The same value with every string in it redacted."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))

    def _known(self, text: str) -> str:
        starts = self._by_start
        out, done, at = [], 0, 0
        while at <= len(text) - SHORTEST:
            found = [form for form in starts.get(text[at : at + SHORTEST], ()) if text.startswith(form, at)]
            if not found:
                at += 1
                continue
            out += [text[done:at], HIDDEN]
            done = at = at + max(map(len, found))
        return "".join([*out, text[done:]]) if out else text


def _shapes(text: str) -> str:
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text
