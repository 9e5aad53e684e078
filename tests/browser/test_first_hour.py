"""The first hour by clicks: `make demo`'s own service and page, from START to an answer on the customer's phone."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from sandbox import demo
from tests.browser.hands import bubble, write

pytestmark = pytest.mark.browser
ADDRESS = re.compile(r"http://[\d.]+:\d+/")


@pytest.fixture
async def demo_page(browser: Browser) -> AsyncIterator[Page]:
    """The page of a running demo: the emulators, the cast, and the service as a process of its own."""
    said: asyncio.Queue[str] = asyncio.Queue()
    stop = asyncio.Event()
    running = asyncio.create_task(demo.run(stop, said.put_nowait, port=0, service_port=0))
    address = ADDRESS.search(await asyncio.wait_for(said.get(), 20))
    assert address is not None
    page = await browser.new_page(viewport={"width": 1680, "height": 960}, locale="ru-RU")
    await page.goto(address.group())
    yield page
    await page.close()
    stop.set()
    assert await running == 0


def phone_of(page: Page, name: str) -> Locator:
    return page.get_by_test_id("phone").filter(has=page.get_by_test_id("phone-owner").filter(has_text=name)).first


async def press(phone: Locator, label: str) -> None:
    await phone.get_by_test_id("inline-button").filter(has_text=label).last.click()


async def new_bot(page: Page, name: str, username: str, platform: str = "telegram") -> str:
    """BotFather's window: a customers' bot, page or community; gives its token."""
    await page.get_by_test_id("open-botfather").click()
    await page.get_by_test_id("bot-platform").select_option(platform)
    await page.get_by_test_id("bot-name").fill(name)
    await page.get_by_test_id("bot-username").fill(username)
    await page.get_by_test_id("bot-create").click()
    shown = page.get_by_test_id("bot-new-token")
    await expect(shown).to_be_visible()
    token = (await shown.inner_text()).strip()
    await page.keyboard.press("Escape")
    return token


async def follow(page: Page, phone: Locator, link: str) -> None:
    """Open a link on a phone."""
    await phone.get_by_test_id("phone-menu").click()
    await page.locator("[data-testid=menu-item][data-action=link]").click()
    await page.get_by_test_id("prompt-input").fill(link)
    await page.get_by_test_id("prompt-yes").click()


async def registered(phone: Locator) -> None:
    """START is pressed; the service may still be starting."""
    await phone.get_by_test_id("start").click()
    await expect(bubble(phone, "Ваш пульт готов")).to_be_visible(timeout=60_000)


async def test_the_first_hour_is_played_by_clicks(demo_page: Page) -> None:
    page = demo_page
    oleg, maria, anna = (phone_of(page, name) for name in ("Олег", "Мария", "Анна"))
    # One click makes the account; the first channel is offered.
    await registered(oleg)
    await press(oleg, "Оставить")
    await expect(bubble(oleg, "подключим первый канал")).to_be_visible()
    # The token is pasted, and does not stay in the chat.
    token = await new_bot(page, "Кофейня", "coffee_bot")
    await press(oleg, "Подключить канал")
    await press(oleg, "Telegram")
    await expect(bubble(oleg, "BotFather")).to_be_visible()
    await write(oleg, token)
    await expect(bubble(oleg, "Подключить?")).to_be_visible()
    await expect(oleg.get_by_text(token)).to_have_count(0)
    await press(oleg, "Подключить")
    await expect(bubble(oleg, "Жду первое сообщение")).to_be_visible()
    # A manager joins by the invitation.
    await write(oleg, "/team")
    await press(oleg, "Пригласить менеджера")
    invitation = bubble(oleg, "start=inv_")
    await expect(invitation).to_be_visible()
    link = re.search(r"https://t\.me/\S+", await invitation.inner_text())
    assert link is not None
    await follow(page, maria, link.group())
    await expect(bubble(maria, "Добро пожаловать")).to_be_visible()
    # Both see what Anna writes; one takes it, the other sees who did.
    await anna.get_by_test_id("start").click()
    await write(anna, "Есть столик на двоих?")
    await expect(bubble(oleg, "Есть столик на двоих?")).to_be_visible()
    await expect(bubble(maria, "Есть столик на двоих?")).to_be_visible()
    await press(maria, "Взять")
    await expect(bubble(oleg, "взял(а) Мария")).to_be_visible()
    # In an open dialog everything typed goes to Anna; the field and the pinned line say so.
    await press(maria, "Ответить")
    await expect(maria.get_by_test_id("pinned")).to_contain_text("Отвечаете: Анна")
    await expect(maria.get_by_test_id("input")).to_have_attribute("placeholder", re.compile("Ответ: Анна"))
    await write(maria, "Да, ждём вас")
    await expect(bubble(anna, "Да, ждём вас")).to_be_visible()
    await expect(bubble(maria, "Да, ждём вас").get_by_test_id("reaction")).to_contain_text("👌")
    # Done: the header goes, and typed text goes to nobody.
    await press(maria, "Готово")
    await expect(maria.get_by_test_id("pinned")).to_have_count(0)
    await write(maria, "кому это?")
    await expect(bubble(anna, "кому это?")).to_have_count(0)


async def test_a_photo_goes_both_ways(demo_page: Page) -> None:
    page = demo_page
    oleg, anna = phone_of(page, "Олег"), phone_of(page, "Анна")
    await registered(oleg)
    token = await new_bot(page, "Кофейня", "coffee_bot")
    await write(oleg, "/connect")
    await press(oleg, "Telegram")
    await expect(bubble(oleg, "BotFather")).to_be_visible()
    await write(oleg, token)
    await press(oleg, "Подключить")
    await expect(bubble(oleg, "Жду первое сообщение")).to_be_visible()
    await anna.get_by_test_id("start").click()
    await anna.get_by_test_id("attach").click()
    await page.locator("[data-testid=attach-item][data-kind=photo]").click()
    await expect(oleg.get_by_test_id("media-photo")).to_be_visible()
    await press(oleg, "Ответить")
    await oleg.get_by_test_id("attach").click()
    await page.locator("[data-testid=attach-item][data-kind=photo]").click()
    await expect(anna.get_by_test_id("media-photo")).to_have_count(2)


async def open_chat(phone: Locator, name: str) -> None:
    """Another chat on a customer's phone."""
    await phone.get_by_test_id("chat-back").click()
    await phone.get_by_test_id("chat-row").filter(has_text=name).click()


