"""The wording of notices by `Notice.what`.

Values come as data. Beside what the service gave (ids, counts, roles) there are the names of the rows that those ids
mean (`services.copies.filled`): contact, platform and number of an inquiry or message, a message's reason, the name of
a member, channel and project.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from handlers.chat import render
from handlers.chat.buttons import Act, ChannelPress, DutyPress, InquiryPress, LoginPress, MessagePress, button
from handlers.chat.marked import Marked, bold, italic, joined, plain
from models.enums import MessageState
from services.ports import InquiryView, Notice, Seat
from services.texts import _, __, because, n_, ours

log = structlog.get_logger(__name__)

Values = Mapping[str, Any]
UNKNOWN = "…"
WORDING: dict[str, Callable[[Values], Marked | str]] = {}

_ROLES = {
    "owner": __("owner"),
    "administrator": __("administrator"),
    "manager": __("manager"),
}
_BUTTONS = {
    "retry": __("Try again"),
    "open": __("Reply"),
    "card": __("Card"),
    "take": __("Take"),
    "channel": __("Channel"),
    "channel_check": __("Check"),
    "channel_token": __("New key"),
    "login": __("Choose"),
    "login_key": __("Continue"),
    "stay": __("Be on duty"),
}

_ACTS = {"open": Act.REPLY, "card": Act.CARD, "take": Act.TAKE}


class _Named(dict[str, Any]):
    """A value that is not known is shown as an ellipsis: a notice with a gap is better than none."""

    def __missing__(self, key: str) -> str:
        return UNKNOWN


def worded(seat: Seat, notice: Notice) -> tuple[Marked, InlineKeyboardMarkup | None]:
    """The notice in the language in force, and its buttons."""
    wording = WORDING.get(notice.what)
    if wording is None:
        log.error("a notice has no wording", what=notice.what)
        wording = _unknown
    text = plain(wording(_Named(notice.params)))
    if seat.project and notice.what not in _NAMING_PROJECT:
        text = joined(" · ", [bold(seat.project), text])
    if notice.suspect:
        text = joined("\n", [text, italic(_("possible repeat"))])
    return text, _keyboard(notice)


def _keyboard(notice: Notice) -> InlineKeyboardMarkup | None:
    row = [_button(action, number) for action, number in notice.buttons if action in _BUTTONS]
    return InlineKeyboardMarkup(inline_keyboard=[row]) if row else None


def _button(action: str, number: int) -> InlineKeyboardButton:
    label = str(_BUTTONS[action])
    if action.startswith("channel"):
        return button(label, ChannelPress(act=action.partition("_")[2] or "card", id=number))
    if action.startswith("login"):
        return button(label, LoginPress(id=number))
    if action == "stay":
        return button(label, DutyPress(project=number))
    if action == "retry":
        return button(label, MessagePress(act=action, id=number))
    return button(label, InquiryPress(act=_ACTS[action], id=number))


def wording(what: str) -> Callable[[Callable[[Values], Marked | str]], Callable[[Values], Marked | str]]:
    """Registers the wording of one kind of notice."""

    def register(function: Callable[[Values], Marked | str]) -> Callable[[Values], Marked | str]:
        WORDING[what] = function
        return function

    return register


def _whom(values: Values) -> Marked:
    """Whose message it is about, for a line that stands apart from it."""
    inquiry = values["inquiry"]
    where = render.where(inquiry) if isinstance(inquiry, InquiryView) else f" · {values['platform']}"
    return bold(_called(values)) + where


def _called(values: Values) -> str:
    """The customer in the language in force, which the service does not know."""
    inquiry = values["inquiry"]
    return inquiry.contact if isinstance(inquiry, InquiryView) else str(values["contact"])


def _reason(values: Values) -> str:
    """Why, in the person's language where it is a text of ours."""
    reason = values["reason"]
    return because(reason, values.get("reason_params", {})) if reason and reason != UNKNOWN else ""


def _why(values: Values) -> str:
    """Why something was not done to an answer, as `_reason` says why it was not sent."""
    return because(values["why"], values.get("why_params", {})) if values.get("why") else ""


def _unknown(values: Values) -> str:
    return _("Something happened that this version has no words for. Details are in the log.")


# Answers


