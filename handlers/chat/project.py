"""/project: name, time zone, language of texts to customers, what happens to repeat inquiries; another project."""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from aiogram_dialog import DialogManager, StartMode
from aiogram_dialog.widgets.input import MessageInput
from aiogram_dialog.widgets.kbd import Button, Cancel, Row, Select, SwitchTo

from handlers.chat import doors
from handlers.chat.inputs import text_of
from handlers.chat.lists import Paged
from handlers.chat.states import Menu, NewProject, ProjectMenu, ProjectName, ProjectZone
from handlers.chat.who import who_of
from handlers.chat.windows import Label, Line, Section, given, opens, press, values, window
from models.enums import Role
from services import clock, zones
from services.projects import REOPEN_HOURS, ProjectView
from services.texts import N_, _, current_locale, n_
from services.zones import Zone

router = Router(name="project")
doors.to_state("project", ProjectMenu.main)

_LANGUAGES = {"ru": N_("Russian"), "en": N_("English")}


@router.message(Command("project", "settings"))
async def project(_message: Message, dialog_manager: DialogManager) -> None:
    await doors.enter("project", dialog_manager)


async def _settings(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, who = given(dialog_manager)
    view = await services.projects.view(who.person_id, who.in_project())
    return {
        "view": view,
        "may": view.may_change,
        "owner": view.role is Role.OWNER,
        "repeats": view.may_change and view.repeat_to_last,
        "no_repeats": view.may_change and not view.repeat_to_last,
        "russian": view.may_change and view.language == "ru",
        "english": view.may_change and view.language != "ru",
        "items": REOPEN_HOURS,
    }


def _card(data: dict[str, Any]) -> str:
    view: ProjectView = data["view"]
    zone = zones.describe(view.time_zone, current_locale(), clock.now())
    repeats = _("to the same manager") if view.repeat_to_last else _("to “New”, for everybody")
    return _(
        "<b>{name}</b>\n\nTime zone: {zone}\nTexts to customers: {language}\nRepeat inquiries: {repeats}\n"
        "A message after “Done”: {reopen}",
        **values(
            name=view.name,
            zone=zone.title,
            language=_(_LANGUAGES[view.language]),
            repeats=repeats,
            reopen=_reopening(view.reopen_hours),
        ),
    )


def _reopening(hours: int) -> str:
    if hours == 0:
        return _("always a new inquiry")
    return n_("re-opens the inquiry for {count} hour", "re-opens the inquiry for {count} hours", hours)


async def _repeat(_press: CallbackQuery, button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    await services.projects.set_repeat_to_last(who.person_id, who.in_project(), button.widget_id == "repeat_on")


async def _speak(_press: CallbackQuery, button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    await services.projects.set_language(who.person_id, who.in_project(), str(button.widget_id))


async def _reopen(_press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    services, who = given(manager)
    await services.projects.set_reopen_hours(who.person_id, who.in_project(), int(item))
    await manager.switch_to(ProjectMenu.main)


dialog = Section(
    window(
        ProjectMenu.main,
        Line(_card),
        Row(
            opens(N_("Name"), "name", ProjectName.ask, when="may", over=True),
            opens(N_("Time zone"), "zone", ProjectZone.pick, when="may", over=True),
        ),
        press(N_("Repeat inquiries: to everybody"), "repeat_off", _repeat, when="repeats"),
        press(N_("Repeat inquiries: to the same manager"), "repeat_on", _repeat, when="no_repeats"),
        SwitchTo(Label(N_("Message after “Done”")), id="reopen", state=ProjectMenu.reopen, when="may"),
        press(N_("Write to customers in English"), "en", _speak, when="russian"),
        press(N_("Write to customers in Russian"), "ru", _speak, when="english"),
        opens(N_("Another project: create"), "create", NewProject.ask, when="owner", over=True),
        doors.leads(N_("Menu"), "menu"),
    ),
    window(
        ProjectMenu.reopen,
        Line(lambda _data: _("For how long after “Done” should a message re-open the inquiry?")),
        Paged(
            Select(
                Line(lambda data: _reopening(data["item"])),
                id="hours",
                items="items",
                item_id_getter=lambda hours: hours,
                on_click=_reopen,
            )
        ),
        SwitchTo(Label(N_("Back")), id="back", state=ProjectMenu.main),
    ),
    getter=_settings,
)


async def _rename(message: Message, _input: MessageInput, manager: DialogManager) -> None:
    services, who = given(manager)
    await services.projects.rename(who.person_id, who.in_project(), text_of(message))
    person = await services.accounts.person(who.person_id)
    manager.middleware_data["who"] = who_of(person)
    await manager.done()


name_dialog = Section(
    window(
        ProjectName.ask,
        Line(lambda _data: _("Write the project's name as a message. Your team sees it, customers do not.")),
        MessageInput(_rename),
        Cancel(Label(N_("Back"))),
    )
)


async def _zones(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    wanted = dialog_manager.dialog_data.get("wanted", "")
    language, now = current_locale(), clock.now()
    found = zones.search(wanted, language, now) if wanted else zones.common(language, now)
    return {"items": found, "wanted": wanted}


def _asked(data: dict[str, Any]) -> str:
    if data["wanted"] and not data["items"]:
        return _("I know no “{wanted}”. Write a larger city nearby, or the difference like +5.", **_wanted(data))
    if data["wanted"]:
        return _("Found for “{wanted}”. Choose, or write another city.", **_wanted(data))
    return _("Choose the time zone, or write a city, or the difference to UTC like +5.")


def _wanted(data: dict[str, Any]) -> dict[str, str]:
    return dict(values(wanted=data["wanted"]))


def _zone(data: dict[str, Any]) -> str:
    zone: Zone = data["item"]
    return zone.title


async def _search(message: Message, _input: MessageInput, manager: DialogManager) -> None:
    manager.dialog_data["wanted"] = text_of(message)[:64]
    pages: Any = manager.find("pages")
    await pages.set_page(0)


async def _choose(_press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    services, who = given(manager)
    await services.projects.set_time_zone(who.person_id, who.in_project(), item)
    await manager.done()


zone_dialog = Section(
    window(
        ProjectZone.pick,
        Line(_asked),
        Paged(Select(Line(_zone), id="zone", items="items", item_id_getter=lambda zone: zone.id, on_click=_choose)),
        MessageInput(_search),
        Cancel(Label(N_("Back"))),
        getter=_zones,
    )
)


async def _create(message: Message, _input: MessageInput, manager: DialogManager) -> None:
    services, who = given(manager)
    person = await services.projects.create(who.person_id, text_of(message))
    manager.middleware_data["who"] = who_of(person)
    await manager.start(Menu.main, mode=StartMode.RESET_STACK)


new_dialog = Section(
    window(
        NewProject.ask,
        Line(
            lambda _data: _("Write the new project's name as a message. It gets its own channels, team and customers.")
        ),
        MessageInput(_create),
        Cancel(Label(N_("Back"))),
    )
)
