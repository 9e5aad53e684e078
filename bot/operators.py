"""Notices of the installation itself, to the Telegram ids in PULT_OPERATORS: a full disk, not a customer's matter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import structlog

from handlers.chat.session import Bots
from models.enums import Priority
from services.alarms import Alarm
from services.jobs import Effect, Job, Kind, NewJob, enqueue
from services.sql import Steps, transact
from services.texts import _

log = structlog.get_logger(__name__)


def alarm(operators: Sequence[int], bots: Bots) -> Alarm:
    """What tells every operator a message id with its values."""

    async def tell(message: str, params: dict[str, str]) -> None:
        log.error("operators are told", what=message, **params)
        for row in bots.rows()[:1]:
            for chat_id in operators:
                await transact(partial(_job, row.id, chat_id, message, params))

    return tell


def _job(control_bot_id: int, chat_id: int, message: str, params: dict[str, str]) -> Steps[None]:
    yield from enqueue(
        NewJob(
            kind="operator",
            lane=f"control:{control_bot_id}",
            target=f"control:{control_bot_id}:{chat_id}",
            priority=Priority.CARD,
            payload={"bot": control_bot_id, "chat": chat_id, "message": message, "params": params},
        )
    )


def kinds(bots: Bots) -> dict[str, Kind]:
    """The kind of job that tells an operator."""

    async def tell(job: Job) -> Effect:
        message, params = job.payload["message"], job.payload["params"]
        await bots[job.payload["bot"]].send_message(job.payload["chat"], _(message, **params))
        return None

    return {"operator": Kind(tell, repeatable=False)}
