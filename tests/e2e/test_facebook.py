"""A Facebook page in the whole service: customers write on Messenger, the team answers from Telegram."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from adapters.base import Credentials
from adapters.facebook.adapter import FacebookAdapter
from adapters.facebook.emulator import FacebookEmulator, Message, Page
from adapters.facebook.emulator import Person as Customer
from adapters.telegram.emulator import Person, TelegramEmulator
from services import clock
from services.access import Refusal
from services.sql import fetch
from tests.adapters.pages import check_tags
from tests.e2e.conftest import HOST, LIFTED, Office, judged, opened
from tests.judge import phones

pytestmark = pytest.mark.judged

DAY = timedelta(hours=24)


class Shop:
    """The office with a connected page, and a customer on Messenger."""

    def __init__(self, office: Office, facebook: FacebookEmulator, page: Page, anna: Customer, olga: Person) -> None:
        self.office = office
        self.facebook = facebook
        self.page = page
        self.anna = anna
        self.olga = olga
        self.first = 0

    def say(self, text: str) -> Message:
        return self.facebook.say(self.page, self.anna, text)

    def answers(self) -> list[str]:
        return [message.text for message in self.facebook.chat(self.page, self.anna).sent()]

    async def hears(self, text: str) -> None:
        await self.office.until(lambda: text in self.answers())

    async def talk(self, text: str = "Есть столик?") -> None:
        """The customer writes, and the only member answers from then on by replying to the copy."""
        self.say(text)
        self.copy = await self.office.sees(self.olga, text)

    def answer(self, text: str) -> object:
        return self.office.type(self.olga, text, reply_to=self.copy)


@asynccontextmanager
async def facebook_office(
    telegram: TelegramEmulator, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Office, FacebookEmulator]]:
    capabilities = replace(FacebookAdapter.capabilities, rates=LIFTED)
    monkeypatch.setattr(FacebookAdapter, "capabilities", capabilities)
    facebook = FacebookEmulator(pauses=(0.05, 0.1, 0.2), clock=lambda: clock.now().timestamp())
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(facebook.serve())
        running = opened(telegram, url, folder, monkeypatch, **facebook.settings(address))
        office = await stack.enter_async_context(running)
        facebook.hosts[HOST] = f"http://127.0.0.1:{office.port}"
        yield office, facebook
    clock.reset()
    check_tags(facebook)


async def connect(office: Office, facebook: FacebookEmulator, olga: Person, page: Page) -> None:
    person_id, project_id = await office.place(olga)
    token = Credentials(token=page.token)
    proposal = await office.parts.channels.identify(person_id, project_id, "facebook", token)
    await office.parts.channels.connect(person_id, project_id, proposal.ticket)


@pytest.fixture
async def shop(
    request: pytest.FixtureRequest,
    telegram: TelegramEmulator,
    sqlite_copy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Shop]:
    async with facebook_office(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as (office, facebook):
        olga = await office.owner()
        page = facebook.create_page("Кофейня", "coffee.club")
        await connect(office, facebook, olga, page)
        yield Shop(office, facebook, page, facebook.person("Анна Петрова"), olga)
        await judged(request, office, phones.facebook(facebook, page))


async def test_a_customer_of_the_page_is_answered_from_telegram(shop: Shop) -> None:
    oleg = await shop.office.manager(shop.olga, "Олег")
    shop.say("Есть столик на двоих?")
    card = await shop.office.sees(oleg, "Есть столик на двоих?")
    assert "Ответить можно до завтра" in card.text
    await shop.office.press(card, "Взять")
    await shop.office.sees(shop.olga, "Олег")
    answer = shop.office.type(oleg, "Да, приходите", reply_to=card)
    await shop.hears("Да, приходите")
    await shop.office.until(lambda: "👌" in str(answer.reactions))
    shop.facebook.read(shop.page, shop.anna)
    await shop.office.until(lambda: "👀" in str(answer.reactions))
    assert shop.answers() == ["Да, приходите"]


async def test_the_customers_name_is_asked_for(shop: Shop) -> None:
    await shop.talk()
    await shop.office.sees(shop.olga, "Анна Петрова")


async def test_media_travels_both_ways(shop: Shop) -> None:
    data = BytesIO()
    Image.new("RGB", (40, 30), "red").save(data, "JPEG")
    shop.facebook.send_media(shop.page, shop.anna, "image", data.getvalue(), text="Такой есть?")
    copy = await shop.office.sees(shop.olga, "Такой есть?")
    shop.office.telegram.send_media(
        shop.office.desk, shop.olga, "photo", data.getvalue(), caption="Вот", reply_to=copy.id
    )
    await shop.hears("Вот")
    first = shop.facebook.chat(shop.page, shop.anna).sent()[0]
    assert first.files[0].kind == "image"


async def test_repeated_and_shuffled_webhooks_make_nothing_new(shop: Shop) -> None:
    shop.facebook.fault("duplicate", where="webhook", times=5)
    shop.facebook.fault("shuffle", where="webhook", seconds=0.1)
    for number in range(5):
        shop.say(f"Вопрос {number}")
    for number in range(5):
        await shop.office.sees(shop.olga, f"Вопрос {number}")
    rows = await fetch("SELECT COUNT(*) AS n FROM messages WHERE direction = 'in'")
    assert rows[0]["n"] == 5


async def test_an_answer_cut_off_after_its_effect_is_known_by_its_echo(shop: Shop) -> None:
    await shop.talk()
    shop.facebook.fault("reset_after", method="messages")
    answer = shop.answer("Да")
    await shop.hears("Да")
    await shop.office.until(lambda: "👌" in str(answer.reactions))  # type: ignore[attr-defined]
    assert shop.answers() == ["Да"]


async def test_an_answer_whose_echo_comes_before_its_call_is_cut_off_is_out_at_once_and_stays_so(shop: Shop) -> None:
    await shop.talk()
    shop.facebook.fault("echo_only", method="messages", times=1)
    answer = shop.answer("Да")
    await shop.office.until(lambda: "👌" in str(answer.reactions))  # type: ignore[attr-defined]
    clock.shift(timedelta(minutes=2))
    shop.answer("Приходите")
    await shop.hears("Приходите")
    assert shop.answers() == ["Да", "Приходите"]
    rows = await fetch("SELECT repeated FROM messages WHERE direction = 'out'")
    assert [bool(row["repeated"]) for row in rows] == [False, False]


async def test_an_echo_that_comes_before_the_answer_to_the_call_makes_no_second_message(shop: Shop) -> None:
    await shop.talk()
    shop.facebook.fault("echo_first", method="messages")
    answer = shop.answer("Да")
    await shop.office.until(lambda: "👌" in str(answer.reactions))  # type: ignore[attr-defined]
    rows = await fetch("SELECT author, state FROM messages WHERE direction = 'out'")
    assert [(row["author"], row["state"]) for row in rows] == [("member", "delivered")]
    assert shop.answers() == ["Да"]


async def test_an_answer_that_never_arrived_goes_again_when_no_echo_has_come(shop: Shop) -> None:
    await shop.talk()
    shop.facebook.fault("reset_before", method="messages")
    answer = shop.answer("Да")
    await shop.office.until(lambda: shop.facebook.calls("messages"))
    await shop.office.until(lambda: "✍" in str(answer.reactions))  # type: ignore[attr-defined]
    assert len(shop.facebook.calls("messages")) == 1
    clock.shift(timedelta(seconds=61))
    await shop.hears("Да")
    assert shop.answers() == ["Да"]


async def test_a_servers_mistake_is_waited_out(shop: Shop) -> None:
    await shop.talk()
    shop.facebook.fault("500", method="messages", times=2)
    shop.answer("Да")
    await shop.hears("Да")
    assert shop.answers() == ["Да"]


async def test_answers_from_the_pages_inbox_are_shown(shop: Shop) -> None:
    await shop.talk()
    shop.facebook.answer_elsewhere(shop.page, shop.anna, "Отвечаю из Facebook")
    copy = await shop.office.sees(shop.olga, "Отвечаю из Facebook")
    # What was shown before her name was known is shown anew.
    await shop.office.until(lambda: "из интерфейса Facebook → Анна Петрова" in copy.text)
    shop.facebook.answer_elsewhere(shop.page, shop.anna, "Я бот", app_id="77")
    copy = await shop.office.sees(shop.olga, "Я бот")
    await shop.office.until(lambda: "другой сервис → Анна Петрова" in copy.text)
    assert (await fetch("SELECT waiting_since FROM inquiries"))[0]["waiting_since"] is None, "it counts as answered"


async def test_a_name_that_comes_late_takes_the_numbers_place_in_answers_from_elsewhere_too(shop: Shop) -> None:
    shop.facebook.fault("500")
    await shop.talk()
    shop.facebook.answer_elsewhere(shop.page, shop.anna, "Отвечаю из Facebook")
    copy = await shop.office.sees(shop.olga, "Отвечаю из Facebook")
    assert "→ Клиент №1" in copy.text
    clock.shift(timedelta(minutes=1))
    await shop.office.until(lambda: "→ Анна Петрова" in copy.text)


async def test_after_a_day_the_answer_is_refused_with_the_reason(shop: Shop) -> None:
    await shop.talk()
    clock.shift(DAY + timedelta(minutes=1))
    await shop.office.press(shop.copy, "Карточка")
    await shop.office.sees(shop.olga, "Время на ответ по правилам Facebook вышло")
    shop.answer("Поздно")
    await shop.office.sees(shop.olga, "24")
    assert shop.answers() == []
    assert shop.facebook.calls("messages", shop.page) == [], "what may not go is not even tried"
    shop.say("Ау")
    shop.copy = await shop.office.sees(shop.olga, "Ау")
    shop.answer("Теперь можно")
    await shop.hears("Теперь можно")


async def test_a_reaction_opens_the_window_again(shop: Shop) -> None:
    await shop.talk()
    shop.answer("Да")
    await shop.hears("Да")
    clock.shift(DAY - timedelta(minutes=1))
    shop.facebook.react(shop.facebook.chat(shop.page, shop.anna).sent()[0], "❤️")
    await shop.office.sees(shop.olga, "❤")
    clock.shift(timedelta(hours=2))
    shop.answer("Ждём вас")
    await shop.hears("Ждём вас")


async def test_a_conversation_that_another_app_has_is_taken_over(shop: Shop) -> None:
    shop.facebook.hand_to(shop.page, shop.anna, "77")
    await shop.facebook.wait_for(lambda: True)
    shop.facebook.chat(shop.page, shop.anna).started = True
    await shop.talk("А человек есть?")
    shop.answer("Я человек")
    await shop.hears("Я человек")


async def test_a_customer_who_blocked_the_page_is_told_of(shop: Shop) -> None:
    await shop.talk()
    shop.facebook.block(shop.page, shop.anna)
    answer = shop.answer("Да")
    await shop.office.until(lambda: "👎" in str(answer.reactions))  # type: ignore[attr-defined]


@pytest.mark.untrue("one page is looked at")
async def test_pages_of_one_app_are_told_apart_and_strangers_skipped(shop: Shop) -> None:
    tea = shop.facebook.create_page("Чайная", "tea.club")
    await connect(shop.office, shop.facebook, shop.olga, tea)
    stranger = shop.facebook.create_page("Чужая", "stranger.club")
    stranger.subscribed = dict(tea.subscribed)
    shop.facebook.delivery.hold()
    for page, text in ((stranger, "Чужим"), (shop.page, "Кофе"), (tea, "Чай")):
        shop.facebook.say(page, shop.anna, text)
    shop.facebook.delivery.release()
    await shop.office.sees(shop.olga, "Кофе")
    await shop.office.sees(shop.olga, "Чай")
    assert shop.office.find(shop.olga, "Чужим") is None
    assert [status for _, status in shop.facebook.delivery.posts][-1] == 200


async def test_a_wrong_key_is_refused_and_nothing_stays(shop: Shop) -> None:
    person_id, project_id = await shop.office.place(shop.olga)
    personal = shop.facebook.key(None, owner="Ольга")
    with pytest.raises(Refusal):
        await shop.office.parts.channels.identify(person_id, project_id, "facebook", Credentials(token=personal.token))
    assert (await fetch("SELECT COUNT(*) AS n FROM channels"))[0]["n"] == 1


async def test_disconnecting_unsubscribes_the_page(shop: Shop) -> None:
    person_id, project_id = await shop.office.place(shop.olga)
    channel_id = (await fetch("SELECT id FROM channels"))[0]["id"]
    await shop.office.parts.channels.disconnect(person_id, project_id, channel_id)
    assert shop.page.subscribed == {}


async def test_a_page_that_facebook_warns_and_blocks_is_told_of_in_our_words_and_freed_by_it(shop: Shop) -> None:
    await shop.talk()
    shop.facebook.enforce(shop.page, "warning", "Promotional content")
    told = await shop.office.sees(shop.olga, "предупредил")
    assert "Promotional" not in told.text
    shop.facebook.enforce(shop.page, "block", "Spam reports")
    told = await shop.office.sees(shop.olga, "заблокировал")
    assert "Spam" not in told.text
    assert [row["trouble"] for row in await fetch("SELECT trouble FROM channels")] == ["suspended"]
    shop.say("А теперь?")
    await shop.office.sees(shop.olga, "А теперь?")
    shop.facebook.enforce(shop.page, "unblock")
    await shop.office.sees(shop.olga, "снова")
    assert [row["trouble"] for row in await fetch("SELECT trouble FROM channels")] == [None]
