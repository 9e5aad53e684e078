"""The HTTP face: reads a call, lets ordered faults strike, answers in Telegram's words."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from . import account, chats, copying, editing, managed, media, polling, queries, sending  # noqa: F401 - methods
from .calls import METHODS, Described, Method, Ready
from .errors import BAD, ApiError, bad, forbidden, too_large, too_many, unauthorized
from .faults import Fault
from .files import DOWNLOAD_LIMIT, UPLOAD_LIMIT, content, path_of
from .model import BotAccount, Json
from .params import Params, Upload, as_integer, decode
from .polling import release
from .world import World, encode

_log = logging.getLogger(__name__)
_BODY_LIMIT = UPLOAD_LIMIT + 1024 * 1024
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
_SPENDING = re.compile(r"(send(?!chataction)|copymessage|forwardmessage|editmessage)")
_SERVER_ERROR = ApiError(500, "Internal Server Error")


class Server:
    def __init__(self, world: World) -> None:
        self._world = world
        self._closing = asyncio.Event()

    def mount(self, app: web.Application, prefix: str) -> None:
        app.router.add_route("*", prefix + "/bot{token}/{method}", self._handle)
        app.router.add_get(prefix + "/file/bot{token}/{path:.+}", self._download)
        app.on_shutdown.append(self._shutdown)

    async def _shutdown(self, app: web.Application) -> None:
        """Let go of those who wait, so that stopping does not."""
        self._closing.set()
        for bot in self._world.bots.values():
            release(bot)

    def _bot(self, token: str) -> BotAccount:
        bot = self._world.by_token.get(token)
        if bot is None:
            if _TOKEN.fullmatch(token) is None:
                raise ApiError(404, "Not Found")
            raise unauthorized()
        return bot

    async def _handle(self, request: web.Request) -> web.Response:
        token, name = request.match_info["token"], request.match_info["method"]
        try:
            body = await _read(request)
            bot = self._bot(token)
            params = decode(request.headers.get("Content-Type", ""), body, request.query)
        except ApiError as error:
            return _refusal(error)
        canonical, function = METHODS.get(name.lower(), (name, None))
        if function is None:
            return _refusal(ApiError(404, "Not Found: method not found"))
        fault = None
        if self._world.faults.orders:
            person = as_integer(params.text("chat_id")) or None
            fault = self._world.faults.draw("api", bot.id, person, canonical)
        if fault is None:
            return await self._answer(bot, canonical, function, params)
        return await self._strike(fault, request, bot, canonical, function, params)

    async def _answer(self, bot: BotAccount, name: str, function: Method, params: Params) -> web.Response:
        try:
            result = await self.call(bot, name, function, params)
        except ApiError as error:
            return _refusal(error)
        return web.Response(text=result, content_type="application/json")

    async def call(self, bot: BotAccount, name: str, function: Method, params: Params) -> str:
        """Judge one call, carry it out, write it into the log; the answer as JSON text."""
        try:
            self._spend(bot, name, params)
            _check_sizes(params.files)
            result = function(self._world, bot, params)
            if inspect.isawaitable(result):
                result = await result
        except ApiError as error:
            self._world.log(bot, name, shown(params), f"{error.code} {error.description}")
            self._world.changes.touch()
            raise
        self._world.log(bot, name, shown(params), "ok")
        self._world.changes.touch()
        return _success(result)

    def _spend(self, bot: BotAccount, name: str, params: Params) -> None:
        budgets = self._world.budgets
        if budgets is None or _SPENDING.match(name.lower()) is None:
            return
        count = 1
        for field in ("media", "message_ids"):
            if name in ("sendMediaGroup", "copyMessages", "forwardMessages") and field in params:
                items = params.data(field, field)
                count = max(1, min(len(items), 20)) if isinstance(items, list) else 1
        wait = budgets.take(bot.id, as_integer(params.text("chat_id")), count, self._world.clock())
        if wait:
            raise too_many(wait)

    async def _strike(
        self, fault: Fault, request: web.Request, bot: BotAccount, name: str, function: Method, params: Params
    ) -> web.Response:
        refusal = _refusal_of(fault)
        if refusal is not None or fault.kind == "reset_before":
            self._world.log(bot, name, shown(params), f"fault:{fault.kind}")
            self._world.changes.touch()
            return _refusal(refusal) if refusal is not None else _cut(request)
        if fault.kind == "slow":
            await self._hold(fault.seconds)
            return await self._answer(bot, name, function, params)
        if fault.kind == "held":
            while fault in self._world.faults.orders and not self._closing.is_set():
                await self._hold(0.02)
            return await self._answer(bot, name, function, params)
        await self._answer(bot, name, function, params)
        if fault.kind == "timeout":
            await self._hold(fault.seconds)
        return _cut(request)

    async def _hold(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    async def execute(self, bot: BotAccount, content_type: str, body: bytes) -> None:
        """Carry out the method that a webhook's answer may contain. Telegram tells nobody how it went."""
        try:
            params = decode(content_type, body, {})
            name, function = METHODS.get(params.text("method").lower(), ("", None))
            if function is not None:
                await self.call(bot, name, function, params)
        except ApiError:
            pass
        except Exception:
            # A mistake of the emulator must not turn into a delivery that never ends.
            _log.exception("A method in a webhook's answer failed")

    async def _download(self, request: web.Request) -> web.Response:
        try:
            bot = self._bot(request.match_info["token"])
        except ApiError as error:
            return _refusal(error)
        path = request.match_info["path"]
        number = re.search(r"file_(\d{1,9})", path)
        file = self._world.files.get(int(number[1])) if number else None
        if file is None or file.number not in bot.file_ids or path_of(file) != path or file.size > DOWNLOAD_LIMIT:
            return _refusal(ApiError(404, "Not Found"))
        return web.Response(body=content(file), content_type="application/octet-stream")


async def _read(request: web.Request) -> bytes:
    """The body; one that is too large is read to its end first, as an answer before it would be lost on the way."""
    if request.content_length is not None and request.content_length <= 65_536:
        return await request.content.read() if request.body_exists else b""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size <= _BODY_LIMIT:
            pieces.append(piece)
    if size > _BODY_LIMIT:
        raise too_large()
    return b"".join(pieces)


def _check_sizes(files: Mapping[str, Upload]) -> None:
    if any(len(file.data) > UPLOAD_LIMIT for file in files.values()):
        raise too_large()


def shown(params: Params) -> Json:
    """What the log keeps of a call: its values, and the sizes of its files."""
    if not params.files:
        return dict(params.values)
    return dict(params.values) | {name: f"<{len(file.data)} bytes>" for name, file in params.files.items()}


def _success(result: Any) -> str:
    if isinstance(result, Ready):
        return f'{{"ok":true,"result":{result.text}}}'
    if isinstance(result, Described):
        return encode({"ok": True, "result": result.result, "description": result.description})
    return f'{{"ok":true,"result":{encode(result)}}}'


def _refusal(error: ApiError) -> web.Response:
    text = encode(error.body()).encode("utf-8", "replace")
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return web.Response(body=text, status=error.code, headers=headers, content_type="application/json")


def _refusal_of(fault: Fault) -> ApiError | None:
    if fault.kind == "429":
        return too_many(fault.retry_after)
    if fault.kind == "500":
        return _SERVER_ERROR
    if fault.kind == "refused":
        words = fault.description or "bot was blocked by the user"
        if words.startswith(BAD):
            return bad(words.removeprefix(BAD))
        return forbidden(words.removeprefix("Forbidden: "))
    return None


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
