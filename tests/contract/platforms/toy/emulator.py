"""The toy messenger itself, in memory: accounts with keys, people who write, webhooks over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web


@dataclass
class ToyAccount:
    id: str
    key: str
    name: str
    hook: str | None = None
    secret: str = ""
    sent: list[dict[str, Any]] = field(default_factory=list)
    """What the account sent to people, oldest first: id, to, text, token, photo (hex)."""


class ToyEmulator:
    """`hosts` maps the host of a webhook's https address to a local base address, as a reverse proxy would."""

    def __init__(self, hosts: Mapping[str, str] | None = None) -> None:
        self.hosts = dict(hosts or {})
        self.accounts: dict[str, ToyAccount] = {}
        self.files: dict[str, bytes] = {}
        self.blocked: set[str] = set()
        self._number = 0

    def create_account(self, name: str) -> ToyAccount:
        number = self._next()
        account = ToyAccount(f"box{number}", f"toy-{number:016d}", name)
        self.accounts[account.key] = account
        return account

    def revoke(self, account: ToyAccount) -> None:
        del self.accounts[account.key]

    async def say(self, account: ToyAccount, user: str, text: str, photo: bytes | None = None) -> int:
        """A person writes; returns what the webhook answered."""
        message: dict[str, Any] = {"id": f"m{self._next()}", "text": text}
        if photo is not None:
            message["photo"] = {"id": f"f{self._next()}", "size": len(photo)}
            self.files[message["photo"]["id"]] = photo
        return await self.tell(account, user, "message", message=message)

    async def tell(self, account: ToyAccount, user: str, kind: str, **more: Any) -> int:
        """Deliver one event to the account's webhook."""
        event = {
            "id": f"e{self._next()}",
            "kind": kind,
            "at": int(time.time()),
            "user": {"id": user, "name": user.title()},
        }
        return await self.deliver(account, {"events": [event | more]})

    async def deliver(self, account: ToyAccount, payload: dict[str, Any]) -> int:
        if account.hook is None:
            raise ValueError("the account has no webhook")
        body = json.dumps(payload).encode()
        headers = {"X-Toy-Signature": hmac.new(account.secret.encode(), body, hashlib.sha256).hexdigest()}
        parts = urlsplit(account.hook)
        base = self.hosts.get(parts.netloc, f"{parts.scheme}://{parts.netloc}")
        async with (
            aiohttp.ClientSession() as session,
            session.post(base + parts.path, data=body, headers=headers) as answer,
        ):
            return answer.status

    def mount(self, app: web.Application, prefix: str = "/toy") -> None:
        app.router.add_get(prefix + "/me", self._me)
        app.router.add_put(prefix + "/hook", self._set_hook)
        app.router.add_delete(prefix + "/hook", self._delete_hook)
        app.router.add_post(prefix + "/messages", self._message)
        app.router.add_patch(prefix + "/messages/{user}/{id}", self._edit)
        app.router.add_get(prefix + "/files/{id}", self._file)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Listen on a free port; the address for PULT_TOY_API."""
        app = web.Application()
        self.mount(app)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/toy"
        finally:
            await runner.cleanup()

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _account(self, request: web.Request) -> ToyAccount:
        account = self.accounts.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if account is None:
            raise web.HTTPUnauthorized
        return account

    async def _me(self, request: web.Request) -> web.Response:
        account = self._account(request)
        return web.json_response({"id": account.id, "name": account.name, "hook": account.hook})

    async def _set_hook(self, request: web.Request) -> web.Response:
        account, data = self._account(request), await request.json()
        if not str(data.get("url")).startswith("https://"):
            raise web.HTTPBadRequest
        account.hook, account.secret = data["url"], data["secret"]
        return web.json_response({})

    async def _delete_hook(self, request: web.Request) -> web.Response:
        self._account(request).hook = None
        return web.json_response({})

    async def _message(self, request: web.Request) -> web.Response:
        account, data = self._account(request), await request.json()
        if data["to"] in self.blocked:
            raise web.HTTPForbidden
        if len(data["text"]) > 200 or not (data["text"] or data.get("photo")):
            raise web.HTTPBadRequest
        account.sent.append({"id": f"m{self._next()}", **data})
        return web.json_response({"id": account.sent[-1]["id"]})

    async def _edit(self, request: web.Request) -> web.Response:
        account, data = self._account(request), await request.json()
        for message in account.sent:
            if (message["to"], message["id"]) == (request.match_info["user"], request.match_info["id"]):
                message["text"] = data["text"]
                return web.json_response({})
        raise web.HTTPNotFound

    async def _file(self, request: web.Request) -> web.Response:
        self._account(request)
        if (data := self.files.get(request.match_info["id"])) is None:
            raise web.HTTPNotFound
        return web.Response(body=data)
