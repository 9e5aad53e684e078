"""A channel's picture at its platform: whatever a phone sends becomes the JPEG that the platform takes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from adapters.base import Adapter, Attachment, AttachmentKind, CanSetPicture, Rejected
from adapters.pictures import Unreadable, alone, fit
from services.access import Refusal
from services.channels import Channels
from services.connecting import platform_words
from services.texts import N_

SIDE: Final = 1280
"""Pixels; a profile shows fewer."""
SENT: Final = 5 * 1024 * 1024
"""Bytes of what is given to the platform."""
TAKEN: Final = 20 * 1024 * 1024
"""Bytes of what is taken from the chat (Bot API, getFile)."""

NONE_HERE = N_("The picture of {name} is changed at {platform} itself.")
TOO_LARGE = N_("This picture is too large: up to {limit} MB, please.")
NO_PICTURE = N_("I cannot read this picture. Send it as a photo, or as a JPEG or PNG file.")

Fetch = Callable[[Path, int], Awaitable[object]]
"""Saves the file that the person sent, up to so many bytes; raises Rejected past that."""


def possible(adapter: Adapter) -> bool:
    """Whether the platform lets the picture be changed."""
    return isinstance(adapter, CanSetPicture)


async def change(channels: Channels, person_id: int, project_id: int, channel_id: int, fetch: Fetch) -> None:
    """Show what `fetch` saves. Raises Denied, Gone, or Refusal for what is too large or no picture."""
    await channels.own(person_id, project_id, channel_id)
    with tempfile.TemporaryDirectory(prefix="pult-picture-") as folder:
        path = Path(folder) / "picture"
        try:
            await fetch(path, TAKEN)
        except Rejected:
            raise Refusal(TOO_LARGE, limit=TAKEN // 1024 // 1024) from None
        try:
            data = await alone(fit, path, SIDE, SENT)
        except Unreadable:
            raise Refusal(NO_PICTURE) from None
        await asyncio.to_thread(path.write_bytes, data)
        picture = Attachment(kind=AttachmentKind.PHOTO, path=path, mime="image/jpeg", name="picture.jpg")
        await _set(channels, person_id, project_id, channel_id, picture)


async def remove(channels: Channels, person_id: int, project_id: int, channel_id: int) -> None:
    """Take the picture away. Raises as `change` does."""
    await _set(channels, person_id, project_id, channel_id, None)


async def _set(
    channels: Channels, person_id: int, project_id: int, channel_id: int, picture: Attachment | None
) -> None:
    _, channel, adapter = await channels.own(person_id, project_id, channel_id)
    if not isinstance(adapter, CanSetPicture):
        raise Refusal(NONE_HERE, name=channel.name, platform=adapter.title)
    with platform_words(adapter.title):
        await adapter.set_picture(channel.channel(channels.public_url), picture)
