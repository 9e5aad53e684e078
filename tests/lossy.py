"""PostgreSQL behind a line on which the acknowledgement of a COMMIT gets lost: it has happened, and nobody was told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

COMMIT = b"COMMIT;"
CLAIM = b"SET state = 'running'"
"""Whoever does not hear of what it has claimed leaves it to the end of the lease, a minute later: not what is tried by
`lose_every`."""


class Line:
    """`lose` says which acknowledgements; `url` is the database's address through it."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self.url = ""
        self.lost = 0
        self._wanted: list[bytes] = []
        self._every = 0
        self._seen = 0

    def lose(self, *words: bytes) -> None:
        """That of the next transaction in which these words occur; for each of them."""
        self._wanted += words

    def lose_every(self, number: int) -> None:
        """That of each so many-th transaction; 0 for none."""
        self._every = number

    def unlucky(self, said: bytes) -> bool:
        """Whether this transaction's acknowledgement gets lost."""
        for words in self._wanted:
            if words in said:
                self._wanted.remove(words)
                return True
        if CLAIM in said:
            return False
        self._seen += 1
        return bool(self._every) and self._seen % self._every == 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        there, back = await asyncio.open_connection(self._parts.hostname, self._parts.port or 5432)
        said, cut = bytearray(), asyncio.Event()

        async def forth() -> None:
            while data := await reader.read(65536):
                said.extend(data)
                if COMMIT in data:
                    if self.unlucky(bytes(said)):
                        self.lost += 1
                        cut.set()
                    said.clear()
                back.write(data)
                await back.drain()

        async def answers() -> None:
            while (data := await there.read(65536)) and not cut.is_set():
                writer.write(data)
                await writer.drain()

        pumps = [asyncio.create_task(forth()), asyncio.create_task(answers())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (writer, back):
                with contextlib.suppress(Exception):
                    end.close()


@contextlib.asynccontextmanager
async def lossy(url: str) -> AsyncIterator[Line]:
    """A line to the database. Statements are sent with their words each time, so that `lose` can know them."""
    line = Line(url)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    host = f"{parts.username or 'postgres'}{f':{parts.password}' if parts.password else ''}@127.0.0.1:{port}"
    line.url = urlunsplit((parts.scheme, host, parts.path, "statement_cache_size=0", ""))
    try:
        yield line
    finally:
        server.close()
