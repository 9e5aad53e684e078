"""/channels: the project's channels with their states; one channel's check, settings, new key, end."""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.enums import ContentType
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from aiogram_dialog import DialogManager, StartMode
from aiogram_dialog.widgets.input import MessageInput
from aiogram_dialog.widgets.kbd import Button, Column, Row, Select, SwitchTo, Url

from adapters.base import Credentials
from handlers.chat import doors, login, managed
from handlers.chat.buttons import ChannelPress
from handlers.chat.channel_settings import open_choice, open_over
from handlers.chat.context import Services
from handlers.chat.keys import pasted, with_key
from handlers.chat.states import ChannelsMenu
from handlers.chat.who import Who
from handlers.chat.windows import Label, Line, Section, given, mention, press, safe, values, window
from models.enums import Receiving
from services import pasting
from services.channel_rows import ChannelView, Chosen, Status
from services.channels import ChannelPage
from services.pasting import Asked
from services.texts import N_, _
from services.zones import local

router = Router(name="channels")
doors.to_state("channels", ChannelsMenu.list)

_MARKS = {Status.WORKS: "🟢", Status.UNCONFIRMED: "⚪️", Status.CONNECTING: "⚪️", Status.SILENT: "🟡"}
_STATES = {
    Status.WORKS: N_("works"),
    Status.UNCONFIRMED: N_("connected, waiting for the first message"),
    Status.CONNECTING: N_("is being connected"),
    Status.DISCONNECTED: N_("disconnected"),
    Status.REVOKED: N_("the key does not work any more: a new one is needed"),
    Status.SUSPENDED: N_("blocked by the messenger"),
    Status.WEBHOOK_LOST: N_("another service has taken its messages"),
    Status.UNREACHABLE: N_("the messenger cannot deliver messages here"),
    Status.SILENT: N_("silent for unusually long"),
    Status.NO_ADDRESS: N_("cannot be received: this installation has no public address"),
}


@router.message(Command("channels"))
async def channels(_message: Message, dialog_manager: DialogManager) -> None:
    await doors.enter("channels", dialog_manager)


@router.callback_query(ChannelPress.filter())
async def from_notice(
    _press: CallbackQuery, callback_data: ChannelPress, services: Services, who: Who, dialog_manager: DialogManager
) -> None:
    """A button under a notice, however old: the channel's card, checked first, or asking for its new key."""
    project_id = await services.channels.project_of(who.person_id, callback_data.id)
    view = await services.channels.card(who.person_id, project_id, callback_data.id)
    if callback_data.act == "check":
        view = await services.channels.check(who.person_id, project_id, callback_data.id)
    state = ChannelsMenu.key if callback_data.act == "token" else ChannelsMenu.card
    await dialog_manager.start(state, data={"channel": view.id, "project": project_id}, mode=StartMode.RESET_STACK)


async def _remember(start_data: Any, manager: DialogManager) -> None:
    manager.dialog_data.update(start_data or {})


def _place(manager: DialogManager) -> tuple[Services, int, int]:
    """The services, the person and the project that is looked at: a notice may be of another than the current one."""
    services, who = given(manager)
    return services, who.person_id, manager.dialog_data.get("project") or who.in_project()


# All of them


