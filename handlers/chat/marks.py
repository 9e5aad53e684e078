"""What is told of a message beside its words."""

from __future__ import annotations

from collections.abc import Sequence

from services.ports import MessageView
from services.texts import _


def edit_mark(messages: Sequence[MessageView]) -> str | None:
    """Whether what was said was changed later, or was to be."""
    if any(one.edit_refused for one in messages):
        return _("an edit did not get through")
    return _("edited") if any(one.edited for one in messages) else None
