"""/team: who is in the project, invitations by one-time links, roles, removing and leaving."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram_dialog import DialogManager
from aiogram_dialog.widgets.kbd import Button, Select, SwitchTo

from handlers.chat import doors, notices
from handlers.chat.lists import Paged
from handlers.chat.states import TeamMenu
from handlers.chat.windows import Label, Line, Section, given, press, safe, say, values, window
from models.enums import Role
from services.team import INVITATION_DAYS, InvitationView, MemberView, NewInvitation, Removed, TeamView
from services.texts import N_, _, n_
from services.zones import local

router = Router(name="team")
doors.to_state("team", TeamMenu.list)

ROLES = {Role.OWNER: N_("owner"), Role.ADMINISTRATOR: N_("administrator"), Role.MANAGER: N_("manager")}


@router.message(Command("team", "people"))
async def team(_message: Message, dialog_manager: DialogManager) -> None:
    await doors.enter("team", dialog_manager)


async def _team(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, who = given(dialog_manager)
    view = await services.team.view(who.person_id, who.in_project())
    return {
        "view": view,
        "items": view.members,
        "invites_manager": Role.MANAGER in view.invites,
        "invites_administrator": Role.ADMINISTRATOR in view.invites,
        "invited": view.open_invitations > 0,
        "may_leave": view.may_leave,
    }


def _title(data: dict[str, Any]) -> str:
    view: TeamView = data["view"]
    count = n_("{count} person", "{count} people", len(view.members))
    return _("<b>Team of {project}</b>\n{count}", **values(project=view.project, count=count))


def _line(data: dict[str, Any]) -> str:
    member: MemberView = data["item"]
    state = "🟢" if member.on_duty and member.reachable else "⚪️"
    return f"{state} {member.name} · {_(ROLES[member.role])}"


async def _choose(_press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    manager.dialog_data["member"] = int(item)
    await manager.switch_to(TeamMenu.member)


async def _invite(press: CallbackQuery, button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    made = await services.team.invite(who.person_id, who.in_project(), Role(str(button.widget_id)))
    bot = manager.middleware_data["bot"]
    link = f"https://t.me/{bot.username}?start={made.start}"
    await say(bot, who.chat_id, _invitation(made, who.project or "", link), reply_markup=_sharing(who.project, link))
    await press.answer()


def _invitation(made: NewInvitation, project: str, link: str) -> str:
    return _(
        "Invitation into <b>{project}</b> as {role}. It works once, within {days} days:\n\n{link}",
        **values(project=project, role=_(ROLES[made.role]), days=INVITATION_DAYS, link=link),
    )


def _sharing(project: str | None, link: str) -> InlineKeyboardMarkup:
    words = _("Join “{project}”: press Start in this chat.", project=project)
    share = "https://t.me/share/url?" + urlencode({"url": link, "text": words})
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(text=_("Copy"), copy_text=CopyTextButton(text=link)),
                InlineKeyboardButton(text=_("Share"), url=share),
            ]
        ]
    )


async def _leave(_press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    gone = await services.team.leave(who.person_id, who.in_project())
    await manager.reset_stack()
    text = _("You have left <b>{project}</b>.", **values(project=who.project))
    await say(manager.middleware_data["bot"], who.chat_id, _with_dialogs(text, gone))


def _with_dialogs(text: str, gone: Removed) -> str:
    told = notices.returned(gone.dialogs, gone.passed)
    return f"{text} {told}" if told else text


async def _member(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, who = given(dialog_manager)
    number = dialog_manager.dialog_data["member"]
    member = await services.team.member(who.person_id, who.in_project(), number)
    return {
        "member": member,
        "may_remove": member.may_remove,
        "may_raise": member.may_appoint and member.role is Role.MANAGER,
        "may_lower": member.may_appoint and member.role is Role.ADMINISTRATOR,
    }


def _card(data: dict[str, Any]) -> str:
    member: MemberView = data["member"]
    lines = [
        f"<b>{safe(member.name)}</b>" + (f" · @{safe(member.username)}" if member.username else ""),
        _(ROLES[member.role]).capitalize(),
        _("on duty") if member.on_duty else _("away"),
    ]
    if not member.reachable:
        lines.append(_("Blocked this bot and gets nothing."))
    return "\n".join(lines)


async def _appoint(_press: CallbackQuery, button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    member = manager.dialog_data["member"]
    await services.team.appoint(who.person_id, who.in_project(), member, Role(str(button.widget_id)))


async def _remove(press: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, who = given(manager)
    gone = await services.team.remove(who.person_id, who.in_project(), manager.dialog_data["member"])
    await press.answer(_with_dialogs(_("{name} is out of the team.", name=gone.name), gone))
    await manager.switch_to(TeamMenu.list)


async def _invitations(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    services, who = given(dialog_manager)
    found = await services.team.invitations(who.person_id, who.in_project())
    return {"items": found, "zone": who.time_zone}


def _open_ones(data: dict[str, Any]) -> str:
    if not data["items"]:
        return _("There are no open invitations.")
    return _("Open invitations. Press one to revoke it.")


def _open_one(data: dict[str, Any]) -> str:
    one: InvitationView = data["item"]
    until = local(one.expires_at, data["data"]["zone"]).strftime("%d.%m %H:%M")
    return "✕ " + _("{role}, by {name}, until {until}", role=_(ROLES[one.role]), name=one.by, until=until)


async def _revoke(press: CallbackQuery, _select: Any, manager: DialogManager, item: str) -> None:
    services, who = given(manager)
    await services.team.revoke(who.person_id, who.in_project(), int(item))
    await press.answer(_("The link does not work any more."))


dialog = Section(
    window(
        TeamMenu.list,
        Line(_title),
        Paged(Select(Line(_line), id="member", items="items", item_id_getter=lambda one: one.id, on_click=_choose)),
        press(N_("Invite a manager"), Role.MANAGER.value, _invite, when="invites_manager"),
        press(N_("Invite an administrator"), Role.ADMINISTRATOR.value, _invite, when="invites_administrator"),
        SwitchTo(Label(N_("Open invitations")), id="open", state=TeamMenu.invitations, when="invited"),
        SwitchTo(Label(N_("Leave the project")), id="leave", state=TeamMenu.leave, when="may_leave"),
        doors.leads(N_("Menu"), "menu"),
        getter=_team,
    ),
    window(
        TeamMenu.member,
        Line(_card),
        press(N_("Make administrator"), Role.ADMINISTRATOR.value, _appoint, when="may_raise"),
        press(N_("Make manager"), Role.MANAGER.value, _appoint, when="may_lower"),
        SwitchTo(Label(N_("Remove from the team")), id="remove", state=TeamMenu.remove, when="may_remove"),
        SwitchTo(Label(N_("Back")), id="back", state=TeamMenu.list),
        getter=_member,
    ),
    window(
        TeamMenu.remove,
        Line(
            lambda data: _(
                "Remove <b>{name}</b>? Their open dialogs go back to “New”.", **values(name=data["member"].name)
            )
        ),
        press(N_("Yes, remove"), "yes", _remove),
        SwitchTo(Label(N_("No")), id="no", state=TeamMenu.member),
        getter=_member,
    ),
    window(
        TeamMenu.leave,
        Line(
            lambda data: _(
                "Leave <b>{project}</b>? Your open dialogs go back to “New”.", **values(project=data["view"].project)
            )
        ),
        press(N_("Yes, leave"), "yes_leave", _leave),
        SwitchTo(Label(N_("No")), id="no", state=TeamMenu.list),
        getter=_team,
    ),
    window(
        TeamMenu.invitations,
        Line(_open_ones),
        Paged(
            Select(Line(_open_one), id="revoke", items="items", item_id_getter=lambda one: one.id, on_click=_revoke),
            name="open_pages",
        ),
        SwitchTo(Label(N_("Back")), id="back", state=TeamMenu.list),
        getter=_invitations,
    ),
)
