"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from aiohttp import web

from handlers.web.context import WEB, Probe

log = structlog.get_logger(__name__)
routes = web.RouteTableDef()

WITHIN: Final = 2.0
"""Seconds a part has to say that it is well."""


@routes.get("/health/live")
async def live(request: web.Request) -> web.Response:
    """It answers: that is all."""
    return web.json_response({"status": "ok"})


@routes.get("/health/ready")
async def ready(request: web.Request) -> web.Response:
    """200 where every part is well, 503 otherwise; says which are not, and nothing more."""
    probes = dict(request.app[WEB].probes)
    answers = await asyncio.gather(*(_well(name, probe) for name, probe in probes.items()))
    parts = dict(zip(probes, answers, strict=True))
    well = all(parts.values())
    return web.json_response(
        {"status": "ok" if well else "not ready", "parts": parts},
        status=200 if well else 503,
        headers={"Cache-Control": "no-store"},
    )


async def _well(name: str, probe: Probe) -> bool:
    try:
        return await asyncio.wait_for(probe(), WITHIN)
    except Exception as error:
        log.warning("a part is not well", part=name, error=repr(error))
        return False
