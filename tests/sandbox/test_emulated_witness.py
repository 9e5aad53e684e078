"""aiogram as the witness: it must read every answer and every kind of update of the emulated Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import SendMessage
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BufferedInputFile,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    InputTextMessageContent,
    KeyboardButton,
    LinkPreviewOptions,
    MenuButtonCommands,
    Message,
    MessageEntity,
    ReactionTypeEmoji,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
    Update,
)
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator, methods, picture

ALL = ["message", "edited_message", "message_reaction", "callback_query", "inline_query", "my_chat_member"]


def photo() -> BufferedInputFile:
    return BufferedInputFile(picture(), "a.jpg")


def file() -> BufferedInputFile:
    return BufferedInputFile(b"content", "a.bin")


async def test_every_kind_of_message_is_read(witness: Bot, chat: int) -> None:
    keyboard = InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(text="a", callback_data="a", style="success"),
                InlineKeyboardButton(text="b", switch_inline_query_current_chat="q"),
            ]
        ]
    )
    text = await witness.send_message(
        chat, "<b>x</b> https://a.test", parse_mode="HTML", reply_markup=keyboard, protect_content=True
    )
    assert text.entities is not None
    assert [entity.type for entity in text.entities] == ["bold", "url"]
    assert text.reply_markup is not None
    assert text.reply_markup.model_dump() == keyboard.model_dump()
    assert (await witness.send_photo(chat, photo(), caption="c", has_spoiler=True)).has_media_spoiler
    assert (await witness.send_video(chat, file(), duration=3, width=10, height=20)).video is not None
    assert (await witness.send_video_note(chat, file())).video_note is not None
    assert (await witness.send_voice(chat, file(), duration=2)).voice is not None
    assert (await witness.send_audio(chat, file(), title="t", performer="p")).audio is not None
    assert (await witness.send_document(chat, file())).document is not None
    assert (await witness.send_animation(chat, file())).animation is not None
    assert (await witness.send_sticker(chat, file())).sticker is not None
    assert (await witness.send_location(chat, 1.5, 2.5)).location is not None
    assert (await witness.send_venue(chat, 1.5, 2.5, "t", "a")).venue is not None
    assert (await witness.send_contact(chat, "+7900", "n")).contact is not None
    album = await witness.send_media_group(chat, [InputMediaPhoto(media=photo()), InputMediaVideo(media=file())])
    assert len({message.media_group_id for message in album}) == 1


async def test_everything_said_of_a_message_is_understood(witness: Bot, chat: int) -> None:
    first = await witness.send_message(
        chat,
        "one two",
        entities=[MessageEntity(type="italic", offset=4, length=3)],
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        disable_notification=True,
        reply_markup=ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="k", request_contact=True)]]),
    )
    reply = await witness.send_message(
        chat,
        "three",
        reply_parameters=ReplyParameters(message_id=first.message_id, quote="two"),
        reply_markup=ReplyKeyboardRemove(),
    )
    assert reply.reply_to_message is not None
    assert reply.quote is not None
    assert reply.reply_to_message.message_id == first.message_id
    await witness.send_message(chat, "four", reply_markup=ForceReply(input_field_placeholder="x"))


async def test_edits_copies_and_deletions_are_read(witness: Bot, chat: int) -> None:
    text = await witness.send_message(chat, "a")
    film = await witness.send_video(chat, file(), caption="a")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="a", callback_data="a")]])
    for edited in (
        await witness.edit_message_text("b", chat_id=chat, message_id=text.message_id),
        await witness.edit_message_caption(chat_id=chat, message_id=film.message_id, caption="b"),
        await witness.edit_message_reply_markup(chat_id=chat, message_id=film.message_id, reply_markup=keyboard),
        await witness.edit_message_media(InputMediaDocument(media=file()), chat_id=chat, message_id=film.message_id),
    ):
        assert isinstance(edited, Message)
    assert (await witness.copy_message(chat, chat, text.message_id)).message_id
    assert len(await witness.copy_messages(chat, chat, [text.message_id, film.message_id])) == 2
    assert (await witness.forward_message(chat, chat, text.message_id)).forward_origin is not None
    assert len(await witness.forward_messages(chat, chat, [text.message_id])) == 1
    assert await witness.pin_chat_message(chat, text.message_id)
    assert await witness.unpin_chat_message(chat, message_id=text.message_id)
    assert await witness.unpin_all_chat_messages(chat)
    assert await witness.set_message_reaction(chat, text.message_id, [ReactionTypeEmoji(emoji="👌")])
    assert await witness.send_chat_action(chat, "typing")
    assert await witness.delete_message(chat, text.message_id)
    assert await witness.delete_messages(chat, [film.message_id])


async def test_the_account_is_read(emulator: TelegramEmulator, witness: Bot, anna: Person, chat: int) -> None:
    me = await witness.get_me()
    assert me.has_topics_enabled is False
    emulator.set_photo(anna, picture(400, 300))
    assert (await witness.get_user_profile_photos(chat)).total_count == 1
    assert (await witness.get_chat(chat)).first_name == "Анна"
    assert (await witness.get_chat_member(chat, chat)).status == "member"
    scope = BotCommandScopeAllPrivateChats()
    assert await witness.set_my_commands([BotCommand(command="menu", description="Menu")], scope, "ru")
    assert (await witness.get_my_commands(scope, "ru"))[0].command == "menu"
    assert await witness.delete_my_commands(scope, "ru")
    assert await witness.set_my_name("Лавка 2")
    assert (await witness.get_my_name()).name == "Лавка 2"
    assert await witness.set_my_description("d")
    assert (await witness.get_my_description()).description == "d"
    assert await witness.set_my_short_description("s")
    assert (await witness.get_my_short_description()).short_description == "s"
    assert await witness.set_chat_menu_button(menu_button=MenuButtonCommands())
    assert (await witness.get_chat_menu_button()).type == "commands"
    info = await witness.get_webhook_info()
    assert info.url == ""
    assert await witness.set_webhook("https://pult.test/x", secret_token="s", allowed_updates=ALL)
    assert (await witness.get_webhook_info()).allowed_updates == sorted(ALL)
    assert await witness.delete_webhook()


async def test_a_file_is_downloaded(emulator: TelegramEmulator, witness: Bot, shop: BotAccount, chat: int) -> None:
    emulator.send_media(shop, chat, "voice", b"sound")
    (update,) = await witness.get_updates()
    assert update.message is not None
    assert update.message.voice is not None
    content = await witness.download(update.message.voice)
    assert content is not None
    assert content.read() == b"sound"


async def test_errors_arrive_as_the_exceptions_that_they_are(
    emulator: TelegramEmulator, witness: Bot, shop: BotAccount, chat: int
) -> None:
    boris = emulator.person("Борис")
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await witness.send_message(5, "x")
    with pytest.raises(TelegramForbiddenError, match="can't initiate conversation"):
        await witness.send_message(boris.id, "x")
    with pytest.raises(TelegramEntityTooLarge):
        await witness.send_document(chat, BufferedInputFile(bytes(51 * 1024 * 1024), "a.bin"))
    with pytest.raises(TelegramBadRequest, match="can't parse entities"):
        await witness.send_message(chat, "<x>", parse_mode="HTML")
    emulator.fault("429", retry_after=3)
    with pytest.raises(TelegramRetryAfter) as waiting:
        await witness.send_message(chat, "x")
    assert waiting.value.retry_after == 3
    emulator.fault("500")
    with pytest.raises(TelegramServerError):
        await witness.send_message(chat, "x")
    emulator.fault("reset_before")
    with pytest.raises(TelegramNetworkError):
        await witness.send_message(chat, "x")
    await witness.set_webhook("https://pult.test/x")
    with pytest.raises(TelegramConflictError):
        await witness.get_updates()
    emulator.revoke(shop)
    with pytest.raises(TelegramUnauthorizedError):
        await witness.get_me()


async def test_an_unknown_method_is_not_found(witness: Bot) -> None:
    with pytest.raises(TelegramNotFound):
        await witness.get_my_star_balance()


def play(emulator: TelegramEmulator, bot: BotAccount, anna: Person) -> None:
    """Anna does everything that a person can do without an answer."""
    first = emulator.start(bot, anna, "code")
    emulator.say(bot, anna, "text #tag", reply_to=first, forward_from="Вера")
    for kind in ("photo", "video", "video_note", "voice", "audio", "document", "animation"):
        emulator.send_media(bot, anna, kind, b"x", caption="c")
    emulator.send_sticker(bot, anna)
    emulator.send_album(bot, anna, [("photo", b"x"), ("video", b"x")])
    emulator.send_location(bot, anna, 1.0, 2.0)
    emulator.send_location(bot, anna, 1.0, 2.0, title="t", address="a")
    emulator.send_contact(bot, anna, "Вера", "+7900")
    emulator.send_dice(bot, anna)
    emulator.send_poll(bot, anna, "?", ["a", "b"])
    emulator.edit(emulator.say(bot, anna, "a"), "b")
    emulator.react(first, "👍")
    emulator.block(bot, anna)
    emulator.block(bot, anna, False)
    group = emulator.add_to_group(bot, anna, "Group")
    emulator.say_in_group(group, anna, "x")
    emulator.remove_from_group(group, anna)


async def test_every_kind_of_update_is_read_by_polling(
    emulator: TelegramEmulator, witness: Bot, shop: BotAccount, anna: Person
) -> None:
    await witness.get_updates(allowed_updates=ALL)
    play(emulator, shop, anna)
    updates = await witness.get_updates(limit=100)
    assert {update.event_type for update in updates} == set(ALL) - {"callback_query", "inline_query"}
    contents = {update.message.content_type for update in updates if update.message is not None}
    assert {"photo", "video_note", "sticker", "venue", "dice", "poll", "new_chat_members", "contact"} <= contents


@pytest.fixture
async def served(emulator: TelegramEmulator, witness: Bot) -> AsyncIterator[Dispatcher]:
    """A dispatcher behind aiogram's own webhook handler, which answers with methods in its responses."""
    dispatcher = Dispatcher()
    app = web.Application()
    SimpleRequestHandler(dispatcher, witness, handle_in_background=False, secret_token="s").register(app, path="/hook")
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    emulator.hosts["pult.test"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    await witness.set_webhook("https://pult.test/hook", secret_token="s", allowed_updates=ALL)
    yield dispatcher
    await runner.cleanup()


async def test_every_kind_of_update_is_read_by_webhook(
    emulator: TelegramEmulator, served: Dispatcher, shop: BotAccount, anna: Person
) -> None:
    seen: list[Update] = []

    @served.update.outer_middleware()
    async def note(handler: Any, update: Update, data: dict[str, Any]) -> Any:
        seen.append(update)
        return await handler(update, data)

    play(emulator, shop, anna)
    made = len(shop.pending)
    await emulator.wait_for(lambda: not shop.pending)
    assert len(seen) == made
    assert {update.event_type for update in seen} == set(ALL) - {"callback_query", "inline_query"}


async def test_a_method_returned_by_a_handler_is_carried_out(
    emulator: TelegramEmulator, served: Dispatcher, shop: BotAccount, anna: Person
) -> None:
    @served.message(F.text)
    async def echo(message: Message) -> SendMessage:
        return message.answer(f"echo: {message.text} & more")

    emulator.say(shop, anna, "привет")
    await emulator.wait_for(lambda: emulator.chat(shop, anna).sent())
    assert emulator.chat(shop, anna).last().text == "echo: привет & more"


async def test_presses_and_inline_queries_are_answered(emulator: TelegramEmulator, base: str, anna: Person) -> None:
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    desk = emulator.create_bot("Desk", "desk_bot", control=True)
    emulator.start(desk, anna)
    async with Bot(desk.token, session=AiohttpSession(api=TelegramAPIServer.from_base(base))) as bot:
        button = InlineKeyboardButton(text="Take", callback_data="take")
        await bot.send_message(anna.id, "x", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))
        pressing = asyncio.create_task(emulator.press(emulator.chat(desk, anna).last(), "Take"))
        asking = asyncio.create_task(emulator.ask_inline(desk, anna, "q"))
        await emulator.wait_for(lambda: len(desk.pending) == 3)
        _, press, query = await bot.get_updates()
        assert press.callback_query is not None
        assert query.inline_query is not None
        await bot.answer_callback_query(press.callback_query.id, text="ok")
        content = InputTextMessageContent(message_text="<b>x</b>", parse_mode="HTML")
        article = InlineQueryResultArticle(id="1", title="t", input_message_content=content)
        await bot.answer_inline_query(query.inline_query.id, [article])
        assert (await pressing) == {"text": "ok", "alert": False, "url": None}
        assert (await asking)[0]["content"]["entities"][0]["type"] == "bold"


