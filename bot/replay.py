"""`python -m bot replay`: what could not be read or applied when it arrived is tried again, by the platform's time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from adapters.base import Adapter, Event
from adapters.http import Http
from adapters.lenient import loads
from adapters.registry import build
from bot.beside import refuse_missing
from bot.database import close_database
from bot.settings import Settings
from bot.start import open_for
from models.fields import unseal
from services import app_bodies
from services.channel_rows import Known
from services.inbox import ChannelRow, Inbox
from services.sql import Row, fetch, transact, when

BATCH = 500


async def replay(settings: Settings, say: Callable[[str], None]) -> int:
    """Apply failed events again; returns how many still fail. What is over an hour old is stored without a sound."""
    await open_for(settings, refuse_missing)
    adapters = build(lambda _: Http())
    try:
        return await replay_failed(dict(adapters), say)
    finally:
        await close_database()


async def replay_failed(adapters: dict[str, Adapter], say: Callable[[str], None]) -> int:
    """The same on an open database."""
    inbox = Inbox()
    applied = failed = last = 0
    while rows := await _failed(last):
        for row in sorted(rows, key=lambda one: (str(one["at"]), one["id"])):
            channel = ChannelRow(row["channel_id"], row["project_id"], row["platform"], confirmed=True)
            try:
                for event in _events(adapters[row["platform"]], row):
                    await inbox.replay(channel, event, row["id"], when(row["at"]))
                applied += 1
            except Exception as error:
                failed += 1
                say(f"Event {row['id']} of {row['platform']} still fails: {type(error).__name__}")
        last = max(row["id"] for row in rows)
    read, unread = await _replay_bodies(inbox, adapters, say)
    say(f"{applied + read} events were applied, {failed + unread} still fail")
    return failed + unread


async def _replay_bodies(inbox: Inbox, adapters: dict[str, Adapter], say: Callable[[str], None]) -> tuple[int, int]:
    """What came for whole apps: the events that were stored now, and the bodies that still cannot be read."""
    known, applied, failed, last = Known(), 0, 0, 0
    while bodies := await app_bodies.kept(last):
        for body in bodies:
            try:
                for event in adapters[body.platform].parse(loads(body.body)):
                    found = await known.by_account(body.platform, event.channel or "")
                    if found is not None:
                        await inbox.replay_unread(found.row, event, body.at)
                        applied += 1
                await transact(partial(app_bodies.done, body.id))
            except Exception as error:
                failed += 1
                say(f"Body {body.id} for the app at {body.platform} still fails: {type(error).__name__}")
        last = bodies[-1].id
    return applied, failed


async def _failed(after: int) -> list[Row]:
    return await fetch(
        "SELECT e.id, e.project_id, e.channel_id, e.key, e.kind, e.payload, e.at, h.platform FROM events e"
        " JOIN channels h ON h.id = e.channel_id WHERE e.state = 'failed' AND e.id > ? ORDER BY e.id LIMIT ?",
        after, BATCH,
    )  # fmt: skip


def _events(adapter: Adapter, row: Row) -> list[Event]:
    """The events of a journaled payload: a raw body has all of its own, an event's part only the one of its key."""
    events = adapter.parse(loads(unseal(row["payload"])))
    return events if row["kind"] == "raw" else [event for event in events if event.key[:255] == row["key"]]
