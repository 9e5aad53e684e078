"""/connect: choose a messenger, paste its key, see whose it is, connect, write to it. Any adapter's form."""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ContentType
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from aiogram_dialog import DialogManager, StartMode
from aiogram_dialog.widgets.input import MessageInput
from aiogram_dialog.widgets.kbd import Button, Select, Url

from adapters.base import Adapter, ConnectForm, Guide
from handlers.chat import doors, login, managed
from handlers.chat.channel_settings import open_choice
from handlers.chat.keys import pasted, with_key
from handlers.chat.lists import Paged
from handlers.chat.proposals import kept
from handlers.chat.states import Connect
from handlers.chat.windows import Label, Line, Section, given, mention, press, safe, values, window
from services import pasting
from services.channel_rows import ChannelView, Status
from services.channels import Platform
from services.pasting import Asked
from services.texts import N_, _

router = Router(name="connect")


@doors.door("connect")
async def begin(manager: DialogManager) -> None:
    """The choice of a messenger; where there is one only, its guide at once."""
    services, who = given(manager)
    platforms = services.channels.platforms()
    if len(platforms) > 1:
        await services.channels.may_change(who.person_id, who.in_project())
        await manager.start(Connect.platform, mode=StartMode.RESET_STACK)
        return
    only = platforms[0].name
    await services.channels.may_connect(who.person_id, who.in_project(), only)
    await manager.start(Connect.key, data={"platform": only}, mode=StartMode.RESET_STACK)


@router.message(Command("connect"))
async def connect(_message: Message, dialog_manager: DialogManager) -> None:
    await doors.enter("connect", dialog_manager)


async def _remember(start_data: Any, manager: DialogManager) -> None:
    manager.dialog_data.update(start_data or {})


def _project(manager: DialogManager) -> int:
    """The project of a login that was begun in it, or else the current one."""
    _services, who = given(manager)
    return manager.dialog_data.get("project") or who.in_project()


def _adapter(manager: DialogManager) -> Adapter:
    services, _who = given(manager)
    return services.channels.adapter(manager.dialog_data["platform"])


# Which messenger