@wording("refused")
def _refused(values: Values) -> Marked:
    if values["state"] == MessageState.UNCERTAIN.value:
        told = joined(" ", [bold(_("The connection broke: it is not known whether this arrived.")), _reason(values)])
    else:
        told = joined(": ", [bold(_("Not sent")), _reason(values)])
    return joined("\n", [_whom(values), told])


@wording("unshown")
def _unshown(values: Values) -> Marked:
    told = _("Telegram did not take a message of this customer, so it does not stand here. Look at it in {platform}"
             " itself.", platform=values["platform"])  # fmt: skip
    return joined("\n", [_numbered(values), told])


@wording("change_unshown")
def _change_unshown(values: Values) -> Marked:
    told = _("A message was changed, and Telegram did not take the change: what stands here is old. Look at it in"
             " {platform} itself.", platform=values["platform"])  # fmt: skip
    return joined("\n", [_numbered(values), told])


@wording("card_unshown")
def _card_unshown(values: Values) -> Marked:
    told = _("Telegram did not take the card of this inquiry. It is there all the same, and waits.")
    return joined("\n", [_numbered(values), told])


def _numbered(values: Values) -> Marked:
    return joined(" · ", [_whom(values), _("No. {number}", number=values["number"])])


@wording("waiting_key")
def _waiting_key(values: Values) -> str:
    return _(
        "The key of «{channel}» does not work any more. Your answer waits up to 24 hours and goes out as soon as an"
        " administrator gives a new key.",
        channel=values["channel"],
    )


@wording("maybe_twice")
def _maybe_twice(values: Values) -> Marked:
    return joined("\n", [_whom(values), _("Possible repeat: the connection broke, so it may have arrived twice.")])


@wording("edit_refused")
def _edit_refused(values: Values) -> Marked:
    told = _("The edit did not get through: the customer still sees the old text.")
    return joined("\n", [_whom(values), joined(" ", [told, _why(values)])])


@wording("erase_refused")
def _erase_refused(values: Values) -> Marked:
    told = _("The messenger did not delete it: the customer still sees this message.")
    return joined("\n", [_whom(values), joined(" ", [told, _why(values)])])


@wording("reaction")
def _reaction(values: Values) -> Marked:
    """Under the answer that the customer reacted to. What has no emoji here is told in words of ours."""
    return bold(_called(values)) + f": {_(str(values['emoji']))}"


@wording("reaction_gone")
def _reaction_gone(values: Values) -> Marked:
    return joined(": ", [bold(_called(values)), _("took the reaction back")])


@wording("customer_left")
def _customer_left(values: Values) -> Marked:
    return _whom(values) + "\n" + _("The customer blocked the channel: answers will not arrive until they come back.")


@wording("inherited")
def _inherited(values: Values) -> Marked:
    """A colleague who led the dialog is out."""
    return _whom(values) + "\n" + _("Inquiry No. {number} is yours now.", number=values["number"])


# Duty


@wording("last_away")
def _last_away(values: Values) -> str:
    if values.get("alone"):
        return _(
            "You are away. Customers' messages still come here, but without reminders: nobody else is in the team."
        )
    return _("You were the last on duty: from now on nobody sees new inquiries until somebody comes back.")


@wording("nobody_on_duty")
def _nobody_on_duty(values: Values) -> str:
    return _("Nobody is on duty any more: nobody sees new inquiries until somebody comes back.")


# Channels


@wording("channel_confirmed")
def _channel_confirmed(values: Values) -> str:
    return _("«{channel}» works: what customers write there arrives here.", channel=values["channel"])


@wording("channel_revoked")
def _channel_revoked(values: Values) -> str:
    return _(
        "{platform} does not take the key of «{channel}» any more. What customers write still comes in if {platform}"
        " delivers it; answers wait for a new key for up to 24 hours.",
        **_of_channel(values),
    )


@wording("channel_suspended")
def _channel_suspended(values: Values) -> str:
    told = _(
        "{platform} has blocked «{channel}». Answers wait for up to 24 hours. Look into its messages at {platform};"
        " when it is free again, press “Check” on its card.",
        **_of_channel(values),
    )
    return _with_words(told, values)


@wording("channel_warned")
def _channel_warned(values: Values) -> str:
    told = _(
        "{platform} has warned «{channel}» that it breaks its rules. Send no advertising outside personal answers: the"
        " next step is a block of the channel's messages for days or weeks, which only {platform}'s support can end.",
        **_of_channel(values),
    )
    return _with_words(told, values)


