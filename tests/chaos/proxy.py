"""A reverse proxy in front of several web processes: in turn, and on to the next where one does not serve, as nginx."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import aiohttp
from aiohttp import web

AWAY = (502, 503, 504)


class RoundRobin:
    """Passes every request on. `ports` are those of the web processes."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = list(ports)
        self._turns = itertools.count()
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=30, sock_connect=2)
        )
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _pass(self, request: web.Request) -> web.Response:
        assert self._session is not None
        body = await request.read()
        first = next(self._turns)
        answer = web.Response(status=502)
        for place in range(len(self._ports)):
            port = self._ports[(first + place) % len(self._ports)]
            try:
                async with self._session.request(
                    request.method, f"http://127.0.0.1:{port}{request.path_qs}", data=body, headers=request.headers
                ) as got:
                    kind = got.headers.get("Content-Type", "").partition(";")[0] or None
                    answer = web.Response(status=got.status, body=await got.read(), content_type=kind)
            except (aiohttp.ClientError, TimeoutError, OSError):
                continue
            if answer.status not in AWAY:
                return answer
        return answer
