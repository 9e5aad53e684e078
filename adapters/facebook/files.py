"""Fetches what a customer sent: from Facebook's media hosts alone, asked again after every redirect."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import SplitResult, urljoin, urlsplit

from adapters.base import Attachment, NotFound, Rejected, Temporary
from adapters.http import Http
from adapters.texts import N_

CHUNK = 64 * 1024
REDIRECTS = 4
HOSTS = ("fbcdn.net", "fbsbx.com", "lookaside.facebook.com")
"""Where Facebook keeps media; subdomains included."""
EXPIRED = N_("Facebook no longer has this file.")
OVER_LIMIT = N_("The file is over {limit} MB.")
FOREIGN = N_("The file lies outside of Facebook, so it was not fetched.")


async def fetch(http: Http, api: str, attachment: Attachment, limit: int) -> AsyncIterator[bytes]:
    """The bytes in chunks, never more than `limit` of them. `api` is the only origin that may be private."""
    if attachment.unavailable or not attachment.handle:
        raise Rejected(attachment.unavailable or EXPIRED)
    address = _joined(f"{api}/", attachment.handle)
    for _ in range(REDIRECTS + 1):
        _allowed(address, api)
        async with http.stream(address, api=api) as response:
            if response.status in (301, 302, 303, 307, 308):
                address = _joined(address, response.headers.get("Location", ""))
                continue
            if response.status in (400, 401, 403, 404, 410):
                raise NotFound(EXPIRED)
            if response.status != 200:
                raise Temporary(f"HTTP {response.status}")
            _check(response.content_length, limit)
            taken = 0
            async for chunk in response.content.iter_chunked(CHUNK):
                taken += len(chunk)
                _check(taken, limit)
                yield chunk
            return
    raise Temporary("too many redirects")


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        raise Rejected(FOREIGN) from None


def _allowed(address: str, api: str) -> None:
    """Raises Rejected unless the address is one of Facebook's media hosts over https, or the API's own origin."""
    try:
        parts, own = urlsplit(address), urlsplit(api)
        same = _origin(parts) == _origin(own)
        host = (parts.hostname or "").rstrip(".")
        public = parts.scheme == "https" and parts.port in (None, 443) and not parts.username
    except ValueError:
        raise Rejected(FOREIGN) from None
    if same or (public and any(host == known or host.endswith(f".{known}") for known in HOSTS)):
        return
    raise Rejected(FOREIGN)


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _check(size: int | None, limit: int) -> None:
    if size is not None and size > limit:
        raise Rejected(OVER_LIMIT, {"limit": f"{limit / (1024 * 1024):.0f}"})
