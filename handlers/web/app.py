"""The web server's application: routes, and what every request goes through."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web
from structlog.contextvars import bound_contextvars

from handlers.web import guard, health, hooks, media, metrics
from handlers.web.context import WEB, Web

log = structlog.get_logger(__name__)

BODY_LIMIT: Final = 1024 * 1024
REQUEST_ID: Final = "X-Request-Id"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(services: Web) -> web.Application:
    """The application with all its routes."""
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[identified, guard.limited(services.proxies), tidy])
    app[WEB] = services
    app.on_response_prepare.append(guard.add_headers)
    for part in (hooks, media, health, metrics):
        app.add_routes(part.routes)
    return app


@web.middleware
async def identified(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id, the caller's if it has one, found again in logs and in the answer."""
    given = request.headers.get(REQUEST_ID, "")
    number = given if _ID.fullmatch(given) else secrets.token_urlsafe(9)
    with bound_contextvars(request=number):
        response = await handler(request)
    if not response.prepared:
        response.headers[REQUEST_ID] = number
    return response


@web.middleware
async def tidy(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is answered in a line of JSON that shows nothing of the inside."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        headers = {name: value for name, value in error.headers.items() if name == "Allow"}
        return web.json_response({"error": error.reason}, status=error.status, headers=headers)
    except ConnectionError:
        raise
    except Exception:
        log.exception("a request could not be answered", method=request.method, route=_route(request))
        return web.json_response({"error": "Internal Server Error"}, status=500)


def _route(request: web.Request) -> str:
    """The route's pattern: the address itself holds keys."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"
