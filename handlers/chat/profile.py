"""/profile: display name, language of the interface, duty, and how new inquiries are announced."""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from aiogram_dialog import DialogManager, ShowMode
from aiogram_dialog.widgets.input import MessageInput
from aiogram_dialog.widgets.kbd import Button, Row, SwitchTo

from handlers.chat import doors
from handlers.chat.buttons import DutyPress
from handlers.chat.context import Services
from handlers.chat.inputs import text_of
from handlers.chat.marked import plain, said
from handlers.chat.states import Profile
from handlers.chat.who import Who, who_of
from handlers.chat.windows import Label, Line, Section, given, press, values, window
from models.enums import Cards
from services.duty import Back
from services.texts import N_, _, use_locale

router = Router(name="profile")
doors.to_state("profile", Profile.main)

_CARDS = {
    Cards.SOUND: N_("with sound"),
    Cards.SILENT: N_("silently"),
    Cards.LIST: N_("only in the list"),
}


@router.message(Command("profile"))
async def profile(_message: Message, dialog_manager: DialogManager) -> None:
    await doors.enter("profile", dialog_manager)


async def _person(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, who = given(dialog_manager)
    who.in_project()
    person = await services.accounts.person(who.person_id)
    return {
        "name": person.display_name,
        "project": person.project,
        "on_duty": person.on_duty,
        "away": not person.on_duty,
        "nobody": await services.duty.nobody(who.person_id, who.in_project()),
        "cards": person.cards,
        "keeps": person.keeps_dialog,
        "opens": not person.keeps_dialog,
        "language": person.language,
        **{f"not_{cards.value}": person.cards is not cards for cards in Cards},
        "russian": person.language == "ru",
        "english": person.language != "ru",
    }


def _card(data: dict[str, Any]) -> str:
    duty = _("on duty") if data["on_duty"] else _("away: no new inquiries and no notices")
    take = _("leaves the open dialog") if data["keeps"] else _("opens the dialog")
    card = _(
        "<b>{name}</b> in the project <b>{project}</b>\n\nNow: {duty}\nNew inquiries: {cards}\n“Take”: {take}\n"
        "Language: English",
        **values(name=data["name"], project=data["project"], duty=duty, cards=_(_CARDS[data["cards"]]), take=take),
    )
    return f"{card}\n\n⚠ " + _("Nobody in the project is on duty.") if data["nobody"] else card


async def _go_on_duty(press_: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    back = await services.duty.come(who.person_id, who.in_project())
    await press_.answer(_told(back))


async def _go_away(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    await services.duty.go(who.person_id, who.in_project())


@router.callback_query(DutyPress.filter())
async def stay(
    press_: CallbackQuery, callback_data: DutyPress, services: Services, who: Who, dialog_manager: DialogManager
) -> None:  # fmt: skip
    """The button of a warning that nobody is on duty; an open profile says so no more."""
    back = await services.duty.come(who.person_id, callback_data.project)
    await press_.answer(_told(back))
    if isinstance(press_.message, Message):
        await press_.message.edit_text(**said(plain(_told(back))))
    if dialog_manager.has_context() and dialog_manager.current_context().state == Profile.main:
        await dialog_manager.show(ShowMode.EDIT)


def _told(back: Back) -> str:
    if back.waits:
        return _("You are on duty. Who is waiting stands in the message below.")
    return _("You are on duty. Nobody is waiting.")


async def _announce(_press: CallbackQuery, button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    await services.accounts.set_cards(who.person_id, who.in_project(), Cards(str(button.widget_id)))


async def _open_taken(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    await services.accounts.keep_dialog(who.person_id, who.in_project(), False)


async def _keep_dialog(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    await services.accounts.keep_dialog(who.person_id, who.in_project(), True)


async def _speak(_press: CallbackQuery, button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    person = await services.accounts.speak(who.person_id, str(button.widget_id))
    manager.middleware_data["who"] = who_of(person)
    with use_locale(person.language):
        await manager.show()
    manager.show_mode = ShowMode.NO_UPDATE


async def _rename(message: Message, _input: MessageInput, manager: DialogManager) -> None:
    services, who = given(manager)
    person = await services.accounts.rename(who.person_id, who.in_project(), text_of(message))
    manager.middleware_data["who"] = who_of(person)
    await manager.switch_to(Profile.main)


dialog = Section(
    window(
        Profile.main,
        Line(_card),
        Row(
            press(N_("I am on duty"), "on", _go_on_duty, when="away"),
            press(N_("I am away"), "off", _go_away, when="on_duty"),
        ),
        Row(
            press(N_("New: with sound"), Cards.SOUND.value, _announce, when="not_sound"),
            press(N_("New: silently"), Cards.SILENT.value, _announce, when="not_silent"),
            press(N_("New: in the list"), Cards.LIST.value, _announce, when="not_list"),
        ),
        press(N_("“Take” opens the dialog"), "opens", _open_taken, when="keeps"),
        press(N_("“Take” leaves the open dialog"), "keeps", _keep_dialog, when="opens"),
        SwitchTo(Label(N_("Change my name")), id="rename", state=Profile.name),
        Row(
            press(N_("По-русски"), "ru", _speak, when="english"),
            press(N_("In English"), "en", _speak, when="russian"),
        ),
        doors.leads(N_("Menu"), "menu"),
        getter=_person,
    ),
    window(
        Profile.name,
        Line(lambda _data: _("How should colleagues see you? Write the name as a message.")),
        MessageInput(_rename),
        SwitchTo(Label(N_("Back")), id="back", state=Profile.main),
    ),
)