async def _list(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, person_id, project_id = _place(dialog_manager)
    page = await services.channels.list(person_id, project_id, dialog_manager.dialog_data.get("page", 0))
    return {"page": page, "items": page.items, "before": page.page > 0, "after": page.page + 1 < page.pages}


def _title(data: dict[str, Any]) -> str:
    page: ChannelPage = data["page"]
    if not page.items:
        return _("<b>Channels</b>\nNothing is connected yet. Connect a bot, a page or a community to begin.")
    number = f" · {page.page + 1}/{page.pages}" if page.pages > 1 else ""
    return f"<b>{_('Channels')}</b>{number}"


def _line(data: dict[str, Any]) -> str:
    view: ChannelView = data["item"]
    return f"{_MARKS.get(view.status, '🔴')} {view.name} · {view.title}"


async def _choose(_press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    manager.dialog_data["channel"] = int(item)
    await manager.switch_to(ChannelsMenu.card)


async def _turn(_press: CallbackQuery, button: Button, manager: DialogManager) -> None:
    step = 1 if button.widget_id == "after" else -1
    manager.dialog_data["page"] = manager.dialog_data.get("page", 0) + step


# One


async def _channel(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, person_id, project_id = _place(dialog_manager)
    view = await services.channels.card(person_id, project_id, dialog_manager.dialog_data["channel"])
    connected = view.status not in (Status.DISCONNECTED, Status.CONNECTING)
    return {
        "view": view,
        "zone": given(dialog_manager)[1].time_zone,
        "connected": connected,
        "editable": connected and bool(view.texts or view.options or view.settings_link),
        "choices": view.choices,
        "link": view.link or "",
        "has_link": bool(view.link),
    }


def _card(data: dict[str, Any]) -> str:
    view: ChannelView = data["view"]
    lines = [
        f"<b>{safe(view.name)}</b> · {safe(view.title)}{mention(view.platform, view.username)}",
        f"{_MARKS.get(view.status, '🔴')} {_(_STATES[view.status])}",
        _("Last message: {when}", when=_when(data)),
    ]
    for chosen in view.choices:
        if chosen.choice is not None and data["connected"]:
            lines.append(f"{_(chosen.option.title)}: {_(chosen.choice.title)}")
    if view.receiving is Receiving.POLLING and data["connected"]:
        lines.append(_("Received by long polling: this installation has no public address."))
    return "\n".join(lines)


def _when(data: dict[str, Any]) -> str:
    view: ChannelView = data["view"]
    if view.last_event_at is None:
        return _("none yet")
    return f"{local(view.last_event_at, data['zone']):%d.%m.%Y %H:%M}"


async def _check(press_: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, person_id, project_id = _place(manager)
    await services.channels.check(person_id, project_id, manager.dialog_data["channel"])
    await press_.answer(_("It works."))


# A new key


async def _asked(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, _who = given(dialog_manager)
    data = await _channel(dialog_manager)
    return data | {"asked": pasting.asked(services.channels.adapter(data["view"].platform), _given(dialog_manager))}


def _given(manager: DialogManager) -> str | None:
    return manager.dialog_data.get("given")


def _new_key(data: dict[str, Any]) -> str:
    asked: Asked = data["asked"]
    return _(
        "New key for <b>{name}</b>\n\n👇 <b>{label}</b>\n{hint}",
        **values(name=data["view"].name, label=_(asked.field.label), hint=_(asked.field.hint)),
    )


async def _paste(message: Message, _input: MessageInput, manager: DialogManager) -> None:
    await with_key(_replace(message, manager))


async def _replace(message: Message, manager: DialogManager) -> None:
    services, person_id, project_id = _place(manager)
    channel_id = manager.dialog_data["channel"]
    view = await services.channels.card(person_id, project_id, channel_id)
    adapter = services.channels.adapter(view.platform)
    found = await pasted(message, manager.middleware_data["bot"], adapter, _given(manager))
    manager.dialog_data.pop("given", None)
    if isinstance(found, Credentials):
        await services.channels.replace_credentials(person_id, project_id, channel_id, found)
        await manager.switch_to(ChannelsMenu.card)
    else:
        manager.dialog_data["given"] = found.given


# Settings


async def _settings(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    _services, _person_id, project_id = _place(manager)
    await open_over(manager, manager.dialog_data["channel"], project_id)


def _choice_name(data: dict[str, Any]) -> str:
    chosen: Chosen = data["item"]
    return _(chosen.option.title)


async def _choices(_press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    _services, _person_id, project_id = _place(manager)
    await open_choice(manager, manager.dialog_data["channel"], project_id, item)


# The end


def _farewell(data: dict[str, Any]) -> str:
    return _(
        "Disconnect <b>{name}</b>?\n\nMessages will not come here any more, answers that wait are not sent. The history"
        " stays, and connecting it to this project again goes on with it. After that it may be connected elsewhere.",
        **values(name=data["view"].name),
    )


async def _disconnect(press_: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, person_id, project_id = _place(manager)
    view = await services.channels.disconnect(person_id, project_id, manager.dialog_data["channel"])
    await press_.answer(_("“{name}” is disconnected.", name=view.name))
    await manager.switch_to(ChannelsMenu.list)


def _back(state: Any = ChannelsMenu.card) -> SwitchTo:
    return SwitchTo(Label(N_("Back")), id="back", state=state)


dialog = Section(
    window(
        ChannelsMenu.list,
        Line(_title),
        Column(Select(Line(_line), id="channel", items="items", item_id_getter=lambda view: view.id, on_click=_choose)),
        Row(press(N_("‹ Earlier"), "before", _turn, "before"), press(N_("Further ›"), "after", _turn, "after")),
        doors.leads(N_("Connect a channel"), "connect"),
        doors.leads(N_("Menu"), "menu"),
        getter=_list,
    ),
    window(
        ChannelsMenu.card,
        Line(_card),
        Url(Label(N_("Open")), Line(lambda data: data["link"]), when="has_link"),
        Row(
            press(N_("Check"), "check", _check, "connected"),
            press(N_("Bot settings"), "settings", _settings, "editable"),
        ),
        Column(
            Select(
                Line(_choice_name),
                id="choices",
                items="choices",
                item_id_getter=lambda one: one.option.name,
                on_click=_choices,
                when="connected",
            )
        ),
        Row(
            SwitchTo(Label(N_("New key")), id="key", state=ChannelsMenu.key, when="connected"),
            SwitchTo(Label(N_("Disconnect")), id="disconnect", state=ChannelsMenu.disconnect, when="connected"),
        ),
        _back(ChannelsMenu.list),
        getter=_channel,
    ),
    window(
        ChannelsMenu.key,
        Line(_new_key),
        managed.replacing(),
        login.renewing(),
        _back(),
        MessageInput(_paste, content_types=[ContentType.ANY]),
        getter=[_asked, managed.of_channel, login.of_channel],
    ),
    window(
        ChannelsMenu.disconnect,
        Line(_farewell),
        press(N_("Yes, disconnect"), "sure", _disconnect),
        _back(),
        getter=_channel,
    ),
    on_start=_remember,
)
