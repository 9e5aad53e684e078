"""«Настройки бота» and «Тип рассылок»: a channel's texts, switches and choices, opened over its card or its wizard."""

from __future__ import annotations

from typing import Any

from aiogram.enums import ContentType
from aiogram.types import CallbackQuery, Message
from aiogram_dialog import DialogManager
from aiogram_dialog.widgets.input import MessageInput
from aiogram_dialog.widgets.kbd import Button, Column, Select, SwitchTo, Url

from adapters.base import Choice
from handlers.chat import channel_picture
from handlers.chat.context import Services
from handlers.chat.inputs import text_of
from handlers.chat.lists import Paged
from handlers.chat.states import SettingsMenu
from handlers.chat.windows import Label, Line, Section, given, press, safe, values, window
from services.channel_rows import ChannelView, Chosen
from services.texts import N_, _

_TEXTS = {
    "name": N_("Name"),
    "description": N_("Description: seen before the dialog begins"),
    "short_description": N_("About: seen in the profile"),
    "greeting": N_("Greeting: seen before the dialog begins"),
}


async def open_over(manager: DialogManager, channel_id: int, project_id: int) -> None:
    """All settings of a channel, over the menu that is open."""
    await manager.start(SettingsMenu.list, data={"channel": channel_id, "project": project_id})


async def open_choice(manager: DialogManager, channel_id: int, project_id: int, option: str) -> None:
    """The choices of one option, over the menu that is open."""
    data = {"channel": channel_id, "project": project_id, "option": option, "alone": True}
    await manager.start(SettingsMenu.choices, data=data)


async def _remember(start_data: Any, manager: DialogManager) -> None:
    manager.dialog_data.update(start_data or {})


def _place(manager: DialogManager) -> tuple[Services, tuple[int, int, int]]:
    """The services, and whose channel it is: person, project, channel."""
    services, who = given(manager)
    return services, (who.person_id, manager.dialog_data["project"], manager.dialog_data["channel"])


async def _view(manager: DialogManager) -> ChannelView:
    services, place = _place(manager)
    return await services.channels.card(*place)


def _chosen(view: ChannelView, name: str) -> Chosen | None:
    return next((one for one in view.options if one.option.name == name), None)


def _title(view: ChannelView, name: str) -> str:
    chosen = _chosen(view, name)
    return _(chosen.option.title) if chosen else _(_TEXTS.get(name, name))


# Everything that can be set


