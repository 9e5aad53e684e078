"""Fetches what a customer sent, from Viber's media hosts alone; a redirect is checked like the first address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urljoin, urlsplit

import aiohttp

from adapters.base import Attachment, NotFound, Rejected, Temporary, Throttled
from adapters.http import Http
from adapters.texts import N_

CHUNK = 64 * 1024
REDIRECTS = 5
EXPIRED = N_("Viber no longer has this file.")
OVER_LIMIT = N_("The file is over {limit} MB.")
FOREIGN = N_("The file does not lie with Viber, so it was not fetched.")

# dl-media.viber.com, media-direct.cdn.viber.com and their kin; the pictures of stickers are published on GitHub.
_DOMAIN = ".viber.com"
_HOSTS = frozenset({"viber.com", "viber.github.io"})


class Media:
    """Where media may be fetched from: Viber's hosts over https, and the origin of the configured API."""

    def __init__(self, http: Http, api: str) -> None:
        self._http = http
        self._api = api
        self._origin = _origin(api)

    async def fetch(self, attachment: Attachment, limit: int) -> AsyncIterator[bytes]:
        """The bytes in chunks, never more than `limit` of them."""
        if attachment.unavailable or not attachment.handle:
            raise Rejected(attachment.unavailable or EXPIRED)
        address = _next(self._api + "/", attachment.handle)
        for _ in range(REDIRECTS + 1):
            if address is None or not self.allowed(address):
                raise Rejected(FOREIGN)
            async with self._http.stream(address, api=self._api) as response:
                if 300 <= response.status < 400:
                    address = _next(address, response.headers.get("Location"))
                    continue
                _check_status(response)
                _check(response.content_length, limit)
                taken = 0
                async for chunk in response.content.iter_chunked(CHUNK):
                    taken += len(chunk)
                    _check(taken, limit)
                    yield chunk
                return
        raise NotFound(EXPIRED)

    def allowed(self, address: str) -> bool:
        """Whether bytes may be fetched from there."""
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if _origin(address) == self._origin:
            return True
        ours = host in _HOSTS or host.endswith(_DOMAIN)
        return parts.scheme == "https" and ours and port in (None, 443) and parts.username is None


def _origin(address: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return parts.scheme, parts.netloc


def _next(address: str, location: str | None) -> str | None:
    try:
        return urljoin(address, location) if location else None
    except ValueError:
        return None


def _check_status(response: aiohttp.ClientResponse) -> None:
    if response.status == 200:
        return
    reason = f"HTTP {response.status}"
    if response.status == 429:
        raise Throttled(reason)
    if response.status >= 500:
        raise Temporary(reason)
    raise NotFound(EXPIRED)


def _check(size: int | None, limit: int) -> None:
    if size is not None and size > limit:
        raise Rejected(OVER_LIMIT, {"limit": f"{limit / (1024 * 1024):.0f}"})
