"""Calls of the Bot API over plain HTTP ("Making requests"): JSON, or a form where files go along.

The token is part of the address, so it is checked before an address is made of it and kept out of every message.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

from adapters.base import Ambiguous, Attachment, Credentials, CredentialsRevoked, PlatformError, Rejected, Temporary
from adapters.http import Answer, Http
from adapters.lenient import NoJson, loads
from adapters.reading import decimal, section, string
from adapters.telegram.calls import NO_BYTES, Call, file_name
from adapters.telegram.refusals import refusal

TOKEN = re.compile(r"[0-9]{6,16}:[A-Za-z0-9_-]{30,64}")
UPLOAD_SECONDS = 300.0
HIDDEN = "<secret>"


class Api:
    """The Bot API at one address, for any bot."""

    def __init__(self, http: Http, base: str) -> None:
        self._http = http
        self._base = base

    async def ask(
        self, credentials: Credentials, method: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        """A call that may be repeated without harm, so that a lost answer is Temporary. Returns `result`."""
        try:
            return await self._call(credentials, Call(method, dict(params or {})), once=False, **options)
        except Ambiguous as lost:
            raise Temporary(lost.reason) from None

    async def put(self, credentials: Credentials, call: Call) -> Any:
        """A call with files that may be repeated without harm."""
        try:
            return await self._call(credentials, call, once=False, timeout=UPLOAD_SECONDS)
        except Ambiguous as lost:
            raise Temporary(lost.reason) from None

    async def send(self, credentials: Credentials, call: Call) -> Any:
        """A call that makes a message; raises Ambiguous where it may have been made."""
        return await self._call(credentials, call, once=True, timeout=UPLOAD_SECONDS if call.files else None)

    async def _call(self, credentials: Credentials, call: Call, *, once: bool, timeout: float | None = None) -> Any:
        url = f"{self._base}/bot{token_of(credentials)}/{call.method}"
        try:
            with ExitStack() as opened:
                body: dict[str, Any] = {"data": _form(call, opened)} if call.files else {"json": call.params}
                answer = await self._http.call("POST", url, timeout=timeout, **body)
            return _result(answer, once=once, recipient="chat_id" in call.params)
        except PlatformError as error:
            raise hidden(error, credentials) from None

    @asynccontextmanager
    async def download(self, credentials: Credentials, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """The body of a file whose `path` getFile told ("File")."""
        url = f"{self._base}/file/bot{token_of(credentials)}/{quote(path)}"
        try:
            async with self._http.stream(url) as response:
                yield response
        except PlatformError as error:
            raise hidden(error, credentials) from None


def token_of(credentials: Credentials) -> str:
    """The token, if it has the shape of one; only then may it become part of an address."""
    token = credentials.get("token", "")
    if not TOKEN.fullmatch(token):
        raise CredentialsRevoked("the token has not the shape of a bot token")
    return token


def hidden(error: PlatformError, credentials: Credentials) -> PlatformError:
    """The same error without any secret in its words: a server may repeat what it was told."""
    for secret in filter(None, credentials.values()):
        error.reason = error.reason.replace(secret, HIDDEN)
    error.args = (error.reason,)
    return error


def _form(call: Call, opened: ExitStack) -> aiohttp.FormData:
    """A multipart form that streams its files from disk. Raises Rejected for one that is gone."""
    form = aiohttp.FormData(quote_fields=False)
    for name, value in call.params.items():
        form.add_field(name, value if isinstance(value, str) else orjson.dumps(value).decode())
    for name, item in call.files.items():
        form.add_field(name, _opened(item, opened), filename=file_name(item), content_type=_type(item))
    return form


def _opened(item: Attachment, opened: ExitStack) -> Any:
    if item.path is None:
        raise Rejected(NO_BYTES)
    try:
        return opened.enter_context(item.path.open("rb"))
    except OSError:
        raise Rejected(NO_BYTES) from None


def _type(item: Attachment) -> str:
    mime = item.mime or ""
    return mime if re.fullmatch(r"[\w.+-]+/[\w.+-]+", mime) else "application/octet-stream"


def _result(answer: Answer, *, once: bool, recipient: bool) -> Any:
    """What a call returned. An answer that is not the Bot API's (a proxy's page, a redirect) condemns no token."""
    try:
        data = loads(answer.body)
    except NoJson:
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("ok"), bool):
        raise _foreign(answer.status, once)
    if data["ok"]:
        return data.get("result")
    retry_after = decimal(section(data, "parameters"), "retry_after")
    description = string(data, "description") or f"HTTP {answer.status}"
    raise refusal(answer.status, description, retry_after=retry_after, once=once, recipient=recipient)


def _foreign(status: int, once: bool) -> PlatformError:
    reason = f"HTTP {status}: the answer is not the Bot API's"
    if status in (413, 429) or status >= 500:
        return refusal(status, reason, once=once, recipient=True)
    return Ambiguous(reason) if once and status < 300 else Temporary(reason)
