"""A VK community in the whole service: customers write in VK, the team answers from Telegram."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from adapters.base import Credentials
from adapters.telegram.emulator import Message as TelegramMessage
from adapters.telegram.emulator import Person, TelegramEmulator
from adapters.vk.adapter import VkAdapter
from adapters.vk.emulator import Community, Message, VkEmulator
from adapters.vk.emulator import Person as Customer
from adapters.vk.emulator.model import File
from services import clock
from services.access import Refusal
from services.sql import fetch
from tests.e2e.conftest import HOST, LIFTED, PATIENCE, Office, opened


class Shop:
    """The office with a connected community, and a customer in VK."""

    def __init__(self, office: Office, vk: VkEmulator, community: Community, anna: Customer, olga: Person) -> None:
        self.office = office
        self.vk = vk
        self.community = community
        self.anna = anna
        self.olga = olga

    def say(self, text: str, **more: Any) -> Message:
        return self.vk.say(self.community, self.anna, text, **more)

    def got(self) -> list[Message]:
        return self.vk.dialog(self.community, self.anna).sent()

    def answers(self) -> list[str]:
        return [message.text for message in self.got()]

    async def until(self, true: Callable[[], Any]) -> None:
        """Something comes true in VK."""
        await self.vk.wait_for(true, PATIENCE)

    async def hears(self, text: str) -> None:
        await self.until(lambda: text in self.answers())

    async def talk(self, text: str = "Есть столик?") -> None:
        """The customer writes, and the only member answers from then on by replying to the copy."""
        self.say(text)
        self.copy = await self.office.sees(self.olga, text)

    def answer(self, text: str) -> TelegramMessage:
        return self.office.type(self.olga, text, reply_to=self.copy)

    async def marked(self, answer: TelegramMessage, mark: str) -> None:
        await self.office.until(lambda: mark in str(answer.reactions))

    async def check(self) -> None:
        """«Проверить» on the channel's card."""
        person_id, project_id = await self.office.place(self.olga)
        channel_id = (await fetch("SELECT id FROM channels"))[0]["id"]
        await self.office.parts.channels.check(person_id, project_id, channel_id)


@asynccontextmanager
async def vk_office(
    telegram: TelegramEmulator, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, public: bool = True
) -> AsyncIterator[tuple[Office, VkEmulator]]:
    monkeypatch.setattr(VkAdapter, "capabilities", replace(VkAdapter.capabilities, rates=LIFTED))
    vk = VkEmulator(pauses=(0.05, 0.1, 0.2))
    async with (
        vk.serve() as address,
        opened(telegram, url, folder, monkeypatch, public=public, PULT_VK_API=address) as office,
    ):
        vk.hosts[HOST] = f"http://127.0.0.1:{office.port}"
        yield office, vk
    clock.reset()


async def connect(office: Office, vk: VkEmulator, olga: Person, community: Community) -> None:
    person_id, project_id = await office.place(olga)
    key = Credentials(token=community.token)
    proposal = await office.parts.channels.identify(person_id, project_id, "vk", key)
    await office.parts.channels.connect(person_id, project_id, proposal.ticket)


async def furnished(office: Office, vk: VkEmulator) -> Shop:
    olga = await office.owner()
    community = vk.create_community("Кофейня", "coffee_club")
    await connect(office, vk, olga, community)
    return Shop(office, vk, community, vk.person("Анна", last_name="Петрова"), olga)


