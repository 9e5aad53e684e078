"""/start: registration in one step, coming in by an invitation, and the first offers."""

from __future__ import annotations

from typing import Any

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import Message
from aiogram_dialog import DialogManager, StartMode
from aiogram_dialog.widgets.kbd import SwitchTo

from handlers.chat import doors
from handlers.chat.context import Services
from handlers.chat.session import DeskBot
from handlers.chat.states import Menu, ProjectName, ProjectZone, Welcome
from handlers.chat.who import who_of
from handlers.chat.windows import Label, Line, Section, given, opens, say, values, window
from services import clock, zones
from services.accounts import Visitor
from services.team import PREFIX
from services.texts import N_, _, current_locale

router = Router(name="start")


@router.message(CommandStart(deep_link=True, magic=F.args.startswith(PREFIX)))
async def join(
    message: Message, command: CommandObject, visitor: Visitor, services: Services, bot: DeskBot,
    dialog_manager: DialogManager,
) -> None:  # fmt: skip
    """Come into a project by a one-time link."""
    await services.conversations.unblocked(bot.control_bot_id, visitor.telegram_id)
    joined = await services.team.accept(bot.control_bot_id, visitor, command.args or "")
    await _recognise(dialog_manager, services, bot.control_bot_id, visitor)
    text = _(
        "Welcome to the team of <b>{project}</b>. What customers write comes into this chat: take an inquiry and"
        " answer. How it works: /help",
        **values(project=joined.project),
    )
    await say(bot, message.chat.id, text)
    await dialog_manager.start(Menu.main, mode=StartMode.RESET_STACK)


@router.message(CommandStart())
async def start(
    _message: Message, visitor: Visitor, services: Services, bot: DeskBot, dialog_manager: DialogManager
) -> None:
    """Everybody's first step, and the way back for somebody who had blocked the bot."""
    await services.conversations.unblocked(bot.control_bot_id, visitor.telegram_id)
    registered = await services.accounts.register(bot.control_bot_id, visitor)
    await _recognise(dialog_manager, services, bot.control_bot_id, visitor)
    state = Welcome.offer if registered.created else Menu.main
    await dialog_manager.start(state, mode=StartMode.RESET_STACK)


async def _recognise(manager: DialogManager, services: Services, control_bot_id: int, visitor: Visitor) -> None:
    """From here on the update is that of a known person."""
    person = await services.accounts.recognise(control_bot_id, visitor.telegram_id)
    manager.middleware_data["who"] = None if person is None else who_of(person)


async def _offered(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, who = given(dialog_manager)
    project = await services.projects.view(who.person_id, who.in_project())
    zone = zones.describe(project.time_zone, current_locale(), clock.now())
    return {"name": project.name, "zone": zone.title, "connectable": doors.exists("connect")}


def _ready(data: dict[str, Any]) -> str:
    return _(
        "<b>Your desk is ready.</b>\n\nWhat customers write to your pages, bots and communities comes into this chat,"
        " and you answer right here.\n\nProject: <b>{name}</b>\nTime zone: <b>{zone}</b>",
        **values(name=data["name"], zone=data["zone"]),
    )


def _first_channel(data: dict[str, Any]) -> str:
    return _("Now connect the first channel: customers who write there will appear in this chat.")


dialog = Section(
    window(
        Welcome.offer,
        Line(_ready),
        SwitchTo(Label(N_("Keep")), id="keep", state=Welcome.channel),
        opens(N_("Change the name"), "name", ProjectName.ask, over=True),
        opens(N_("Change the time zone"), "zone", ProjectZone.pick, over=True),
    ),
    window(
        Welcome.channel,
        Line(_first_channel),
        doors.leads(N_("Connect a channel"), "connect", when="connectable"),
        doors.leads(N_("Menu"), "menu"),
    ),
    getter=_offered,
)
