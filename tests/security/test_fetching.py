"""Addresses that customers send: bytes come from the messengers' own media hosts, on every hop, and from no other."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from adapters import http as outward
from adapters.base import Ambiguous, Attachment, AttachmentKind, NotFound, PlatformError, Rejected, Temporary
from adapters.facebook.files import fetch as facebook
from adapters.http import Http, is_public
from adapters.viber.files import Media
from adapters.vk.api import Api
from adapters.vk.files import fetch as vk
from tests.installation import serving

Fetch = Callable[[Http, str, Attachment, int], AsyncIterator[bytes]]


def viber(http: Http, api: str, item: Attachment, limit: int) -> AsyncIterator[bytes]:
    return Media(http, api).fetch(item, limit)


PLATFORMS: dict[str, tuple[Fetch, str]] = {
    "facebook": (facebook, "scontent.xx.fbcdn.net"),
    "viber": (viber, "dl-media.viber.com"),
    "vk": (vk, "sun9.userapi.com"),
}
every = pytest.mark.parametrize("platform", PLATFORMS)
API = "https://api.example"
HOSTILE = [
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://172.16.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[fe80::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://0/",
    "https://[::]/",
    "https://metadata.google.internal/",
    "http://{host}/plain",
    "https://{host}:8443/",
    "https://{host}:22/",
    "https://user@{host}/",
    "https://{host}@evil.test/",
    "https://{host}.evil.test/",
    "https://evilfbcdn.net/",
    "https://evilviber.com/",
    "https://eviluserapi.com/",
    "https://evil.test/{host}",
    "https://evil.test#{host}",
    "https://evil.test?{host}",
    "https://evil.test\\@{host}/",
    "https://{host}%00.evil.test/",
    "https://{host}%2eevil.test/",
    "//evil.test/",
    "file:///etc/passwd",
    "ftp://{host}/",
    "gopher://{host}/",
    "data:text/plain,a",
    "https://[",
    "https://{host}:99999/",
    "javascript:alert(1)",
    "https://evil.test\t.{host}.evil.test/",
]


async def tried(platform: str, api: str, address: str, limit: int = 1000) -> bytes:
    fetch, _ = PLATFORMS[platform]
    item = Attachment(AttachmentKind.FILE, handle=address)
    async with Http() as http:
        return b"".join([chunk async for chunk in fetch(http, api, item, limit)])


@every
@pytest.mark.parametrize("address", HOSTILE)
async def test_no_form_of_a_foreign_address_is_fetched(
    platform: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def lookup(*arguments: Any, **_: Any) -> Any:
        asked.append(arguments)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises((Rejected, NotFound)):
        await tried(platform, API, address.replace("{host}", PLATFORMS[platform][1]))
    assert asked == []


@every
@pytest.mark.parametrize("to", ["http://127.0.0.1:{other}/secret", "//127.0.0.1:{other}/secret", "https://10.0.0.1/",
                                "http://[::1]:{other}/", "file:///etc/passwd"])  # fmt: skip
async def test_a_redirect_is_judged_like_the_first_address(platform: str, to: str) -> None:
    reached: list[str] = []

    async def secret(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response(text="secret")

    inside = web.Application()
    inside.router.add_get("/{path:.*}", secret)
    async with serving(inside) as private:

        async def away(_: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": to.replace("{other}", private.rpartition(":")[2])})

        media = web.Application()
        media.router.add_get("/media", away)
        async with serving(media) as api:
            with pytest.raises((Rejected, NotFound)):
                await tried(platform, api, f"{api}/media")
    assert reached == []


@every
async def test_redirects_without_end_end(platform: str) -> None:
    hops = 0

    async def again(_: web.Request) -> web.Response:
        nonlocal hops
        hops += 1
        return web.Response(status=302, headers={"Location": f"/{hops}"})

    app = web.Application()
    app.router.add_get("/{path:.*}", again)
    async with serving(app) as api:
        with pytest.raises(PlatformError):
            await tried(platform, api, f"{api}/0")
    assert hops <= 8


@every
async def test_more_bytes_than_announced_are_cut_off(platform: str) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"x" * 65536)
        return response

    app = web.Application()
    app.router.add_get("/media", endless)
    async with serving(app) as api:
        with pytest.raises(Rejected):
            await tried(platform, api, f"{api}/media", limit=100_000)


@every
async def test_a_messengers_name_that_leads_into_the_own_network_is_not_connected_to(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are resolved once, by whom connects: there is no moment between the check and the connection."""
    connections = 0

    async def met(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    real = socket.getaddrinfo

    def lookup(host: Any, *arguments: Any, **more: Any) -> Any:
        if host == PLATFORMS[platform][1]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        return real(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    async with server:
        with pytest.raises(PlatformError):
            await tried(platform, API, f"https://{PLATFORMS[platform][1]}/a.jpg")
    assert connections == 0


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False), ("0.0.0.0", False),
        ("172.31.0.1", False), ("192.168.0.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
        ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False), ("::", False), ("fe80::1%eth0", False),
        ("fc00::1", False), ("ff02::1", False), ("::ffff:127.0.0.1", False), ("::ffff:1.1.1.1", True),
        ("64:ff9b::a00:1", False), ("64:ff9b::101:101", True), ("2002:7f00:1::", False),
        ("64:ff9b:1::a00:1", False), ("64:ff9b:1::808:808", False), ("fec0::1", False), ("::127.0.0.1", False),
        ("::8.8.8.8", False), ("::ffff:0:127.0.0.1", False), ("::ffff:0:8.8.8.8", False), ("2001:0:7f00:1::", False),
        ("100::1", False), ("100:0:0:1::1", False), ("3fff::1", False), ("4000::1", False), ("5f00::1", False),
        ("2001:db8::1", False), ("2a00:1450:4001::200e", True),
    ],
)  # fmt: skip
def test_which_addresses_are_the_internets(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/",
                                     "http://2130706433:{port}/", "http://[::ffff:127.0.0.1]:{port}/"])  # fmt: skip
