"""The sandbox's one server: the emulators, the API and the page on a single port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from .api import Api, sentences
from .stage import Stage, find_stages

PAGE = Path(__file__).parent / "page"
API: web.AppKey[Api] = web.AppKey("api", Api)
_BODY_LIMIT = 128 * 1024 * 1024


def create_app(stages: Sequence[Stage] | None = None, hosts: Mapping[str, str] | None = None) -> web.Application:
    """The application with these emulators, or all that are found; `hosts` leads https hosts to local addresses."""
    app = web.Application(middlewares=[sentences], client_max_size=_BODY_LIMIT)
    stages = find_stages() if stages is None else stages
    for stage in stages:
        for host, base in (hosts or {}).items():
            stage.route_host(host, base)
        stage.mount(app)
    api = app[API] = Api(stages, hosts)
    api.mount(app)
    app.router.add_get("/", _page)
    if PAGE.is_dir():
        app.router.add_static("/static", PAGE)
    return app


async def _page(request: web.Request) -> web.StreamResponse:
    index = PAGE / "index.html"
    if not index.is_file():
        raise web.HTTPNotFound(reason="The page of phones is not installed.")
    return web.FileResponse(index, headers={"Cache-Control": "no-cache"})


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Listen, and give the port: the asked one, or a free one if that is taken."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await web.TCPSite(runner, host, 0).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
