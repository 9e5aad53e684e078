"""Calls of VK's API over plain HTTP ("API requests"): a form in, JSON out, the key in a header and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import IO, Any

import aiohttp
import orjson

from adapters.base import Ambiguous, Credentials, CredentialsRevoked, PlatformError, Rejected, Temporary, Throttled
from adapters.http import Answer, Http
from adapters.lenient import NoJson, loads
from adapters.reading import integer, section, string
from adapters.texts import N_
from adapters.vk.limits import API_VERSION
from adapters.vk.pace import Pace
from adapters.vk.refusals import UploadFailed, refusal

TOKEN = re.compile(r"vk1\.a\.[A-Za-z0-9_-]{30,400}|[0-9a-f]{85}")
PERSONAL = re.compile(r"[A-Za-z0-9._-]{20,2000}")
UPLOAD_SECONDS = 300.0
TOO_LARGE = N_("The file is larger than VK takes.")
HIDDEN = "<secret>"
_GATEWAYS = frozenset({502, 504})


class Api:
    """VK's API at one address, for any community."""

    def __init__(self, http: Http, base: str, rate: Callable[[], float]) -> None:
        self._http = http
        self._pace = Pace(rate)
        self.base = base

    async def ask(self, credentials: Credentials, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """A call that may be repeated without harm, so that a lost answer is Temporary. Returns `response`."""
        try:
            return await self._call(credentials, method, params or {}, once=False)
        except Ambiguous as lost:
            raise Temporary(lost.reason) from None

    async def send(self, credentials: Credentials, params: Mapping[str, Any]) -> Any:
        """messages.send; raises Ambiguous where the message may have been made."""
        return await self._call(credentials, "messages.send", params, once=True)

    async def as_person(self, token: str, method: str, params: Mapping[str, Any]) -> Any:
        """A call with the key of a person who has just signed in, to be repeated without harm."""
        if not PERSONAL.fullmatch(token):
            raise CredentialsRevoked("the key has not the shape of a person's key")
        try:
            return await self._called(token, method, params, once=False)
        except Ambiguous as lost:
            raise Temporary(lost.reason) from None
        except PlatformError as error:
            raise hidden(error, Credentials(token=token)) from None

    async def _call(self, credentials: Credentials, method: str, params: Mapping[str, Any], *, once: bool) -> Any:
        try:
            return await self._called(token_of(credentials), method, params, once=once)
        except PlatformError as error:
            raise hidden(error, credentials) from None

    async def _called(self, token: str, method: str, params: Mapping[str, Any], *, once: bool) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        form = {name: _plain(value) for name, value in params.items()} | {"v": API_VERSION}
        await self._pace.wait(token)
        answer = await self._http.call("POST", f"{self.base}/method/{method}", data=form, headers=headers)
        return _result(answer, method, once=once)

    async def upload(self, address: str, field: str, name: str, data: bytes | IO[bytes], mime: str) -> dict[str, Any]:
        """Bytes to an address that the API gave. Nobody sees them before they are sent, so nothing is Ambiguous."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field(field, data, filename=name, content_type=mime)
        try:
            answer = await self._http.call(
                "POST", http_address(address), data=form, timeout=UPLOAD_SECONDS, api=self.base
            )
        except Ambiguous as lost:
            raise Temporary(lost.reason) from None
        if answer.status == 413:
            raise Rejected(TOO_LARGE)
        if 400 <= answer.status < 500 and answer.status != 429:
            raise UploadFailed(f"HTTP {answer.status}")
        return _object(answer)

    async def get(self, address: str, params: Mapping[str, str], timeout: float) -> dict[str, Any]:
        """An address of the long poll that the API gave; it carries a key of its own."""
        try:
            answer = await self._http.call("GET", http_address(address), params=params, timeout=timeout, api=self.base)
        except Ambiguous as lost:
            raise Temporary(lost.reason) from None
        return _object(answer)


def token_of(credentials: Credentials) -> str:
    """The key, if it has the shape of one; only then may it become part of a header."""
    token = credentials.get("token", "")
    if not TOKEN.fullmatch(token):
        raise CredentialsRevoked("the key has not the shape of a community's key")
    return token


def http_address(address: str) -> str:
    if not address.startswith(("https://", "http://")):
        raise Temporary("VK gave no address")
    return address


def hidden(error: PlatformError, credentials: Credentials) -> PlatformError:
    """The same error without any secret in its words: a server may repeat what it was told."""
    for secret in filter(None, credentials.values()):
        error.reason = error.reason.replace(secret, HIDDEN)
        error.params = {name: value.replace(secret, HIDDEN) for name, value in error.params.items()}
    error.args = (error.reason,)
    return error


def _plain(value: Any) -> str:
    """Booleans as 1 and 0, lists with commas, objects as JSON ("API requests")."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)


def _result(answer: Answer, method: str, *, once: bool) -> Any:
    """What a call returned. An answer that is not VK's (a proxy's page, a redirect) condemns no key."""
    data = _json(answer)
    if isinstance(data, dict):
        if answer.status == 200 and "response" in data:
            return data["response"]
        error = section(data, "error")
        if (code := integer(error, "error_code")) is not None:
            words = string(error, "error_msg") or f"error {code}"
            raise refusal(code, words, method=method, once=once)
        if answer.status == 401:
            raise CredentialsRevoked("HTTP 401")
    raise foreign(answer, once=once)


def _object(answer: Answer) -> dict[str, Any]:
    data = _json(answer)
    if answer.status != 200 or not isinstance(data, dict):
        raise foreign(answer, once=False)
    return data


def _json(answer: Answer) -> Any:
    try:
        return loads(answer.body)
    except NoJson:
        return None


def foreign(answer: Answer, *, once: bool) -> PlatformError:
    reason = f"HTTP {answer.status}: the answer is not VK's"
    if answer.status == 429:
        return Throttled(reason, _seconds(answer.headers.get("Retry-After")))
    if answer.status == 413:
        return Rejected(TOO_LARGE)
    if answer.status >= 500:
        return Ambiguous(reason) if once and answer.status in _GATEWAYS else Temporary(reason)
    return Ambiguous(reason) if once and answer.status < 300 else Temporary(reason)


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isascii() and header.isdigit() else 1.0