def _with_words(told: str, values: Values) -> str:
    """A notice with the reason, where it is one that can be told."""
    reason = values.get("reason")
    return f"{told}\n\n{_(reason)}" if reason and ours(reason) else told


@wording("channel_webhook_repaired")
def _channel_webhook_repaired(values: Values) -> str:
    if values.get("host"):
        return _(
            "Another service ({host}) had taken the messages of «{channel}». They come here again. If you want them"
            " there, disconnect the channel here.",
            host=values["host"],
            **_of_channel(values),
        )
    return _("«{channel}» had lost its link to this service. It is restored.", **_of_channel(values))


@wording("channel_webhook_taken")
def _channel_webhook_taken(values: Values) -> str:
    return _(
        "Another service takes the messages of «{channel}» again and again. Switch it off there, then press “Check”;"
        " until then messages do not come here.",
        **_of_channel(values),
    )


@wording("channel_unreachable")
def _channel_unreachable(values: Values) -> str:
    return _(
        "{platform} cannot deliver the messages of «{channel}» to this service. They wait there and come as soon as"
        " the way is free. The administrator of the installation should look at it.",
        **_of_channel(values),
    )


@wording("channel_silent")
def _channel_silent(values: Values) -> str:
    return _(
        "Nobody has written to «{channel}» for unusually long. Is everything all right there?", **_of_channel(values)
    )


@wording("channel_no_address")
def _channel_no_address(values: Values) -> str:
    return _("«{channel}» cannot be received: this installation has no public address any more.", **_of_channel(values))


@wording("channel_recovered")
def _channel_recovered(values: Values) -> str:
    return _("«{channel}» works again.", **_of_channel(values))


@wording("login_done")
def _login_done(values: Values) -> str:
    return _(
        "You have signed in with {platform}. Press the button to choose what to connect.", platform=values["platform"]
    )


@wording("login_key")
def _login_key(values: Values) -> str:
    return _(
        "{platform} has given the key of «{name}». Press the button to look at it and connect it.",
        platform=values["platform"],
        name=values["name"],
    )


@wording("login_failed")
def _login_failed(values: Values) -> str:
    return _("Signing in came to nothing. {reason}\n\nBegin anew: /connect", reason=_reason(values))


def _of_channel(values: Values) -> dict[str, str]:
    return {"channel": values["channel"], "platform": values["platform"]}


# The team


@wording("member_unreachable")
def _member_unreachable(values: Values) -> Marked:
    told = _("{name} blocked this bot and gets no messages.", name=values["name"])
    return joined(" ", [told, _returned(values)])


@wording("member_removed")
def _member_removed(values: Values) -> Marked:
    return joined(" ", [_("{name} was removed from the team.", name=values["name"]), _returned(values)])


@wording("member_left")
def _member_left(values: Values) -> Marked:
    return joined(" ", [_("{name} left the team.", name=values["name"]), _returned(values)])


@wording("member_joined")
def _member_joined(values: Values) -> str:
    return _("{name} joined the team as {role}.", name=values["name"], role=_role(values))


@wording("role_changed")
def _role_changed(values: Values) -> str:
    return _("Your role in «{project}» is now: {role}.", project=values["project"], role=_role(values))


@wording("removed")
def _removed(values: Values) -> str:
    return _("You are no longer in the team of «{project}».", project=values["project"])


def _role(values: Values) -> str:
    return str(_ROLES.get(values["role"], values["role"]))


def _returned(values: Values) -> str | None:
    return returned(int(values.get("count", 0)), int(values.get("passed", 0)))


def returned(count: int, passed: int) -> str | None:
    """What became of the dialogs of somebody who is out: those that are new again, those that a colleague has."""
    lines = []
    if count:
        lines.append(n_("{count} dialog returned to new ones.", "{count} dialogs returned to new ones.", count))
    if passed:
        lines.append(n_("{count} dialog went on with a colleague.", "{count} dialogs went on with colleagues.", passed))
    return " ".join(lines) or None


_NAMING_PROJECT = frozenset(
    {"role_changed", "removed", "refused", "maybe_twice", "edit_refused", "erase_refused", "reaction", "reaction_gone"}
)
"""These name their project themselves, or reply to a message of it."""
