"""Calls of the Graph API over plain HTTP: the token in a header, a proof of the app's secret beside every call.

Sources: Graph API, "Secure Requests" (appsecret_proof), "Handling Errors". A token never stands in an address.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from adapters.base import Ambiguous, Credentials, CredentialsRevoked, PlatformError, Rejected, Temporary
from adapters.facebook.limits import VERSION
from adapters.facebook.refusals import refusal
from adapters.facebook.usage import Usage
from adapters.http import Answer, Http
from adapters.lenient import NoJson, loads
from adapters.reading import section
from adapters.texts import N_

TOKEN = re.compile(r"EAA[A-Za-z0-9_-]{20,600}")
UPLOAD_SECONDS = 300.0
HIDDEN = "<secret>"
NO_BYTES = N_("The file is no longer stored here, so it cannot be sent.")
_IN_PATH = re.compile(r"[A-Za-z0-9_.:-]{1,200}")


@dataclass(frozen=True, slots=True)
class App:
    """The Facebook app of this installation; without an id and a secret where none is set up."""

    id: str = ""
    secret: str = field(default="", repr=False)

    @property
    def token(self) -> str:
        """An app access token ("Access Tokens": APP_ID|APP_SECRET)."""
        return f"{self.id}|{self.secret}"


@dataclass(frozen=True, slots=True)
class File:
    """Bytes to upload: on disk, or made a moment ago."""

    name: str
    mime: str
    source: Path | bytes


class Api:
    """The Graph API at one address, for any page of one app."""

    def __init__(self, http: Http, base: str, app: App) -> None:
        self._http = http
        self._base = base
        self.app = app
        self.usage = Usage()

    async def read(self, credentials: Credentials, path: str, *, proof: bool = True, **params: str) -> Any:
        """A GET."""
        return await self._again(self._call("GET", path, token_of(credentials), params, proof=proof))

    async def ask(self, credentials: Credentials, method: str, path: str, data: Any = None, **params: str) -> Any:
        """A call that may be repeated without harm, so that a lost answer is Temporary."""
        return await self._again(self._call(method, path, token_of(credentials), params, data=data))

    async def own(self, method: str, path: str, data: Any = None, **params: str) -> Any:
        """A call in the name of the app itself, to be repeated without harm."""
        return await self._again(self._call(method, path, self.app.token, params, data=data))

    async def send(self, credentials: Credentials, path: str, data: Any) -> Any:
        """A call that makes a message; raises Ambiguous where it may have been made."""
        return await self._call("POST", path, token_of(credentials), {}, data=data, once=True)

    async def upload(self, credentials: Credentials, path: str, message: Any, file: File) -> Any:
        """A file that becomes no message yet ("Attachment Upload API")."""
        return await self._again(self._call("POST", path, token_of(credentials), {}, data=message, file=file))

    async def _again(self, call: Any) -> Any:
        try:
            return await call
        except Ambiguous as lost:
            raise Temporary(lost.reason) from None

    async def _call(
        self, method: str, path: str, token: str, params: Mapping[str, str], *, data: Any = None,
        file: File | None = None, once: bool = False, proof: bool = True,
    ) -> Any:  # fmt: skip
        headers = {"Authorization": f"Bearer {token}"}
        query = dict(params)
        if proof and self.app.secret:
            query["appsecret_proof"] = self.proof(token)
        url = f"{self._base}/{VERSION}/{path}"
        try:
            body: dict[str, Any] = {} if data is None else {"json": data}
            if file is not None:
                with opened(file) as stream:
                    body = {"data": form(data, file, stream), "timeout": UPLOAD_SECONDS}
                    answer = await self._http.call(method, url, params=query, headers=headers, **body)
            else:
                answer = await self._http.call(method, url, params=query, headers=headers, **body)
            found = result(answer, once=once)
            self.usage.heard(answer.headers)
            return found
        except PlatformError as error:
            raise self._hidden(error, token) from None

    def proof(self, token: str) -> str:
        """appsecret_proof: that whoever holds the token holds the app's secret too."""
        return hmac.new(self.app.secret.encode(), token.encode(), hashlib.sha256).hexdigest()

    def _hidden(self, error: PlatformError, token: str) -> PlatformError:
        """The same error without any secret in its words: a server may repeat what it was told."""
        for secret in filter(None, (token, self.app.secret, self.proof(token))):
            error.reason = error.reason.replace(secret, HIDDEN)
            error.params = {name: value.replace(secret, HIDDEN) for name, value in error.params.items()}
        error.args = (error.reason,)
        return error


def token_of(credentials: Credentials) -> str:
    """The token, if it has the shape of one; only then may it become part of a request."""
    token = credentials.get("token", "")
    if not TOKEN.fullmatch(token):
        raise CredentialsRevoked("the token has not the shape of a page token")
    return token


def node(name: str) -> str:
    """An id or a name as a step of a path. Raises Rejected for what cannot be one."""
    if not _IN_PATH.fullmatch(name) or ".." in name:
        raise Rejected("an id holds what no id of Facebook holds")
    return name


def opened(file: File) -> Any:
    """What to stream: an open file. Raises Rejected for one that is gone."""
    if isinstance(file.source, bytes):
        return io.BytesIO(file.source)
    try:
        return file.source.open("rb")
    except OSError:
        raise Rejected(NO_BYTES) from None


def form(data: Mapping[str, Any], file: File, stream: Any) -> aiohttp.FormData:
    """A multipart form: the fields as JSON, the file as `filedata`."""
    made = aiohttp.FormData(quote_fields=False)
    for name, value in data.items():
        made.add_field(name, value if isinstance(value, str) else orjson.dumps(value).decode())
    made.add_field("filedata", stream, filename=file.name, content_type=file.mime)
    return made


def result(answer: Answer, *, once: bool) -> Any:
    """What a call returned. An answer that is not the Graph API's (a proxy's page, a redirect) condemns no token."""
    try:
        data = loads(answer.body)
    except NoJson:
        data = None
    if answer.status == 200 and isinstance(data, dict) and "error" not in data:
        return data
    if isinstance(data, dict) and "error" in data:
        raise refusal(answer.status, section(data, "error"), answer.headers, once=once)
    raise foreign(answer, once)


def foreign(answer: Answer, once: bool) -> PlatformError:
    reason = f"HTTP {answer.status}: the answer is not the Graph API's"
    if answer.status in (413, 429) or answer.status >= 500:
        return refusal(answer.status, {"message": reason}, answer.headers, once=once)
    return Ambiguous(reason) if once and answer.status < 300 else Temporary(reason)