@pytest.fixture
async def shop(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shop]:
    async with vk_office(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as (office, vk):
        yield await furnished(office, vk)


async def test_a_customer_of_the_community_is_answered_from_telegram(shop: Shop) -> None:
    assert [server.status for server in shop.community.servers.values()] == ["ok"]
    oleg = await shop.office.manager(shop.olga, "Олег")
    shop.say("Есть столик на двоих?", ref="promo_42")
    card = await shop.office.sees(oleg, "Есть столик на двоих?")
    await shop.office.press(card, "Взять")
    await shop.office.sees(shop.olga, "Олег")
    answer = shop.office.type(oleg, "Да, приходите", reply_to=card)
    await shop.hears("Да, приходите")
    await shop.marked(answer, "👌")
    shop.vk.read(shop.community, shop.anna)
    await shop.marked(answer, "👀")
    assert shop.answers() == ["Да, приходите"]


async def test_what_the_customers_app_shows_is_remembered(shop: Shop) -> None:
    await shop.talk()
    rows = await fetch("SELECT client FROM identities")
    assert "inline_keyboard" in rows[0]["client"]


async def test_what_vk_cut_is_fetched_and_shown_whole(shop: Shop) -> None:
    said = "Закажу торт на субботу, " + "с вишней и сливками, " * 30 + "без орехов"
    shop.say(said, cropped=True)
    await shop.office.sees(shop.olga, "без орехов")
    rows = await fetch("SELECT content, edited_at FROM messages")
    assert "cropped" not in str(rows[0]["content"])
    assert rows[0]["edited_at"] is None


async def test_a_cut_message_that_cannot_be_fetched_says_that_it_is_cut(shop: Shop) -> None:
    shop.vk.fault("refused", method="messages.getById", times=None, code=15)
    shop.say("Закажу торт на субботу, без орехов", cropped=True)
    await shop.office.sees(shop.olga, "Закажу торт")
    await shop.until(lambda: bool(shop.vk.calls("messages.getById")))
    rows = await fetch("SELECT content FROM messages")
    assert "cropped" in str(rows[0]["content"])


async def test_the_customers_name_is_asked_for(shop: Shop) -> None:
    await shop.talk()
    await shop.office.sees(shop.olga, "Анна Петрова")


async def test_media_travels_both_ways(shop: Shop) -> None:
    data = BytesIO()
    Image.new("RGB", (40, 30), "red").save(data, "JPEG")
    shop.vk.send_media(shop.community, shop.anna, ("photo", data.getvalue()), caption="Такой есть?")
    copy = await shop.office.sees(shop.olga, "Такой есть?")
    shop.office.telegram.send_media(
        shop.office.desk, shop.olga, "photo", data.getvalue(), caption="Вот", reply_to=copy.id
    )
    await shop.hears("Вот")
    (photo,) = shop.got()[0].attachments
    assert isinstance(photo, File)
    assert photo.kind == "photo"


async def test_repeated_and_shuffled_events_make_nothing_new(shop: Shop) -> None:
    shop.vk.fault("duplicate", where="webhook", times=5)
    shop.vk.fault("shuffle", where="webhook", seconds=0.1)
    for number in range(5):
        shop.say(f"Вопрос {number}")
    for number in range(5):
        await shop.office.sees(shop.olga, f"Вопрос {number}")
    rows = await fetch("SELECT COUNT(*) AS n FROM messages WHERE direction = 'in'")
    assert rows[0]["n"] == 5


@pytest.mark.parametrize("kind", ["reset_after", "reset_before", "500", "429"])
async def test_an_answer_that_is_cut_off_arrives_once_and_nobody_doubts_it(shop: Shop, kind: str) -> None:
    await shop.talk()
    shop.vk.fault(kind, method="messages.send", times=2)
    answer = shop.answer("Да")
    await shop.marked(answer, "👌")
    assert shop.answers() == ["Да"]
    rows = await fetch("SELECT repeated FROM messages WHERE direction = 'out'")
    assert [bool(row["repeated"]) for row in rows] == [False]
    assert shop.office.find(shop.olga, "дважды") is None


async def test_an_echo_that_overtakes_the_answer_is_known_as_ours(shop: Shop) -> None:
    await shop.talk()
    shop.vk.fault("timeout", method="messages.send", seconds=0.5)
    answer = shop.answer("Да")
    await shop.marked(answer, "👌")
    rows = await fetch("SELECT COUNT(*) AS n FROM messages WHERE direction = 'out'")
    assert rows[0]["n"] == 1
    assert shop.answers() == ["Да"]


async def test_answers_given_in_vk_itself_are_shown(shop: Shop) -> None:
    await shop.talk()
    shop.vk.answer_in_vk(shop.community, shop.anna, "Отвечаю из ВК")
    await shop.office.sees(shop.olga, "Отвечаю из ВК")


async def test_edits_and_reactions_of_the_customer_are_shown(shop: Shop) -> None:
    message = shop.say("Есть столик?")
    shop.copy = await shop.office.sees(shop.olga, "Есть столик?")
    shop.vk.edit(message, "Есть столик на троих?")
    await shop.office.sees(shop.olga, "Есть столик на троих?")
    shop.answer("Есть")
    await shop.hears("Есть")
    shop.vk.react(shop.got()[0], 4)
    await shop.office.sees(shop.olga, "👍")


async def test_an_own_answer_is_edited_at_the_customer(shop: Shop) -> None:
    await shop.talk()
    answer = shop.answer("Приходите в семь")
    await shop.marked(answer, "👌")
    shop.office.telegram.edit(answer, "Приходите в восемь")
    await shop.until(lambda: shop.answers() == ["Приходите в восемь"])


async def test_a_customer_who_forbade_messages_is_told_of(shop: Shop) -> None:
    await shop.talk()
    shop.vk.block(shop.community, shop.anna)
    answer = shop.answer("Да")
    await shop.marked(answer, "👎")


async def test_a_stopped_server_is_made_anew_even_with_another_code(shop: Shop) -> None:
    shop.community.servers[1].status = "failed"
    shop.vk.new_code(shop.community)
    await shop.check()
    assert [server.status for server in shop.community.servers.values()] == ["ok"]
    await shop.talk("Вы ещё тут?")


async def test_a_wrong_key_is_refused_and_nothing_stays(shop: Shop) -> None:
    person_id, project_id = await shop.office.place(shop.olga)
    closed = shop.vk.create_community("Закрытая", "closed", closed=1)
    weak = shop.vk.create_community("Слабая", "weak", rights=["messages"])
    for token in (closed.token, weak.token, shop.vk.personal_key(shop.anna)):
        with pytest.raises(Refusal):
            await shop.office.parts.channels.identify(person_id, project_id, "vk", Credentials(token=token))
    assert (await fetch("SELECT COUNT(*) AS n FROM channels"))[0]["n"] == 1


async def test_disconnecting_takes_the_server_away(shop: Shop) -> None:
    person_id, project_id = await shop.office.place(shop.olga)
    channel_id = (await fetch("SELECT id FROM channels"))[0]["id"]
    await shop.office.parts.channels.disconnect(person_id, project_id, channel_id)
    assert shop.community.servers == {}


async def test_without_a_public_address_the_community_is_polled(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with vk_office(telegram, sqlite_copy, tmp_path / "data", monkeypatch, public=False) as (office, vk):
        shop = await furnished(office, vk)
        assert shop.community.servers == {}
        await shop.until(lambda: shop.community.polled_at)
        await shop.talk("Вы дома?")
        shop.answer("Дома")
        await shop.hears("Дома")
        vk.forget_history(shop.community)
        shop.say("А сейчас?")
        await office.sees(shop.olga, "А сейчас?")
