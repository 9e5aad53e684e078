"""A messenger that this code has never heard of: connected by its own form, received, fetched from, disconnected."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.base import Credentials
from adapters.http import Http
from adapters.registry import build
from handlers.web.app import build_app
from services import pasting
from services.access import Refusal
from services.channel_rows import Status
from services.channels import Channels
from services.pasting import Asked
from services.sql import fetch
from tests.contract.platforms.toy.emulator import ToyEmulator
from tests.contract.subjects import toy_platform
from tests.installation import PUBLIC, Installation, installed, serving


@dataclasses.dataclass
class Box:
    place: Installation
    toys: ToyEmulator
    channels: Channels


@pytest.fixture
async def box(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    """An installation with Telegram and the toy."""
    toys = ToyEmulator()
    async with toys.serve() as api, Http() as http, installed(tmp_path) as place:
        monkeypatch.setenv("PULT_TOY_API", api)
        monkeypatch.setenv("PULT_TELEGRAM_API", place.adapters["telegram"].options.api)
        with toy_platform():
            adapters = build(lambda _platform: http)
        channels = Channels(adapters, PUBLIC)
        web = dataclasses.replace(place.web, adapters=adapters, known=channels.known)
        async with serving(build_app(web)) as address:
            toys.hosts["pult.test"] = address
            yield Box(place, toys, channels)


async def test_it_is_connected_received_and_disconnected(box: Box) -> None:
    account = box.toys.create_account("Ящик")
    adapter = box.channels.adapter("toy")
    given = pasting.take(adapter, None, f"Your key is {account.key}.")
    assert isinstance(given, Credentials)
    proposal = await box.channels.identify(*box.place.olga, "toy", given)
    view = await box.channels.connect(*box.place.olga, proposal.ticket)
    assert (view.title, view.name, dict(view.texts)) == ("Toy", "Ящик", {})
    assert await box.toys.say(account, "boris", "Привет", photo=b"\xff\xd8\xff\xe0") == 200
    assert (await box.channels.card(*box.place.olga, view.id)).status is Status.WORKS
    assert len(await fetch("SELECT id FROM messages")) == 1
    assert len(await fetch("SELECT id FROM files")) == 1
    account.secret = "another"
    assert await box.toys.say(account, "boris", "Подделка") == 403
    await box.channels.disconnect(*box.place.olga, view.id)
    assert account.hook is None


async def test_its_refusals_are_said_in_its_words(box: Box) -> None:
    with pytest.raises(Refusal) as refused:
        await box.channels.identify(*box.place.olga, "toy", Credentials(key="toy-0000000000000000"))
    assert refused.value.message == "The toy messenger does not know this key."


def test_a_form_of_several_fields_is_asked_one_by_one(box: Box) -> None:
    adapter = box.channels.adapter("toy")
    field = adapter.connect.fields[0]
    second = dataclasses.replace(field, name="second", label="The second")
    two = dataclasses.replace(adapter.connect, fields=(field, second))
    adapter.connect = two  # type: ignore[misc]
    first = pasting.take(adapter, None, "toy-aaaaaaaaaaaaaaaa")
    assert isinstance(first, Asked)
    assert (first.field.name, first.number, first.total) == ("second", 2, 2)
    assert first.given is not None
    assert "aaaa" not in first.given
    done = pasting.take(adapter, first.given, "toy-bbbbbbbbbbbbbbbb")
    assert isinstance(done, Credentials)
    assert dict(done) == {"key": "toy-aaaaaaaaaaaaaaaa", "second": "toy-bbbbbbbbbbbbbbbb"}
