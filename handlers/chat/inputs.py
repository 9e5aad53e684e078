"""What a wizard was sent, where it awaits a text."""

from __future__ import annotations

from aiogram.types import Message

from services.access import Refusal
from services.texts import N_


def text_of(message: Message) -> str:
    """The text of a message. Raises Refusal for a picture, a sticker or anything else."""
    if message.text is None:
        raise Refusal(N_("I am waiting for a text here. To leave, press /cancel"))
    return message.text
