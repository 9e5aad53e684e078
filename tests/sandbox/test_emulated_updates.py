"""How the emulated Telegram hands out updates: getUpdates."""

from __future__ import annotations

import asyncio
from typing import Any

from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def test_update_ids_grow_by_one(emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person) -> None:
    for text in "abc":
        emulator.say(shop, anna, text)
    ids = [update["update_id"] for update in await call.ok("getUpdates")]
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]


async def test_updates_come_again_until_a_higher_offset_confirms_them(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    for text in "abc":
        emulator.say(shop, anna, text)
    first = await call.ok("getUpdates", limit=2)
    assert texts(first) == ["a", "b"]
    assert texts(await call.ok("getUpdates", limit=2)) == ["a", "b"]
    assert texts(await call.ok("getUpdates", offset=first[0]["update_id"] + 1)) == ["b", "c"]
    assert texts(await call.ok("getUpdates")) == ["b", "c"]


async def test_a_negative_offset_keeps_only_the_newest(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    for text in "abcd":
        emulator.say(shop, anna, text)
    assert texts(await call.ok("getUpdates", offset=-2)) == ["c", "d"]
    assert texts(await call.ok("getUpdates")) == ["c", "d"]


async def test_a_long_poll_answers_at_once_when_something_comes(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    poll = asyncio.create_task(call.ok("getUpdates", timeout=30))
    await emulator.wait_for(lambda: shop.poll is not None)
    emulator.say(shop, anna, "here")
    assert texts(await poll) == ["here"]


async def test_a_long_poll_ends_empty_after_its_time(call: Any) -> None:
    assert await call.ok("getUpdates", timeout=1) == []


async def test_a_second_poller_throws_the_first_one_out(
    emulator: TelegramEmulator, call: Any, shop: BotAccount
) -> None:
    first = asyncio.create_task(call("getUpdates", timeout=30))
    await emulator.wait_for(lambda: shop.poll is not None)
    assert await call.ok("getUpdates", timeout=0) == []
    status, body = await first
    assert status == 409
    assert "terminated by other getUpdates request" in body["description"]


async def test_polling_is_refused_while_a_webhook_is_set(call: Any) -> None:
    await call.ok("setWebhook", url="https://pult.test/hook")
    assert "can't use getUpdates method while webhook is active" in await call.refused("getUpdates")
    await call.ok("deleteWebhook")
    assert await call.ok("getUpdates") == []


async def test_setting_a_webhook_ends_a_waiting_poll(emulator: TelegramEmulator, call: Any, shop: BotAccount) -> None:
    poll = asyncio.create_task(call("getUpdates", timeout=30))
    await emulator.wait_for(lambda: shop.poll is not None)
    await call.ok("setWebhook", url="https://pult.test/hook")
    status, body = await poll
    assert (status, body["description"]) == (409, "Conflict: terminated by setWebhook request")


async def test_reactions_come_only_when_they_were_asked_for(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    message = emulator.say(shop, anna, "hello")
    await call.ok("getUpdates", offset=shop.next_update)
    emulator.react(message, "👍")
    assert await call.ok("getUpdates") == []
    await call.ok("getUpdates", allowed_updates=["message", "message_reaction"])
    emulator.react(message, "🔥")
    (update,) = await call.ok("getUpdates")
    assert update["message_reaction"]["new_reaction"] == [{"type": "emoji", "emoji": "🔥"}]
    assert update["message_reaction"]["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]


async def test_allowed_updates_are_remembered_and_an_empty_list_means_the_usual_kinds(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    await call.ok("getUpdates", allowed_updates=["callback_query"])
    emulator.say(shop, anna, "unheard")
    assert await call.ok("getUpdates") == []
    await call.ok("getUpdates", allowed_updates=[])
    emulator.say(shop, anna, "heard")
    assert texts(await call.ok("getUpdates")) == ["heard"]


async def test_updates_made_before_the_kinds_changed_still_come(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    emulator.say(shop, anna, "before")
    assert texts(await call.ok("getUpdates", allowed_updates=["callback_query"])) == ["before"]


async def test_an_edit_by_the_person_is_an_update(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    message = emulator.say(shop, anna, "helo")
    emulator.edit(message, "hello")
    _, update = await call.ok("getUpdates")
    assert update["edited_message"]["text"] == "hello"
    assert update["edited_message"]["message_id"] == message.id
    assert update["edited_message"]["edit_date"]


async def test_a_deletion_by_the_person_tells_the_bot_nothing(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    message = emulator.say(shop, anna, "oops")
    await call.ok("getUpdates", offset=shop.next_update)
    emulator.delete(message)
    assert await call.ok("getUpdates") == []
    assert emulator.chat(shop, anna).all() == []


async def test_blocking_and_coming_back_change_the_membership(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    emulator.block(shop, chat)
    emulator.block(shop, chat, False)
    changes = [update["my_chat_member"]["new_chat_member"]["status"] for update in await call.ok("getUpdates")]
    assert changes == ["kicked", "member"]


async def test_an_album_comes_as_separate_updates_of_one_group(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    emulator.send_album(shop, anna, [("photo", b"1"), ("video", b"2"), ("photo", b"3")], caption="holiday")
    messages = [update["message"] for update in await call.ok("getUpdates")]
    assert len({message["media_group_id"] for message in messages}) == 1
    assert [message.get("caption") for message in messages] == ["holiday", None, None]
    assert [next(kind for kind in ("photo", "video") if kind in message) for message in messages] == [
        "photo",
        "video",
        "photo",
    ]


async def test_message_ids_of_a_bot_grow_over_its_private_chats(
    emulator: TelegramEmulator, shop: BotAccount, anna: Person
) -> None:
    boris = emulator.person("Борис")
    ids = [emulator.say(shop, who, "hi").id for who in (anna, boris, anna)]
    assert ids == sorted(set(ids))


async def test_a_person_can_quote_and_forward(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    first = emulator.say(shop, anna, "the blue one please")
    emulator.say(shop, anna, "this", reply_to=first, quote="blue one", forward_from="Вера")
    update = (await call.ok("getUpdates"))[-1]["message"]
    assert update["quote"] == {"text": "blue one", "position": 4, "is_manual": True}
    assert update["reply_to_message"]["message_id"] == first.id
    assert update["forward_origin"]["sender_user_name"] == "Вера"


async def test_a_group_adds_the_bot_and_the_bot_leaves(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, anna: Person
) -> None:
    group = emulator.add_to_group(shop, anna, "Friends")
    emulator.say_in_group(group, anna, "hi all")
    member, added, spoken = await call.ok("getUpdates")
    assert member["my_chat_member"]["chat"]["type"] == "group"
    assert added["message"]["new_chat_members"][0]["id"] == shop.id
    assert spoken["message"]["chat"]["id"] == group.id < 0
    await call.ok("sendMessage", chat_id=group.id, text="bye")
    await call.ok("leaveChat", chat_id=group.id)
    assert "kicked" in await call.refused("sendMessage", chat_id=group.id, text="again")
    assert "can't be changed in private chats" in await call.refused("leaveChat", chat_id=anna.id)


async def test_a_revoked_token_is_unauthorized_and_the_new_one_goes_on(
    emulator: TelegramEmulator, call: Any, shop: BotAccount
) -> None:
    old = shop.token
    new = emulator.revoke(shop)
    assert (await call("getMe", token=old))[0] == 401
    assert (await call("getMe", token=new))[1]["result"]["id"] == shop.id
    assert (await call("getMe", token="1:unknown-token"))[0] == 401
    assert (await call("getMe", token="nonsense"))[0] == 404


async def test_wait_for_gives_up_after_its_time(emulator: TelegramEmulator) -> None:
    try:
        await emulator.wait_for(lambda: False, timeout=0.01)
    except TimeoutError:
        return
    raise AssertionError("it should have given up")
