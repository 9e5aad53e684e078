"""A channel's troubles as the team hears of them: once when one begins, with a button, and at its end."""

from __future__ import annotations

from typing import Final

from services.access import LEADERS
from services.channel_rows import Connected, Trouble
from services.connecting import into_trouble, works_again
from services.delivery import wait_for_key
from services.notices import notice_team
from services.sql import Steps

REPAIRED: Final = "repaired"
TAKEN: Final = "taken"
_BUTTONS: Final = {
    Trouble.REVOKED: "channel_token",
    Trouble.SUSPENDED: "channel",
    Trouble.UNREACHABLE: "channel_check",
    Trouble.SILENT: "channel_check",
    Trouble.NO_ADDRESS: "channel",
}


def begins(channel: Connected, trouble: Trouble, detail: str | None) -> Steps[None]:
    """Note a trouble; the team is told if it is new."""
    if (yield from into_trouble(channel.id, trouble, detail)):
        yield from _tell(channel, f"channel_{trouble.value}", _BUTTONS[trouble], reason=detail)
    if trouble is Trouble.REVOKED:
        yield from wait_for_key(channel.id)


def warned(channel: Connected, reason: str | None) -> Steps[None]:
    """The platform has warned the channel for what it sent; nothing has stopped yet."""
    yield from _tell(channel, "channel_warned", "channel", reason=reason)


def webhook_lost(channel: Connected, host: str | None, end: str) -> Steps[None]:
    """The webhook was gone, or somebody else's (`host`): it is REPAIRED, or TAKEN again and left to people."""
    yield (
        "UPDATE channels SET trouble = ?, trouble_detail = ? WHERE id = ? AND state IN ('active', 'broken')",
        (Trouble.WEBHOOK_LOST.value, end, channel.id),
    )
    yield from _tell(channel, f"channel_webhook_{end}", "channel_check", host=host)


def ends(channel: Connected) -> Steps[None]:
    """The trouble is over. They are told, unless they were with its beginning, or see it by what comes in."""
    quiet = channel.trouble is Trouble.SILENT or channel.detail == REPAIRED
    if (yield from works_again(channel.id)) and not quiet:
        yield from _tell(channel, "channel_recovered", "channel")


def _tell(channel: Connected, what: str, button: str, **more: object) -> Steps[None]:
    params = {"channel": channel.id, **more}
    yield from notice_team(channel.row.project_id, what, params, roles=LEADERS, buttons=((button, channel.id),))
