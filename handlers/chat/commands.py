"""The commands that exist, who has which, and Telegram's command menu in each person's language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aiogram import Bot
from aiogram.types import BotCommand, BotCommandScopeChat, BotCommandScopeDefault

from handlers.chat import doors
from handlers.chat.session import Bots
from models.enums import Role
from services.access import Right, allows
from services.accounts import OFTEN_RUSSIAN, Accounts
from services.jobs import Effect, Job, Kind
from services.texts import N_, _, use_locale


@dataclass(frozen=True, slots=True)
class Offered:
    """A command with what it is for; `right`: only for roles that have it. member: only for people in a project."""

    name: str
    about: str
    right: Right | None = None
    member: bool = True


OFFERED = (
    Offered("menu", N_("Main menu")),
    Offered("inbox", N_("Conversations with customers"), Right.ANSWER),
    Offered("channels", N_("Channels: pages, bots, communities"), Right.CHANNELS),
    Offered("connect", N_("Connect a channel"), Right.CHANNELS),
    Offered("team", N_("The team of the project")),
    Offered("project", N_("Settings of the project"), Right.SETTINGS),
    Offered("profile", N_("Language, duty, new inquiries")),
    Offered("help", N_("How it works"), member=False),
    Offered("cancel", N_("Leave what was begun"), member=False),
)
_START = Offered("start", N_("Begin"), member=False)


def offered_to(role: Role | None, denied: frozenset[str] = frozenset()) -> list[Offered]:
    """The commands of this role; those for nobody in particular where there is none."""
    if role is None:
        return [_START, *(one for one in OFFERED if not one.member)]
    here = (one for one in OFFERED if not one.member or doors.exists(one.name))
    return [one for one in here if one.right is None or allows(role, denied, one.right)]


def menu(role: Role | None, denied: frozenset[str] = frozenset()) -> list[BotCommand]:
    """Telegram's command menu in the language in force."""
    return [BotCommand(command=one.name, description=_(one.about)) for one in offered_to(role, denied)]


async def register_defaults(bot: Bot) -> None:
    """The menu of people who have not started yet, per language of their Telegram."""
    for code in (None, *OFTEN_RUSSIAN):
        with use_locale("en" if code is None else "ru"):
            await bot.set_my_commands(menu(None), scope=BotCommandScopeDefault(), language_code=code)


async def register_of(bots: Bots, accounts: Accounts, job: Job) -> Effect:
    """The job "commands": the menu of one person's chat, by their role in the current project and their language."""
    person = await accounts.person(job.payload["person"])
    with use_locale(person.language):
        scope = BotCommandScopeChat(chat_id=person.telegram_id)
        await bots[person.control_bot_id].set_my_commands(menu(person.role, person.denied), scope=scope)
    return None


def kinds(bots: Bots, accounts: Accounts) -> dict[str, Kind]:
    """The jobs that this module performs."""
    return {"commands": Kind(partial(register_of, bots, accounts))}
