"""/api: what the page of phones and black-box tests use to play people, order faults and look."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import WSCloseCode, web

from .stage import Json, LetsManage, Stage

_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_NOT_UNDERSTOOD = (ValueError, TypeError, KeyError, AttributeError)
_LIVE_QUEUE = 10_000
DEFAULT = "telegram"
"""The platform that is meant where none is named: the control bot's own."""


def answer(data: object, status: int = 200) -> web.Response:
    return web.json_response(data, status=status, dumps=_dumps)


@web.middleware
async def sentences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals of the API are sentences in JSON."""
    if not request.path.startswith("/api/"):
        return await handler(request)
    try:
        return await handler(request)
    except web.HTTPException as error:
        return answer({"error": error.reason}, error.status)
    except ValueError as error:
        return answer({"error": str(error) or "The request is not understood."}, 400)
    except _NOT_UNDERSTOOD as error:
        return answer({"error": f"The request is not understood: {error!r}."}, 400)


async def body_of(request: web.Request) -> Json:
    if not request.can_read_body:
        return {}
    data = await request.json()
    if not isinstance(data, dict):
        raise ValueError("A JSON object is expected.")
    return data


class Api:
    def __init__(self, stages: Sequence[Stage], hosts: Mapping[str, str] | None = None) -> None:
        """hosts: where https://host really leads; the page opens links there too."""
        self._stages = list(stages)
        self._hosts = dict(hosts or {})
        self._numbers = itertools.count(101)
        self._live: set[web.WebSocketResponse] = set()

    def mount(self, app: web.Application) -> None:
        chat = "/api/chats/{bot}/{person}/"
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/api/live", self._stream)
        app.router.add_get("/api/media/{id}", self._media)
        app.router.add_get("/api/calls", self._calls)
        app.router.add_post("/api/reset", self._reset)
        app.router.add_post("/api/people", self._new_person)
        app.router.add_post("/api/bots", self._new_bot)
        app.router.add_post("/api/bots/{bot}/token", self._new_token)
        app.router.add_post("/api/bots/{bot}/manages", self._manages)
        app.router.add_get("/api/faults", self._faults)
        app.router.add_post("/api/faults", self._new_fault)
        app.router.add_delete("/api/faults", self._clear_faults)
        app.router.add_delete("/api/faults/{id}", self._remove_fault)
        for action in (self._start, self._send, self._share, self._edit, self._delete, self._react, self._press):
            app.router.add_post(chat + action.__name__.removeprefix("_"), action)
        app.router.add_post(chat + "block", self._block)
        app.on_shutdown.append(self._hang_up)

    # State

    def people(self) -> list[Json]:
        """Everybody, once: the same person has phones with several messengers."""
        everybody = {person["id"]: person for stage in self._stages for person in stage.people()}
        return list(everybody.values())

    def state(self) -> Json:
        return {
            "platforms": [{"id": stage.id, "title": stage.title} for stage in self._stages],
            "bots": [bot for stage in self._stages for bot in stage.bots()],
            "people": self.people(),
            "chats": [chat for stage in self._stages for chat in stage.chats()],
            "faults": [fault for stage in self._stages for fault in stage.faults()],
            "hosts": self._hosts,
        }

    async def _state(self, request: web.Request) -> web.Response:
        return answer(self.state())

    async def _calls(self, request: web.Request) -> web.Response:
        query = request.query
        since = int(query.get("since") or 0)
        bot, method = query.get("bot") or None, query.get("method") or None
        stages = [stage for stage in self._stages if bot is None or stage.has_bot(bot)]
        return answer([call for stage in stages for call in stage.calls(bot, method, since)])

    async def _media(self, request: web.Request) -> web.Response:
        platform, _, key = request.match_info["id"].partition("-")
        found = next((stage.media(key) for stage in self._stages if stage.id == platform), None)
        if found is None:
            raise web.HTTPNotFound(reason="There is no such file.")
        data, mime, _ = found
        # Strangers' files are shown, never run.
        headers = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
        headers["Cache-Control"] = "max-age=3600"
        return web.Response(body=data, headers={**headers, "Content-Type": mime or "application/octet-stream"})

    async def _reset(self, request: web.Request) -> web.Response:
        for stage in self._stages:
            stage.reset()
        await asyncio.gather(*(socket.send_str('{"type":"reset"}') for socket in self._live))
        return answer({})

    # Cast

    def add_person(self, name: str, username: str | None, language: str | None, staff: bool) -> Json:
        taken = {person["id"] for person in self.people()}
        number = next(n for n in self._numbers if str(n) not in taken)
        views = [stage.add_person(number, name, username, language, staff) for stage in self._stages]
        return views[0]

    def _stage(self, bot: str) -> Stage:
        for stage in self._stages:
            if stage.has_bot(bot):
                return stage
        raise web.HTTPNotFound(reason=f"There is no bot {bot!r}.")

    def _named(self, data: Json) -> Stage:
        """The platform that a request names, or the control bot's own."""
        wanted = data.get("platform") or DEFAULT
        stage = next((stage for stage in self._stages if stage.id == wanted), None)
        if stage is None:
            raise ValueError(f"There is no platform {wanted!r}.")
        return stage

    async def _new_person(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        name = str(data.get("name") or "").strip()
        if not name:
            raise ValueError("A person needs a name.")
        username = str(data["username"]) if data.get("username") else None
        language = str(data.get("language") or "ru")
        return answer(self.add_person(name, username, language, bool(data.get("staff"))))

    async def _new_bot(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        stage = self._named(data)
        name, username = str(data.get("name") or "").strip(), str(data.get("username") or "").strip().lstrip("@")
        if not name:
            raise ValueError("A bot needs a name.")
        return answer(stage.create_bot(name, username, bool(data.get("control"))))

    async def _new_token(self, request: web.Request) -> web.Response:
        bot = request.match_info["bot"]
        return answer({"token": self._stage(bot).revoke(bot)})

    async def _manages(self, request: web.Request) -> web.Response:
        """The switch of a bot that may create and manage others, where the platform has such."""
        bot = request.match_info["bot"]
        stage = self._stage(bot)
        if not isinstance(stage, LetsManage):
            raise ValueError(f"Bots of {stage.title} manage no others.")
        return answer(stage.allow_managing(bot, bool((await body_of(request)).get("allowed"))))

    # Faults

    async def _faults(self, request: web.Request) -> web.Response:
        return answer([fault for stage in self._stages for fault in stage.faults()])

    async def _new_fault(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        bot = data.get("bot")
        stage = self._named(data) if bot is None else self._stage(str(bot))
        return answer(stage.add_fault(data))

    async def _remove_fault(self, request: web.Request) -> web.Response:
        if not any(stage.remove_fault(request.match_info["id"]) for stage in self._stages):
            raise web.HTTPNotFound(reason="There is no such fault.")
        return answer({})

    async def _clear_faults(self, request: web.Request) -> web.Response:
        for stage in self._stages:
            stage.clear_faults()
        return answer({})

    # Actions

    def _place(self, request: web.Request) -> tuple[Stage, str, str]:
        bot = request.match_info["bot"]
        return self._stage(bot), bot, request.match_info["person"]

    async def _start(self, request: web.Request) -> web.Response:
        stage, bot, person = self._place(request)
        payload = (await body_of(request)).get("payload")
        return answer({"message": stage.start(bot, person, str(payload) if payload else None)})

    async def _send(self, request: web.Request) -> web.Response:
        stage, bot, person = self._place(request)
        if not request.content_type.startswith("multipart/"):
            return answer({"message": stage.send(bot, person, await body_of(request))})
        form = await request.post()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        files = [
            (field.filename, field.content_type, field.file.read())
            for field in form.getall("file", [])
            if isinstance(field, web.FileField)
        ]
        messages, album = stage.send_files(bot, person, fields, files)
        return answer({"messages": messages} if album else {"message": messages[0]})

    async def _share(self, request: web.Request) -> web.Response:
        stage, bot, person = self._place(request)
        return answer({"message": stage.share(bot, person, await body_of(request))})

    async def _edit(self, request: web.Request) -> web.Response:
        stage, bot, person = self._place(request)
        return answer({"message": stage.edit(bot, person, await body_of(request))})

    async def _delete(self, request: web.Request) -> web.Response:
        stage, bot, person = self._place(request)
        stage.delete(bot, person, await body_of(request))
        return answer({})

    async def _react(self, request: web.Request) -> web.Response:
        stage, bot, person = self._place(request)
        return answer({"message": stage.react(bot, person, await body_of(request))})

    async def _press(self, request: web.Request) -> web.Response:
        stage, bot, person = self._place(request)
        return answer({"answer": await stage.press(bot, person, await body_of(request))})

    async def _block(self, request: web.Request) -> web.Response:
        stage, bot, person = self._place(request)
        stage.block(bot, person, (await body_of(request)).get("blocked") is not False)
        return answer({})

    # Live

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        """Push changes to one page; a page that cannot keep up is cut off and fetches the state again."""
        socket = web.WebSocketResponse(heartbeat=20.0)
        await socket.prepare(request)
        queue: asyncio.Queue[Json] = asyncio.Queue(_LIVE_QUEUE)
        stops = [stage.listen(lambda event: _offer(queue, event, socket)) for stage in self._stages]
        self._live.add(socket)
        sender = asyncio.create_task(_pump(queue, socket))
        try:
            async for _ in socket:
                pass  # a page only listens
        finally:
            for stop in stops:
                stop()
            self._live.discard(socket)
            sender.cancel()
        return socket

    async def _hang_up(self, app: web.Application) -> None:
        for socket in list(self._live):
            await socket.close(code=WSCloseCode.GOING_AWAY)


def _offer(queue: asyncio.Queue[Json], event: Json, socket: web.WebSocketResponse) -> None:
    try:
        queue.put_nowait(event)
    except asyncio.QueueFull:
        socket.force_close()


async def _pump(queue: asyncio.Queue[Json], socket: web.WebSocketResponse) -> None:
    try:
        while not socket.closed:
            await socket.send_str(_dumps(await queue.get()))
    except ConnectionError:
        pass  # the page went away
