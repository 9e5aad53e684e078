"""Calls of Viber's Bot API over plain HTTP: POST with JSON, the token in a header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from adapters.base import Ambiguous, Credentials, CredentialsRevoked, PlatformError, Rejected, Temporary
from adapters.http import Answer, Http
from adapters.lenient import NoJson, loads
from adapters.reading import integer, string
from adapters.viber.connecting import TOKEN
from adapters.viber.limits import BODY
from adapters.viber.refusals import OK, TOO_LARGE, foreign, refusal

TOKEN_HEADER = "X-Viber-Auth-Token"  # noqa: S105
HIDDEN = "<secret>"


class Api:
    """The Bot API at one address, for any bot."""

    def __init__(self, http: Http, base: str) -> None:
        self._http = http
        self._base = base

    async def ask(self, credentials: Credentials, method: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A call that may be repeated without harm, so that a lost answer is Temporary. Returns the whole answer."""
        try:
            return await self._call(credentials, method, dict(body or {}), once=False)
        except Ambiguous as lost:
            raise Temporary(lost.reason) from None

    async def send(self, credentials: Credentials, body: Mapping[str, Any]) -> dict[str, Any]:
        """send_message; raises Ambiguous where the message may be out."""
        return await self._call(credentials, "send_message", dict(body), once=True)

    async def _call(self, credentials: Credentials, method: str, body: dict[str, Any], *, once: bool) -> dict[str, Any]:
        data = orjson.dumps(body)
        if len(data) > BODY:
            raise Rejected(TOO_LARGE, {"limit": str(BODY // 1024)})
        headers = {TOKEN_HEADER: token_of(credentials), "Content-Type": "application/json"}
        try:
            answer = await self._http.call("POST", f"{self._base}/{method}", data=data, headers=headers)
            return _result(answer, once=once)
        except PlatformError as error:
            raise hidden(error, credentials) from None


def token_of(credentials: Credentials) -> str:
    """The token, if it has the shape of one; only then may it become a header."""
    token = credentials.get("token", "")
    if not TOKEN.fullmatch(token):
        raise CredentialsRevoked("the token has not the shape of a Viber token")
    return token


def hidden(error: PlatformError, credentials: Credentials) -> PlatformError:
    """The same error without any secret in its words: a server may repeat what it was told."""
    for secret in filter(None, credentials.values()):
        error.reason = error.reason.replace(secret, HIDDEN)
        error.params = {name: value.replace(secret, HIDDEN) for name, value in error.params.items()}
    error.args = (error.reason,)
    return error


def _result(answer: Answer, *, once: bool) -> dict[str, Any]:
    try:
        data = loads(answer.body)
    except NoJson:
        data = None
    status = integer(data, "status")
    if not isinstance(data, dict) or status is None:
        raise foreign(answer.status, _seconds(answer), once=once, json=isinstance(data, dict))
    if status != OK:
        raise refusal(status, string(data, "status_message") or "")
    return data


def _seconds(answer: Answer) -> float | None:
    given = answer.headers.get("Retry-After", "")
    return float(given) if given.isascii() and given.isdecimal() else None
