"""The web server's application: routes, and what every request goes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import ModuleType
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from aiohttp.web_protocol import RequestPayloadError

from handlers.web import guard, health, hooks, logins, media, metrics
from handlers.web.context import WEB, Web
from services import trace

log = structlog.get_logger(__name__)

BODY_LIMIT: Final = 1024 * 1024
REQUEST_ID: Final = "X-Request-Id"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(services: Web) -> web.Application:
    """The application with all its routes."""
    return _built(services, (hooks, media, logins, health, metrics))


def build_inside(services: Web) -> web.Application:
    """Health and metrics alone, for a process that serves nothing else."""
    return _built(services, (health, metrics))


def _built(services: Web, parts: Sequence[ModuleType]) -> web.Application:
    app = web.Application(
        client_max_size=BODY_LIMIT, middlewares=[identified(services.proxies), guard.limited(services.proxies), tidy]
    )
    app[WEB] = services
    app.on_response_prepare.append(guard.add_headers)
    app[metrics.WATCHING] = metrics.watching(services.files.store)
    for part in parts:
        app.add_routes(part.routes)
    return app


def identified(proxies: Sequence[guard.Network]) -> Middleware:
    """The middleware that gives every request an id, found again in logs, in jobs and in the answer.

    A proxy of ours may have given it one already; anybody else could give two messages the same.
    """

    @web.middleware
    async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = trace.sane(request.headers.get(REQUEST_ID))
        number = given if given and guard.trusted(request, proxies) else trace.new()
        with trace.following(number):
            response = await handler(request)
        if not response.prepared:
            response.headers[REQUEST_ID] = number
        return response

    return identify


@web.middleware
async def tidy(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is answered in a line of JSON that shows nothing of the inside."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return guard.refusal(error.status, {name: value for name, value in error.headers.items() if name == "Allow"})
    except RequestPayloadError:
        return guard.refusal(400)
    except ConnectionError:
        raise
    except Exception:
        log.exception("a request could not be answered", method=request.method, route=_route(request))
        return guard.refusal(500)


def _route(request: web.Request) -> str:
    """The route's pattern: the address itself holds keys."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"
