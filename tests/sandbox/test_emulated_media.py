"""Files in the emulated Telegram: uploads, ids, albums, limits, download."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator, picture


@pytest.fixture
def upload(base: str, http: aiohttp.ClientSession, shop: BotAccount, chat: int) -> Any:
    async def send(method: str, files: dict[str, bytes], name: str = "file.bin", **params: Any) -> tuple[int, Any]:
        form = aiohttp.FormData()
        for key, value in ({"chat_id": chat} | params).items():
            form.add_field(key, value if isinstance(value, str) else json.dumps(value))
        for key, data in files.items():
            form.add_field(key, data, filename=name)
        async with http.post(f"{base}/bot{shop.token}/{method}", data=form) as response:
            return response.status, await response.json()

    return send


async def download(call: Any, http: aiohttp.ClientSession, file_id: str) -> bytes:
    file = await call.ok("getFile", file_id=file_id)
    url = call.base.replace("/telegram", "/telegram/file") + f"/bot{call.account.token}/{file['file_path']}"
    async with http.get(url) as response:
        assert response.status == 200
        return await response.read()


KINDS = [
    ("sendVideo", "video"),
    ("sendVideoNote", "video_note"),
    ("sendVoice", "voice"),
    ("sendAudio", "audio"),
    ("sendDocument", "document"),
    ("sendAnimation", "animation"),
    ("sendSticker", "sticker"),
]


@pytest.mark.parametrize(("method", "kind"), KINDS)
async def test_every_kind_can_be_uploaded_fetched_and_sent_again_by_its_id(
    call: Any, upload: Any, http: aiohttp.ClientSession, chat: int, method: str, kind: str
) -> None:
    status, body = await upload(method, {"stored": b"some bytes"}, **{kind: "attach://stored"})
    assert status == 200, body
    first = body["result"][kind]
    assert await download(call, http, first["file_id"]) == b"some bytes"
    again = (await call.ok(method, chat_id=chat, **{kind: first["file_id"]}))[kind]
    assert again["file_unique_id"] == first["file_unique_id"]


async def test_a_photo_has_sizes_and_a_caption(call: Any, upload: Any, http: aiohttp.ClientSession) -> None:
    data = picture(1000, 500)
    _, body = await upload("sendPhoto", {"photo": data}, caption="<b>c</b>", parse_mode="HTML")
    sizes = body["result"]["photo"]
    assert [(size["width"], size["height"]) for size in sizes] == [(90, 45), (320, 160), (800, 400), (1000, 500)]
    assert body["result"]["caption_entities"] == [{"offset": 0, "length": 1, "type": "bold"}]
    assert await download(call, http, sizes[-1]["file_id"]) == data
    assert len(await download(call, http, sizes[0]["file_id"])) < len(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not a picture", "IMAGE_PROCESS_FAILED"),
        (b"", "file must be non-empty"),
        (b"x" * (10 * 1024 * 1024 + 1), "is too big for a photo"),
        (picture(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
    ],
)
async def test_a_wrong_photo_is_refused(upload: Any, data: bytes, words: str) -> None:
    status, body = await upload("sendPhoto", {"photo": data})
    assert (status, words in body["description"]) == (400, True)


async def test_uploads_over_50_megabytes_are_too_large(upload: Any) -> None:
    status, body = await upload("sendDocument", {"document": bytes(50 * 1024 * 1024 + 1)})
    assert (status, body["description"]) == (413, "Request Entity Too Large")
    status, body = await upload("sendDocument", {"document": bytes(60 * 1024 * 1024)})
    assert (status, body["description"]) == (413, "Request Entity Too Large")


async def test_files_over_20_megabytes_cannot_be_fetched(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    emulator.send_media(shop, chat, "video", bytes(20 * 1024 * 1024 + 1))
    (update,) = await call.ok("getUpdates")
    file_id = update["message"]["video"]["file_id"]
    assert await call.refused("getFile", file_id=file_id) == "Bad Request: file is too big"


async def test_a_file_id_is_of_one_bot_only(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person, chat: int
) -> None:
    other = emulator.create_bot("Other", "other_bot")
    emulator.start(other, anna)
    message = emulator.send_media(other, anna, "document", b"x", name="a.txt")
    foreign = message.wire["document"]["file_id"]
    refusal = await call.refused("sendDocument", chat_id=chat, document=foreign)
    assert refusal == "Bad Request: wrong file identifier/HTTP URL specified"
    assert "wrong file_id" in await call.refused("getFile", file_id=foreign)
    assert (await call("sendDocument", token=other.token, chat_id=anna.id, document=foreign))[0] == 200


async def test_a_photo_is_not_a_document(upload: Any, call: Any, chat: int) -> None:
    _, body = await upload("sendPhoto", {"photo": picture()})
    photo = body["result"]["photo"][-1]["file_id"]
    refusal = await call.refused("sendDocument", chat_id=chat, document=photo)
    assert refusal == "Bad Request: can't use file of type Photo as Document"


async def test_a_missing_attachment_is_refused(call: Any, chat: int) -> None:
    assert "wrong file identifier" in await call.refused("sendPhoto", chat_id=chat, photo="attach://nothing")
    assert await call.refused("sendPhoto", chat_id=chat) == "Bad Request: there is no photo in the request"


async def test_an_album_is_sent_together(emulator: TelegramEmulator, upload: Any, shop: BotAccount, chat: int) -> None:
    media = [
        {"type": "photo", "media": "attach://a", "caption": "*two*", "parse_mode": "MarkdownV2"},
        {"type": "video", "media": "attach://b"},
    ]
    _, body = await upload("sendMediaGroup", {"a": picture(), "b": b"film"}, media=media)
    first, second = body["result"]
    assert first["media_group_id"] == second["media_group_id"]
    assert first["caption"] == "two"
    assert [message.group for message in emulator.chat(shop, chat).sent()] == [first["media_group_id"]] * 2


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (["photo"], "too few"),
        (["photo"] * 11, "too many"),
        (["photo", "document"], "Document can't be mixed"),
        (["audio", "video"], "Audio can't be mixed"),
        (["animation", "photo"], "can't be sent in an album"),
        (["telepathy", "photo"], "unsupported type"),
    ],
)
async def test_a_wrong_album_is_refused(upload: Any, kinds: list[str], words: str) -> None:
    media = [{"type": kind, "media": "attach://a"} for kind in kinds]
    status, body = await upload("sendMediaGroup", {"a": picture()}, media=media)
    assert (status, words in body["description"]) == (400, True), body


async def test_an_album_with_one_wrong_item_sends_nothing(
    emulator: TelegramEmulator, upload: Any, shop: BotAccount, chat: int
) -> None:
    media = [{"type": "photo", "media": "attach://a"}, {"type": "photo", "media": "attach://lost"}]
    status, _ = await upload("sendMediaGroup", {"a": picture()}, media=media)
    assert status == 400
    assert emulator.chat(shop, chat).sent() == []


@pytest.fixture
async def pictures() -> AsyncIterator[str]:
    async def give(request: web.Request) -> web.Response:
        if request.path == "/page":
            return web.Response(text="<p>", content_type="text/html")
        return web.Response(body=picture(), content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/{name}", give)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_files_are_fetched_by_address_through_the_table_of_hosts(
    emulator: TelegramEmulator, call: Any, chat: int, pictures: str
) -> None:
    emulator.hosts["pult.test"] = pictures
    sent = await call.ok("sendPhoto", chat_id=chat, photo="https://pult.test/a.jpg")
    assert sent["photo"][-1]["width"] == 64
    refusal = await call.refused("sendPhoto", chat_id=chat, photo="https://pult.test/page")
    assert refusal == "Bad Request: wrong type of the web page content"
    emulator.hosts["pult.test"] = "http://127.0.0.1:1"
    refusal = await call.refused("sendPhoto", chat_id=chat, photo="https://pult.test/a.jpg")
    assert refusal == "Bad Request: failed to get HTTP URL content"
    assert "by a URL" in await call.refused("sendVideoNote", chat_id=chat, video_note="https://pult.test/a.mp4")


async def test_the_download_address_is_of_one_bot_only(
    emulator: TelegramEmulator, call: Any, http: aiohttp.ClientSession, shop: BotAccount, chat: int
) -> None:
    message = emulator.send_media(shop, chat, "document", b"secret", name="../../a.txt")
    path = (await call.ok("getFile", file_id=message.wire["document"]["file_id"]))["file_path"]
    assert ".." not in path
    other = emulator.create_bot("Other", "other_bot")
    for token, status in ((shop.token, 200), (other.token, 404), ("1:x", 401)):
        async with http.get(f"{call.base}/file/bot{token}/{path}") as response:
            assert response.status == status
