"""Every call of every platform while everything fails: only the error tree comes out, and no secret with it."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import unquote

import aiohttp
import pytest
from aiohttp import web

from adapters.base import Ambiguous, ConnectRefused, Credentials, PlatformError, Temporary, Throttled
from adapters.http import Http
from tests.contract.subjects import Subject

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def seen(request: web.Request) -> str:
    """Everything that a platform was told, which a careless one repeats in its answer."""
    body = (await request.read()).decode(errors="replace")
    return json.dumps([unquote(str(request.url)), dict(request.headers), body])


def status(code: int, retry_after: int | None = None) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        data = {"ok": False, "error_code": code, "description": await seen(request), "error": {"message": "no"}}
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return web.json_response(data, status=code, headers=headers)

    return answer


def page(code: int) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=f"<html>{await seen(request)}</html>", status=code)

    return answer


async def odd(request: web.Request) -> web.StreamResponse:
    return web.json_response({"ok": True, "result": [[None, {"message_id": "x"}]]})


async def elsewhere(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": str(request.url) + "?again"})


async def reset(request: web.Request) -> web.StreamResponse:
    await request.read()
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(1)  # longer than the client's patience, where it has not asked for more
    return await reset(request)


FAILURES: dict[str, Handler] = {
    **{str(code): status(code) for code in (400, 401, 403, 404, 409, 413, 500, 502, 503, 504)},
    "429": status(429, retry_after=2),
    **{f"page-{code}": page(code) for code in (200, 403, 404, 500, 502)},
    "odd": odd,
    "redirect": elsewhere,
    "reset": reset,
    "hang": hang,
}
SEVERE = ("500", "502", "503", "504", "429", "reset", "hang", "page-500")


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def outcomes(subject: Subject, api: str) -> dict[str, BaseException | None]:
    """What each call ends with."""
    ends: dict[str, BaseException | None] = {}
    async with Http(timeout=aiohttp.ClientTimeout(total=0.3)) as http:
        adapter = subject.adapter(http, api)
        for name, call in subject.operations().items():
            try:
                await call(adapter, subject.channel)
                ends[name] = None
            except Exception as error:
                ends[name] = error
    return ends


def check(subject: Subject, ends: dict[str, BaseException | None], log: str) -> None:
    for name, error in ends.items():
        if error is None:
            continue
        assert isinstance(error, PlatformError), f"{name} raised {error!r}"
        shown = (
            "".join(traceback.format_exception(error)) + repr(error) + str(error) + error.reason + repr(error.params)
        )
        for secret in subject.adapter().secrets(subject.credentials):
            assert secret not in shown, f"{name} shows a secret"
    for secret in subject.adapter().secrets(subject.credentials):
        assert secret not in log


@pytest.mark.parametrize("failure", FAILURES)
async def test_only_the_error_tree_comes_out_and_no_secret(
    subject: Subject, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with served(FAILURES[failure]) as api:
        ends = await outcomes(subject, api)
    check(subject, ends, caplog.text)
    if failure in SEVERE:
        assert {name for name, error in ends.items() if error is None} <= {"profile"}
        assert isinstance(ends["send"], Throttled if failure == "429" else (Temporary, Ambiguous))
    if failure in ("reset", "hang"):
        assert type(ends["send"]) is Ambiguous
        unclear = {name for name, error in ends.items() if isinstance(error, Ambiguous)}
        assert unclear == {"send"}, "only what makes a message may be unclear"
    if failure == "401":
        assert ends["unsubscribe"] is None
        assert isinstance(ends["identify"], ConnectRefused)


async def test_nobody_listening_is_temporary_everywhere(subject: Subject, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        api = f"http://127.0.0.1:{unused.getsockname()[1]}"
    ends = await outcomes(subject, api)
    check(subject, ends, caplog.text)
    assert {type(error) for name, error in ends.items() if name != "profile"} == {Temporary}


async def test_what_is_wrong_with_a_key_is_said_in_words(subject: Subject) -> None:
    async with served(status(401)) as api, Http() as http:
        adapter = subject.adapter(http, api)
        for values in (subject.credentials, dict.fromkeys(subject.credentials, "nonsense"), {}):
            with pytest.raises(ConnectRefused) as refused:
                await adapter.identify(Credentials(values))
            assert refused.value.message.format(**refused.value.params)


def test_no_secret_is_shown_by_what_carries_it(subject: Subject) -> None:
    shown = f"{subject.channel!r} {subject.channel} {subject.credentials!r} {subject.credentials}"
    for secret in subject.adapter().secrets(subject.credentials):
        assert secret not in shown
