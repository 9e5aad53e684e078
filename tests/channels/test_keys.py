"""New keys, disconnecting and coming back, and what the platform is told about the bot."""

from __future__ import annotations

import pytest

from adapters.base import Credentials
from models.enums import ChannelState, Priority, Role
from services import channels, clock, connecting, jobs
from services.access import Gone, Refusal
from services.channel_rows import Status
from services.channel_settings import ChannelSettings
from services.jobs import NewJob
from services.sql import fetch, moment, transact
from tests.installation import Installation


async def test_a_new_key_of_the_same_bot_lets_go_what_waited(place: Installation, database: str) -> None:
    view = await place.connect()
    old = place.bot.token
    lane = f"channel:{view.id}"
    await transact(lambda: jobs.enqueue(NewJob("send", lane, Priority.ANSWER, project_id=place.project.id)))
    await transact(lambda: jobs.pause(lane, clock.now() + jobs.LIFETIME, "revoked"))
    place.emulator.revoke(place.bot)
    await place.watch.watch()
    assert (await place.channels.card(*place.olga, view.id)).status is Status.REVOKED
    renewed = await place.channels.replace_credentials(*place.olga, view.id, place.key())
    assert renewed.status is not Status.REVOKED
    found = await place.connected(view.id)
    assert found.state is ChannelState.ACTIVE
    assert found.credentials["token"] == place.bot.token != old
    assert await fetch("SELECT * FROM lane_pauses WHERE lane = ?", lane) == []
    [job] = await transact(lambda: jobs.claim(1, postgres=database.startswith("postgres")))
    assert job.kind == "send"
    place.emulator.start(place.bot, place.anna)
    await place.emulator.wait_for(lambda: not place.bot.pending)
    assert (await place.channels.card(*place.olga, view.id)).last_event_at is not None


async def test_another_bots_key_is_refused_naming_both(place: Installation) -> None:
    view = await place.connect()
    other = place.emulator.create_bot("Bread", "bread_test_bot")
    with pytest.raises(Refusal) as refused:
        await place.channels.replace_credentials(*place.olga, view.id, place.key(other))
    assert refused.value.message == channels.OTHER_CHANNEL
    assert refused.value.params == {"other": "Bread", "name": "Flowers"}
    assert (await place.connected(view.id)).credentials["token"] == place.bot.token


async def test_a_new_key_that_does_not_get_through_leaves_the_old_one(place: Installation) -> None:
    view = await place.connect()
    before = (await place.connected(view.id)).credentials
    place.emulator.fault("500", method="setWebhook")
    with pytest.raises(Refusal):
        await place.channels.replace_credentials(*place.olga, view.id, place.key())
    assert dict((await place.connected(view.id)).credentials) == dict(before)


async def test_disconnecting_frees_the_bot_and_keeps_its_history(place: Installation) -> None:
    view = await place.connect()
    place.emulator.start(place.bot, place.anna)
    await place.emulator.wait_for(lambda: not place.bot.pending)
    assert (await place.channels.disconnect(*place.olga, view.id)).status is Status.DISCONNECTED
    assert not place.bot.webhook
    assert (await place.channels.list(*place.olga)).items == ()
    [row] = await place.rows()
    assert row["credentials"] is None
    stranger = await place.other_project("Чужие")
    await place.join("Чужой", Role.OWNER, stranger)
    await place.connect(who=place.as_person("Чужой", stranger))
    assert (await fetch("SELECT COUNT(*) AS n FROM identities WHERE channel_id = ?", view.id))[0]["n"] == 1


async def test_coming_back_revives_the_same_channel(place: Installation) -> None:
    view = await place.connect()
    key = (await place.connected(view.id)).hook_key
    await place.channels.disconnect(*place.olga, view.id)
    proposal = await place.channels.identify(*place.olga, "telegram", place.key())
    assert proposal.revived
    again = await place.channels.connect(*place.olga, proposal.ticket)
    assert (again.id, again.status) == (view.id, Status.UNCONFIRMED)
    assert (await place.connected(view.id)).hook_key != key
    assert len(await place.rows()) == 1


async def test_a_dead_key_or_a_silent_platform_does_not_keep_a_channel(place: Installation) -> None:
    view = await place.connect()
    place.emulator.revoke(place.bot)
    await place.channels.disconnect(*place.olga, view.id)
    again = await place.connect()
    place.emulator.fault("500", times=None)
    assert (await place.channels.disconnect(*place.olga, again.id)).status is Status.DISCONNECTED
    with pytest.raises(Gone):
        await place.channels.check(*place.olga, again.id)


async def test_check_says_what_is_wrong(place: Installation) -> None:
    view = await place.connect()
    place.emulator.fault("500", method="getWebhookInfo")
    with pytest.raises(Refusal) as silent:
        await place.channels.check(*place.olga, view.id)
    assert silent.value.message == connecting.SILENT
    place.emulator.revoke(place.bot)
    with pytest.raises(Refusal) as dead:
        await place.channels.check(*place.olga, view.id)
    assert dead.value.message == channels.STILL_DEAD
    assert (await place.channels.card(*place.olga, view.id)).status is Status.REVOKED


async def test_a_bots_texts_are_changed_from_here(place: Installation) -> None:
    view = await place.connect()
    assert dict(view.texts) == {"name": 64, "description": 512, "short_description": 120}
    view = await ChannelSettings(place.channels).write(*place.olga, view.id, "name", " Цветы ")
    assert view.name == "Цветы"
    assert place.emulator.calls("setMyName")[-1].params["name"] == "Цветы"
    await ChannelSettings(place.channels).write(*place.olga, view.id, "description", "Напишите нам")
    assert place.emulator.calls("setMyDescription")[-1].params["description"] == "Напишите нам"
    with pytest.raises(Refusal) as long:
        await ChannelSettings(place.channels).write(*place.olga, view.id, "short_description", "я" * 121)
    assert long.value.params["limit"] == 120
    with pytest.raises(Refusal):
        await ChannelSettings(place.channels).write(*place.olga, view.id, "motto", "я")


async def test_lists_are_paged(place: Installation) -> None:
    for number in range(10):
        await place.connect(place.emulator.create_bot(f"Bot {number}", f"number{number}_test_bot"))
    first = await place.channels.list(*place.olga)
    assert [item.name for item in first.items] == [f"Bot {number}" for number in range(8)]
    assert (first.page, first.pages) == (0, 2)
    last = await place.channels.list(*place.olga, page=7)
    assert (len(last.items), last.page) == (2, 1)


async def test_a_platform_that_is_not_here_is_refused(place: Installation) -> None:
    with pytest.raises(Gone):
        await place.channels.identify(*place.olga, "icq", Credentials(token="x"))
    assert [platform.title for platform in place.channels.platforms()] == ["Telegram"]
    rows = await fetch("SELECT created_at FROM projects")
    assert moment(rows[0]["created_at"]) is not None
