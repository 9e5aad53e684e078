"""The shared way out: one client session with time-outs, and the one place where broken HTTP becomes our errors.

What matters is whether a request had left: before that a failure is `Temporary`, afterwards `Ambiguous`.
The library's own exceptions are cut off (`from None`): their texts show whole addresses, and Telegram's hold a token.
Redirects are not followed: no platform's API needs one, and a secret must not travel to another host.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from aiohttp.abc import ResolveResult
from aiohttp.helpers import is_ip_address
from aiohttp.resolver import ThreadedResolver

from adapters.errors import Ambiguous, Temporary
from adapters.lenient import NoJson, loads
from adapters.redaction import without_secrets

TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=50)
# Below what servers allow an idle connection, so that a request rarely meets a connection that is being closed.
KEEPALIVE_SECONDS = 15
POOL = 200
ANSWER_LIMIT = 32 * 1024 * 1024
"""Bytes of an API's answer; media come by `stream`."""
_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is handed out to the internet (IANA); what lies elsewhere leads to translators and own networks."""
_BOOKS = IPv6Network("3fff::/20")
"""For documentation (RFC 9637); this Python does not know it yet."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{0,20}://\S+", re.I)
_METHOD = re.compile(r"[a-z]+([A-Z_.][A-Za-z]+)*")
"""A call's name, as against a token or an id: words alone."""
_trace = logging.getLogger("pult.trace")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; Ambiguous where a proxy or a cut made it something else: the call may have worked."""
        try:
            return loads(self.body)
        except NoJson:
            raise Ambiguous(f"HTTP {self.status}: the answer is no JSON") from None


class PublicOnly(ThreadedResolver):
    """Names that lead into a private network lead nowhere: asked by whom connects, so that nothing changes between."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        outside = [one for one in found if is_public(one["host"])]
        if not outside:
            raise OSError("the name leads to no public address")
        return outside


def is_public(address: str) -> bool:
    """Whether an IP address is known to be one of the internet's, also where it is wrapped in IPv6."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = IPv4Address(found.packed[-4:])
        if inner is None:
            return found in _UNICAST and found not in _BOOKS and found.is_global
        found = inner
    return found.is_global and not found.is_multicast


def _is_public_form(host: str) -> bool:
    """For what the library takes for an address and asks no resolver about, odd forms like 2130706433 included."""
    try:
        return is_public(host)
    except ValueError:
        return False


class Http:
    """One aiohttp session for all platforms, opened lazily and closed once at the end."""

    def __init__(self, *, proxy: str | None = None, timeout: aiohttp.ClientTimeout = TIMEOUT, pool: int = POOL) -> None:
        self._proxy = proxy
        self._timeout = timeout
        self._pool = pool
        self._session: aiohttp.ClientSession | None = None
        self._public: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = self._opened(None)
        return self._session

    @property
    def public(self) -> aiohttp.ClientSession:
        """Like `session`, but connects to no address inside. Behind a proxy that is the proxy's to judge."""
        if self._proxy is not None:
            return self.session
        if self._public is None or self._public.closed:
            self._public = self._opened(PublicOnly())
        return self._public

    def _opened(self, resolver: PublicOnly | None) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=self._pool, keepalive_timeout=KEEPALIVE_SECONDS, resolver=resolver)
        return aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, json_serialize=lambda value: orjson.dumps(value).decode()
        )

    async def close(self) -> None:
        for session in (self._session, self._public):
            if session is not None:
                await session.close()

    async def __aenter__(self) -> Http:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def call(
        self, method: str, url: str, *, json: Any = None, data: Any = None, params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None, timeout: float | None = None, api: str | None = None,
    ) -> Answer:  # fmt: skip
        """One request, answered whole. Raises Temporary (nothing left) or Ambiguous (the answer did not come).

        api: as for `stream`.
        """
        limit = self._timeout if timeout is None else aiohttp.ClientTimeout(total=timeout, sock_connect=10)
        with mapped():
            began = time.perf_counter()
            async with self._outward(url, api).request(
                method, url, json=json, data=data, params=params, headers=headers, timeout=limit, proxy=self._proxy,
                allow_redirects=False,
            ) as response:  # fmt: skip
                answer = Answer(response.status, response.headers, await _whole(response))
            _note(url, answer.status, time.perf_counter() - began)
            return answer

    def _outward(self, url: str, api: str | None) -> aiohttp.ClientSession:
        """The session for an address that somebody else named. Raises OSError where it is one of the own network."""
        host = urlsplit(url).hostname or ""
        if api is None or host == urlsplit(api).hostname:
            return self.session
        if is_ip_address(host) and not _is_public_form(host):
            raise OSError("the address is not public")
        return self.public

    @contextlib.asynccontextmanager
    async def stream(
        self, url: str, *, headers: Mapping[str, str] | None = None, allow_redirects: bool = False,
        api: str | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:  # fmt: skip
        """A GET whose body the caller reads in chunks. Reading has no effect, so every failure is Temporary.

        api: the one address whose host may lie in a private network; None: `url` may itself.
        """
        try:
            async with self._outward(url, api).get(
                url, headers=headers, proxy=self._proxy, allow_redirects=allow_redirects
            ) as response:
                yield response
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Temporary(describe(error)) from None


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body as it is when unpacked. Raises OSError past ANSWER_LIMIT: no API has that much to say."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > ANSWER_LIMIT:
            raise OSError("the answer does not end")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _note(url: str, status: int, seconds: float) -> None:
    """A line for whoever follows a message (`services.trace`): of the address only what can hold no secret."""
    if _trace.isEnabledFor(logging.INFO):
        parts = urlsplit(url)
        last = parts.path.rpartition("/")[2]
        method = last if _METHOD.fullmatch(last) else "-"
        fields = {"host": parts.hostname, "method": method, "status": status, "ms": round(seconds * 1000)}
        _trace.info("platform call", extra={"fields": fields})


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """Turn what aiohttp raises into Temporary or Ambiguous, by whether the request can have left."""
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, ssl.SSLError) as error:
        raise Temporary(describe(error)) from None
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise Ambiguous(describe(error)) from None


def describe(error: BaseException) -> str:
    """A line for people about a network failure, without addresses: they hold tokens, proofs and keys."""
    kind = type(error).__name__
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{kind}: HTTP {error.status}"
    if isinstance(error, aiohttp.InvalidURL):
        return kind
    text = without_secrets(_ADDRESS.sub("<address>", str(error)))
    return f"{kind}: {text}" if text else kind
