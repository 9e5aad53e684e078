"""Keeps secrets out of logs: every known one by its value, unknown ones by their shape."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from adapters.redaction import HIDDEN, without_secrets

SHORTEST: Final = 6  # a shorter "secret" would blank out ordinary words


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
        return self._known(without_secrets(text))

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