async def test_an_address_that_vks_answer_names_is_none_inside(address: str) -> None:
    """Where to upload and where to poll is VK's to say, but not in our own network."""
    reached: list[str] = []

    async def met(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.json_response({})

    inside = web.Application()
    inside.router.add_route("*", "/{path:.*}", met)
    async with serving(inside) as private, Http() as http:
        api, port = Api(http, "https://api.vk.example", lambda: 100.0), private.rpartition(":")[2]
        with pytest.raises(Temporary):
            await api.upload(address.format(port=port), "file", "a.txt", b"x", "text/plain")
        with pytest.raises(Temporary):
            await api.get(address.format(port=port), {"act": "a_check"}, 5)
        # The sandbox's own host is the configured one.
        assert await Api(http, private, lambda: 100.0).get(f"{private}/poll", {}, 5) == {}
    assert reached == ["/poll"]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
async def test_an_endless_answer_of_an_api_is_given_up(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted as it is when unpacked: a small packet may hold a large one."""
    monkeypatch.setattr(outward, "ANSWER_LIMIT", 1_000_000)
    body = gzip.compress(b" " * 20_000_000) if packed else b" " * 1_000_001

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": "gzip"} if packed else {})

    app = web.Application()
    app.router.add_post("/", answer)
    async with serving(app) as api, Http() as http:
        with pytest.raises(Ambiguous):
            await http.call("POST", api)


async def test_an_answer_is_read_whole_however_it_is_cut_or_packed() -> None:
    told = bytes(range(256)) * 4000

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if request.path == "/packed":
            response.enable_compression()
        await response.prepare(request)
        for start in range(0, len(told), 100_000):
            await response.write(told[start : start + 100_000])
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with serving(app) as api, Http() as http:
        for path in ("/plain", "/packed"):
            assert (await http.call("GET", api + path)).body == told
