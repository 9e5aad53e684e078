"""The HTTP face: reads a call, judges its token and proof, lets ordered faults strike, answers in Facebook's words."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from typing import Any

from aiohttp import web

from . import account
from .account import Caller
from .delivery import Delivery
from .errors import GraphError, bad, unknown
from .faults import Fault
from .model import App, File, Json
from .oauth import accounts
from .sending import Sending
from .world import World

_LIMIT = 40 * 1024 * 1024
_VERSION = re.compile(r"v(\d{2})\.\d")
_OLDEST = 21
_CREDENTIALS = ("access_token", "appsecret_proof")


def proof_of(app: App, token: str) -> str:
    return hmac.new(app.secret.encode(), token.encode(), hashlib.sha256).hexdigest()


class Request:
    """One call, taken apart."""

    def __init__(self, method: str, path: str, token: str, query: Json, data: Json, file: File | None, raw: str):
        self.method = method
        self.steps = path.strip("/").split("/")
        self.token = token
        self.query = query
        self.data = data
        self.file = file
        self.raw = raw

    @property
    def name(self) -> str:
        """What the log and faults call it: the last step, or `profile` for a bare id."""
        last = self.steps[-1]
        return "node" if last.isdigit() else last

    @property
    def params(self) -> Json:
        hidden = {name: value for name, value in self.query.items() if name not in _CREDENTIALS}
        file = {} if self.file is None else {"filedata": f"<{len(self.file.data)} bytes>"}
        return hidden | self.data | file


class Graph:
    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery
        self._sending = Sending(world, delivery)
        self._closing = asyncio.Event()

    def mount(self, app: web.Application, prefix: str) -> None:
        self._prefix = prefix
        app.router.add_get(prefix + "/media/{key}/{name:.*}", self._media)
        app.router.add_route("*", prefix + "/{version}/{path:.+}", self._handle)
        app.on_shutdown.append(self._shutdown)

    async def _shutdown(self, app: web.Application) -> None:
        self._closing.set()

    async def _media(self, request: web.Request) -> web.Response:
        """A media link; one whose signature was altered has expired."""
        file = self._world.files.get(request.match_info["key"])
        if file is None:
            return web.Response(status=404)
        if request.query.get("oh") != "00":
            return web.Response(status=403, text="URL signature expired")
        return web.Response(body=file.data, content_type=file.mime or "application/octet-stream")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._world.base = f"{request.scheme}://{request.host}{self._prefix}"
        try:
            call = await self._read(request)
        except GraphError as error:
            return _refusal(error)
        page, person = self._whose(call)
        fault = None
        if self._world.faults.orders:
            fault = self._world.faults.draw("api", page, person, call.name)
        if fault is None:
            return await self._answer(call, page)
        return await self._strike(fault, request, call, page)

    async def _read(self, request: web.Request) -> Request:
        version = _VERSION.fullmatch(request.match_info["version"])
        if version is None or int(version[1]) < _OLDEST:
            raise GraphError("(#2635) You are calling a deprecated version of the Ads API.", 2635)
        query: Json = dict(request.query)
        data: Json = {}
        file: File | None = None
        raw = ""
        if request.content_type == "application/json":
            raw = await request.text()
            try:
                data = json.loads(raw or "{}")
            except json.JSONDecodeError:
                raise bad("The body is no JSON") from None
        elif request.content_type.startswith(("multipart/", "application/x-www-form-urlencoded")):
            for name, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    file = self._world.file("file", value.file.read(), value.filename, value.content_type)
                else:
                    data[name] = value
            raw = json.dumps(data)
        if not isinstance(data, dict):
            raise bad("The body is no object")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = token or str(query.get("access_token") or data.get("access_token") or "")
        proof = query.get("appsecret_proof") or data.get("appsecret_proof")
        call = Request(request.method, request.match_info["path"], token, query, data, file, raw)
        call.query["appsecret_proof"] = proof
        for name in _CREDENTIALS:
            data.pop(name, None)
        return call

    def _whose(self, call: Request) -> tuple[str, int | None]:
        """The page and the person that a call is about, for the faults."""
        key = self._world.keys.get(call.token)
        page = key.page if key is not None else None
        recipient = call.data.get("recipient")
        psid = recipient.get("id") if isinstance(recipient, dict) else None
        thread = self._world.by_psid(page, str(psid)) if page and psid else None
        return page.id if page else "", thread.person.number if thread else None

    async def _answer(self, call: Request, page: str) -> web.Response:
        try:
            caller = account.caller_of(self._world, call.token, call.query.get("appsecret_proof"), proof_of)
            result = await self._route(caller, call)
        except GraphError as error:
            self._world.log(page, call.name, call.params, error.outcome, call.raw)
            return _refusal(error)
        self._world.log(page, call.name, call.params, "ok", call.raw)
        return web.json_response(result, headers=self._usage(page))

    def _usage(self, page: str) -> dict[str, str]:
        """What every answer tells: how much of the limits is used up."""
        told = self._world.usage
        usage = {"call_count": told.get(self._world.app.id, 1), "total_time": 1, "total_cputime": 1}
        headers = {"X-App-Usage": json.dumps(usage)}
        if page:
            of_page = {"type": "messenger", "call_count": told.get(page, 1), "total_cputime": 1, "total_time": 1}
            headers["X-Business-Use-Case-Usage"] = json.dumps(
                {page: [of_page | {"estimated_time_to_regain_access": 0}]}
            )
        return headers

    async def _route(self, caller: Caller, call: Request) -> Json:
        first, last, place = call.steps[0], call.steps[-1], (call.method, call.steps[-1])
        if first == "me" and len(call.steps) > 1 and caller.key and caller.key.page:
            first = caller.key.page.id
        if len(call.steps) == 1:
            return self._single(caller, call, first)
        sending: Any = {
            ("POST", "messages"): self._sending.messages,
            ("POST", "message_attachments"): self._sending.attachments,
        }.get(place)
        if sending is not None:
            return dict(await sending(caller, first, call.data, call.file))
        if place == ("POST", "take_thread_control"):
            return await self._sending.take_thread(caller, first, call.data)
        if place == ("POST", "pass_thread_control"):
            return await self._sending.pass_thread(caller, first, call.data)
        if place == ("POST", "subscriptions"):
            return await account.set_subscription(self._world, self._delivery, caller, first, call.data)
        world, data = self._world, {**call.query, **call.data}
        plain: dict[tuple[str, str], Any] = {
            ("GET", "accounts"): lambda: accounts(world, caller, call.query),
            ("GET", "subscriptions"): lambda: account.subscriptions(caller, first),
            ("GET", "permissions"): lambda: account.permissions(world, caller, first),
            ("GET", "subscribed_apps"): lambda: account.subscribed_apps(world, caller, first),
            ("POST", "subscribed_apps"): lambda: account.subscribe(world, caller, first, data),
            ("DELETE", "subscribed_apps"): lambda: account.unsubscribe(world, caller, first),
            ("GET", "messenger_profile"): lambda: account.profile(caller, first, call.query),
            ("POST", "messenger_profile"): lambda: account.set_profile(world, caller, first, call.data),
            ("DELETE", "messenger_profile"): lambda: account.drop_profile(world, caller, first, data),
        }
        if (found := plain.get(place)) is None:
            raise unknown(f"{first}/{last}")
        return dict(found())

    def _single(self, caller: Caller, call: Request, name: str) -> Json:
        if call.method != "GET":
            raise GraphError("Unsupported post request.", 100, 33)
        if name == "me":
            return account.me(self._world, caller, call.query)
        if name == "debug_token":
            return account.debug_token(self._world, caller, call.query)
        if name == "app" or (caller.key is None and name == caller.app.id):
            return account.app_itself(self._world, caller, call.query)
        if caller.key is not None and caller.key.page is not None and name != caller.key.page.id:
            return account.person(self._world, caller, name, call.query)
        return account.me(self._world, caller, call.query)

    async def _strike(self, fault: Fault, request: web.Request, call: Request, page: str) -> web.StreamResponse:
        refusal = fault.error()
        if refusal is not None or fault.kind == "reset_before":
            self._world.log(page, call.name, call.params, f"fault:{fault.kind}", call.raw)
            return _refusal(refusal) if refusal is not None else _cut(request)
        if fault.kind == "slow":
            await self._hold(fault.seconds)
            return await self._answer(call, page)
        answer = await self._answer(call, page)
        if fault.kind in ("echo_first", "echo_only"):
            await self._world.wait_for(lambda: not self._delivery.pending, fault.seconds + 10)
            return answer if fault.kind == "echo_first" else _cut(request)
        if fault.kind == "timeout":
            await self._hold(fault.seconds)
        return _cut(request)

    async def _hold(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass


def _refusal(error: GraphError) -> web.Response:
    return web.json_response(error.body(), status=error.status, headers=error.headers)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
