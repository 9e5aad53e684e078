"""The page of phones, driven as a person would, with a scripted bot at the other end."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Locator, Page, WebSocketRoute, expect

pytestmark = pytest.mark.browser

expect.set_options(timeout=15_000)

Phone = Callable[[Page, str], Locator]
MakeBot = Callable[..., Awaitable[Any]]
OpenPage = Callable[..., Awaitable[Page]]


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(out, "JPEG")
    return out.getvalue()


async def write(phone: Locator, text: str) -> None:
    await phone.get_by_test_id("input").fill(text)
    await phone.get_by_test_id("input").press("Enter")


def bubble(phone: Locator, text: str) -> Locator:
    return phone.get_by_test_id("message").filter(has_text=text).last


async def choose(page: Page, phone: Locator, text: str, action: str) -> None:
    """Open the menu of the message with this text and choose an entry."""
    await bubble(phone, text).locator(".bubble").click(button="right")
    await page.locator(f"[data-testid=menu-item][data-action={action}]").click()


async def started(phone: Locator) -> Locator:
    await phone.get_by_test_id("start").click()
    await expect(bubble(phone, "/start")).to_be_visible()
    return phone


async def echo(bot: Any, update: dict[str, Any]) -> None:
    message = update.get("message", {})
    if text := message.get("text"):
        await bot("sendMessage", chat_id=message["chat"]["id"], text=f"Вы написали: {text}")


async def test_text_goes_both_ways(browser_page: Page, phone: Phone, scripted_bot: MakeBot) -> None:
    await scripted_bot(on=echo)
    anna = await started(phone(browser_page, "Анна"))
    await anna.get_by_test_id("input").fill("первая")
    await anna.get_by_test_id("input").press("Shift+Enter")
    await anna.get_by_test_id("input").press_sequentially("вторая")
    await anna.get_by_test_id("input").press("Enter")
    await expect(anna.locator("[data-testid=message][data-from=person]").last).to_contain_text("первая\nвторая")
    await expect(anna.locator("[data-testid=message][data-from=bot]").last).to_contain_text("Вы написали: первая")
    await expect(anna.get_by_test_id("input")).to_have_value("")


async def test_typed_marks_become_formatting_and_tokens_stay_whole(
    browser_page: Page, phone: Phone, scripted_bot: MakeBot
) -> None:
    bot = await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    await write(anna, "👨‍👩‍👧 **важно**: 7000000001:AA__x__y**z")
    message = await bot.got("message", lambda one: "важно" in one["text"])
    assert message["text"] == "👨‍👩‍👧 важно: 7000000001:AA__x__y**z"
    assert [one for one in message["entities"] if one["type"] == "bold"] == [{"type": "bold", "offset": 9, "length": 5}]
    await expect(anna.locator("[data-testid=message-text] strong")).to_have_text("важно")


async def test_buttons_spin_until_the_bot_answers(browser_page: Page, phone: Phone, scripted_bot: MakeBot) -> None:
    bot = await scripted_bot("Пульт", "pult_bot")
    oleg = await started(phone(browser_page, "Олег"))
    chat = (await bot.got("message"))["chat"]["id"]
    rows = [
        [{"text": "Взять", "callback_data": "take", "style": "success"}, {"text": "Спам", "callback_data": "spam"}],
        [{"text": "Код", "copy_text": {"text": "inv_7"}}, {"text": "Сайт", "url": "https://example.org/"}],
    ]
    await bot("sendMessage", chat_id=chat, text="Новое обращение", reply_markup={"inline_keyboard": rows})
    take, spam, code, site = (oleg.get_by_test_id("inline-button").filter(has_text=one[0]) for one in
                              (("Взять",), ("Спам",), ("Код",), ("Сайт",)))  # fmt: skip
    await expect(take).to_have_attribute("data-style", "success")
    await take.click()
    query = await bot.got("callback_query", lambda one: one["data"] == "take")
    await expect(take).to_have_attribute("aria-busy", "true")
    await bot("answerCallbackQuery", callback_query_id=query["id"], text="Взято")
    await expect(oleg.get_by_test_id("toast").filter(has_text="Взято")).to_be_visible()
    await expect(take).not_to_have_attribute("aria-busy", "true")

    await spam.click()
    query = await bot.got("callback_query", lambda one: one["data"] == "spam")
    await bot("answerCallbackQuery", callback_query_id=query["id"], text="Уже взял Олег", show_alert=True)
    await expect(oleg.get_by_test_id("alert")).to_contain_text("Уже взял Олег")
    await oleg.get_by_test_id("alert-ok").click()
    await expect(oleg.get_by_test_id("alert")).to_have_count(0)

    await code.click()
    assert await browser_page.evaluate("navigator.clipboard.readText()") == "inv_7"
    await browser_page.context.route("https://example.org/**", lambda route: route.fulfill(body="ok"))
    async with browser_page.context.expect_page() as opened:
        await site.click()
    assert (await opened.value).url == "https://example.org/"


async def test_links_to_bots_are_played_on_the_same_phone(
    browser_page: Page, phone: Phone, scripted_bot: MakeBot
) -> None:
    control = await scripted_bot("Пульт", "pult_bot")
    bot = await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    chat = (await bot.got("message"))["chat"]["id"]
    await bot("sendMessage", chat_id=chat, text="Приглашение: https://t.me/pult_bot?start=inv_42")
    await bubble(anna, "Приглашение").get_by_role("link").click()
    await expect(anna.get_by_test_id("chat")).to_have_attribute("data-bot", control.id)
    assert (await control.got("message"))["text"] == "/start inv_42"


async def test_reply_quotes_the_message_and_jumps_to_it(
    browser_page: Page, phone: Phone, scripted_bot: MakeBot
) -> None:
    bot = await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    chat = (await bot.got("message"))["chat"]["id"]
    asked = await bot("sendMessage", chat_id=chat, text="Какой букет?")
    for number in range(30):
        await bot("sendMessage", chat_id=chat, text=f"Вариант {number}")
    await expect(bubble(anna, "Вариант 29")).to_be_in_viewport()
    await choose(browser_page, anna, "Какой букет?", "reply")
    await expect(anna.get_by_test_id("composer-bar")).to_contain_text("Какой букет?")
    await write(anna, "Второй")
    answer = await bot.got("message", lambda one: one.get("text") == "Второй")
    assert answer["reply_to_message"]["message_id"] == asked["message_id"]
    await expect(anna.get_by_test_id("composer-bar")).to_be_hidden()
    await expect(bubble(anna, "Второй")).to_be_in_viewport()
    await bubble(anna, "Второй").get_by_test_id("reply-quote").click()
    await expect(anna.locator(f"[data-testid=message][data-id='{asked['message_id']}']")).to_be_in_viewport()
    await expect(anna.get_by_test_id("to-bottom")).to_be_visible()


async def test_edit_react_and_delete(browser_page: Page, phone: Phone, scripted_bot: MakeBot) -> None:
    bot = await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    await write(anna, "Буду в 12")
    sent = await bot.got("message", lambda one: one["text"] == "Буду в 12")
    await choose(browser_page, anna, "Буду в 12", "edit")
    await expect(anna.get_by_test_id("input")).to_have_value("Буду в 12")
    await write(anna, "Буду в 13")
    await expect(bubble(anna, "Буду в 13").get_by_test_id("mark-edited")).to_be_visible()
    assert (await bot.got("edited_message"))["text"] == "Буду в 13"

    await bubble(anna, "Буду в 13").locator(".bubble").click(button="right")
    await browser_page.locator("[data-testid=react][data-emoji='👍']").click()
    reaction = bubble(anna, "Буду в 13").get_by_test_id("reaction")
    await expect(reaction).to_have_text("👍")
    assert (await bot.got("message_reaction"))["new_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    await bot(
        "setMessageReaction",
        chat_id=sent["chat"]["id"],
        message_id=sent["message_id"],
        reaction=[{"type": "emoji", "emoji": "👌"}],
    )
    await expect(reaction).to_have_text(["👍", "👌"])

    await choose(browser_page, anna, "Буду в 13", "delete")
    await browser_page.get_by_test_id("confirm-yes").click()
    await expect(anna.get_by_test_id("message").filter(has_text="Буду в 13")).to_have_count(0)


async def test_album_from_the_bot_is_one_bubble(browser_page: Page, phone: Phone, scripted_bot: MakeBot) -> None:
    bot = await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    chat = (await bot.got("message"))["chat"]["id"]
    colours = ("tomato", "gold", "teal")
    media: list[dict[str, str]] = [{"type": "photo", "media": f"attach://{one}"} for one in colours]
    media[0]["caption"] = "Три букета"
    files = {one: (f"{one}.jpg", picture(one), "image/jpeg") for one in colours}
    await bot.upload("sendMediaGroup", files, chat_id=str(chat), media=media)
    album = bubble(anna, "Три букета")
    await expect(album.get_by_test_id("media-photo")).to_have_count(3)
    await expect(anna.get_by_test_id("album")).to_have_count(1)
    await album.get_by_test_id("media-photo").first.click()
    await expect(browser_page.get_by_test_id("lightbox")).to_be_visible()
    await browser_page.keyboard.press("Escape")
    await expect(browser_page.get_by_test_id("lightbox")).to_have_count(0)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("photo", "photo"),
        ("voice", "voice"),
        ("audio", "audio"),
        ("document", "document"),
        ("sticker", "sticker"),
        ("video_note", "video_note"),
        ("location", "location"),
        ("contact", "contact"),
        ("dice", "dice"),
    ],
)
async def test_ready_samples_reach_the_bot(
    browser_page: Page, phone: Phone, scripted_bot: MakeBot, kind: str, field: str
) -> None:
    bot = await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    await anna.get_by_test_id("attach").click()
    await browser_page.locator(f"[data-testid=attach-item][data-kind={kind}]").click()
    testid = "media-other" if kind == "dice" else f"media-{kind}"
    await expect(anna.get_by_test_id(testid)).to_be_visible()
    assert await bot.got("message", lambda one: field in one)


async def test_own_files_go_as_an_album_with_the_typed_caption(
    browser_page: Page, phone: Phone, scripted_bot: MakeBot
) -> None:
    bot = await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    await anna.get_by_test_id("input").fill("Вот такие")
    await anna.get_by_test_id("attach").click()
    await browser_page.locator("[data-testid=attach-mode][data-mode=file]").click()
    async with browser_page.expect_file_chooser() as chooser:
        await browser_page.locator("[data-testid=attach-item][data-kind=album]").click()
    files = [{"name": f"{one}.jpg", "mimeType": "image/jpeg", "buffer": picture(one)} for one in ("red", "blue")]
    await (await chooser.value).set_files(files)  # type: ignore[arg-type]
    await expect(bubble(anna, "Вот такие").get_by_test_id("media-photo")).to_have_count(2)
    first = await bot.got("message", lambda one: "media_group_id" in one)
    assert first["caption"] == "Вот такие"


async def test_reply_keyboard_placeholder_pin_and_commands(
    browser_page: Page, phone: Phone, scripted_bot: MakeBot
) -> None:
    bot = await scripted_bot("Пульт", "pult_bot")
    await bot("setMyCommands", commands=[{"command": "menu", "description": "Все разделы"}])
    oleg = await started(phone(browser_page, "Олег"))
    chat = (await bot.got("message"))["chat"]["id"]
    keyboard = {"keyboard": [[{"text": "Готово"}, {"text": "Выйти"}]], "input_field_placeholder": "Ответ: Анна · VK"}
    header = await bot("sendMessage", chat_id=chat, text="Отвечаете: Анна · VK", reply_markup=keyboard)
    await bot("pinChatMessage", chat_id=chat, message_id=header["message_id"])
    await expect(oleg.get_by_test_id("input")).to_have_attribute("placeholder", "Ответ: Анна · VK")
    await expect(oleg.get_by_test_id("pinned")).to_contain_text("Отвечаете: Анна · VK")
    await oleg.get_by_test_id("keyboard-button").filter(has_text="Выйти").click()
    assert await bot.got("message", lambda one: one.get("text") == "Выйти")
    await oleg.get_by_test_id("keyboard-toggle").click()
    await expect(oleg.get_by_test_id("keyboard")).to_be_hidden()
    await oleg.get_by_test_id("commands-button").click()
    await oleg.locator("[data-testid=command][data-command=menu]").click()
    assert await bot.got("message", lambda one: one.get("text") == "/menu")
    await oleg.get_by_test_id("pinned").click()
    await expect(bubble(oleg, "Отвечаете").locator(".bubble")).to_be_in_viewport()


async def test_blocked_bot_is_restarted(browser_page: Page, phone: Phone, scripted_bot: MakeBot) -> None:
    await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    await anna.get_by_test_id("phone-menu").click()
    await browser_page.locator("[data-action=block]").click()
    await expect(anna.get_by_test_id("composer")).to_be_hidden()
    await anna.get_by_test_id("restart").click()
    await expect(anna.get_by_test_id("message").filter(has_text="/start")).to_have_count(2)
    await expect(anna.get_by_test_id("composer")).to_be_visible()


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


async def test_entities_nest_overlap_and_count_in_utf16(browser_page: Page) -> None:
    html = await browser_page.evaluate(
        """async () => {
            const { textNodes } = await import("/static/js/entities.js");
            const box = document.createElement("div");
            box.append(...textNodes("😀 abc def", [
                {type: "bold", offset: 3, length: 5}, {type: "italic", offset: 5, length: 5},
                {type: "code", offset: 99, length: 1},
            ], {}));
            return box.innerHTML;
        }"""
    )
    assert html == "😀 <strong>ab<em>c d</em></strong><em>ef</em>"


async def test_a_thousand_messages_are_drawn_bit_by_bit(
    browser_page: Page, phone: Phone, scripted_bot: MakeBot
) -> None:
    bot = await scripted_bot()
    anna = await started(phone(browser_page, "Анна"))
    chat = (await bot.got("message"))["chat"]["id"]
    address = f"{browser_page.url}api/chats/{bot.id}/{chat}/send"
    await browser_page.evaluate(
        """async (address) => {
            const headers = {"Content-Type": "application/json"};
            const body = (i) => JSON.stringify({text: `сообщение ${i}`});
            const send = (i) => fetch(address, {method: "POST", headers, body: body(i)});
            for (let i = 0; i < 999; i += 27) await Promise.all(Array.from({length: 27}, (_, j) => send(i + j)));
            await send(999);
        }""",
        address,
    )
    await expect(bubble(anna, "сообщение 999")).to_be_in_viewport()
    await browser_page.reload()
    await expect(bubble(anna, "сообщение 999")).to_be_in_viewport()
    assert await anna.get_by_test_id("message").count() < 100
    oldest = anna.get_by_test_id("message").first
    before = await oldest.get_attribute("data-id")
    await anna.get_by_test_id("timeline").evaluate("node => { node.scrollTop = 0; }")
    await expect(oldest).not_to_have_attribute("data-id", str(before))
    await expect(anna.locator(f"[data-testid=message][data-id='{before}']")).to_be_in_viewport()


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