async def _all(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    view = await _view(dialog_manager)
    link = view.settings_link
    return {
        "view": view,
        "items": [*(one.option.name for one in view.options), *view.texts],
        "picture": channel_picture.has(dialog_manager, view),
        "link": link or "",
        "has_link": link is not None,
        "saved": dialog_manager.dialog_data.pop("saved", None),
    }


def _what(data: dict[str, Any]) -> str:
    view: ChannelView = data["view"]
    if not data["items"] and not data["picture"]:
        return _(
            "{title} lets nothing be changed from here. Name, picture and greeting are changed at {title} itself.",
            title=safe(view.title),
        )
    lines = [_("What shall be changed at {title}?", title=safe(view.title))]
    if data["saved"]:
        lines.insert(0, _("✅ Saved: {what}.", what=safe(_title(view, data["saved"]))))
    if data["has_link"]:
        lines.append(_("Everything else is changed at {title} itself.", title=safe(view.title)))
    return "\n\n".join(lines)


def _line(data: dict[str, Any]) -> str:
    view: ChannelView = data["data"]["view"]
    chosen = _chosen(view, data["item"])
    title = _title(view, data["item"])
    if chosen is None:
        return title
    if chosen.option.limit:
        state = _("written") if chosen.value else _("not written yet")
        return f"{title}: {state}"
    state = _(chosen.choice.title) if chosen.choice else _("on") if chosen.on else _("off")
    return f"{title}: {state}"


async def _open(_press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    manager.dialog_data["option"] = item
    chosen = _chosen(await _view(manager), item)
    if chosen is None or chosen.option.limit:
        await manager.switch_to(SettingsMenu.text)
    else:
        await manager.switch_to(SettingsMenu.switch if chosen.option.switch else SettingsMenu.choices)


async def _leave(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    await manager.done()


async def _back(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    if manager.dialog_data.get("alone"):
        await manager.done()
    else:
        await manager.switch_to(SettingsMenu.list)


# A text


async def _text(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, place = _place(dialog_manager)
    view, name = await _view(dialog_manager), dialog_manager.dialog_data["option"]
    chosen = _chosen(view, name)
    now = await services.channel_settings.text(*place, name)
    limit = chosen.option.limit if chosen else view.texts.get(name, 0)
    return {
        "view": view,
        "name": name,
        "chosen": chosen,
        "limit": limit,
        "now": now,
        "removable": bool(now) and name != "name",
    }


def _ask_text(data: dict[str, Any]) -> str:
    view: ChannelView = data["view"]
    chosen: Chosen | None = data["chosen"]
    lines = [f"<b>{safe(view.name)}</b> · {safe(_title(view, data['name']))}"]
    if chosen is not None:
        lines.append(safe(_(chosen.option.text)))
    if data["now"]:
        lines.append(_("Now: {text}", **values(text=data["now"])))
    lines.append(_("Write the new text as a message, up to {limit} characters.", limit=data["limit"]))
    return "\n\n".join(lines)


async def _write(message: Message, _input: MessageInput, manager: DialogManager) -> None:
    await _change(manager, text_of(message))


async def _take_away(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    await _change(manager, "")


async def _change(manager: DialogManager, text: str) -> None:
    services, place = _place(manager)
    await services.channel_settings.write(*place, manager.dialog_data["option"], text)
    manager.dialog_data["saved"] = manager.dialog_data["option"]
    await manager.switch_to(SettingsMenu.list)


# A switch, and one of several


async def _one(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    view = await _view(dialog_manager)
    chosen = _chosen(view, dialog_manager.dialog_data["option"])
    return {
        "view": view,
        "chosen": chosen,
        "items": chosen.option.choices if chosen else (),
        "on": bool(chosen and chosen.on),
        "off": bool(chosen and not chosen.on),
        "alone": bool(dialog_manager.dialog_data.get("alone")),
        "looked_at": chosen.option.choice(dialog_manager.dialog_data.get("choice", "")) if chosen else None,
    }


def _switch_text(data: dict[str, Any]) -> str:
    chosen: Chosen = data["chosen"]
    state = _("on") if chosen.on else _("off")
    return f"<b>{safe(_(chosen.option.title))}: {state}</b>\n\n{safe(_(chosen.option.text))}"


async def _turn(_press: CallbackQuery, button: Button, manager: DialogManager) -> None:
    services, place = _place(manager)
    await services.channel_settings.switch(*place, manager.dialog_data["option"], on=button.widget_id == "on")


def _choices_text(data: dict[str, Any]) -> str:
    chosen: Chosen = data["chosen"]
    lines = [f"<b>{safe(_(chosen.option.title))}</b> · {safe(data['view'].name)}", safe(_(chosen.option.text))]
    if chosen.choice is not None:
        lines.append(_("Now: {text}", text=f"<b>{safe(_(chosen.choice.title))}</b>"))
    return "\n\n".join(lines)


def _choice_line(data: dict[str, Any]) -> str:
    chosen: Chosen = data["data"]["chosen"]
    one: Choice = data["item"]
    mark = "✓ " if one.name == chosen.value else ""
    return mark + _(one.title)


def _keep(data: dict[str, Any]) -> str:
    chosen: Chosen = data["chosen"]
    return _("Keep “{choice}”", choice=_(chosen.choice.title) if chosen.choice else "–")


async def _look(_press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    manager.dialog_data["choice"] = item
    await manager.switch_to(SettingsMenu.choice)


def _choice_text(data: dict[str, Any]) -> str:
    one: Choice | None = data["looked_at"]
    if one is None:
        return _("There is no such choice any more. Open the list again.")
    return "\n\n".join(
        (
            f"<b>{safe(_(one.title))}</b>",
            safe(_(one.text)),
            _("For example: “{example}”", example=safe(_(one.example))),
            _("<b>Today:</b> {today}", today=safe(_(one.today))),
        )
    )


async def _choose(_press: CallbackQuery, button: Button, manager: DialogManager) -> None:
    services, place = _place(manager)
    data = manager.dialog_data
    await services.channel_settings.choose(*place, data["option"], data["choice"])
    await _back(_press, button, manager)


dialog = Section(
    window(
        SettingsMenu.list,
        Line(_what),
        Column(Select(Line(_line), id="option", items="items", item_id_getter=lambda name: name, on_click=_open)),
        channel_picture.leads(),
        Url(Label(N_("Settings at the messenger")), Line(lambda data: data["link"]), when="has_link"),
        press(N_("Back"), "leave", _leave),
        getter=_all,
    ),
    window(
        SettingsMenu.text,
        Line(_ask_text),
        press(N_("Take it away"), "empty", _take_away, "removable"),
        SwitchTo(Label(N_("Back")), id="back", state=SettingsMenu.list),
        MessageInput(_write, content_types=[ContentType.ANY]),
        getter=_text,
    ),
    window(
        SettingsMenu.switch,
        Line(_switch_text),
        press(N_("Switch on"), "on", _turn, "off"),
        press(N_("Switch off"), "off", _turn, "on"),
        press(N_("Back"), "back", _back),
        getter=_one,
    ),
    window(
        SettingsMenu.choices,
        Line(_choices_text),
        Paged(
            Select(Line(_choice_line), id="choice", items="items", item_id_getter=lambda one: one.name, on_click=_look),
            "choices",
        ),
        Button(Line(_keep), id="keep", on_click=_back),
        getter=_one,
    ),
    window(
        SettingsMenu.choice,
        Line(_choice_text),
        press(N_("Choose it"), "choose", _choose, "looked_at"),
        SwitchTo(Label(N_("Back")), id="back", state=SettingsMenu.choices),
        getter=_one,
    ),
    on_start=_remember,
)
