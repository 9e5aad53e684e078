"""The shared way out: one client session with time-outs, and the one place where broken HTTP becomes our errors.

What matters is whether a request had left: before that a failure is `Temporary`, afterwards `Ambiguous`.
The library's own exceptions are cut off (`from None`): their texts show whole addresses, and Telegram's hold a token.
Redirects are not followed: no platform's API needs one, and a secret must not travel to another host.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import aiohttp
import orjson

from adapters.errors import Ambiguous, Temporary

TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=50)
# Below what servers allow an idle connection, so that a request rarely meets a connection that is being closed.
KEEPALIVE_SECONDS = 15
POOL = 200
# A token in an address (Telegram's API has it there) must not reach a log through an exception's text.
_TOKEN = re.compile(r"\d{6,}:[A-Za-z0-9_-]{30,}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; Ambiguous where a proxy or a cut made it something else: the call may have worked."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Ambiguous(f"HTTP {self.status}: the answer is no JSON") from None


def redact(text: str) -> str:
    """The text without anything that looks like a Telegram token."""
    return _TOKEN.sub("<token>", text)


class Http:
    """One aiohttp session for all platforms, opened lazily and closed once at the end."""

    def __init__(self, *, proxy: str | None = None, timeout: aiohttp.ClientTimeout = TIMEOUT, pool: int = POOL) -> None:
        self._proxy = proxy
        self._timeout = timeout
        self._pool = pool
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=self._pool, keepalive_timeout=KEEPALIVE_SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, json_serialize=lambda value: orjson.dumps(value).decode()
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def __aenter__(self) -> Http:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def call(
        self, method: str, url: str, *, json: Any = None, data: Any = None, params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None, timeout: float | None = None,
    ) -> Answer:  # fmt: skip
        """One request, answered whole. Raises Temporary (nothing left) or Ambiguous (the answer did not come)."""
        limit = self._timeout if timeout is None else aiohttp.ClientTimeout(total=timeout, sock_connect=10)
        with mapped():
            async with self.session.request(
                method, url, json=json, data=data, params=params, headers=headers, timeout=limit, proxy=self._proxy,
                allow_redirects=False,
            ) as response:  # fmt: skip
                return Answer(response.status, response.headers, await response.read())

    @contextlib.asynccontextmanager
    async def stream(
        self, url: str, *, headers: Mapping[str, str] | None = None, allow_redirects: bool = False
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A GET whose body the caller reads in chunks. Reading has no effect, so every failure is Temporary."""
        try:
            async with self.session.get(
                url, headers=headers, proxy=self._proxy, allow_redirects=allow_redirects
            ) as response:
                yield response
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Temporary(describe(error)) from None


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
    """A line for people about a network failure, without addresses that hold secrets."""
    text = redact(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