def wrong_values() -> list[Any]:
    return [
        None, True, -1, 0, 1.5, 10**30, "", "x", "null", "[]", "{}", "[[", "\x00", '"\\ud800"',
        [], {}, [None], [[]], [1],
        [{}], {"a": 1}, {"type": "photo"}, [{"type": "photo", "media": 5}], {"inline_keyboard": 5},
        {"inline_keyboard": [5]}, {"keyboard": [[None]]}, {"type": []}, {"message_id": {}},
        [{"type": "emoji", "emoji": []}],
        {"inline_keyboard": [[{"text": "a", "url": []}]]}, [{"id": [], "type": []}], {"type": "chat", "chat_id": []},
        [{"type": [], "offset": 0, "length": 1}],
    ]  # fmt: skip


NAMES = (
    "text parse_mode entities reply_markup reply_parameters message_id message_ids from_chat_id media photo "
    "video document caption caption_entities link_preview_options reaction commands scope language_code "
    "allowed_updates url offset limit results inline_query_id callback_query_id file_id user_id menu_button "
    "latitude longitude title address phone_number first_name action name description duration "
    "message_thread_id reply_to_message_id"
)


async def test_wrong_types_never_break_the_server(
    emulator: TelegramEmulator, base: str, http: aiohttp.ClientSession, shop: BotAccount, chat: int
) -> None:
    number = emulator.say(shop, chat, "x").id
    usual = {"chat_id": chat, "from_chat_id": chat, "message_id": number, "text": "x", "url": "https://pult.test/x"}
    statuses = set()
    for method in methods():
        for name in NAMES.split():
            for value in wrong_values():
                params = {key: item for key, item in usual.items() if key != name} | {name: value}
                if method == "getUpdates":
                    params["timeout"] = 0
                status = await answered(emulator, shop, method, params)
                assert status in (200, 400, 403, 404, 409), (method, name, value, status)
                statuses.add(status)
    assert statuses >= {200, 400}


