"""Fetches what a customer sent, by the links of its events: from VK's own media hosts only, on every hop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urljoin, urlsplit

import aiohttp

from adapters.base import Attachment, NotFound, Rejected, Temporary, Throttled
from adapters.http import Http
from adapters.texts import N_

EXPIRED = N_("VK no longer has this file.")
OVER_LIMIT = N_("The file is over {limit} MB.")
FOREIGN = N_("The file does not lie at VK, so it is not fetched.")
HOSTS = (
    "vk.com", "vk.ru", "userapi.com", "vkuser.net", "vkuserphoto.ru", "vkuseraudio.net", "vkuservideo.net",
    "vk-cdn.net", "vk-cdn.me", "mycdn.me", "okcdn.ru",
)  # fmt: skip
"""Where VK keeps media, sub-domains included."""
REDIRECTS = 5
CHUNK = 64 * 1024
_MOVED = frozenset({301, 302, 303, 307, 308})


async def fetch(http: Http, api: str, attachment: Attachment, limit: int) -> AsyncIterator[bytes]:
    """The bytes in chunks, never more than `limit` of them. A link without a host is one of the API's own."""
    if attachment.unavailable or not attachment.handle:
        raise Rejected(attachment.unavailable or EXPIRED)
    address = resolved(f"{api}/", attachment.handle, api)
    for _ in range(REDIRECTS + 1):
        async with http.stream(address, api=api) as response:
            if response.status not in _MOVED:
                async for chunk in _read(response, limit):
                    yield chunk
                return
            address = resolved(address, response.headers.get("Location", ""), api)
    raise NotFound(EXPIRED)


def resolved(base: str, link: str, api: str) -> str:
    """The whole address of a link. Raises Rejected for one that is neither VK's nor the configured API's."""
    try:
        address = urljoin(base, link)
        parts, own = urlsplit(address), urlsplit(api)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Rejected(FOREIGN) from None
    if (parts.scheme, host, port) == (own.scheme, own.hostname, own.port):
        return address
    known = any(host == name or host.endswith(f".{name}") for name in HOSTS)
    if not known or parts.scheme != "https" or port not in (None, 443) or "@" in parts.netloc:
        raise Rejected(FOREIGN)
    return address


async def _read(response: aiohttp.ClientResponse, limit: int) -> AsyncIterator[bytes]:
    if response.status in (403, 404, 410):
        raise NotFound(EXPIRED)
    if response.status == 429:
        raise Throttled("HTTP 429")
    if response.status != 200:
        raise Temporary(f"HTTP {response.status}")
    _within(response.content_length, limit)
    taken = 0
    async for chunk in response.content.iter_chunked(CHUNK):
        taken += len(chunk)
        _within(taken, limit)
        yield chunk


def _within(size: int | None, limit: int) -> None:
    if size is not None and size > limit:
        raise Rejected(OVER_LIMIT, {"limit": f"{limit / (1024 * 1024):.0f}"})