async def _platforms(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, _who = given(dialog_manager)
    return {"items": services.channels.platforms()}


def _platform(data: dict[str, Any]) -> str:
    one: Platform = data["item"]
    return one.title


async def _choose(_press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    services, who = given(manager)
    await services.channels.may_connect(who.person_id, who.in_project(), item)
    manager.dialog_data.update(platform=item)
    await manager.switch_to(Connect.key)


# The guide and the key


async def _guide(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    adapter = _adapter(dialog_manager)
    data = dialog_manager.dialog_data
    guides = adapter.connect.guides
    chosen = min(int(data.get("guide", 0)), len(guides) - 1)
    others = [(place, guide) for place, guide in enumerate(guides) if place != chosen]
    return {
        "title": adapter.title,
        "guide": guides[chosen] if guides else None,
        "asked": pasting.asked(adapter, data.get("given")),
        "items": others,
    }


def _instructions(data: dict[str, Any]) -> str:
    asked: Asked = data["asked"]
    parts = [_("<b>Connecting {title}</b>", **values(title=data["title"]))]
    if data["guide"] is not None:
        parts.append(_numbered(data["guide"]))
    step = f" ({asked.number}/{asked.total})" if asked.total > 1 else ""
    parts.append(f"👇 <b>{safe(_(asked.field.label))}{step}</b>\n{safe(_(asked.field.hint))}")
    return "\n\n".join(parts)


def _numbered(guide: Guide) -> str:
    steps = (f"{number}. {safe(_(step))}" for number, step in enumerate(guide.steps, 1))
    return "\n".join((f"<b>{safe(_(guide.title))}</b>", *steps))


def _other_guide(data: dict[str, Any]) -> str:
    _place, guide = data["item"]
    return _(guide.title)


async def _turn(_press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    manager.dialog_data["guide"] = int(item)


async def _paste(message: Message, _input: MessageInput, manager: DialogManager) -> None:
    await with_key(_read(message, manager))


async def _read(message: Message, manager: DialogManager) -> None:
    services, who = given(manager)
    data = manager.dialog_data
    found = await pasted(message, manager.middleware_data["bot"], _adapter(manager), data.get("given"))
    data.pop("given", None)
    if isinstance(found, Asked):
        data["given"] = found.given
        return
    await manager.middleware_data["bot"].send_chat_action(who.chat_id, "typing")
    proposal = await services.channels.identify(who.person_id, _project(manager), data["platform"], found)
    data.update(proposal=kept(proposal), ticket=proposal.ticket)
    await manager.switch_to(Connect.confirm)


async def _paste_again(message: Message, _input: MessageInput, manager: DialogManager) -> None:
    """Another key instead of pressing the button; any other text is not for this wizard."""
    field = pasting.asked(_adapter(manager)).field
    if not pasting.secret_in(field, message.text or ""):
        raise SkipHandler
    await _paste(message, _input, manager)


# Whose it is


async def _proposed(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    data = dialog_manager.dialog_data
    return {"proposal": data["proposal"], "platform": data["platform"]}


def _proposal(data: dict[str, Any]) -> str:
    found = data["proposal"]
    username = mention(data["platform"], found["username"])
    lines = [f"{safe(found['title'])}: <b>{safe(found['name'])}</b>{username}"]
    if found["link"]:
        lines.append(safe(found["link"]))
    if found["tied_to"]:
        lines.append(
            "\n⚠️ "
            + _(
                "It is tied to another service now ({host}). That link will be lost: messages will come here instead.",
                **values(host=found["tied_to"]),
            )
        )
    if found["revived"]:
        lines.append("\n" + _("It was connected to this project before: its history goes on."))
    lines += [f"\n⚠️ {safe(_(warning))}" for warning in found["warnings"]]
    return "\n".join([*lines, "", _("Connect it?")])


async def _connect(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    project_id, platform = _project(manager), manager.dialog_data["platform"]
    view = await services.channels.connect(who.person_id, project_id, manager.dialog_data["ticket"])
    manager.dialog_data.clear()
    manager.dialog_data.update(platform=platform, channel=view.id, project=project_id)
    await manager.switch_to(Connect.waiting)
    if view.choices:
        await open_choice(manager, view.id, project_id, view.choices[0].option.name)


async def _another_key(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    manager.dialog_data.pop("ticket", None)
    manager.dialog_data.pop("proposal", None)
    await manager.switch_to(Connect.key)


# Write to it


async def _connected(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, who = given(dialog_manager)
    view = await services.channels.card(who.person_id, _project(dialog_manager), dialog_manager.dialog_data["channel"])
    return {
        "view": view,
        "form": _adapter(dialog_manager).connect,
        "link": view.link or "",
        "has_link": bool(view.link),
        "waits": view.status is not Status.WORKS,
    }


def _waiting(data: dict[str, Any]) -> str:
    view: ChannelView = data["view"]
    if data["waits"]:
        form: ConnectForm = data["form"]
        return _(
            "<b>{name}</b> is connected. {check}\n\nI am waiting for the first message.",
            **values(name=view.name, check=_(form.check)),
        )
    return _("✅ <b>{name}</b> works: what customers write there comes into this chat.", **values(name=view.name))


async def _check(press_: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    await services.channels.check(who.person_id, _project(manager), manager.dialog_data["channel"])
    await press_.answer(_("It works."))


dialog = Section(
    window(
        Connect.platform,
        Line(lambda _data: _("What do you want to connect?")),
        Paged(
            Select(Line(_platform), id="platform", items="items", item_id_getter=lambda one: one.name, on_click=_choose)
        ),
        doors.leads(N_("Menu"), "menu"),
        getter=_platforms,
    ),
    window(
        Connect.key,
        Line(_instructions),
        Paged(
            Select(Line(_other_guide), id="guide", items="items", item_id_getter=lambda one: one[0], on_click=_turn),
            "guides",
        ),
        managed.button(),
        login.button(),
        doors.leads(N_("Cancel"), "channels"),
        MessageInput(_paste, content_types=[ContentType.ANY]),
        getter=[_guide, managed.of_guide, login.of_guide],
    ),
    window(
        Connect.confirm,
        Line(_proposal),
        press(N_("Connect"), "connect", _connect),
        press(N_("Another key"), "again", _another_key),
        doors.leads(N_("Cancel"), "channels"),
        MessageInput(_paste_again, content_types=[ContentType.TEXT]),
        getter=_proposed,
    ),
    window(
        Connect.waiting,
        Line(_waiting),
        Url(Label(N_("Write to it")), Line(lambda data: data["link"]), when="has_link"),
        press(N_("Check"), "check", _check, when="waits"),
        doors.leads(N_("Channels"), "channels"),
        doors.leads(N_("Menu"), "menu"),
        getter=_connected,
    ),
    on_start=_remember,
)
