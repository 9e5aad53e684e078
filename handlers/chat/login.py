"""Connecting by login: a button to the page that leads to the platform, and the list of what was found there."""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.types import CallbackQuery
from aiogram_dialog import DialogManager, StartMode
from aiogram_dialog.widgets.kbd import Button, Select, Url

from handlers.chat import doors
from handlers.chat.buttons import LoginPress
from handlers.chat.lists import Paged
from handlers.chat.proposals import propose
from handlers.chat.states import ChannelsMenu, SignIn
from handlers.chat.windows import Label, Line, Section, given, press, safe, window
from services.channel_rows import ChannelView
from services.connecting import Proposal
from services.logins import Begun, Found
from services.texts import N_, _

router = Router(name="login")


def button() -> Button:
    """For the guide, where `of_guide` says that one can sign in."""
    return Button(
        Line(lambda data: _("🔑 Sign in with {title}", title=data["title"])), id="login", on_click=_begin, when="login"
    )


async def of_guide(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, _who = given(dialog_manager)
    return {"login": services.logins.available(dialog_manager.dialog_data["platform"])}


async def _begin(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    project_id = who.in_project()
    begun = await services.logins.begin(who.person_id, project_id, manager.dialog_data["platform"])
    await _send_off(manager, begun, project_id)


def renewing() -> Button:
    """For the window that waits for a channel's new key, where `of_channel` says that one can sign in."""
    return Button(
        Line(lambda data: _("🔑 Sign in with {title}", title=data["login"])), id="login", on_click=_renew, when="login"
    )


async def of_channel(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, _who = given(dialog_manager)
    person_id, project_id, channel_id = _channel(dialog_manager)
    view = await services.channels.card(person_id, project_id, channel_id)
    able = services.logins.available(view.platform)
    return {"login": services.channels.adapter(view.platform).title if able else None}


def _channel(manager: DialogManager) -> tuple[int, int, int]:
    """The person, the project and the channel of a window of /channels."""
    _services, who = given(manager)
    data = manager.dialog_data
    return who.person_id, data.get("project") or who.in_project(), data["channel"]


async def _renew(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, _who = given(manager)
    place = _channel(manager)
    await _send_off(manager, await services.logins.renew(*place), place[1])


async def _send_off(manager: DialogManager, begun: Begun, project_id: int) -> None:
    data = {"login": begun.id, "name": begun.name, "project": project_id}
    await manager.start(SignIn.go, data=data, mode=StartMode.RESET_STACK)


async def _remember(start_data: Any, manager: DialogManager) -> None:
    manager.dialog_data.update(start_data or {})


def _place(manager: DialogManager) -> tuple[int, int, int]:
    """The person, the project and the login of an open window."""
    _services, who = given(manager)
    return who.person_id, manager.dialog_data["project"], manager.dialog_data["login"]


# To the browser


async def _begun(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, _who = given(dialog_manager)
    place = _place(dialog_manager)
    url = await services.logins.address(*place)
    title = await services.logins.platform(*place)
    return {"title": title, "url": url, "waits": url is not None, "name": dialog_manager.dialog_data.get("name")}


def _invitation(data: dict[str, Any]) -> str:
    title = safe(data["title"])
    if data["name"]:
        first = _(
            "<b>{name}</b>: {title} gives the key on a page of its own. One button, and it is done.",
            title=title,
            name=safe(data["name"]),
        )
    else:
        first = _("<b>Signing in with {title}</b>", title=title)
    steps = _(
        "1. Press the button: the browser opens and leads to {title}.\n2. Agree there to everything that it asks.\n"
        "3. Come back here: I will go on from there.\n\nThe button works for 15 minutes, once.",
        title=title,
    )
    return f"{first}\n\n{steps}"


async def _came_back(press_: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, _who = given(manager)
    if not await _go_on(manager, _place(manager)):
        title = await services.logins.platform(*_place(manager))
        text = _("Nothing has come from the browser yet. Finish signing in with {title} there.", title=title)
        await press_.answer(text, show_alert=True)


async def _go_on(manager: DialogManager, place: tuple[int, int, int]) -> bool:
    """On with what the browser brought; False where it has brought nothing yet."""
    services, _who = given(manager)
    outcome = await services.logins.outcome(*place)
    if isinstance(outcome, Proposal):
        await propose(manager, outcome, place[1])
    elif isinstance(outcome, ChannelView):
        data = {"channel": outcome.id, "project": place[1]}
        await manager.start(ChannelsMenu.card, data=data, mode=StartMode.RESET_STACK)
    elif outcome is not None:
        data = {"login": place[2], "project": place[1]}
        await manager.start(SignIn.accounts, data=data, mode=StartMode.RESET_STACK)
    return outcome is not None


@router.callback_query(LoginPress.filter())
async def from_notice(_press: CallbackQuery, callback_data: LoginPress, dialog_manager: DialogManager) -> None:
    """The button under the word that the browser has come back, however old."""
    services, who = given(dialog_manager)
    project_id = await services.logins.project_of(who.person_id, callback_data.id)
    await _go_on(dialog_manager, (who.person_id, project_id, callback_data.id))


# What was found


async def _accounts(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, _who = given(dialog_manager)
    found = await services.logins.found(*_place(dialog_manager))
    return {"items": found, "barred": any(one.barred for one in found)}


def _account(data: dict[str, Any]) -> str:
    found: Found = data["item"]
    return f"⚠️ {found.name}" if found.barred else found.name


def _question(data: dict[str, Any]) -> str:
    question = _("What shall be connected?")
    barred = _("⚠️ cannot be connected: press it to see why.")
    return f"{question}\n\n{barred}" if data["barred"] else question


async def _choose(_press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    services, _who = given(manager)
    place = _place(manager)
    chosen = await services.logins.choose(*place, item)
    if isinstance(chosen, Begun):
        await _send_off(manager, chosen, place[1])
    else:
        await propose(manager, chosen, place[1])


dialog = Section(
    window(
        SignIn.go,
        Line(_invitation),
        Url(Label(N_("Open the browser")), Line(lambda data: data["url"] or ""), when="waits"),
        press(N_("I have signed in"), "back_again", _came_back),
        doors.leads(N_("Cancel"), "channels"),
        getter=_begun,
    ),
    window(
        SignIn.accounts,
        Line(_question),
        Paged(Select(Line(_account), id="account", items="items", item_id_getter=lambda one: one.id, on_click=_choose)),
        doors.leads(N_("Cancel"), "channels"),
        getter=_accounts,
    ),
    on_start=_remember,
)
