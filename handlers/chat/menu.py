"""/menu: the sections with live counts, and which project one looks at."""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from aiogram_dialog import DialogManager
from aiogram_dialog.widgets.kbd import Button, Select, SwitchTo

from handlers.chat import doors
from handlers.chat.lists import Paged
from handlers.chat.states import Menu
from handlers.chat.who import who_of
from handlers.chat.windows import Label, Line, Section, given, safe, window
from services.access import Right
from services.projects import ProjectChoice
from services.texts import N_, _
from services.views import Tab

router = Router(name="menu")
doors.to_state("menu", Menu.main)


@router.message(Command("menu"))
async def menu(_message: Message, dialog_manager: DialogManager) -> None:
    await doors.enter("menu", dialog_manager)


async def _sections(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, who = given(dialog_manager)
    project_id = who.in_project()
    answers = who.may(Right.ANSWER)
    counts = await services.conversations.counts(who.person_id, project_id) if answers else {}
    return {
        "project": who.project,
        "name": who.name,
        "several": who.projects > 1,
        "new": counts.get(Tab.NEW, 0),
        "mine": counts.get(Tab.MINE, 0),
        "inbox": answers and doors.exists("inbox"),
        "channels": who.may(Right.CHANNELS) and doors.exists("channels"),
        "settings": who.may(Right.SETTINGS),
    }


def _title(data: dict[str, Any]) -> str:
    counts = _("New: {new} · mine: {mine}", new=data["new"], mine=data["mine"])
    return f"<b>{safe(data['project'])}</b>\n{counts}"


def _conversations(data: dict[str, Any]) -> str:
    waiting = data["new"] + data["mine"]
    return _("Conversations") + (f" ({waiting})" if waiting else "")


async def _choices(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, who = given(dialog_manager)
    return {"items": await services.projects.mine(who.person_id)}


def _choice(data: dict[str, Any]) -> str:
    one: ProjectChoice = data["item"]
    return ("● " if one.current else "") + one.name


async def _switch(press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    services, who = given(manager)
    person = await services.projects.switch(who.person_id, int(item))
    manager.middleware_data["who"] = who_of(person)
    await press.answer(_("You are in “{project}” now.", project=person.project))
    await manager.switch_to(Menu.main)


async def _enter_inbox(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    await doors.enter("inbox", manager)


dialog = Section(
    window(
        Menu.main,
        Line(_title),
        Button(Line(_conversations), id="to_inbox", on_click=_enter_inbox, when="inbox"),
        doors.leads(N_("Channels"), "channels", when="channels"),
        doors.leads(N_("Team"), "team"),
        doors.leads(N_("Project settings"), "project", when="settings"),
        doors.leads(N_("Profile"), "profile"),
        SwitchTo(Label(N_("Another project")), id="switch", state=Menu.switch, when="several"),
        getter=_sections,
    ),
    window(
        Menu.switch,
        Line(lambda _data: _("Which project do you want to see?")),
        Paged(Select(Line(_choice), id="project", items="items", item_id_getter=lambda one: one.id, on_click=_switch)),
        SwitchTo(Label(N_("Back")), id="back", state=Menu.main),
        getter=_choices,
    ),
)
