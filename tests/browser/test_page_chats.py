"""Chats on the page of phones, played as a person would, with a scripted bot at the other end."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.hands import MakeBot, Phone, bubble, choose, echo, picture, started, write

pytestmark = pytest.mark.browser


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
