"""Signing in: VK ID's page (OAuth 2.1 with PKCE) and VK's page that gives communities' keys, as browsers show them."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from .errors import VkError, wrong
from .model import Community, Json
from .params import Params
from .wire import community_wire
from .world import VERSION, World

APP_ID = "51700001"
APP_SECRET = "emulated-protected-key-of-vk"  # noqa: S105
_CODE_SECONDS = 600
_MOST = 1000
_VERIFIER = re.compile(r"[A-Za-z0-9_-]{43,128}")
_SCOPES = frozenset({"messages", "manage", "photos", "docs", "stories", "app_widget"})
_FILTERS = frozenset({"admin", "editor", "moder", "advertiser", "groups", "publics", "events", "hasAddress"})


@dataclass(slots=True)
class _Code:
    redirect: str
    scopes: frozenset[str]
    until: float
    challenge: str = ""
    device: str = ""
    groups: tuple[Community, ...] = ()


class OAuth:
    """The two pages and their exchanges; who is signed in at this VK administers what `Community.administered` says.

    legacy: the older form of the answer with a community's key.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: dict[str, _Code] = {}
        self.legacy = False
        self.fails = False
        """Both exchanges answer as an overloaded server does."""

    def mount(self, app: web.Application, prefix: str) -> None:
        app.router.add_get(prefix + "/id/authorize", self._sign_in)
        app.router.add_post(prefix + "/id/authorize", self._signed_in)
        app.router.add_post(prefix + "/id/oauth2/auth", self._person_key)
        app.router.add_get(prefix + "/oauth/authorize", self._allow)
        app.router.add_post(prefix + "/oauth/authorize", self._allowed)
        app.router.add_route("*", prefix + "/oauth/access_token", self._community_key)

    # Pages

    def _asked(self, query: Any) -> str:
        redirect = str(query.get("redirect_uri") or "")
        if query.get("client_id") != APP_ID:
            raise web.HTTPBadRequest(text='{"error":"invalid_client","error_description":"client_id is incorrect"}')
        if urlsplit(redirect).scheme != "https" or query.get("response_type") != "code":
            raise web.HTTPBadRequest(text='{"error":"invalid_request","error_description":"redirect_uri is incorrect"}')
        return redirect

    def _challenge(self, query: Any) -> str:
        challenge = str(query.get("code_challenge") or "")
        if not challenge or str(query.get("code_challenge_method")).lower() != "s256" or not query.get("state"):
            raise web.HTTPBadRequest(text='{"error":"invalid_request","error_description":"code_challenge"}')
        return challenge

    async def _sign_in(self, request: web.Request) -> web.Response:
        self._asked(request.query)
        self._challenge(request.query)
        return _page(request, "VK ID", "wants to see your communities.", "Continue as Мария")

    async def _signed_in(self, request: web.Request) -> web.Response:
        data = await request.post()
        redirect, challenge = self._asked(data), self._challenge(data)
        device = secrets.token_urlsafe(24)
        back = {"state": str(data["state"]), "device_id": device, "type": "code_v2"}
        if data.get("decision") == "yes":
            back["code"] = self._coded(_Code(redirect, _split(data.get("scope")), self._until(), challenge, device))
        else:
            back = {"error": "access_denied", "error_description": "User denied", "state": str(data["state"])}
        raise web.HTTPFound(self._back(redirect, back))

    def _groups(self, query: Any) -> tuple[Community, ...]:
        numbers = [part for part in str(query.get("group_ids") or "").split(",") if part]
        found = [self._world.communities.get(int(one)) if one.isdigit() else None for one in numbers]
        scopes = _split(query.get("scope"))
        if not found or None in found or not scopes or scopes - _SCOPES or query.get("v") != VERSION:
            raise web.HTTPBadRequest(text='{"error":"invalid_request","error_description":"group_ids or scope"}')
        return tuple(one for one in found if one is not None)

    async def _allow(self, request: web.Request) -> web.Response:
        self._asked(request.query)
        names = ", ".join(one.name for one in self._groups(request.query))
        return _page(request, "VK", f"wants to manage the messages of {names}.", "Allow")

    async def _allowed(self, request: web.Request) -> web.Response:
        data = await request.post()
        redirect, groups, state = self._asked(data), self._groups(data), str(data.get("state") or "")
        if not all(one.administered for one in groups):
            back = {"error": "invalid_request", "error_description": "you should be group admin", "state": state}
        elif data.get("decision") == "yes":
            code = self._coded(_Code(redirect, _split(data.get("scope")), self._until(), groups=groups))
            back = {"code": code, "state": state}
        else:
            back = {"error": "access_denied", "error_description": "User denied your request", "state": state}
        raise web.HTTPFound(self._back(redirect, back))

    def _until(self) -> float:
        return self._world.clock() + _CODE_SECONDS

    def _coded(self, code: _Code) -> str:
        text = f"vk2.a.{secrets.token_urlsafe(60)}" if code.challenge else secrets.token_hex(9)
        self._codes[text] = code
        return text

    def _back(self, redirect: str, query: dict[str, str]) -> str:
        """A browser cannot look up the sandbox's host: it is led to the local address that stands for it."""
        parts = urlsplit(redirect)
        local = self._world.hosts.get(parts.netloc)
        return f"{local.rstrip('/') + parts.path if local else redirect}?{urlencode(query)}"

    # Exchanges

    def _used(self, form: Any) -> _Code | None:
        code = self._codes.pop(str(form.get("code")), None)
        return (
            code if code and code.until >= self._world.clock() and code.redirect == form.get("redirect_uri") else None
        )

    async def _person_key(self, request: web.Request) -> web.Response:
        form = await request.post()
        if self.fails:
            raise web.HTTPServiceUnavailable
        code = self._used(form)
        verifier = str(form.get("code_verifier") or "")
        answers = _VERIFIER.fullmatch(verifier) and _s256(verifier)
        if form.get("grant_type") != "authorization_code" or form.get("client_id") != APP_ID or not form.get("state"):
            return self._refused("invalid_request")
        if code is None or answers != code.challenge or form.get("device_id") != code.device:
            return self._refused("invalid_grant")
        token = f"vk2.a.{secrets.token_urlsafe(150)}"
        self._world.granted[token] = code.scopes
        self._world.log(0, "oauth2/auth", {}, "ok")
        return web.json_response({
            "access_token": token, "refresh_token": f"vk2.a.{secrets.token_urlsafe(60)}", "token_type": "Bearer",
            "expires_in": 3600, "user_id": 2314801, "state": form["state"], "scope": " ".join(sorted(code.scopes)),
        })  # fmt: skip

    async def _community_key(self, request: web.Request) -> web.Response:
        form: Json = {**request.query, **(await request.post() if request.method == "POST" else {})}
        if self.fails:
            raise web.HTTPServiceUnavailable
        if form.get("client_id") != APP_ID or form.get("client_secret") != APP_SECRET:
            return self._refused("invalid_client", 401)
        code = self._used(form)
        if code is None or not code.groups:
            return self._refused("invalid_grant", 401)
        for one in code.groups:
            one.rights = set(code.scopes)
        self._world.log(0, "access_token", {}, "ok")
        if self.legacy:
            return web.json_response({f"access_token_{one.id}": one.token for one in code.groups} | {"expires_in": 0})
        groups = [{"group_id": one.id, "access_token": one.token} for one in code.groups]
        return web.json_response({"groups": groups, "expires_in": 0})

    def _refused(self, error: str, status: int = 200) -> web.Response:
        self._world.log(0, "access_token", {}, error)
        return web.json_response({"error": error, "error_description": "Code is invalid or expired."}, status=status)


