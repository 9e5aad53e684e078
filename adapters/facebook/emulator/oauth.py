"""Signing in: the consent page that a browser shows, codes that hold once, and the pages of whoever signed in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from .account import Caller
from .errors import GraphError, bad
from .model import RIGHTS, App, Json, Key, Page
from .world import World

_CODE_SECONDS = 600
_SIZE, _MOST = 25, 100
"""Pages in one answer where nothing is asked, and at most: the rest comes by the cursor."""


@dataclass(slots=True)
class _Code:
    app: App
    redirect: str
    scopes: frozenset[str]
    until: float


class OAuth:
    """The dialog and the two steps of a token. Whoever is signed in at this Facebook is called Мария."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: dict[str, _Code] = {}
        self.fails = False
        """The exchange answers as an overloaded server does."""

    def mount(self, app: web.Application, prefix: str) -> None:
        app.router.add_get(prefix + "/{version}/dialog/oauth", self._dialog)
        app.router.add_post(prefix + "/{version}/dialog/oauth", self._decided)
        app.router.add_route("*", prefix + "/{version}/oauth/access_token", self._token)

    def _asked(self, query: Any) -> tuple[App, str]:
        app = self._world.apps.get(str(query.get("client_id")))
        redirect = str(query.get("redirect_uri") or "")
        if app is None:
            raise web.HTTPBadRequest(text="Invalid App ID")
        if urlsplit(redirect).scheme != "https":
            raise web.HTTPBadRequest(text="URL Blocked: the redirect is not https")
        if query.get("response_type", "code") != "code":
            raise web.HTTPBadRequest(text="response_type is not supported")
        if query.get("config_id") != app.login_config or (app.login_config and query.get("scope")):
            raise web.HTTPBadRequest(text="config_id is required and replaces scope, or is unknown")
        return app, redirect

    async def _dialog(self, request: web.Request) -> web.Response:
        app, _redirect = self._asked(request.query)
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in request.query.items()
        )
        page = (
            "<!doctype html><meta charset=utf-8><title>Facebook</title>"
            "<meta name=viewport content='width=device-width'>"
            "<body style='font:16px sans-serif;max-width:26em;margin:15vh auto;padding:1em'>"
            f"<h1>{escape(app.name)}</h1><p>wants to see your pages and to manage their messages.</p>"
            f"<form method=post>{hidden}"
            "<button name=decision value=yes data-testid=oauth-yes>Continue as Мария</button> "
            "<button name=decision value=no data-testid=oauth-no>Cancel</button></form>"
        )
        return web.Response(text=page, content_type="text/html")

    async def _decided(self, request: web.Request) -> web.Response:
        data = await request.post()
        app, redirect = self._asked(data)
        back = {"state": str(data.get("state") or "")}
        if data.get("decision") == "yes":
            code = secrets.token_urlsafe(40)
            scopes = frozenset(filter(None, str(data.get("scope") or "").split(",")))
            scopes = RIGHTS if app.login_config else scopes
            self._codes[code] = _Code(app, redirect, scopes, self._world.clock() + _CODE_SECONDS)
            back["code"] = code
        else:
            back |= {
                "error": "access_denied", "error_reason": "user_denied", "error_description": "Permissions error",
            }  # fmt: skip
        raise web.HTTPFound(f"{self._reachable(redirect)}?{urlencode(back)}")

    def _reachable(self, redirect: str) -> str:
        """A browser cannot look up the sandbox's host: it is led to the local address that stands for it."""
        parts = urlsplit(redirect)
        local = self._world.hosts.get(parts.netloc)
        return f"{local.rstrip('/')}{parts.path}" if local else redirect

    async def _token(self, request: web.Request) -> web.Response:
        if self.fails:
            raise web.HTTPServiceUnavailable
        try:
            query = {**request.query, **(await request.post() if request.method == "POST" else {})}
            answer = self._exchanged({name: str(value) for name, value in query.items()})
        except GraphError as error:
            self._world.log("", "access_token", {}, error.outcome, "")
            return web.json_response(error.body(), status=error.status)
        self._world.log("", "access_token", {}, "ok", "")
        return web.json_response(answer)

    def _exchanged(self, query: dict[str, str]) -> Json:
        app = self._world.apps.get(query.get("client_id", ""))
        if app is None or query.get("client_secret") != app.secret:
            raise GraphError("Error validating client secret.", 1)
        if query.get("grant_type") == "fb_exchange_token":
            key = self._world.keys.get(query.get("fb_exchange_token", ""))
            if key is None or key.dead or key.app is not app:
                raise bad("Invalid OAuth access token")
            return {"access_token": self._world.key(app, None, key.owner, scopes=key.scopes).token,
                    "token_type": "bearer", "expires_in": 5183944}  # fmt: skip
        code = self._codes.pop(query.get("code", ""), None)
        if code is None or code.until < self._world.clock() or code.app is not app:
            raise GraphError("This authorization code has been used.", 100, 36009)
        if query.get("redirect_uri") != code.redirect:
            raise GraphError("Error validating verification code. redirect_uri is not identical.", 100, 36008)
        key = self._world.key(app, None, "Мария", scopes=code.scopes)
        return {"access_token": key.token, "token_type": "bearer", "expires_in": 5400}


def accounts(world: World, caller: Caller, query: Json) -> Json:
    """/me/accounts: the pages in which the person has a role, and which apps are shown."""
    if caller.key is None or caller.key.page is not None:
        raise bad("Tried accessing nonexisting field (accounts) on node type (Page)")
    shown = [page for page in world.pages.values() if not page.hidden] if "pages_show_list" in caller.key.scopes else []
    start, size = int(str(query.get("after") or 0)), min(int(str(query.get("limit") or _SIZE)), _MOST)
    part = shown[start : start + size]
    data = []
    for page in part:
        key = _key(world, caller, page)
        data.append({"id": page.id, "name": page.name, "tasks": sorted(key.tasks), "access_token": key.token})
    paging: Json = {"cursors": {"before": str(start), "after": str(start + len(part))}}
    if start + len(part) < len(shown):
        paging["next"] = f"https://graph.facebook.com/me/accounts?after={start + len(part)}"
    return {"data": data, "paging": paging}


def _key(world: World, caller: Caller, page: Page) -> Key:
    """The page's key for the app through which the person has signed in."""
    known = (one for one in world.keys.values() if one.page is page and one.app is caller.app and not one.dead)
    return next(known, None) or world.key(caller.app, page, "Мария")
