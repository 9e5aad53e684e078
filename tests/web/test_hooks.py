"""The one webhook route: what is genuine is stored before the platform hears so, the rest leaves no trace."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from adapters.telegram.adapter import SECRET_HEADER
from models.fields import unseal
from services.channel_rows import Connected
from services.inbox import RAW_LIMIT
from services.sql import fetch, from_json
from tests.installation import Installation


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


@pytest.fixture
async def channel(place: Installation) -> Connected:
    return await place.connected((await place.connect()).id)


def url(place: Installation, channel: Connected) -> str:
    return f"{place.address}/hooks/telegram/{channel.hook_key}"


def genuine(channel: Connected) -> dict[str, str]:
    return {SECRET_HEADER: channel.credentials["hook_secret"], "Content-Type": "application/json"}


def update(number: int = 1, text: Any = "Здравствуйте") -> dict[str, Any]:
    person = {"id": 77, "is_bot": False, "first_name": "Борис"}
    message = {"message_id": number, "date": 1_790_000_000, "chat": {"id": 77, "type": "private"}, "from": person}
    return {"update_id": number, "message": message | {"text": text}}


async def journal() -> list[dict[str, Any]]:
    return await fetch("SELECT key, kind, state, error FROM events ORDER BY id")


async def stays_well(place: Installation, channel: Connected, client: aiohttp.ClientSession) -> None:
    before = len(await journal())
    async with client.post(url(place, channel), json=update(999), headers=genuine(channel)) as response:
        assert response.status == 200
    assert len(await journal()) == before + 1


async def test_a_genuine_event_is_stored_once(
    place: Installation, channel: Connected, client: aiohttp.ClientSession
) -> None:
    for _ in range(3):
        async with client.post(url(place, channel), json=update(), headers=genuine(channel)) as response:
            assert response.status == 200
            assert response.headers["X-Request-Id"]
    assert [(row["kind"], row["state"]) for row in await journal()] == [("MessageReceived", "applied")]
    assert (await fetch("SELECT COUNT(*) AS n FROM messages"))[0]["n"] == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", "неверный"])
async def test_a_wrong_secret_is_refused_and_stores_nothing(
    place: Installation, channel: Connected, client: aiohttp.ClientSession, secret: str | None
) -> None:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    async with client.post(url(place, channel), json=update(), headers=headers) as response:
        assert response.status == 403
    assert await journal() == []


async def test_unknown_keys_and_platforms_are_not_found(
    place: Installation, channel: Connected, client: aiohttp.ClientSession
) -> None:
    for path in (f"telegram/{'x' * 32}", f"icq/{channel.hook_key}", "icq", "control/nothing"):
        async with client.post(f"{place.address}/hooks/{path}", json=update(), headers=genuine(channel)) as response:
            assert response.status == 404
    async with client.post(f"{place.address}/hooks/telegram", json=update(), headers=genuine(channel)) as response:
        assert response.status == 403
    assert await journal() == []


async def test_a_get_is_no_event(place: Installation, channel: Connected, client: aiohttp.ClientSession) -> None:
    async with client.get(url(place, channel)) as response:
        assert response.status == 403
    async with client.get(url(place, channel), headers=genuine(channel)) as response:
        assert response.status == 405


async def test_a_huge_body_is_refused_before_it_is_read(
    place: Installation, channel: Connected, client: aiohttp.ClientSession
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(320):
            yield b"x" * 65536

    for body in (b"x" * 20 * 1024 * 1024, endless()):
        # The server may close while we are still sending: that, too, is a refusal.
        with contextlib.suppress(aiohttp.ClientConnectionError):
            async with client.post(url(place, channel), data=body, headers=genuine(channel)) as response:
                assert response.status == 413
    assert await journal() == []
    await stays_well(place, channel, client)


BODIES = {
    "broken": b'{"update_id": 1, "message": {',
    "empty": b"",
    "not utf-8": b"\xff\xfe\x00",
    "no object": b"[1, 2, 3]",
    "a number": b"7",
    "no number": b'{"message": {"text": "x"}}',
    "deep lists": b"[" * 10_000 + b"]" * 10_000,
}


@pytest.mark.parametrize("name", BODIES)
async def test_what_cannot_be_read_is_journaled_and_the_platform_goes_on(
    place: Installation, channel: Connected, client: aiohttp.ClientSession, name: str
) -> None:
    for _ in range(2):
        async with client.post(url(place, channel), data=BODIES[name], headers=genuine(channel)) as response:
            assert response.status == 200
    rows = await journal()
    assert [(row["kind"], row["state"]) for row in rows] == [("raw", "failed")]
    assert rows[0]["error"]
    assert (await fetch("SELECT COUNT(*) AS n FROM messages"))[0]["n"] == 0
    await stays_well(place, channel, client)


def with_part(part: str) -> bytes:
    """A customer's message that holds this part beside its words, as raw JSON."""
    return json.dumps(update()).replace('"message_id"', f'"odd": {part}, "message_id"').encode()


