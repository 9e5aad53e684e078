"""A VK community in the whole service: customers write in VK, the team answers from Telegram."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from adapters.base import Credentials
from adapters.telegram.emulator import TelegramEmulator
from adapters.vk.emulator.model import File
from services.access import Refusal
from services.sql import fetch
from tests.e2e.vk_shop import Shop, furnished, shop, vk_office

pytestmark = pytest.mark.judged

__all__ = ["shop"]


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


@pytest.mark.untrue("the rest of the message never comes")
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


async def test_a_name_that_comes_later_stands_in_the_header_too(shop: Shop) -> None:
    order = shop.vk.fault("500", method="users.get", times=None)
    await shop.talk()
    await shop.office.press(shop.copy, "Ответить")
    await shop.office.sees(shop.olga, "Отвечаете: Клиент №")
    shop.vk.world.faults.remove(order.id)
    await shop.office.sees(shop.olga, "Отвечаете: Анна Петрова")


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