def communities(world: World, scopes: frozenset[str], params: Params) -> Json:
    """groups.get: the communities in which the person has a role."""
    if params.text("v") != VERSION:
        raise VkError(8, f"v should be {VERSION}")
    if unknown := set(params.values) - {"v", "filter", "extended", "fields", "offset", "count"}:
        raise wrong(", ".join(sorted(unknown)), "unknown")
    if "groups" not in scopes:
        raise VkError(15, "no access to call this method")
    wanted, count = params.text("filter"), params.number("count") or _MOST
    if wanted not in _FILTERS or not 0 < count <= _MOST:
        raise wrong("filter or count", "is invalid")
    least = {"admin": 3, "editor": 2}.get(wanted, 1)
    shown = [one for one in world.communities.values() if _level(one) >= least]
    offset = params.number("offset") or 0
    part = shown[offset : offset + count]
    roles = [{"is_admin": 1, "admin_level": _level(one), "is_member": 1} for one in part]
    items = [community_wire(world, one) | role for one, role in zip(part, roles, strict=True)]
    return {"count": len(shown), "items": items if params.flag("extended") else [one.id for one in part]}


def _level(community: Community) -> int:
    return 3 if community.administered else 2


def _s256(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _split(scope: Any) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", str(scope or "")))


def _page(request: web.Request, title: str, text: str, yes: str) -> web.Response:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in request.query.items()
    )
    page = (
        f"<!doctype html><meta charset=utf-8><title>{title}</title>"
        "<meta name=viewport content='width=device-width'>"
        "<body style='font:16px/1.5 sans-serif;max-width:26em;margin:15vh auto;padding:1em'>"
        f"<h1>{title}</h1><p>The app «Pult» {escape(text)}</p><form method=post>{hidden}"
        f"<button name=decision value=yes data-testid=oauth-yes>{escape(yes)}</button> "
        "<button name=decision value=no data-testid=oauth-no>Cancel</button></form>"
    )
    return web.Response(text=page, content_type="text/html")
