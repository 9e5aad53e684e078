"""The fetch job: bytes from a channel or from a member, whole on the disk or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Attachment, AttachmentKind, Rejected
from models.enums import FileState
from services import files as files_module
from services.files import Files, forget_handles, handle, new_file, reason, remember_handle
from services.runner import Runner
from services.sql import Steps, fetch, run, transact
from services.store import Store
from tests.installation import Installation

PHOTO = b"\xff\xd8\xff\xe0" + b"roses" * 1000
MB = 1024 * 1024


class Told:
    """What showing would be told of."""

    def __init__(self) -> None:
        self.ids: list[int] = []

    def ready(self, file_id: int) -> Steps[None]:
        yield "SELECT 1 AS one", ()
        self.ids.append(file_id)


class Chats:
    """Members' chats, as far as files are taken from them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[int, str, int]] = []

    async def fetch(self, control_bot_id: int, handle: str, path: Path, limit: int) -> int:
        self.asked.append((control_bot_id, handle, limit))
        if len(self.data) > limit:
            raise Rejected("The file is over {limit} MB.", {"limit": f"{limit / MB:.0f}"})
        path.write_bytes(self.data)
        return len(self.data)


def fetching(place: Installation, tmp_path: Path, told: Told, chats: Chats | None = None) -> Files:
    desk: Any = chats
    return Files(Store(tmp_path / "files"), source=place.channels.source, desk=desk, on_ready=told.ready)


@contextlib.asynccontextmanager
async def working(files: Files, database: str) -> AsyncIterator[None]:
    runner = Runner(files.kinds(), postgres=database.startswith("postgres"))
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        runner.stop()
        await task


async def settled(*file_ids: int) -> dict[int, dict[str, Any]]:
    """The rows, once none of them is waiting."""
    async with asyncio.timeout(10):
        while True:
            rows = {row["id"]: row for row in await fetch("SELECT * FROM files ORDER BY id")}
            if rows.keys() >= set(file_ids) and all(rows[one]["state"] != "waiting" for one in file_ids):
                return rows
            await asyncio.sleep(0.02)


async def received(place: Installation, kind: str, data: bytes, **more: Any) -> int:
    """A file that a customer sent, as accepting leaves it."""
    place.emulator.start(place.bot, place.anna)
    place.emulator.send_media(place.bot, place.anna, kind, data, **more)
    await place.emulator.wait_for(lambda: not place.bot.pending)
    return int((await fetch("SELECT id FROM files ORDER BY id DESC"))[0]["id"])


async def test_a_customers_photo_comes_to_lie_on_the_disk(place: Installation, tmp_path: Path, database: str) -> None:
    await place.connect()
    file_id = await received(place, "photo", PHOTO)
    told = Told()
    files = fetching(place, tmp_path, told)
    async with working(files, database):
        row = (await settled(file_id))[file_id]
    assert (row["state"], row["size"], row["mime"]) == ("stored", len(PHOTO), "image/jpeg")
    assert files.path(file_id).read_bytes() == PHOTO
    assert told.ids == [file_id]
    view = await files.view(file_id)
    assert view is not None
    assert view.name.endswith(".jpg")
    assert files.path(file_id).parent.parent == tmp_path / "files"


async def test_a_senders_word_about_a_file_is_not_trusted(place: Installation, tmp_path: Path, database: str) -> None:
    await place.connect()
    page = b"<!doctype html><script>alert(1)</script>"
    file_id = await received(place, "document", page, name="../../etc/photo.jpg", mime="image/jpeg")
    files = fetching(place, tmp_path, Told())
    async with working(files, database):
        row = (await settled(file_id))[file_id]
    assert row["mime"] == "text/html"
    view = await files.view(file_id)
    assert view is not None
    assert "/" not in view.name
    assert view.name.endswith(".html")


async def test_a_file_over_the_limit_is_named_as_missing(place: Installation, tmp_path: Path, database: str) -> None:
    await place.connect()
    file_id = await received(place, "document", b"x" * 30_000, name="film.bin")
    adapter = place.adapters["telegram"]
    adapter.capabilities = replace(adapter.capabilities, fetch_limit=20_000)  # type: ignore[misc]
    told = Told()
    files = fetching(place, tmp_path, told)
    async with working(files, database):
        row = (await settled(file_id))[file_id]
    assert row["state"] == FileState.FAILED
    message, params = reason(row["error"])
    assert message.format(**params)
    assert told.ids == [file_id]
    assert not files.path(file_id).exists()
    assert list((tmp_path / "files").rglob("*.part")) == []


