"""Asks for the rest of a message that its platform cut; `services.completing` does it."""

from __future__ import annotations

from models.enums import Priority
from services.jobs import NewJob, enqueue
from services.sql import Steps


def ask(channel_id: int, project_id: int, identity_id: int, external_id: str) -> Steps[None]:
    """A job for the whole message; a repeat while it waits is the same job."""
    yield from enqueue(
        NewJob(
            kind="whole",
            lane=f"channel:{channel_id}",
            priority=Priority.COPY,
            project_id=project_id,
            payload={"identity": identity_id, "message": external_id},
            cancel_key=f"whole:{identity_id}:{external_id}",
        )
    )