KINDS_OF_BODIES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "?",
)


async def test_broken_bodies_never_break_the_server(
    call: Any, base: str, http: aiohttp.ClientSession, shop: BotAccount, chat: int
) -> None:
    url = f"{base}/bot{shop.token}/sendMessage"
    bodies = [b"", b"{", b"[1]", b'{"text":"\\ud800"}', b"\xff\xfe", b"--x\r\n", b"[" * 100_000, bytes(1000)]
    for kind in KINDS_OF_BODIES:
        for body in bodies:
            async with http.post(url, data=body, headers={"Content-Type": kind}) as response:
                assert response.status == 400, (kind, body[:20])
                assert (await response.json())["ok"] is False
    markup = '{"inline_keyboard":[[{"text":"\\ud800","callback_data":"x"}]]}'
    assert "can't parse" in await call.refused("sendMessage", chat_id=chat, text="x", reply_markup=markup)


async def answered(emulator: TelegramEmulator, shop: BotAccount, method: str, params: dict[str, Any]) -> int:
    """Ask the same function that HTTP reaches; thousands of real requests would only be slower."""
    from adapters.telegram.emulator.calls import METHODS
    from adapters.telegram.emulator.errors import ApiError
    from adapters.telegram.emulator.params import Params

    name, function = METHODS[method.lower()]
    try:
        await emulator.server.call(shop, name, function, Params(params))
    except ApiError as error:
        return error.code
    return 200
