"""What guards every public route: security headers on all answers, and a bound on failures from one address.

Failures alone are counted, and what is genuine always passes: a stranger's bot can make a messenger send rubbish here
from the very addresses from which our own webhooks come.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import Counter

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""A route that sets one of these itself keeps its own."""
SERVER: Final = "Pult"
"""In the place of the versions that aiohttp would name."""

FAILURES: Final = 60
"""Refused requests a minute from one address; further ones are answered 429."""
VISITS: Final = 30
"""Requests a minute from one address to pages where people log in, refused or not."""
WINDOW: Final = 60.0
ADDRESSES: Final = 10_000
"""Addresses remembered at once; those not heard of for longest are forgotten first."""
_WITH_PORT: Final = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<v4>[\d.]+))(?::\d{1,5})?")
FAILED: Final = frozenset({400, 403, 404, 405, 408, 413, 415})
TOO_MANY: Final = Counter("pult_web_throttled", "Requests answered 429", ["part"])

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Network = IPv4Network | IPv6Network


@dataclass(slots=True)
class _Count:
    since: float
    number: int = 0


class Counts:
    """How often each address did something within the window; bounded."""

    def __init__(self, limit: int, *, addresses: int = ADDRESSES, now: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._addresses, self._now = limit, addresses, now
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    def another(self, address: str) -> int | None:
        """Count one more: None while it is within the limit, else the seconds to wait."""
        now = self._now()
        count = self._counts.pop(address, None)
        if count is None or now - count.since >= WINDOW:
            count = _Count(now)
        count.number += 1
        self._counts[address] = count
        while len(self._counts) > self._addresses:
            self._counts.popitem(last=False)
        return None if count.number <= self._limit else max(1, int(count.since + WINDOW - now) + 1)


def client(request: web.Request, proxies: Sequence[Network]) -> str:
    """Who asks, as a name to count by. An IPv6 neighbourhood (/64) counts as one."""
    found = _asker(request, proxies)
    if found is None:
        return "unknown"
    return str(found) if isinstance(found, IPv4Address) else str(IPv6Network((found, 64), strict=False))


def inside(request: web.Request, proxies: Sequence[Network]) -> bool:
    """Whether who asks sits in a private network, as Prometheus does, and not somewhere in the internet.

    Whom a proxy names in words that cannot be read sits outside.
    """
    found = _asker(request, proxies)
    return found is not None and not found.is_global


def _asker(request: web.Request, proxies: Sequence[Network]) -> IPv4Address | IPv6Address | None:
    """The peer, or whom trusted proxies name; None where that is unreadable."""
    found = _address(request.remote or "")
    named = [part for header in request.headers.getall("X-Forwarded-For", []) for part in header.split(",")]
    while named and found is not None and any(found in network for network in proxies):
        found = _named(named.pop().strip())
    return found


def trusted(request: web.Request, proxies: Sequence[Network]) -> bool:
    """Whether the peer is a proxy of ours."""
    found = _address(request.remote or "")
    return found is not None and any(found in network for network in proxies)


def _named(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: alone, in quotes, in brackets, with its port."""
    written = _WITH_PORT.fullmatch(text.strip('"'))
    return _address(written["v6"] or written["v4"] if written else text.strip('"'))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def limited(proxies: Sequence[Network]) -> Middleware:
    """The middleware that answers 429 to whoever fails, or knocks at a login page, too often."""
    failures, visits = Counts(FAILURES), Counts(VISITS)

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        part = _part(request)
        if part == "metrics" and not inside(request, proxies):
            return refusal(404)
        if part in ("health", "metrics"):
            return await handler(request)
        if part == "login" and (wait := visits.another(client(request, proxies))) is not None:
            return _too_many(part, wait)
        response = await handler(request)
        if response.status in FAILED and (wait := failures.another(client(request, proxies))) is not None:
            return _too_many(part if part in ("hooks", "media", "login") else "other", wait)
        return response

    return limit


def _part(request: web.Request) -> str:
    """The first name in the address; empty where there is none, as in `OPTIONS *` or `CONNECT host:443`."""
    return request.path.lstrip("*").partition("/")[2].partition("/")[0]


def _too_many(part: str, wait: int) -> web.Response:
    TOO_MANY.labels(part).inc()
    return refusal(429, {"Retry-After": str(wait)})


def refusal(status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """What a refused request is answered: its status in words, nothing of the inside and nothing of the request."""
    return web.json_response({"error": HTTPStatus(status).phrase}, status=status, headers=headers)


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: files and errors get them too."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = SERVER
