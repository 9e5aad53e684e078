"""What stands before the webs: nginx with the locations of deploy/ where it is installed, else a small proxy.

Both do what matters for a restart: a request that a web did not answer, or refused with 503, is given to the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.conftest import answers
from tests.e2e.conftest import free_port
from tests.installation import serving
from tests.scale.processes import Process, until

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
_NGINX = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {logs};
    access_log {folder}/access.log pult;
    upstream pult {{
        {servers}
        keepalive 16;
    }}
    server {{
        listen 127.0.0.1:{port};
        server_name pult.test;
        include {locations};
    }}
}}
"""


@contextlib.asynccontextmanager
async def proxied(ports: Sequence[int], folder: Path) -> AsyncIterator[str]:
    """The address of a proxy before webs on these ports."""
    program = shutil.which("nginx")
    around = _nginx(program, ports, folder) if program else _small(ports)
    async with around as address:
        yield address


@contextlib.asynccontextmanager
async def _nginx(program: str, ports: Sequence[int], folder: Path) -> AsyncIterator[str]:
    port = free_port()
    config = folder / "nginx.conf"
    servers = " ".join(f"server 127.0.0.1:{one} max_fails=0;" for one in ports)
    import os

    config.write_text(
        _NGINX.format(
            user="user root;" if os.geteuid() == 0 else "",
            folder=folder,
            port=port,
            servers=servers,
            logs=DEPLOY / "nginx/pult-log.conf",
            locations=DEPLOY / "nginx/pult-locations.conf",
        )
    )
    process = Process([program, "-p", str(folder), "-c", str(config)], folder / "nginx.log")
    await process.start()
    address = f"http://127.0.0.1:{port}"

    async def there() -> bool:
        assert process.running, process.said()
        return answers(address)

    try:
        await until(there)
        yield address
    finally:
        if process.running:
            await process.stop()


@contextlib.asynccontextmanager
async def _small(ports: Sequence[int]) -> AsyncIterator[str]:
    turns = itertools.cycle(ports)

    async def carry(request: web.Request) -> web.Response:
        body = await request.read()
        for _ in ports:
            address = f"http://127.0.0.1:{next(turns)}{request.path_qs}"
            with contextlib.suppress(aiohttp.ClientError, OSError, asyncio.TimeoutError):
                async with client.request(request.method, address, data=body, headers=request.headers) as answer:
                    if answer.status != 503:
                        return web.Response(
                            status=answer.status, body=await answer.read(), content_type=answer.content_type
                        )
        return web.Response(status=502)

    app = web.Application(client_max_size=4 * 1024**2)
    app.router.add_route("*", "/{path:.*}", carry)
    async with aiohttp.ClientSession() as client, serving(app) as address:
        yield address