ODD = {
    "half an emoji": rb'"\ud83d"',
    "a name of half an emoji": rb'{"\ud83d": 1}',
    "not utf-8": b'"\xff\xfe"',
    "not a number": b"NaN",
    "endless": b"[-Infinity, 1e999]",
    "a huge number": b"1" * 5000,
    "a bare control character": b'"\x01"',
    "deep lists": b"[" * 10_000 + b"]" * 10_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "fairly deep": b'{"a":' * 400 + b"1" + b"}" * 400,
}


@pytest.mark.parametrize("name", ODD)
async def test_one_odd_part_hides_nothing_of_a_message_and_its_bytes_are_kept(
    place: Installation, channel: Connected, client: aiohttp.ClientSession, name: str
) -> None:
    body = with_part("ODD").replace(b"ODD", ODD[name])
    for _ in range(2):
        async with client.post(url(place, channel), data=body, headers=genuine(channel)) as response:
            assert response.status == 200
    assert [(row["kind"], row["state"]) for row in await journal()] == [
        ("raw", "skipped"),
        ("MessageReceived", "applied"),
    ]
    kept = await fetch("SELECT payload FROM events ORDER BY id")
    assert unseal(kept[0]["payload"]) == body[:RAW_LIMIT].decode(errors="replace")
    said = from_json((await fetch("SELECT content FROM messages"))[0]["content"])
    assert said["text"] == "Здравствуйте"
    await stays_well(place, channel, client)


async def test_half_an_emoji_in_the_words_themselves_stands_as_a_mark(
    place: Installation, channel: Connected, client: aiohttp.ClientSession
) -> None:
    async with client.post(url(place, channel), json=update(text="Пока \ud83d"), headers=genuine(channel)) as response:
        assert response.status == 200
    said = from_json((await fetch("SELECT content FROM messages"))[0]["content"])
    assert said["text"] == "Пока \ufffd"


WRONG_TYPES = [
    {"update_id": "seven", "message": {}},
    {"update_id": 1, "message": "text"},
    {"update_id": 1, "message": {"message_id": {}, "from": [], "chat": 7}},
    {"update_id": 1, "callback_query": {"id": [], "from": {"id": "x"}}},
    update(1, text={"a": 1}),
    update(1, text=["x"]),
    update(1, text="\u0000"),
    {"update_id": 2**80, "message": {"message_id": 1}},
]


@pytest.mark.parametrize("body", WRONG_TYPES, ids=range(len(WRONG_TYPES)))
async def test_wrong_types_never_break_the_service(
    place: Installation, channel: Connected, client: aiohttp.ClientSession, body: Any
) -> None:
    async with client.post(url(place, channel), data=json.dumps(body), headers=genuine(channel)) as response:
        assert response.status == 200
    await stays_well(place, channel, client)


async def test_a_new_secret_counts_at_once_and_a_disconnected_channel_is_not_found(
    place: Installation, channel: Connected, client: aiohttp.ClientSession
) -> None:
    await stays_well(place, channel, client)
    await place.channels.replace_credentials(*place.olga, channel.id, place.key())
    async with client.post(url(place, channel), json=update(), headers=genuine(channel)) as response:
        assert response.status == 403
    renewed = await place.connected(channel.id)
    async with client.post(url(place, renewed), json=update(), headers=genuine(renewed)) as response:
        assert response.status == 200
    await place.channels.disconnect(*place.olga, channel.id)
    async with client.post(url(place, renewed), json=update(2), headers=genuine(renewed)) as response:
        assert response.status == 404


async def test_a_secret_changed_by_another_process_counts_at_once(
    place: Installation, channel: Connected, client: aiohttp.ClientSession
) -> None:
    await stays_well(place, channel, client)
    place.channels.known.forget = lambda channel_id: None  # type: ignore[method-assign]  # it happened elsewhere
    await place.channels.replace_credentials(*place.olga, channel.id, place.key())
    renewed = await place.connected(channel.id)
    async with client.post(url(place, renewed), json=update(), headers=genuine(renewed)) as response:
        assert response.status == 200


async def test_no_error_shows_the_inside(
    place: Installation, channel: Connected, client: aiohttp.ClientSession
) -> None:
    async with client.get(f"{place.address}/nothing") as response:
        assert response.status == 404
        assert await response.json() == {"error": "Not Found"}
    async with client.delete(url(place, channel)) as response:
        assert response.status == 405
        assert "Traceback" not in await response.text()
