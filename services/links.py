"""Public links to files for platforms that fetch by address: `/media/{token}.{ext}`, signed, expiring, unguessable."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services import clock
from services.media_types import extension

LIFETIME: Final = timedelta(hours=24)
"""How long platforms may take to fetch; a retry makes a fresh link."""
STEP: Final = timedelta(hours=1)
"""Ends of lives are rounded up to this, so that a file has the same link for a while and caches can hold it."""
PURPOSE: Final = b"pult: media links, version 1"
FITTED: Final = b"pult: links to fitted pictures, version 1"
_BODY: Final = struct.Struct(">QI")
SIGNATURE_BYTES: Final = 24


class BadLink(Exception):
    """Not a link of ours, or not any more."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to, and until when. `fitted`: to the smaller picture that was made of the file."""

    file_id: int
    until: datetime
    fitted: bool = False


class Links:
    """Makes and reads links. keys: those of PULT_SECRET_KEY, newest first; any of them may have signed."""

    def __init__(self, keys: Sequence[str], public_url: str | None) -> None:
        if not keys:
            raise ValueError("links need a key")
        self._keys = {
            fitted: [hmac.digest(key.encode(), purpose, "sha256") for key in keys]
            for fitted, purpose in ((False, PURPOSE), (True, FITTED))
        }
        self._public_url = public_url

    def make(
        self, file_id: int, mime: str | None, lifetime: timedelta = LIFETIME, *, fitted: bool = False
    ) -> str | None:
        """A public address of a file; None where this installation has no public address."""
        if self._public_url is None:
            return None
        step = STEP.total_seconds()
        until = -int(-(clock.now() + lifetime).timestamp() // step) * int(step)
        body = _BODY.pack(file_id, until)
        token = base64.urlsafe_b64encode(body + _sign(self._keys[fitted][0], body)).decode().rstrip("=")
        return f"{self._public_url}/media/{token}.{extension(mime)}"

    def read(self, token: str) -> Linked:
        """What a token leads to. Raises BadLink for one that was made up, changed or is over."""
        data = _decode(token)
        body, signature = data[: _BODY.size], data[_BODY.size :]
        signed = [
            fitted
            for fitted, keys in self._keys.items()
            if any(hmac.compare_digest(_sign(key, body), signature) for key in keys)
        ]
        if not signed:
            raise BadLink
        file_id, until = _BODY.unpack(body)
        end = datetime.fromtimestamp(until, UTC)
        if clock.now() >= end:
            raise BadLink
        return Linked(file_id, end, signed[0])


def _decode(token: str) -> bytes:
    if not token.isascii() or len(token) != 4 * (_BODY.size + SIGNATURE_BYTES) // 3:
        raise BadLink
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadLink from None


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, hashlib.sha256)[:SIGNATURE_BYTES]
