"""Lines for members that belong to no dialog: who joined, which channel broke, what could not be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.enums import Priority, Role
from services.desk_jobs import Place, place, team
from services.jobs import NewJob, enqueue
from services.sql import Steps


def notice(
    member_id: int,
    what: str,
    params: Mapping[str, Any] | None = None,
    *,
    reply_to: int | None = None,
    buttons: Sequence[tuple[str, int]] = (),
    priority: Priority = Priority.CARD,
    once: str | None = None,
) -> Steps[None]:
    """Tell one member. `what` names the wording in `handlers.chat.notices`, `params` are ids and plain data for it.

    reply_to: a Telegram message id in the member's chat. once: while such a notice waits, another is not added.
    """
    to = yield from place(member_id)
    if to is not None:
        yield from _to(to, what, params, reply_to=reply_to, buttons=buttons, priority=priority, once=once)


def notice_of_answer(
    member_id: int | None, message_id: int, what: str, params: Mapping[str, Any] | None = None, *,
    buttons: Sequence[tuple[str, int]] = (), once: str | None = None,
) -> Steps[None]:  # fmt: skip
    """Tell the author of an answer something about it: a line under the message that they wrote it as."""
    if member_id is None:
        return
    own = yield (
        "SELECT telegram_id FROM operator_copies WHERE message_id = ? AND member_id = ? AND kind = 'own'"
        " ORDER BY id LIMIT 1",
        (message_id, member_id),
    )
    reply_to = own[0]["telegram_id"] if own else None
    yield from notice(
        member_id, what, {"message": message_id, **(params or {})}, reply_to=reply_to, buttons=buttons, once=once
    )


def notice_team(
    project_id: int, what: str, params: Mapping[str, Any] | None = None, *, roles: frozenset[Role] = frozenset(Role),
    besides: int | None = None, buttons: Sequence[tuple[str, int]] = (),
) -> Steps[None]:  # fmt: skip
    """Tell everybody in the project who has one of `roles`; `besides` is the member who need not be told."""
    for to in (yield from team(project_id)):
        if to.role in roles and to.member_id != besides:
            yield from _to(to, what, params, buttons=buttons)


def _to(
    to: Place, what: str, params: Mapping[str, Any] | None, *, reply_to: int | None = None,
    buttons: Sequence[tuple[str, int]] = (), priority: Priority = Priority.CARD, once: str | None = None,
) -> Steps[None]:  # fmt: skip
    yield from enqueue(
        NewJob(
            kind="notice",
            lane=to.lane,
            target=to.target,
            order_key=f"notices:{to.member_id}",
            cancel_key=None if once is None else f"notice:{to.member_id}:{once}"[:96],
            priority=priority,
            project_id=to.project_id,
            payload={
                "member": to.member_id,
                "what": what,
                "params": dict(params or {}),
                "reply_to": reply_to,
                "buttons": [list(button) for button in buttons],
            },
        )
    )