async def test_a_fault_on_the_way_is_tried_again(place: Installation, tmp_path: Path, database: str) -> None:
    await place.connect()
    file_id = await received(place, "photo", PHOTO)
    place.emulator.fault("500", method="getFile")
    files = fetching(place, tmp_path, Told())
    async with working(files, database):
        row = (await settled(file_id))[file_id]
    assert row["state"] == FileState.STORED


async def test_a_file_of_a_channel_that_is_gone_is_given_up(place: Installation, tmp_path: Path, database: str) -> None:
    view = await place.connect()
    file_id = await received(place, "photo", PHOTO)
    await place.channels.disconnect(*place.olga, view.id)
    told = Told()
    async with working(fetching(place, tmp_path, told), database):
        row = (await settled(file_id))[file_id]
    assert reason(row["error"])[0] == files_module.DISCONNECTED
    assert told.ids == [file_id]


async def test_a_members_file_is_taken_through_the_desk(place: Installation, tmp_path: Path, database: str) -> None:
    item = Attachment(AttachmentKind.PHOTO, handle="control-file-id", mime="image/png")
    bot_id = place.control.id
    file_id = await transact(lambda: new_file(place.project.id, item, control_bot_id=bot_id))
    chats, told = Chats(PHOTO), Told()
    files = fetching(place, tmp_path, told, chats)
    async with working(files, database):
        row = (await settled(file_id))[file_id]
    assert (row["state"], row["mime"]) == ("stored", "image/jpeg")
    assert chats.asked == [(bot_id, "control-file-id", files_module.MEMBERS_LIMIT)]
    assert files.path(file_id).read_bytes() == PHOTO
    assert await run(handle(file_id, f"control:{bot_id}")) == "control-file-id"


async def test_each_bot_has_its_own_handle(place: Installation) -> None:
    file_id = await transact(lambda: new_file(place.project.id, Attachment(AttachmentKind.FILE, handle="x")))
    assert await run(handle(file_id, "channel:1")) is None
    await transact(lambda: remember_handle(file_id, "channel:1", "first"))
    await transact(lambda: remember_handle(file_id, "channel:1", "second"))
    await transact(lambda: remember_handle(file_id, "control:1", "other"))
    assert await run(handle(file_id, "channel:1")) == "second"
    await transact(lambda: forget_handles("channel:1"))
    assert await run(handle(file_id, "channel:1")) is None
    assert await run(handle(file_id, "control:1")) == "other"


async def test_bytes_that_stop_coming_leave_nothing(tmp_path: Path) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield PHOTO
        raise ConnectionResetError

    store = Store(tmp_path)
    with pytest.raises(ConnectionResetError):
        await store.write(7, cut(), MB)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_the_limit_holds_whatever_was_announced(tmp_path: Path) -> None:
    async def many() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    with pytest.raises(Rejected):
        await Store(tmp_path).write(7, many(), 10_000)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_parts_of_an_old_crash_are_swept(tmp_path: Path) -> None:
    old, fresh = tmp_path / "07" / "7-1-1.part", tmp_path / "07" / "7-2-2.part"
    old.parent.mkdir()
    for path in (old, fresh):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 2 * 86400,) * 2)
    assert await Store(tmp_path).sweep() == 1
    assert (old.exists(), fresh.exists()) == (False, True)


async def test_operators_are_told_once_that_the_disk_is_nearly_full(
    place: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, dict[str, str]]] = []

    async def alarm(message: str, params: dict[str, str]) -> None:
        said.append((message, params))

    files = Files(Store(tmp_path), source=place.channels.source, alarm=alarm)
    await files.watch_disk()
    assert said == []
    monkeypatch.setattr(files_module, "SCARCE_BYTES", 2**62)
    monkeypatch.setattr(files_module, "SCARCE_SHARE", 1.0)
    await files.watch_disk()
    await files.watch_disk()
    assert len(said) == 1
    assert said[0][0].format(**said[0][1])
