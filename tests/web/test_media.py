"""Links to media: for whoever has one, until it ends, and for nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from cryptography.fernet import Fernet

from adapters.base import Attachment, AttachmentKind
from models.enums import FileState
from services.files import new_file
from services.links import BadLink, Links
from services.retention import Retention
from services.sql import transact
from tests.installation import PUBLIC, Installation

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><script>alert(1)</script>"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def stored(place: Installation, data: bytes, name: str = "Розы.jpg", mime: str = "image/jpeg") -> int:
    """A file of the channel, as its fetch job leaves it."""
    item = Attachment(AttachmentKind.FILE, handle="h", name=name, mime=mime)
    file_id = await transact(lambda: new_file(place.project.id, item))

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    kept = await place.files.store.write(file_id, chunks(), 10**6, mime)
    await transact(lambda: _stored(file_id, kept.size, kept.mime))
    return file_id


def _stored(file_id: int, size: int, mime: str) -> Any:
    yield (
        "UPDATE files SET state = ?, size = ?, mime = ? WHERE id = ?",
        (FileState.STORED.value, size, mime, file_id),
    )


def local(place: Installation, link: str | None) -> str:
    assert link is not None
    return link.replace(PUBLIC, place.address)


async def test_a_link_gives_the_file_with_its_type_and_name(place: Installation, client: aiohttp.ClientSession) -> None:
    link = place.links.make(await stored(place, JPEG), "image/jpeg")
    assert link is not None
    assert link.startswith(f"{PUBLIC}/media/")
    assert link.endswith(".jpg")
    async with client.get(local(place, link)) as response:
        assert response.status == 200
        assert await response.read() == JPEG
        assert response.headers["Content-Type"] == "image/jpeg"
        disposition = response.headers["Content-Disposition"]
        assert disposition == "inline; filename*=UTF-8''%D0%A0%D0%BE%D0%B7%D1%8B.jpg"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in response.headers["Cache-Control"]


async def test_platforms_may_ask_first_and_take_a_part(place: Installation, client: aiohttp.ClientSession) -> None:
    link = local(place, place.links.make(await stored(place, JPEG), "image/jpeg"))
    async with client.head(link) as response:
        assert response.status == 200
        assert int(response.headers["Content-Length"]) == len(JPEG)
        assert response.headers["Content-Type"] == "image/jpeg"
    async with client.get(link, headers={"Range": "bytes=4-9"}) as response:
        assert response.status == 206
        assert await response.read() == JPEG[4:10]
        assert response.headers["Content-Range"] == f"bytes 4-9/{len(JPEG)}"
    async with client.get(link, headers={"Range": f"bytes={len(JPEG) + 1}-"}) as response:
        assert response.status == 416


@pytest.mark.parametrize(("data", "name"), [(SVG, "a.svg"), (HTML, "a.html"), (HTML, "a.jpg"), (SVG, "a.png")])
async def test_what_a_browser_would_run_is_never_shown(
    place: Installation, client: aiohttp.ClientSession, data: bytes, name: str
) -> None:
    file_id = await stored(place, data, name, "image/png")
    view = await place.files.view(file_id)
    assert view is not None
    async with client.get(local(place, place.links.make(file_id, view.mime))) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_a_changed_link_leads_nowhere(place: Installation, client: aiohttp.ClientSession) -> None:
    first = local(place, place.links.make(await stored(place, JPEG), "image/jpeg"))
    second = local(place, place.links.make(await stored(place, JPEG), "image/jpeg"))
    head, token = first[: first.rindex("/") + 1], first[first.rindex("/") + 1 : -4]
    other = second[second.rindex("/") + 1 : -4]
    tampered = [
        head + token[:10] + ("A" if token[10] != "A" else "B") + token[11:] + ".jpg",
        head + other[:16] + token[16:] + ".jpg",
        head + token[:-1] + ".jpg",
        head + token + ".png",
        head + token + ".html",
        head + "../../" + token + ".jpg",
        head + "..%2f..%2fpult.sqlite3",
        head + "%2e%2e/secret.key",
        head + "1.jpg",
        head + token,
    ]
    for address in tampered:
        async with client.get(address) as response:
            assert response.status == 404, address
            assert await response.read() != JPEG


async def test_a_link_ends(place: Installation, client: aiohttp.ClientSession, clock: Any) -> None:
    file_id = await stored(place, JPEG)
    link = local(place, place.links.make(file_id, "image/jpeg", timedelta(hours=2)))
    clock.shift(timedelta(hours=1, minutes=59))
    async with client.get(link) as response:
        assert response.status == 200
    clock.shift(timedelta(hours=1, minutes=2))
    async with client.get(link) as response:
        assert response.status == 404


async def test_a_retired_file_is_gone(place: Installation, client: aiohttp.ClientSession, clock: Any) -> None:
    file_id = await stored(place, JPEG)
    clock.shift(timedelta(days=181))
    link = local(place, place.links.make(file_id, "image/jpeg"))
    assert await place.files.retire(180, Retention()) == 1
    async with client.get(link) as response:
        assert response.status == 404
    assert not place.files.path(file_id).exists()


async def test_links_of_an_older_key_are_still_read() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    link = Links([old], PUBLIC).make(7, "image/png")
    assert link is not None
    token = link.rsplit("/", 1)[1].removesuffix(".png")
    assert Links([new, old], PUBLIC).read(token).file_id == 7
    with pytest.raises(BadLink):
        Links([new], PUBLIC).read(token)
    assert Links([new], None).make(7, "image/png") is None