async def test_the_other_messengers_are_connected_and_answered_by_clicks(demo_page: Page) -> None:
    page = demo_page
    oleg, anna = phone_of(page, "Олег"), phone_of(page, "Анна")
    await registered(oleg)
    for platform, title in (("viber", "Viber"), ("vk", "VK"), ("facebook", "Facebook")):
        name = f"Кофейня {title}"
        token = await new_bot(page, name, f"coffee_{platform}", platform)
        await write(oleg, "/connect")
        await expect(bubble(oleg, "Что подключаем?")).to_be_visible()
        await press(oleg, title)
        await expect(bubble(oleg, f"Подключаем {title}")).to_be_visible()
        await write(oleg, token)
        await expect(bubble(oleg, "Подключить?")).to_contain_text(name)
        await expect(oleg.get_by_text(token)).to_have_count(0)
        await press(oleg, "Подключить")
        if platform == "facebook":
            await expect(bubble(oleg, "Тип рассылок")).to_be_visible()
            await press(oleg, "Оставить «Бизнес-продуктивность»")
        await expect(bubble(oleg, f"{name}: подключено")).to_be_visible()
        # The customer writes there, the only member answers by replying in the open dialog, and it arrives.
        await open_chat(anna, name)
        await expect(anna).not_to_contain_text("никем не подключён")
        await anna.get_by_test_id("start").click()
        await anna.get_by_test_id("attach").click()
        lacks = {"viber": ["dice"], "vk": [], "facebook": ["contact", "dice"]}[platform]
        for kind in ("photo", "contact", "dice"):
            offered = page.locator(f"[data-testid=attach-item][data-kind={kind}]")
            await expect(offered).to_have_count(0 if kind in lacks else 1)
        await page.keyboard.press("Escape")
        await write(anna, f"Это {title}?")
        await expect(bubble(oleg, f"Это {title}?")).to_be_visible()
        await press(oleg, "Ответить")
        await expect(oleg.get_by_test_id("pinned")).to_contain_text(title)
        await write(oleg, f"Да, {title}")
        await expect(bubble(anna, f"Да, {title}")).to_be_visible()
        await expect(bubble(oleg, f"Да, {title}").get_by_test_id("reaction")).to_contain_text("👌")
        await press(oleg, "Готово")
        await expect(oleg.get_by_test_id("pinned")).to_have_count(0)


