"""Pictures for platforms that fetch them by address: as large as they take, kept beside the original, gone with it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from adapters.base import Attachment, AttachmentKind
from services.fitting import fitted
from services.links import BadLink, Links
from services.store import Store

LIMIT = 50_000
LINKS = Links(["a key"], "https://pult.test")


def photo(side: int, form: str = "JPEG") -> bytes:
    target = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(target, form)
    return target.getvalue()


async def placed(tmp_path: Path, data: bytes) -> tuple[Store, Attachment]:
    store = Store(tmp_path)
    path = store.path(7)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    url = LINKS.make(7, "image/webp")
    return store, Attachment(AttachmentKind.PHOTO, file_id=7, path=path, url=url, mime="image/webp", size=len(data))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
async def test_a_picture_becomes_a_jpeg_that_fits(tmp_path: Path, form: str) -> None:
    store, item = await placed(tmp_path, photo(500, form))
    made = await fitted(store, LINKS, item, LIMIT)
    assert made.path is not None
    assert made.size == made.path.stat().st_size <= LIMIT
    with Image.open(made.path) as picture:
        assert picture.format == "JPEG"
    assert made.url is not None
    assert made.url.endswith(".jpg")
    assert made.mime == "image/jpeg"
    assert made.path != item.path


async def test_it_is_made_once_and_goes_with_its_original(tmp_path: Path) -> None:
    store, item = await placed(tmp_path, photo(300))
    first = await fitted(store, LINKS, item, LIMIT)
    assert first.path is not None
    before = first.path.stat().st_mtime_ns
    await fitted(store, LINKS, item, LIMIT)
    assert first.path.stat().st_mtime_ns == before
    smaller = await fitted(store, LINKS, item, 5_000)
    assert smaller.size is not None
    assert smaller.size <= 5_000
    await store.remove(7)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_what_is_no_picture_stays_as_it_is(tmp_path: Path) -> None:
    store, item = await placed(tmp_path, b"no picture at all")
    assert await fitted(store, LINKS, item, LIMIT) == item
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["7"]


def test_a_link_leads_to_the_one_or_to_the_other() -> None:
    plain, small = LINKS.make(7, "image/jpeg"), LINKS.make(7, "image/jpeg", fitted=True)
    assert plain is not None
    assert small is not None
    assert plain != small
    tokens = [link.rpartition("/")[2].partition(".")[0] for link in (plain, small)]
    assert [LINKS.read(token).fitted for token in tokens] == [False, True]
    with pytest.raises(BadLink):
        Links(["another key"], "https://pult.test").read(tokens[1])
