"""Fetches what a customer sent. Source: Bot API, getFile and File (20 MB at most, links live for an hour)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from adapters.base import Attachment, Credentials, CredentialsRevoked, NotFound, Rejected, Temporary
from adapters.reading import integer, string
from adapters.telegram.api import Api
from adapters.telegram.refusals import FileTooBig, WrongFile
from adapters.texts import N_

CHUNK = 64 * 1024
EXPIRED = N_("Telegram no longer has this file.")
OVER_LIMIT = N_("The file is over {limit} MB.")


async def fetch(
    api: Api, credentials: Credentials, attachment: Attachment, limit: int, *, local: bool
) -> AsyncIterator[bytes]:
    """The bytes in chunks, never more than `limit` of them. `local`: paths of the API's own machine may be read."""
    if attachment.unavailable or not attachment.handle:
        raise Rejected(attachment.unavailable or EXPIRED)
    file = await _file(api, credentials, attachment.handle)
    _check(integer(file, "file_size"), limit)
    path = string(file, "file_path")
    if path is None:
        raise NotFound(EXPIRED)
    chunks = _from_disk(Path(path)) if local and Path(path).is_absolute() else _from_api(api, credentials, path, limit)
    taken = 0
    async for chunk in chunks:
        taken += len(chunk)
        _check(taken, limit)
        yield chunk


async def _file(api: Api, credentials: Credentials, handle: str) -> Any:
    try:
        return await api.ask(credentials, "getFile", {"file_id": handle})
    except WrongFile:
        raise NotFound(EXPIRED) from None
    except FileTooBig as large:
        raise Rejected(large.reason) from None


async def _from_api(api: Api, credentials: Credentials, path: str, limit: int) -> AsyncIterator[bytes]:
    async with api.download(credentials, path) as response:
        if response.status in (401, 403):
            raise CredentialsRevoked(f"HTTP {response.status}")
        if response.status in (404, 410):
            raise NotFound(EXPIRED)
        if response.status != 200:
            raise Temporary(f"HTTP {response.status}")
        _check(response.content_length, limit)
        async for chunk in response.content.iter_chunked(CHUNK):
            yield chunk


async def _from_disk(path: Path) -> AsyncIterator[bytes]:
    """A Bot API server run with --local tells where it has put the file."""
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError:
        raise NotFound(EXPIRED) from None
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk


def _check(size: int | None, limit: int) -> None:
    if size is not None and size > limit:
        raise Rejected(OVER_LIMIT, {"limit": f"{limit / (1024 * 1024):.0f}"})
