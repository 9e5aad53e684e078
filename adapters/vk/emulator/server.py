"""The HTTP face: methods, uploads, media and the long poll; ordered faults strike here."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from aiohttp import web

from . import groups, messages, uploads  # noqa: F401 - they register methods
from .calls import METHODS, Method
from .errors import VkError
from .faults import API_KINDS, Fault
from .model import Community, Json
from .oauth import communities
from .params import Params
from .uploads import receive
from .world import VERSION, World, encode, release

PER_SECOND = 20
_BODY_LIMIT = 220 * 1024 * 1024
_LONGEST_WAIT = 90


class Server:
    def __init__(self, world: World) -> None:
        self._world = world
        self._closing = asyncio.Event()
        self._prefix = ""

    def mount(self, app: web.Application, prefix: str) -> None:
        self._prefix = prefix
        app.router.add_route("*", prefix + "/method/{method}", self._handle)
        app.router.add_post(prefix + "/upload/{kind}/{key}", self._upload)
        app.router.add_get(prefix + "/media/{key}/{ending}", self._media)
        app.router.add_get(prefix + "/lp/{community}", self._long_poll)
        app.on_shutdown.append(self._shutdown)

    async def _shutdown(self, app: web.Application) -> None:
        """Let go of those who wait, so that stopping does not."""
        self._closing.set()
        for community in self._world.communities.values():
            release(community)

    # Methods

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._world.base = f"{request.url.origin()}{self._prefix}"
        values = await _form(request)
        params, name = Params(values), request.match_info["method"]
        found = METHODS.get(name.lower())
        community = self._world.by_token.get(_token(request, params))
        if community is None:
            return self._of_a_person(request, params, name)
        if found is None:
            return _refused(VkError(3), values)
        fault = self._drawn(community, found, params)
        if fault is None:
            return self._answer(community, found, params)
        return await self._strike(fault, request, community, found, params)

    def _of_a_person(self, request: web.Request, params: Params, name: str) -> web.Response:
        """A person's key: of all methods the list of communities alone is there for it."""
        key = self._world.granted.get(_token(request, params))
        if key is None or name != "groups.get":
            return _refused(self._stranger(request, params, name), params.values)
        try:
            answer = communities(self._world, key, params)
        except VkError as error:
            self._world.log(0, name, _shown(params), f"{error.code} {error.words}")
            return _refused(error, params.values)
        self._world.log(0, name, _shown(params), "ok")
        return _json({"response": answer})

    def _stranger(self, request: web.Request, params: Params, name: str) -> VkError:
        """A person's key works, but not for what only communities can do."""
        token = _token(request, params)
        if token not in self._world.personal and token not in self._world.granted:
            return VkError(5)
        return VkError(100, "group_ids is undefined") if name == "groups.getById" else VkError(27)

    def _drawn(self, community: Community, method: Method, params: Params) -> Fault | None:
        if not self._world.faults.orders:
            return None
        peers = params.text("peer_ids") or params.text("peer_id")
        person = int(peers) if peers.isdigit() else None
        # A refused recipient is messages.send's own affair: of a hundred, one is.
        kinds = [kind for kind in API_KINDS if kind != "refused" or method.name != "messages.send"]
        drawn = (self._world.faults.draw("api", community.id, person, method.name, kind) for kind in kinds)
        return next((fault for fault in drawn if fault is not None), None)

    def _answer(self, community: Community, method: Method, params: Params) -> web.Response:
        try:
            self._check(community, method, params)
            result = method.function(self._world, community, params)
        except VkError as error:
            self._world.log(community.id, method.name, _shown(params), f"{error.code} {error.words}")
            self._world.changes.touch()
            return _refused(error, params.values)
        self._world.log(community.id, method.name, _shown(params), "ok")
        self._world.changes.touch()
        return _json({"response": result})

    def _check(self, community: Community, method: Method, params: Params) -> None:
        self._spend(community)
        if params.text("v") != VERSION:
            raise VkError(8, f"v should be {VERSION}")
        if unknown := set(params.values) - method.known:
            raise VkError(100, f"unknown parameters {', '.join(sorted(unknown))}")
        if method.right is not None and method.right not in community.rights:
            raise VkError(15, "no access to call this method")

    def _spend(self, community: Community) -> None:
        if not self._world.budgets:
            return
        now = self._world.clock()
        spent = self._world.spent.setdefault(community.id, deque())
        while spent and now - spent[0] >= 1.0:
            spent.popleft()
        if len(spent) >= PER_SECOND:
            raise VkError(6)
        spent.append(now)

    async def _strike(
        self, fault: Fault, request: web.Request, community: Community, method: Method, params: Params
    ) -> web.StreamResponse:
        if fault.kind in ("429", "refused", "500", "reset_before"):
            self._world.log(community.id, method.name, _shown(params), f"fault:{fault.kind}")
            self._world.changes.touch()
        match fault.kind:
            case "429" | "refused":
                return _refused(VkError(fault.code), params.values)
            case "500":
                return web.Response(status=500, text="<html>500 Internal Server Error</html>", content_type="text/html")
            case "reset_before":
                return _cut(request)
            case "slow":
                await self._hold(fault.seconds)
                return self._answer(community, method, params)
        self._answer(community, method, params)
        if fault.kind == "timeout":
            await self._hold(fault.seconds)
        return _cut(request)

    async def _hold(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    # Files

    async def _upload(self, request: web.Request) -> web.Response:
        kind, key = request.match_info["kind"], request.match_info["key"]
        reader = await request.multipart()
        part = await reader.next()
        field = str(getattr(part, "name", ""))
        if part is None or not hasattr(part, "read") or not field.startswith(("file", kind)):
            return _json({"error": "the field file is expected"})
        data = bytes(await part.read())
        if len(data) > _BODY_LIMIT:
            raise web.HTTPRequestEntityTooLarge(max_size=_BODY_LIMIT, actual_size=len(data))
        try:
            return _json(receive(self._world, kind, key, getattr(part, "filename", None) or "", data))
        except KeyError:
            raise web.HTTPNotFound from None

    async def _media(self, request: web.Request) -> web.Response:
        file = self._world.files.get(request.match_info["key"])
        if file is None:
            raise web.HTTPNotFound
        return web.Response(body=file.data, content_type=file.mime or "application/octet-stream")

    # Long poll

    async def _long_poll(self, request: web.Request) -> web.Response:
        community = self._world.communities.get(int(request.match_info["community"]))
        query = request.query
        if community is None or query.get("act") != "a_check" or not community.long_poll:
            return _json({"failed": 3})
        if query.get("key") != community.long_poll_key:
            return _json({"failed": 2})
        first = not community.polled_at
        community.polled_at = self._world.clock()
        if first:
            self._world.changes.tell("bot", community)
        self._world.changes.touch()
        since = int(query.get("ts") or 0)
        if not community.long_poll_base <= since <= community.ts:
            return _json({"failed": 1, "ts": community.ts})
        if since == community.ts:
            await self._wait(community, min(int(query.get("wait") or 0), _LONGEST_WAIT))
        updates = community.history[since - community.long_poll_base :]
        return _json({"ts": str(community.ts), "updates": updates})

    async def _wait(self, community: Community, seconds: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        community.waiting.append(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            pass


async def _form(request: web.Request) -> Json:
    """Forms and the query; a JSON body is not read, as VK does not read it."""
    values: dict[str, Any] = dict(request.query)
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        values |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    else:
        await request.read()
    return values


def _token(request: web.Request, params: Params) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ") if header.startswith("Bearer ") else params.text("access_token")


def _shown(params: Params) -> Json:
    return {name: value for name, value in params.values.items() if name not in ("access_token", "v")}


def _json(data: Json) -> web.Response:
    return web.Response(body=encode(data).encode("utf-8", "backslashreplace"), content_type="application/json")


def _refused(error: VkError, params: Json) -> web.Response:
    return _json(error.body(params))


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
