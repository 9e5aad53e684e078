"""Connecting, by the rows and by what stands at the platform: every refusal leaves both as they were."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.base import Credentials
from models import Account
from models.enums import ChannelState, Role
from services import clock, connecting
from services.access import Denied, Gone, Refusal
from services.channel_rows import Status
from services.sql import fetch, transact
from tests.installation import PUBLIC, Installation

SHAPED = "123456789:" + "A" * 35


async def nothing_changed(place: Installation) -> None:
    assert await place.rows() == []
    assert not place.bot.webhook


async def test_a_bot_is_proposed_and_then_connected(place: Installation) -> None:
    proposal = await place.channels.identify(*place.olga, "telegram", place.key())
    assert (proposal.name, proposal.username, proposal.link) == (
        "Flowers", "flowers_test_bot", "https://t.me/flowers_test_bot",
    )  # fmt: skip
    assert proposal.tied_to is None
    assert not proposal.revived
    await nothing_changed(place)
    view = await place.channels.connect(*place.olga, proposal.ticket)
    assert (view.name, view.title, view.status) == ("Flowers", "Telegram", Status.UNCONFIRMED)
    found = await place.connected(view.id)
    assert place.emulator.calls("setWebhook")[-1].params["url"] == f"{PUBLIC}/hooks/telegram/{found.hook_key}"
    assert found.credentials["token"] == place.bot.token


async def test_the_key_is_nowhere_in_the_clear(place: Installation) -> None:
    proposal = await place.channels.identify(*place.olga, "telegram", place.key())
    await place.channels.connect(*place.olga, proposal.ticket)
    secret = place.bot.token.split(":")[1]
    assert secret not in proposal.ticket
    assert secret not in repr(await place.rows())
    assert secret not in repr(proposal)


async def test_the_first_message_confirms_and_tells_who_connected_it(place: Installation) -> None:
    view = await place.connect()
    place.emulator.start(place.bot, place.anna)
    place.emulator.say(place.bot, place.anna, "Здравствуйте")
    await place.emulator.wait_for(lambda: not place.bot.pending)
    card = await place.channels.card(*place.olga, view.id)
    assert card.status is Status.WORKS
    assert card.last_event_at is not None
    notices = [notice for notice in await place.notices() if notice["what"] == "channel_confirmed"]
    assert [notice["member"] for notice in notices] == [place.people["Ольга"].id]
    assert notices[0]["params"] == {"channel": view.id}


async def test_pressing_check_confirms_too(place: Installation) -> None:
    view = await place.connect()
    assert (await place.channels.check(*place.olga, view.id)).status is Status.WORKS


async def test_another_services_host_is_named_and_no_more_of_its_address(place: Installation) -> None:
    other = place.adapters["telegram"]
    view = await place.connect()
    channel = (await place.connected(view.id)).channel(PUBLIC)
    await place.channels.disconnect(*place.olga, view.id)
    await other.subscribe(replace(channel, hook="https://other.test/secret-path"))
    proposal = await place.channels.identify(*place.olga, "telegram", place.key())
    assert proposal.tied_to == "other.test"
    assert proposal.revived


@pytest.mark.parametrize("token", ["hello", SHAPED])
async def test_a_wrong_key_is_refused(place: Installation, token: str) -> None:
    with pytest.raises(Refusal):
        await place.channels.identify(*place.olga, "telegram", Credentials(token=token))
    await nothing_changed(place)


@pytest.mark.parametrize("kind", ["500", "429", "reset_before", "timeout"])
async def test_a_silent_platform_is_said_so(place: Installation, kind: str) -> None:
    place.emulator.fault(kind, method="getMe", seconds=0.1)
    with pytest.raises(Refusal) as refused:
        await place.channels.identify(*place.olga, "telegram", place.key())
    assert refused.value.message == connecting.SILENT
    assert refused.value.params == {"platform": "Telegram"}


@pytest.mark.parametrize("kind", ["500", "reset_before", "reset_after"])
async def test_a_platform_that_falls_silent_at_the_webhook_leaves_nothing(place: Installation, kind: str) -> None:
    proposal = await place.channels.identify(*place.olga, "telegram", place.key())
    place.emulator.fault(kind, method="setWebhook")
    with pytest.raises(Refusal) as refused:
        await place.channels.connect(*place.olga, proposal.ticket)
    assert refused.value.message == connecting.SILENT
    await nothing_changed(place)
    assert (await place.channels.connect(*place.olga, proposal.ticket)).status is Status.UNCONFIRMED


async def test_a_key_revoked_in_between_leaves_nothing(place: Installation) -> None:
    proposal = await place.channels.identify(*place.olga, "telegram", place.key())
    place.emulator.revoke(place.bot)
    with pytest.raises(Refusal) as refused:
        await place.channels.connect(*place.olga, proposal.ticket)
    assert refused.value.message == connecting.REVOKED
    await nothing_changed(place)


async def test_a_control_bot_is_no_channel(place: Installation) -> None:
    control = place.emulator.bot("pult_test_bot")
    with pytest.raises(Refusal) as refused:
        await place.channels.identify(*place.olga, "telegram", place.key(control))
    assert refused.value.message == connecting.CONTROL_BOT
    await nothing_changed(place)


async def test_twice_into_one_project_is_refused(place: Installation) -> None:
    await place.connect()
    with pytest.raises(Refusal) as refused:
        await place.connect()
    assert refused.value.message == connecting.HERE_ALREADY


async def test_elsewhere_in_the_same_account_is_named(place: Installation) -> None:
    await place.connect()
    account = await Account.get(id=place.project.account_id)
    second = await place.other_project("Пекарня", account=account)
    await place.join("Пётр", Role.OWNER, second)
    with pytest.raises(Refusal) as refused:
        await place.connect(who=place.as_person("Пётр", second))
    assert refused.value.message == connecting.IN_OUR_PROJECT
    assert refused.value.params["project"] == "Кофейня"


async def test_elsewhere_in_another_account_is_not_revealed(place: Installation) -> None:
    await place.connect()
    stranger = await place.other_project("Чужие")
    await place.join("Чужой", Role.OWNER, stranger)
    with pytest.raises(Refusal) as refused:
        await place.connect(who=place.as_person("Чужой", stranger))
    assert refused.value.message == connecting.ELSEWHERE
    assert "Кофейня" not in str(refused.value.params)


async def test_two_who_connect_at_once_make_one_channel(place: Installation) -> None:
    stranger = await place.other_project("Чужие")
    await place.join("Чужой", Role.OWNER, stranger)
    theirs = place.as_person("Чужой", stranger)
    tickets = [
        (place.olga, (await place.channels.identify(*place.olga, "telegram", place.key())).ticket),
        (theirs, (await place.channels.identify(*theirs, "telegram", place.key())).ticket),
    ]
    results = await asyncio.gather(
        *(place.channels.connect(*who, ticket) for who, ticket in tickets), return_exceptions=True
    )
    assert sorted(isinstance(result, Refusal) for result in results) == [False, True]
    assert [row["state"] for row in await place.rows()] == ["active"]


async def test_the_same_press_twice_connects_once(place: Installation) -> None:
    proposal = await place.channels.identify(*place.olga, "telegram", place.key())
    first = await place.channels.connect(*place.olga, proposal.ticket)
    assert (await place.channels.connect(*place.olga, proposal.ticket)).id == first.id
    assert len(place.emulator.calls("setWebhook")) == 1


async def test_a_proposal_is_good_for_an_hour_and_for_its_person(place: Installation, clock: Any) -> None:
    proposal = await place.channels.identify(*place.olga, "telegram", place.key())
    with pytest.raises(Gone):
        await place.channels.connect(*place.as_person("Адам"), proposal.ticket)
    with pytest.raises(Gone):
        await place.channels.connect(*place.olga, proposal.ticket[:-3])
    clock.shift(timedelta(hours=1, seconds=1))
    with pytest.raises(Gone):
        await place.channels.connect(*place.olga, proposal.ticket)
    await nothing_changed(place)


async def test_an_administrator_may_and_a_manager_may_not(place: Installation) -> None:
    with pytest.raises(Denied):
        await place.connect(who=place.as_person("Олег"))
    view = await place.connect(who=place.as_person("Адам"))
    for call in (place.channels.check, place.channels.disconnect, place.channels.card):
        with pytest.raises(Denied):
            await call(*place.as_person("Олег"), view.id)
    with pytest.raises(Denied):
        await place.channels.list(*place.as_person("Олег"))


async def test_another_projects_channel_is_gone_for_everybody_else(place: Installation) -> None:
    view = await place.connect()
    stranger = await place.other_project("Чужие")
    await place.join("Чужой", Role.OWNER, stranger)
    theirs = place.as_person("Чужой", stranger)
    for call in (place.channels.check, place.channels.disconnect, place.channels.card):
        with pytest.raises(Gone):
            await call(*theirs, view.id)
    with pytest.raises(Gone):
        await place.channels.replace_credentials(*theirs, view.id, place.key())


async def test_what_a_crash_left_half_connected_is_undone_at_start(place: Installation) -> None:
    view = await place.connect()
    await transact(lambda: _set_connecting(view.id))
    await place.channels.start()
    assert [row["state"] for row in await place.rows()] == [ChannelState.CONNECTING]
    await place.channels.start(before=clock.now())
    await nothing_changed(place)


async def test_what_is_half_connected_for_ten_minutes_is_undone(place: Installation) -> None:
    view = await place.connect()
    await transact(lambda: _set_connecting(view.id))
    clock.shift(timedelta(minutes=11))
    assert await place.channels.sweep() == 1
    await nothing_changed(place)


async def test_half_connected_with_messages_stays_as_a_disconnected_one(place: Installation) -> None:
    view = await place.connect()
    place.emulator.start(place.bot, place.anna)
    await place.emulator.wait_for(lambda: not place.bot.pending)
    await transact(lambda: _set_connecting(view.id))
    await place.channels.start(before=clock.now())
    rows = await place.rows()
    assert [(row["state"], row["credentials"]) for row in rows] == [("disconnected", None)]
    assert (await fetch("SELECT COUNT(*) AS n FROM events"))[0]["n"] == 1


def _set_connecting(channel_id: int) -> Any:
    yield (
        "UPDATE channels SET state = 'connecting', checked_at = ? WHERE id = ?",
        (clock.now() - timedelta(seconds=1), channel_id),
    )
