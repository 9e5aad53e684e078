"""The parameters of a call, read as strictly as VK reads them: forms only, numbers as text, objects as JSON text."""

from __future__ import annotations

import json
from typing import Any

from .errors import wrong
from .model import Json

INT32 = 2**31


class Params:
    def __init__(self, values: Json) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return bool(self.values.get(name, ""))

    def text(self, name: str, *, required: bool = False, limit: int | None = None) -> str:
        value = str(self.values.get(name, ""))
        if required and not value:
            raise wrong(name)
        if limit is not None and len(value) > limit:
            raise wrong(name, f"should be at most {limit} characters")
        return value

    def number(self, name: str, *, required: bool = False) -> int | None:
        value = self.text(name, required=required)
        if not value:
            return None
        try:
            return int(value)
        except ValueError:
            raise wrong(name, "not integer") from None

    def decimal(self, name: str, most: float) -> float | None:
        if name not in self:
            return None
        try:
            value = float(self.text(name))
        except ValueError:
            raise wrong(name, "not number") from None
        if not -most <= value <= most:
            raise wrong(name, "is out of range")
        return value

    def flag(self, name: str) -> bool | None:
        value = self.text(name)
        if value not in ("", "0", "1"):
            raise wrong(name, "should be 0 or 1")
        return None if not value else value == "1"

    def numbers(self, name: str, most: int) -> list[int]:
        pieces = [piece for piece in self.text(name).split(",") if piece]
        if len(pieces) > most:
            raise wrong(name, f"should have at most {most} elements")
        try:
            return [int(piece) for piece in pieces]
        except ValueError:
            raise wrong(name, "not integer") from None

    def data(self, name: str) -> Any:
        """A JSON text, or None."""
        if name not in self:
            return None
        try:
            return json.loads(self.text(name))
        except ValueError:
            raise wrong(name, "is not valid JSON") from None
