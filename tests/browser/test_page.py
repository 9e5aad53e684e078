"""The page around the phones: faults, BotFather, people, reload, strangers' texts, small screens."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from tests.browser.hands import MakeBot, OpenPage, Phone, bubble, echo, started, write

pytestmark = pytest.mark.browser


async def test_faults_are_switched_on_strike_and_are_removed(
    browser_page: Page, phone: Phone, scripted_bot: MakeBot
) -> None:
    bot = await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    chat = (await bot.got("message"))["chat"]["id"]
    await browser_page.get_by_test_id("open-faults").click()
    drawer = browser_page.get_by_test_id("faults")
    await drawer.locator("[data-testid=fault-kind][data-kind='500']").click()
    await drawer.get_by_test_id("fault-method").fill("sendMessage")
    await drawer.get_by_test_id("fault-times").select_option("")
    await drawer.get_by_test_id("fault-add").click()
    fault = drawer.get_by_test_id("fault")
    await expect(fault).to_have_attribute("data-kind", "500")
    await expect(browser_page.get_by_test_id("open-faults")).to_have_attribute("data-count", "1")
    with pytest.raises(AssertionError, match="500"):
        await bot("sendMessage", chat_id=chat, text="не дойдёт")
    await drawer.get_by_test_id("fault-remove").click()
    await expect(fault).to_have_count(0)
    await bot("sendMessage", chat_id=chat, text="дойдёт")
    await expect(bubble(anna, "дойдёт")).to_be_visible()
    await drawer.locator("[data-testid=fault-where][data-where=webhook]").click()
    await drawer.locator("[data-testid=fault-kind][data-kind=duplicate]").click()
    await drawer.get_by_test_id("fault-add").click()
    await expect(fault).to_have_attribute("data-kind", "duplicate")
    await drawer.get_by_test_id("faults-clear").click()
    await expect(fault).to_have_count(0)


async def test_botfather_makes_a_bot_and_revokes_its_token(browser_page: Page, phone: Phone) -> None:
    await browser_page.get_by_test_id("open-botfather").click()
    window = browser_page.get_by_test_id("botfather")
    await window.get_by_test_id("bot-name").fill("Пекарня")
    await window.get_by_test_id("bot-username").fill("bread_bakery")
    await window.get_by_test_id("bot-create").click()
    await expect(window.get_by_test_id("bot-error")).to_be_visible()
    await window.get_by_test_id("bot-username").fill("bread_bot")
    await window.get_by_test_id("bot-create").click()
    token = await window.get_by_test_id("bot-new-token").inner_text()
    row = window.locator("[data-testid=bot-row][data-username=bread_bot]")
    await row.get_by_test_id("bot-copy").click()
    assert await browser_page.evaluate("navigator.clipboard.readText()") == token
    await row.get_by_test_id("bot-revoke").click()
    await expect(window.get_by_test_id("bot-new-token")).not_to_have_text(token)
    await window.get_by_test_id("dialog-close").click()
    await expect(phone(browser_page, "Анна").get_by_test_id("chat-name")).to_have_text("Пекарня")


async def test_new_person_has_a_phone_that_can_be_put_away(browser_page: Page, phone: Phone) -> None:
    await browser_page.get_by_test_id("open-person").click()
    window = browser_page.get_by_test_id("person")
    await window.get_by_test_id("person-name").fill("Вера")
    await window.locator("[data-testid=person-role][data-staff=true]").click()
    await window.get_by_test_id("person-create").click()
    vera = phone(browser_page, "Вера")
    await expect(vera).to_have_attribute("data-staff", "true")
    await vera.get_by_test_id("phone-menu").click()
    await browser_page.locator("[data-action=hide]").click()
    await expect(vera).to_have_count(0)
    await browser_page.get_by_test_id("open-view").click()
    await browser_page.locator("[data-testid=menu-item]", has_text="Вера").click()
    await expect(vera).to_be_visible()


async def test_reload_keeps_messages_and_the_draft(browser_page: Page, phone: Phone, scripted_bot: MakeBot) -> None:
    await scripted_bot(on=echo)
    anna = await started(phone(browser_page, "Анна"))
    await write(anna, "Добрый день")
    await expect(bubble(anna, "Вы написали: Добрый день")).to_be_visible()
    before = await anna.get_by_test_id("message-text").all_inner_texts()
    await anna.get_by_test_id("input").fill("недописанное")
    await browser_page.reload()
    await expect(anna.get_by_test_id("message-text")).to_have_text(before)
    await expect(anna.get_by_test_id("input")).to_have_value("недописанное")
    await browser_page.get_by_test_id("language").click()
    await expect(browser_page.get_by_test_id("open-faults")).to_contain_text("Faults")
    await expect(anna.get_by_test_id("input")).to_have_value("недописанное")


HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>&lt;b&gt;'


async def test_strangers_texts_stay_texts(open_page: OpenPage, phone: Phone, scripted_bot: MakeBot) -> None:
    bot = await scripted_bot(HOSTILE[:40], "evil_bot")
    page = await open_page()
    anna = await started(phone(page, "Анна"))
    chat = (await bot.got("message"))["chat"]["id"]
    buttons = {"inline_keyboard": [[{"text": HOSTILE, "callback_data": "x"}]]}
    await bot("sendMessage", chat_id=chat, text=HOSTILE, reply_markup=buttons)
    await write(anna, HOSTILE)
    await bot.upload("sendDocument", {"document": (HOSTILE[:30], b"x", "text/html")}, chat_id=str(chat))
    await bot(
        "pinChatMessage", chat_id=chat, message_id=(await bot("sendMessage", chat_id=chat, text=HOSTILE))["message_id"]
    )
    await expect(anna.get_by_test_id("message-text").last).to_contain_text(HOSTILE)
    await expect(anna.get_by_test_id("pinned")).to_contain_text(HOSTILE)
    await expect(anna.get_by_test_id("inline-button")).to_have_text(HOSTILE)
    await anna.get_by_test_id("chat-back").click()
    await expect(anna.get_by_test_id("chat-row").first).to_contain_text(HOSTILE[:20])
    assert await page.evaluate("window.hacked") is None


async def test_addresses_that_run_code_are_not_links(browser_page: Page) -> None:
    found = await browser_page.evaluate(
        """async () => {
            const { safeUrl, botLink } = await import("/static/js/links.js");
            return ["javascript:alert(1)", " data:text/html,x", "JAVASCRIPT:x", "example.org", "https://a.b/c"].map(safeUrl)
                .concat([botLink("tg://resolve?domain=pult_bot&start=a")?.payload]);
        }"""
    )
    assert found == [None, None, None, "https://example.org/", "https://a.b/c", "a"]


async def test_lost_connection_is_shown_and_made_up_for(
    browser_page: Page, phone: Phone, scripted_bot: MakeBot
) -> None:
    bot = await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    chat = (await bot.got("message"))["chat"]["id"]
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    await browser_page.route_web_socket("**/api/live", pass_on)
    await browser_page.reload()
    connection = browser_page.get_by_test_id("connection")
    await expect(connection).to_have_attribute("data-state", "online")
    await browser_page.context.route("**/api/state", lambda route: route.abort())
    await sockets[0].close()
    await expect(connection).to_have_attribute("data-state", "offline")
    await bot("sendMessage", chat_id=chat, text="пока вас не было")
    await browser_page.context.unroute("**/api/state")
    await expect(connection).to_have_attribute("data-state", "online")
    await expect(bubble(anna, "пока вас не было")).to_be_visible()


async def test_small_screen_shows_one_phone_with_unread_tabs(
    open_page: OpenPage, phone: Phone, scripted_bot: MakeBot
) -> None:
    bot = await scripted_bot()
    page = await open_page(width=390, height=844, has_touch=True, is_mobile=True)
    await page.get_by_test_id("tab").filter(has_text="Анна").click()
    anna = await started(phone(page, "Анна"))
    await expect(phone(page, "Олег")).to_be_hidden()
    chat = (await bot.got("message"))["chat"]["id"]
    await page.get_by_test_id("tab").filter(has_text="Олег").click()
    await expect(anna).to_be_hidden()
    await bot("sendMessage", chat_id=chat, text="Вы ещё здесь?")
    badge = page.get_by_test_id("tab").filter(has_text="Анна").get_by_test_id("tab-badge")
    await expect(badge).to_have_text("1")
    await page.get_by_test_id("tab").filter(has_text="Анна").click()
    await expect(bubble(anna, "Вы ещё здесь?")).to_be_in_viewport()
    await expect(badge).to_have_count(0)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_first_steps_tick_themselves_off(browser_page: Page, phone: Phone, scripted_bot: MakeBot) -> None:
    def step(number: int) -> Locator:
        return browser_page.locator(f"[data-testid=guide-step][data-step='{number}']")

    await expect(step(1)).to_have_attribute("data-current", "true")
    await started(phone(browser_page, "Олег"))
    await expect(step(1)).to_have_attribute("data-done", "true")
    bot = await scripted_bot(on=echo)
    await expect(step(3)).to_have_attribute("data-done", "true")
    anna = await started(phone(browser_page, "Анна"))
    await bot.got("message")
    await write(anna, "Здравствуйте")
    await expect(browser_page.get_by_test_id("guide")).to_have_attribute("data-finished", "true")
    await browser_page.get_by_test_id("guide-close").click()
    await expect(browser_page.get_by_test_id("guide")).to_have_count(0)
    await browser_page.reload()
    await expect(anna.get_by_test_id("message").first).to_be_visible()
    await expect(browser_page.get_by_test_id("guide")).to_have_count(0)


async def test_both_languages_have_the_same_words(browser_page: Page) -> None:
    words = await browser_page.evaluate('import("/static/js/i18n.js").then((module) => module.catalogues)')
    holes = {one: {key: text.count("{") for key, text in words[one].items()} for one in words}
    assert holes["ru"] == holes["en"]
