"""What the wizard shows of a proposal before anything is connected, whichever way its key came."""

from __future__ import annotations

from typing import Any

from aiogram_dialog import DialogManager, StartMode

from handlers.chat.states import Connect
from services.connecting import Proposal


def kept(proposal: Proposal) -> dict[str, Any]:
    """What the window of the proposal shows; the key is in the ticket alone."""
    return {
        "title": proposal.title,
        "name": proposal.name,
        "username": proposal.username,
        "link": proposal.link,
        "tied_to": proposal.tied_to,
        "revived": proposal.revived,
        "warnings": list(proposal.warnings),
    }


async def propose(manager: DialogManager, proposal: Proposal, project_id: int) -> None:
    """Ask whether to connect it, as after a pasted key."""
    data = {
        "platform": proposal.platform, "proposal": kept(proposal), "ticket": proposal.ticket, "project": project_id,
    }  # fmt: skip
    await manager.start(Connect.confirm, data=data, mode=StartMode.RESET_STACK)
