"""Parameters of one call, from any of the encodings that the Bot API reads, with its leniency about scalars."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from .errors import bad

_INTEGER = re.compile(r"\s*([+-]?\d{1,18})\s*")
_QUOTED = re.compile(rb'([a-zA-Z*]+)="((?:[^"\\]|\\.)*)"|([a-zA-Z*]+)=([^;\s]+)')
_YES = frozenset({"true", "yes", "1"})


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart request."""

    name: str
    mime: str
    data: bytes


@dataclass(slots=True)
class Params:
    values: Mapping[str, Any]
    files: Mapping[str, Upload] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) not in (None, "")

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if isinstance(value, str):
            return value
        return "" if value is None else json.dumps(value, ensure_ascii=False)

    def integer(self, name: str, default: int = 0) -> int:
        """A number; Telegram reads anything that is not one as zero."""
        value = self.values.get(name)
        if value is None or value == "":
            return default
        return as_integer(value)

    def boolean(self, name: str) -> bool:
        return as_boolean(self.values.get(name))

    def number(self, name: str) -> float | None:
        try:
            value = float(self.text(name))
        except ValueError:
            return None
        return value if abs(value) < 1e12 else None

    def data(self, name: str, what: str) -> Any:
        """An object or an array, given as JSON text or (in a JSON body) as it is."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return _loads(value)
        except (ValueError, RecursionError):
            raise bad(f"can't parse {what} JSON object") from None


def as_integer(value: object) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value if abs(value) < 1 << 62 else 0
    match = _INTEGER.fullmatch(value) if isinstance(value, str) else None
    return int(match[1]) if match else 0


def as_boolean(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _YES
    return value is True or value == 1


def decode(content_type: str, body: bytes, query: Mapping[str, str]) -> Params:
    """Read a body by its content type; what stands in the query string counts too."""
    values: dict[str, Any] = dict(query)
    files: dict[str, Upload] = {}
    kind, _, rest = content_type.partition(";")
    kind = kind.strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            values.update(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
        elif kind == "application/json":
            values.update(_json_object(body))
        elif kind == "multipart/form-data":
            _multipart(rest, body, values, files)
    except UnicodeDecodeError:
        raise bad("strings must be encoded in UTF-8") from None
    return Params(values, files)


def _loads(text: str) -> Any:
    data = json.loads(text)
    if "\\u" in text:
        # Half of a surrogate pair is no text: it raises here, as a ValueError.
        json.dumps(data, ensure_ascii=False).encode()
    return data


def _json_object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        data = _loads(body.decode())
    except UnicodeDecodeError:
        raise
    except (ValueError, RecursionError):
        raise bad("can't parse JSON object") from None
    if not isinstance(data, dict):
        raise bad("object expected in the request body")
    return data


def _multipart(header: str, body: bytes, values: dict[str, Any], files: dict[str, Upload]) -> None:
    found = re.search(r'boundary=(?:"([^"]+)"|([^;\s]+))', header)
    if found is None:
        raise bad("boundary is not found in the multipart request")
    mark = b"--" + (found[1] or found[2]).encode()
    for part in (
        body.split(b"\r\n" + mark) if body.startswith(b"\r\n" + mark) else (b"\r\n" + body).split(b"\r\n" + mark)
    ):
        head, found_end, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not found_end:
            continue
        attributes = _disposition(head)
        name = attributes.get("name")
        if name is None:
            continue
        if "filename" in attributes:
            files[name] = Upload(attributes["filename"], _mime(head), content)
        else:
            values[name] = content.decode()


def _disposition(head: bytes) -> dict[str, str]:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-disposition:"):
            return {
                (m[1] or m[3]).decode().lower(): (m[2] or m[4] or b"").decode(errors="replace").replace('\\"', '"')
                for m in _QUOTED.finditer(line)
            }
    return {}


def _mime(head: bytes) -> str:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-type:"):
            return line.partition(b":")[2].strip().decode(errors="replace")
    return ""
