"""Names of files that strangers choose: on the disk, in headers, in what goes out to every messenger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.base import Attachment, AttachmentKind, Content, PlatformError
from adapters.http import Http
from adapters.names import of_file
from handlers.chat.desk_send import _file_name
from services.media_types import file_name
from tests.contract.subjects import ANNA, ENVELOPE, SUBJECTS
from tests.installation import Installation, serving
from tests.web.test_media import local, stored

NAMES = {
    "up": "../../../../etc/passwd",
    "up, for Windows": "..\\..\\boot.ini",
    "absolute": "/etc/cron.d/x",
    "drive": "C:\\Windows\\x.exe",
    "nothing": "\0\0",
    "cut by nothing": "photo.jpg\0.exe",
    "turned round": "invoice\u202egpj.exe",
    "endless": "a" * 10_000 + ".pdf",
    "endless ending": "a." + "b" * 10_000,
    "a header": 'a"\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>',
    "a part": "a\r\n--boundary\r\nContent-Disposition: form-data; name=chat_id\r\n\r\n1",
    "quotes": '"; filename="b.exe',
    "device": "NUL",
    "device with an ending": "con.txt",
    "dots": "....",
    "spaces": "   ",
    "percent": "%2e%2e%2fx%00.jpg",
    "tag": "<img src=x onerror=alert(1)>.png",
    "unseen": "\u200b\u2060",
    "line separator": "a\u2028b\u0085c.txt",
    "half a character": "a\ud800b.txt",
}
every_name = pytest.mark.parametrize("name", NAMES, ids=str)
CONTENT = b"content of the file"


@every_name
def test_a_name_travels_on_without_path_device_or_tricks(name: str) -> None:
    for clean in (of_file(NAMES[name]), file_name("file-7", NAMES[name], "application/octet-stream")):
        assert len(clean) <= 124
        assert not set(clean) & set('/\\:*?"<>|\r\n\0\u202e\u2028\u0085\u200b\ud800')
        assert clean.partition(".")[0].upper() not in ("NUL", "CON", "AUX", "COM1")
        assert not clean.startswith(".")
        clean.encode()
    assert file_name("file-7", NAMES[name], "image/png").endswith(".png")


def test_honest_names_travel_on_as_they_are() -> None:
    for name in ("Договор № 7 (копия).docx", "отчёт.tar.gz", "photo.jpg", "console.log", "日本語.pdf", "a'b&c,d;e.txt"):
        assert of_file(name) == name


@every_name
async def test_on_the_disk_a_file_is_called_by_its_number(place: Installation, tmp_path: Path, name: str) -> None:
    file_id = await stored(place, CONTENT, NAMES[name].encode("utf-8", "replace").decode().replace("\0", "\u0001"))
    assert place.files.store.path(file_id) == tmp_path / "files" / f"{file_id:02x}" / str(file_id)
    link = place.links.make(file_id, "text/plain")
    async with aiohttp.ClientSession() as client, client.get(local(place, link)) as answer:
        assert answer.status == 200
        assert await answer.read() == CONTENT
        assert answer.headers["Content-Disposition"].isascii()
        assert answer.headers.getall("Content-Type") == ["application/octet-stream"]
        disposition = answer.content_disposition
        assert disposition is not None
        assert disposition.type == "attachment"
        assert disposition.filename
        assert not set(disposition.filename) & set('/\\"\r\n\0\u202e')


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
async def test_a_link_is_for_reading_alone(place: Installation, method: str) -> None:
    file_id = await stored(place, CONTENT, "a.txt")
    link = local(place, place.links.make(file_id, "text/plain"))
    async with aiohttp.ClientSession() as client:
        async with client.request(method, link, data=b"other") as answer:
            assert answer.status == 405
            assert CONTENT not in await answer.read()
        async with client.get(link, headers={"X-HTTP-Method-Override": method}) as answer:
            assert await answer.read() == CONTENT


async def test_a_link_to_one_form_of_a_file_is_none_to_the_other(place: Installation) -> None:
    """The signature of a fitted picture's link and of the file's own are made with different keys."""
    file_id = await stored(place, CONTENT, "a.txt")
    own, fitted = place.links.make(file_id, "text/plain"), place.links.make(file_id, "text/plain", fitted=True)
    assert own is not None
    assert fitted is not None
    assert own.rsplit("/", 1)[1][:16] == fitted.rsplit("/", 1)[1][:16]
    assert own != fitted
    async with aiohttp.ClientSession() as client, client.get(local(place, fitted)) as answer:
        assert answer.status == 404


# What goes out


@pytest.fixture
async def wire() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that keeps what it is sent, byte by byte, and gives each messenger's call something to go on with."""
    bodies: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        address = f"http://{request.host}/upload"
        got: dict[str, Any] = {"upload_url": address, "file": "f", "photo": "[]", "server": 1, "hash": "h"}
        return web.json_response({"ok": False, "error_code": 400, "response": got, "attachment_id": "1", **got})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    async with serving(app) as address:
        yield address, bodies


@pytest.mark.parametrize("name", [name for name in NAMES if "\ud800" not in NAMES[name]], ids=str)
async def test_no_upload_to_a_messenger_gets_a_header_from_a_name(
    wire: tuple[str, list[bytes]], tmp_path: Path, name: str
) -> None:
    """Whatever a name holds, a form has as many parts and headers as with an honest one."""
    api, bodies = wire
    path = tmp_path / "7"
    path.write_bytes(CONTENT)
    uploads = 0
    async with Http() as http:
        for platform in sorted(SUBJECTS):
            shapes = []
            for given in ("honest.txt", NAMES[name]):
                bodies.clear()
                item = Attachment(
                    AttachmentKind.FILE, handle="h", name=given, mime="text/plain", size=len(CONTENT), path=path,
                    url="https://pult.test/media/a.txt",
                )  # fmt: skip
                adapter, channel = SUBJECTS[platform].adapter(http, api), SUBJECTS[platform].channel
                try:
                    await adapter.send(channel, ANNA, Content(attachments=(item,)), ENVELOPE)
                except PlatformError:
                    pass
                forms = [body for body in bodies if CONTENT in body]
                uploads += len(forms)
                shapes.append([shape(body) for body in forms])
            assert shapes[0] == shapes[1], platform
    assert uploads >= 6


def shape(body: bytes) -> list[list[bytes]]:
    """The names of the headers of each part of a form."""
    boundary = body.split(b"\r\n", 1)[0]
    parts = body.split(boundary)[1:-1]
    return [[line.partition(b":")[0] for line in part.partition(b"\r\n\r\n")[0].splitlines() if line] for part in parts]


@every_name
def test_no_upload_to_a_member_gets_a_header_from_a_name(name: str) -> None:
    medium = Attachment(AttachmentKind.FILE, name=of_file(NAMES[name]) or None, mime="text/plain", path=Path("7"))
    assert not set(_file_name(medium)) & set('/\\"\r\n\0')
    assert _file_name(medium).isprintable()
