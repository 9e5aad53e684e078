"""Bots that people made through a control bot: whose each is, and which of them are channels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from services import clock
from services.access import Gone, Refusal
from services.channel_rows import of_project
from services.connecting import CONTROL_PLATFORM, allowed
from services.sql import Steps, run, transact
from services.texts import N_

UNKNOWN = N_("I know of no such bot of yours. Make one with /connect.")
NOT_MANAGED = N_("This bot was not made here, so its token cannot be replaced by a button. Paste a new one.")


@dataclass(frozen=True, slots=True)
class Managed:
    """A bot made through a control bot; telegram_id is what its token is asked for by."""

    telegram_id: int
    name: str
    username: str


async def made(control_bot_id: int, bot: Managed, creator: int) -> None:
    """Telegram says that `creator` (a Telegram user) made the bot, or became its owner."""
    await transact(partial(_made, control_bot_id, bot, creator))


def _made(control_bot_id: int, bot: Managed, creator: int) -> Steps[None]:
    yield (
        "INSERT INTO managed_bots (control_bot_id, telegram_id, creator, name, username, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (telegram_id) DO UPDATE SET control_bot_id = excluded.control_bot_id,"
        " creator = excluded.creator, name = excluded.name, username = excluded.username",
        (control_bot_id, bot.telegram_id, creator, bot.name[:255], bot.username[:64], clock.now()),
    )


async def own(person_id: int, telegram_id: int) -> Managed:
    """A bot that this very person made through the own control bot. Raises Gone for anybody else's."""
    return await run(_own(person_id, telegram_id))


def _own(person_id: int, telegram_id: int) -> Steps[Managed]:
    rows = yield (
        "SELECT b.telegram_id, b.name, b.username FROM managed_bots b JOIN people p"
        " ON p.control_bot_id = b.control_bot_id AND p.telegram_id = b.creator WHERE p.id = ? AND b.telegram_id = ?",
        (person_id, telegram_id),
    )
    if not rows:
        raise Gone(UNKNOWN)
    return Managed(rows[0]["telegram_id"], rows[0]["name"], rows[0]["username"])


async def of_channel(person_id: int, project_id: int, channel_id: int) -> Managed:
    """The managed bot that a channel of the project is, known to the person's control bot.

    Raises Denied for whoever may not change channels, Refusal for a channel that is no such bot.
    """
    found = await run(_of_channel(person_id, project_id, channel_id))
    if found is None:
        raise Refusal(NOT_MANAGED)
    return found


async def is_managed(person_id: int, project_id: int, channel_id: int) -> bool:
    """Whether `of_channel` finds something. Raises Denied."""
    return await run(_of_channel(person_id, project_id, channel_id)) is not None


def _of_channel(person_id: int, project_id: int, channel_id: int) -> Steps[Managed | None]:
    yield from allowed(person_id, project_id)
    row = yield from of_project(project_id, channel_id)
    if row is None or row["platform"] != CONTROL_PLATFORM or not row["external_id"].isdecimal():
        return None
    rows = yield (
        "SELECT b.telegram_id, b.name, b.username FROM managed_bots b JOIN people p"
        " ON p.control_bot_id = b.control_bot_id WHERE p.id = ? AND b.telegram_id = ?",
        (person_id, int(row["external_id"])),
    )
    return Managed(rows[0]["telegram_id"], rows[0]["name"], rows[0]["username"]) if rows else None
