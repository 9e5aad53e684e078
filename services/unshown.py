"""What follows where something cannot be shown in a member's chat: nobody is left to think that there was nothing."""

from __future__ import annotations

from adapters.base import ChannelSuspended, CredentialsRevoked, RecipientGone
from services import desk_jobs
from services.conversations import unreachable
from services.jobs import Job
from services.notices import notice
from services.sql import Steps


def gone(job: Job, error: Exception) -> Steps[None]:
    """A member's chat that refuses everything: the member is unreachable, and the dialogs go to colleagues."""
    if not isinstance(error, RecipientGone):
        return
    members = job.payload.get("member")
    if members is None:
        rows = yield "SELECT id FROM members WHERE person_id = ? LIMIT 1", (job.payload.get("person", 0),)
        members = rows[0]["id"] if rows else 0
    to = yield from desk_jobs.place(members)
    if to is not None:
        yield from unreachable(to.control_bot_id, to.chat_id)


def card(job: Job, error: Exception) -> Steps[None]:
    """An inquiry's card, given up: a line says that it waits."""
    inquiry_id = job.payload["inquiry"]
    buttons = (("take", inquiry_id), ("card", inquiry_id))
    yield from _tell(job, error, "card_unshown", {"inquiry": inquiry_id}, buttons)


def copy(job: Job, error: Exception) -> Steps[None]:
    """A message, given up: a line says whose it is, so that it can be looked for."""
    yield from _of_message(job, error, "unshown")


def change(job: Job, error: Exception) -> Steps[None]:
    """What changed in a message, given up: what stands in the chat is not what the customer sees."""
    yield from _of_message(job, error, "change_unshown")


def _of_message(job: Job, error: Exception, what: str) -> Steps[None]:
    rows = yield "SELECT inquiry_id FROM messages WHERE id = ?", (job.payload["message"],)
    buttons = tuple(("open", row["inquiry_id"]) for row in rows if row["inquiry_id"] is not None)
    yield from _tell(job, error, what, {"message": job.payload["message"]}, buttons)


def _tell(
    job: Job, error: Exception, what: str, params: dict[str, int], buttons: tuple[tuple[str, int], ...]
) -> Steps[None]:
    yield from gone(job, error)
    # A bot or a chat that takes nothing takes no line either.
    if isinstance(error, RecipientGone | CredentialsRevoked | ChannelSuspended):
        return
    about = ":".join(str(value) for value in params.values())
    yield from notice(job.payload["member"], what, params, buttons=buttons, once=f"{what}:{about}")
