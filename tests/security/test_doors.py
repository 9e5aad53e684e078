"""Strangers at the web server: headers of every answer, floods, slow and smuggled requests."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp.compression_utils import ZLibDecompressor
from multidict import CIMultiDict
from yarl import URL

from adapters.telegram.adapter import SECRET_HEADER
from handlers.web import guard, hooks
from handlers.web.context import LOCAL
from services.sql import fetch
from tests.installation import Installation

UPDATE = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "a",
                                      "from": {"id": 7, "is_bot": False, "first_name": "A"}}}  # fmt: skip

UNREADABLE = ["unknown", "_hidden", "nonsense", "", " ", "8.8.8.8:", "8.8.8.8:x", "8.8.8", "[10.0.0.9", "[]:1",
              "10.0.0.9 8.8.8.8",
              "for=10.0.0.9", "localhost", "8.8.8.8:1:2", "127.1", "0x7f000001", "10.0.0.9;"]  # fmt: skip
"""What a proxy may say of whom it speaks for, and nobody can tell who that is."""


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def raw(place: Installation, data: bytes, *, wait: float = 5, ends: bool = False) -> bytes:
    """What the server answers to these very bytes, until it closes or falls silent; `ends`: we say no more."""
    parts = urlsplit(place.address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(data)
        await writer.drain()
        if ends:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(65536), wait)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "path", ["/", "/health/live", "/health/ready", "/metrics", "/hooks/telegram/x", "/hooks/none", "/media/x.jpg"]
)
async def test_every_answer_has_the_security_headers(
    place: Installation, client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(place.address + path) as response:
        for name in guard.HEADERS:
            assert response.headers[name]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Server"] == "Pult"
        assert "aiohttp" not in str(response.headers)


async def test_whoever_fails_often_is_told_to_wait_and_the_genuine_still_pass(
    place: Installation, client: aiohttp.ClientSession
) -> None:
    channel = await place.connected((await place.connect()).id)
    statuses: list[int] = []
    for number in range(guard.FAILURES + 3):
        async with client.post(f"{place.address}/hooks/telegram/guess{number}", json=UPDATE) as response:
            statuses.append(response.status)
    assert statuses[: guard.FAILURES] == [404] * guard.FAILURES
    assert set(statuses[guard.FAILURES :]) == {429}
    assert int(response.headers["Retry-After"]) > 0
    # A wrong signature on the very address of a channel is counted as well, and its real events come through.
    address = f"{place.address}/hooks/telegram/{channel.hook_key}"
    async with client.post(address, json=UPDATE, headers={SECRET_HEADER: "wrong"}) as response:
        assert response.status == 429
    for _ in range(3):
        secret = {SECRET_HEADER: channel.credentials["hook_secret"]}
        async with client.post(address, json=UPDATE, headers=secret) as response:
            assert response.status == 200


async def test_login_pages_are_limited_before_anything_is_done(
    place: Installation, client: aiohttp.ClientSession
) -> None:
    statuses = []
    for _ in range(guard.VISITS + 2):
        async with client.get(f"{place.address}/login/vk?state=x", headers={"X-Forwarded-For": "198.51.100.7"}) as one:
            statuses.append(one.status)
    assert set(statuses[: guard.VISITS]) == {404}
    assert statuses[guard.VISITS :] == [429, 429]
    async with client.get(f"{place.address}/login/vk", headers={"X-Forwarded-For": "198.51.100.8"}) as other:
        assert other.status == 404


def test_the_table_of_addresses_is_bounded_and_forgets_with_time() -> None:
    now = 0.0
    counts = guard.Counts(2, addresses=100, now=lambda: now)
    for number in range(1000):
        counts.another(f"10.0.{number // 250}.{number % 250}")
    assert len(counts) == 100
    assert [counts.another("a"), counts.another("a")] == [None, None]
    assert counts.another("a") == 61
    now = 61.0
    assert counts.another("a") is None


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.5", ["198.51.100.7"], "203.0.113.5"),
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["1.1.1.1", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.2", ["1.1.1.1, 198.51.100.7, 10.0.0.3"], "198.51.100.7"),
        ("127.0.0.1", ["198.51.100.7:51234"], "198.51.100.7"),
        ("127.0.0.1", ["1.1.1.1, [2001:db8::1]:443"], "2001:db8::/64"),
        ("127.0.0.1", ['"[2001:db8::1]"'], "2001:db8::/64"),
        ("10.0.0.2", ["198.51.100.7:1, 10.0.0.3:2"], "198.51.100.7"),
        ("127.0.0.1", ["nonsense"], "unknown"),
        ("127.0.0.1", ["198.51.100.7, unknown"], "unknown"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("::ffff:198.51.100.7", [], "198.51.100.7"),
        ("2001:db8::1", ["1.1.1.1"], "2001:db8::/64"),
        ("", [], "unknown"),
    ],
)
def test_only_trusted_proxies_say_who_asks(peer: str, forwarded: list[str], found: str) -> None:
    headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])
    request: Any = SimpleNamespace(remote=peer, headers=headers)
    assert guard.client(request, [*LOCAL, ip_network("10.0.0.0/8")]) == found


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("127.0.0.1", [], True), ("::1", [], True), ("10.1.2.3", [], True), ("172.18.0.3", [], True),
        ("100.64.0.9", [], True), ("fd00::5", [], True), ("::ffff:10.0.0.1", [], True),
        ("127.0.0.1", ["10.0.0.9"], True),
        ("203.0.113.9", [], True), ("8.8.8.8", [], False), ("127.0.0.1", ["8.8.8.8"], False),
        ("127.0.0.1", ["10.0.0.9, 8.8.8.8"], False), ("8.8.8.8", ["127.0.0.1"], False), ("2606:4700::1111", [], False),
        ("127.0.0.1", ["::ffff:8.8.8.8"], False), ("", [], False),
        ("127.0.0.1", ["8.8.8.8:51234"], False), ("127.0.0.1", ["[2606:4700::1111]:443"], False),
        ("127.0.0.1", ["10.0.0.9:51234"], True), ("127.0.0.1", ["[fd00::5]:443"], True),
        *(("127.0.0.1", [unreadable], False) for unreadable in UNREADABLE),
        *(("127.0.0.1", [f"10.0.0.9, {unreadable}"], False) for unreadable in UNREADABLE),
    ],
)  # fmt: skip
def test_who_is_inside(peer: str, forwarded: list[str], found: bool) -> None:
    headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])
    request: Any = SimpleNamespace(remote=peer, headers=headers)
    assert guard.inside(request, LOCAL) is found


async def test_the_figures_are_shown_inside_only(place: Installation, client: aiohttp.ClientSession) -> None:
    """A proxy that passes everything on would show them to the world."""
    address = f"{place.address}/metrics"
    async with client.get(address) as response:
        assert response.status == 200
    for path in ("/metrics", "//metrics", "/metrics/", "/%6detrics"):
        for named in ("8.8.8.8", "8.8.8.8:51234", "[2606:4700::1111]:443", "unknown"):
            headers = {"X-Forwarded-For": named}
            async with client.get(URL(place.address + path, encoded=True), headers=headers) as answer:
                assert answer.status == 404, (path, named)
                assert "pult_" not in await answer.text()


@pytest.mark.parametrize("host", ["evil.test", "pult.test:1", "a" * 300, "127.0.0.1", "<script>"])
async def test_the_name_that_a_client_calls_the_server_by_changes_nothing(
    place: Installation, client: aiohttp.ClientSession, host: str
) -> None:
    channel = await place.connected((await place.connect()).id)
    headers = {SECRET_HEADER: channel.credentials["hook_secret"], "Host": host, "X-Forwarded-Host": host}
    async with client.post(
        f"{place.address}/hooks/telegram/{channel.hook_key}", json=UPDATE, headers=headers
    ) as answer:
        assert answer.status == 200
        assert host not in str(answer.headers) + await answer.text()
    for path in ("/nothing", "/hooks/facebook", "/media/x.jpg"):
        async with client.get(place.address + path, headers=headers) as answer:
            assert answer.status in (403, 404)
            assert "Location" not in answer.headers
            assert host not in await answer.text()


async def test_a_messengers_own_burst_is_never_held_back(place: Installation, client: aiohttp.ClientSession) -> None:
    """Behind a proxy that names nobody, and among a flood of forged requests from the same address."""
    channel = await place.connected((await place.connect()).id)
    address = f"{place.address}/hooks/telegram/{channel.hook_key}"
    secret = {SECRET_HEADER: channel.credentials["hook_secret"]}
    burst = guard.FAILURES * 3

    async def sent(number: int) -> tuple[int, int]:
        update = UPDATE | {"update_id": number, "message": UPDATE["message"] | {"message_id": number}}
        async with client.post(address, json=update, headers={SECRET_HEADER: "forged"}) as forged:
            pass
        async with client.post(address, json=update, headers=secret) as genuine:
            return forged.status, genuine.status

    answers = await asyncio.gather(*map(sent, range(1, burst + 1)))
    assert {genuine for _, genuine in answers} == {200}
    assert {forged for forged, _ in answers} == {403, 429}
    assert (await fetch("SELECT COUNT(*) AS n FROM messages"))[0]["n"] == burst


async def test_a_body_that_does_not_come_is_given_up(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "BODY_SECONDS", 0.2)
    answer = await raw(place, b"POST /hooks/telegram/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "broken", [b"5\r\nab", b"zz\r\n", b"2\r\nabc\r\n0\r\n\r\n"], ids=["cut", "no size", "too long"]
)
async def test_a_body_that_breaks_off_is_no_error_of_ours(
    place: Installation, broken: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"POST /hooks/telegram/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await raw(place, head + broken, ends=True)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")) or not answer, answer
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "x-nothing", "gzip, gzip"])
async def test_a_packed_body_is_refused_and_never_unpacked(
    place: Installation, client: aiohttp.ClientSession, encoding: str, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    channel = await place.connected((await place.connect()).id)
    packed = zlib.compress(b"[" * 200_000, 9)

    def unpacked(*_arguments: object) -> bytes:
        raise AssertionError("the body was unpacked")

    monkeypatch.setattr(ZLibDecompressor, "decompress_sync", unpacked)
    headers = {SECRET_HEADER: channel.credentials["hook_secret"], "Content-Encoding": encoding}
    address = f"{place.address}/hooks/telegram/{channel.hook_key}"
    for body in (packed, packed * 100):
        async with client.post(address, data=body, headers=headers) as response:
            assert response.status == 415
            assert await response.json() == {"error": "Unsupported Media Type"}
    assert await fetch("SELECT id FROM events") == []
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_large_body_is_refused_before_its_signature_is_looked_at(
    place: Installation, client: aiohttp.ClientSession
) -> None:
    channel = await place.connected((await place.connect()).id)
    address = f"{place.address}/hooks/telegram/{channel.hook_key}"
    async with client.post(address, data=b"[" * 1024 * 1024 + b"[") as response:
        assert response.status == 413


@pytest.mark.parametrize(
    "request_lines",
    [
        b"POST /hooks/a/x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /hooks/telegram/x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST /hooks/telegram/x HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd",
        b"POST /hooks/telegram/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST /hooks/telegram/x HTTP/1.1\r\nHost : a\r\nContent-Length: 0\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a\r\nA: b\nC: d\r\n folded\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 500 + b"\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a\r\nX-A: " + b"b" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=["both lengths", "two lengths", "signed length", "odd encoding", "space before colon", "folded line",
         "many headers", "long header", "long address"],
)  # fmt: skip
async def test_ambiguous_and_overgrown_requests_are_refused(
    place: Installation, request_lines: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await raw(place, request_lines)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400", b"HTTP/1.1 431", b"HTTP/1.1 414")), answer[:200]
    assert answer.count(b"HTTP/1.") == 1, "a second request was seen in the first one's body"
    assert b"Traceback" not in answer
    head, _, body = answer.partition(b"\r\n\r\n")
    assert body.startswith(b'{"error": '), "the request is not repeated"
    for name, value in guard.HEADERS.items():
        assert f"{name}: {value}".encode() in head
    assert b"Server: Pult" in head
    assert not [record for record in caplog.records if record.exc_info], "whoever sends rubbish fills the log"


@pytest.mark.parametrize(
    "asked",
    ["CONNECT evil.test:443", "CONNECT /metrics", "OPTIONS *", "GET *", "POST *", "GET http://evil.test/",
     "GET http://evil.test", "GET http://[::1", "GET evil.test", "GET ?a", "GET //", "GET /?",
     "OPTIONS /hooks/telegram/x", "TRACE /login/vk/x", "PUT /media/x.jpg", "PROPFIND /", "HEAD /login/vk/x"],
)  # fmt: skip
async def test_no_form_of_a_request_is_an_error_of_ours(
    place: Installation, asked: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await raw(place, f"{asked} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
    status = int(answer.split(b" ", 2)[1])
    assert status in (400, 404, 405), answer[:200]
    assert asked.startswith("HEAD") or b'{"error": ' in answer
    assert b"Server: Pult" in answer
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]
