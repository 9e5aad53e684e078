"""The health watch: repairs what it can, tells once, and says when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.base import ChannelSuspended, CredentialsRevoked, Temporary
from models.enums import ChannelState
from services import channels, clock, jobs
from services.access import Refusal
from services.channel_rows import Status
from services.sql import fetch, transact
from tests.installation import PUBLIC, Installation

OTHER = "https://other.test/hook"


async def steal(place: Installation, channel_id: int) -> None:
    channel = (await place.connected(channel_id)).channel(PUBLIC)
    await place.adapters["telegram"].subscribe(replace(channel, hook=OTHER))


async def status(place: Installation, channel_id: int) -> Status:
    return (await place.channels.card(*place.olga, channel_id)).status


async def confirmed(place: Installation) -> int:
    view = await place.connect()
    await place.channels.check(*place.olga, view.id)
    return view.id


async def test_nobody_hears_of_what_works(place: Installation) -> None:
    channel_id = await confirmed(place)
    await place.watch.watch()
    await place.watch.watch()
    assert await place.told() == []
    assert await status(place, channel_id) is Status.WORKS


async def test_a_webhook_that_was_taken_is_put_back_and_told_once(place: Installation) -> None:
    channel_id = await confirmed(place)
    await steal(place, channel_id)
    await place.watch.watch()
    url = place.emulator.calls("setWebhook")[-1].params["url"]
    assert url.startswith(PUBLIC)
    notices = await place.notices()
    assert {notice["what"] for notice in notices} == {"channel_webhook_repaired"}
    assert {notice["member"] for notice in notices} == {place.people["Ольга"].id, place.people["Адам"].id}
    assert notices[0]["params"] == {"channel": channel_id, "host": "other.test"}
    assert notices[0]["buttons"] == [["channel_check", channel_id]]
    await place.watch.watch()
    assert await status(place, channel_id) is Status.WORKS
    assert len(await place.told()) == 2


async def test_a_webhook_that_is_taken_again_is_left_to_people(place: Installation) -> None:
    channel_id = await confirmed(place)
    await steal(place, channel_id)
    await place.watch.watch()
    await steal(place, channel_id)
    for _ in range(3):
        await place.watch.watch()
    assert place.emulator.calls("setWebhook")[-1].params["url"] == OTHER
    assert (await place.told()).count("channel_webhook_taken") == 2
    assert await status(place, channel_id) is Status.WEBHOOK_LOST
    await place.channels.check(*place.olga, channel_id)
    assert await status(place, channel_id) is Status.WORKS
    await place.watch.watch()
    assert await status(place, channel_id) is Status.WORKS


async def test_a_revoked_key_is_told_once_with_a_button(place: Installation) -> None:
    channel_id = await confirmed(place)
    place.emulator.revoke(place.bot)
    await place.watch.watch()
    await place.watch.watch()
    notices = await place.notices()
    assert [notice["what"] for notice in notices] == ["channel_revoked"] * 2
    assert notices[0]["buttons"] == [["channel_token", channel_id]]
    assert (await place.connected(channel_id)).state is ChannelState.BROKEN


async def test_a_key_that_sending_finds_dead_is_told_once(place: Installation) -> None:
    channel_id = await confirmed(place)
    await place.watch.broken(channel_id, CredentialsRevoked("Unauthorized"))
    place.watch.paused(f"files:channel:{channel_id}", CredentialsRevoked("Unauthorized"))
    place.watch.paused("control:1", CredentialsRevoked("Unauthorized"))
    place.watch.paused(f"channel:{channel_id}", Temporary("x"))
    while place.watch._tasks:
        await next(iter(place.watch._tasks))
    assert await place.told() == ["channel_revoked"] * 2
    assert await status(place, channel_id) is Status.REVOKED


async def test_the_old_keys_last_refusal_does_not_speak_of_the_new_key(place: Installation) -> None:
    channel_id = await confirmed(place)
    place.emulator.revoke(place.bot)
    await place.watch.watch()
    await place.channels.replace_credentials(*place.olga, channel_id, place.key())
    before = await place.told()
    await transact(lambda: jobs.pause(f"channel:{channel_id}", clock.now() + timedelta(hours=1), "Unauthorized"))
    await place.watch.broken(channel_id, CredentialsRevoked("Unauthorized"))
    assert await status(place, channel_id) is not Status.REVOKED
    assert await place.told() == before
    assert await fetch("SELECT lane FROM lane_pauses") == []
    clock.shift(timedelta(minutes=5))
    await place.watch.broken(channel_id, CredentialsRevoked("Unauthorized"))
    assert await status(place, channel_id) is Status.REVOKED


async def test_what_customers_write_to_a_broken_channel_still_comes_in(place: Installation) -> None:
    channel_id = await confirmed(place)
    await place.watch.broken(channel_id, CredentialsRevoked("Unauthorized"))
    place.emulator.start(place.bot, place.anna)
    await place.emulator.wait_for(lambda: not place.bot.pending)
    assert (await place.connected(channel_id)).last_event_at is not None


async def test_a_key_that_works_after_all_is_told_too(place: Installation) -> None:
    channel_id = await confirmed(place)
    await place.watch.broken(channel_id, CredentialsRevoked("a proxy said so"))
    await place.watch.watch()
    assert (await place.told())[2:] == ["channel_recovered"] * 2
    assert (await place.connected(channel_id)).state is ChannelState.ACTIVE


async def test_a_blocked_channel_waits_for_a_person(place: Installation) -> None:
    channel_id = await confirmed(place)
    await place.watch.broken(channel_id, ChannelSuspended("blocked for 7 days"))
    await place.watch.watch()
    assert await status(place, channel_id) is Status.SUSPENDED
    assert await place.told() == ["channel_suspended"] * 2
    await place.channels.check(*place.olga, channel_id)
    assert await status(place, channel_id) is Status.WORKS


async def test_a_platform_that_does_not_answer_proves_nothing(place: Installation) -> None:
    channel_id = await confirmed(place)
    place.emulator.fault("500", times=None)
    await place.watch.watch()
    assert await place.told() == []
    assert await status(place, channel_id) is Status.WORKS


async def test_what_the_platform_cannot_deliver_is_told_at_the_second_look(place: Installation) -> None:
    channel_id = await confirmed(place)
    address = place.emulator.hosts["pult.test"]
    place.emulator.hosts["pult.test"] = "http://127.0.0.1:9"
    place.emulator.start(place.bot, place.anna)
    await place.emulator.wait_for(lambda: place.bot.webhook is not None and place.bot.webhook.last_error_message)
    await place.watch.watch()
    assert await place.told() == []
    await place.watch.watch()
    await place.watch.watch()
    assert await place.told() == ["channel_unreachable"] * 2
    with pytest.raises(Refusal) as refused:
        await place.channels.check(*place.olga, channel_id)
    assert refused.value.message == channels.UNREACHABLE
    place.emulator.hosts["pult.test"] = address
    await place.emulator.wait_for(lambda: not place.bot.pending, timeout=10)
    await place.watch.watch()
    assert (await place.told())[2:] == ["channel_recovered"] * 2
    assert await status(place, channel_id) is Status.WORKS


async def test_silence_far_beyond_the_rhythm_is_told_once(place: Installation, clock: Any) -> None:
    channel_id = await confirmed(place)
    await transact(lambda: _events(place, channel_id, 28))
    clock.shift(timedelta(hours=30))
    await place.watch.watch()
    assert await place.told() == []
    clock.shift(timedelta(hours=100))
    await place.watch.watch()
    await place.watch.watch()
    assert await place.told() == ["channel_silent"] * 2
    assert await status(place, channel_id) is Status.SILENT
    place.emulator.start(place.bot, place.anna)
    await place.emulator.wait_for(lambda: not place.bot.pending)
    await place.watch.watch()
    assert await status(place, channel_id) is Status.WORKS
    assert await place.told() == ["channel_silent"] * 2


async def test_a_quiet_channel_may_be_silent(place: Installation, clock: Any) -> None:
    channel_id = await confirmed(place)
    await transact(lambda: _events(place, channel_id, 5))
    clock.shift(timedelta(days=60))
    await place.watch.watch()
    assert await place.told() == []


def _events(place: Installation, channel_id: int, count: int) -> Any:
    """Events over the last 14 days, the last one now."""
    now = clock.now()
    for number in range(count):
        at = now - timedelta(days=14) * number / (count + 1)
        yield (
            "INSERT INTO events (project_id, channel_id, key, kind, state, at, received_at)"
            " VALUES (?, ?, ?, 'Started', 'applied', ?, ?)",
            (place.project.id, channel_id, f"e{number}", at, at),
        )
    yield "UPDATE channels SET last_event_at = ? WHERE id = ?", (now, channel_id)