async def sign_in(page: Page, phone: Locator, name: str) -> None:
    """«Открыть браузер»: over the page of the service to the platform's, and back to the end."""
    async with page.context.expect_page() as opened:
        await press(phone, "Открыть браузер")
    tab = await opened.value
    await tab.set_viewport_size({"width": 480, "height": 720})
    await expect(tab.get_by_role("heading")).to_be_visible()
    await picture_of(tab, f"{name}-1")
    await tab.get_by_role("button", name="Продолжить на").click()
    await picture_of(tab, f"{name}-2")
    await tab.get_by_test_id("oauth-yes").click()
    await expect(tab.get_by_role("heading", name="Готово")).to_be_visible()
    await expect(tab.get_by_role("link", name="Вернуться в Telegram")).to_have_attribute(
        "href", "https://t.me/pult_bot"
    )
    await picture_of(tab, f"{name}-3")
    await tab.close()


async def picture_of(page: Page, name: str) -> None:
    """For eyes, where a folder is asked for."""
    if folder := os.environ.get("PULT_TEST_PICTURES"):
        await page.screenshot(path=f"{folder}/login-{name}.png")


async def test_a_page_and_a_community_are_connected_by_signing_in(demo_page: Page) -> None:
    page = demo_page
    oleg, anna = phone_of(page, "Олег"), phone_of(page, "Анна")
    await registered(oleg)
    for platform, title in (("facebook", "Facebook"), ("vk", "VK")):
        name = f"Кофейня {title}"
        await new_bot(page, name, f"coffee_{platform}", platform)
        await write(oleg, "/connect")
        await expect(bubble(oleg, "Что подключаем?")).to_be_visible()
        await press(oleg, title)
        await press(oleg, f"Войти через {title}")
        await expect(bubble(oleg, f"Вход через {title}")).to_be_visible()
        await sign_in(page, oleg, platform)
        await expect(bubble(oleg, f"Вход через {title} выполнен")).to_be_visible()
        await press(oleg, "Выбрать")
        await expect(bubble(oleg, "Что подключить?")).to_be_visible()
        await press(oleg, name)
        if platform == "vk":
            await expect(bubble(oleg, f"{name}: ключ VK выдаёт")).to_be_visible()
            await sign_in(page, oleg, "vk-key")
            await press(oleg, "Продолжить")
        await expect(bubble(oleg, f"{title}: {name}")).to_contain_text("Подключить?")
        await picture_of(page, f"{platform}-chat")
        await press(oleg, "Подключить")
        if platform == "facebook":
            await press(oleg, "Оставить «Бизнес-продуктивность»")
        await expect(bubble(oleg, f"{name}: подключено")).to_be_visible()
        await open_chat(anna, name)
        await anna.get_by_test_id("start").click()
        await write(anna, f"Это {title}?")
        await expect(bubble(oleg, f"Это {title}?")).to_be_visible()
