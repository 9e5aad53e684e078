"""Whether what was fetched is what was sent: a dead link may be answered with a page, and "200 OK" vouches for nothing.

Either the size that the platform told vouches for the bytes, or their beginning does.
"""

from __future__ import annotations

from typing import Final

from adapters.base import Attachment, AttachmentKind
from services.media_types import UNKNOWN
from services.store import Stored
from services.texts import N_

OTHER: Final = N_("Something else came in its place: the messenger no longer has it.")
_FAMILIES: Final = {
    AttachmentKind.PHOTO: ("image/",),
    AttachmentKind.STICKER: ("image/", "video/", "application/x-tgsticker"),
    AttachmentKind.ANIMATION: ("image/", "video/"),
    AttachmentKind.VIDEO: ("video/",),
    AttachmentKind.VIDEO_NOTE: ("video/",),
    AttachmentKind.VOICE: ("audio/", "video/"),
    AttachmentKind.AUDIO: ("audio/", "video/"),
}
_PAGE: Final = "text/html"
_PAGES: Final = ("html", "htm", "xhtml", "mht")


def genuine(item: Attachment, stored: Stored) -> bool:
    """Whether `stored` may be shown as `item`, whose size, name and type are as the platform told them."""
    if item.size is not None and item.size == stored.size:
        return True
    families = _FAMILIES.get(item.kind)
    if families is None:
        # A file is handed over as it was sent: another size is another file.
        return item.size is None and (stored.mime != _PAGE or _meant_as_page(item))
    if stored.mime.startswith(families):
        return True
    return item.size is None and stored.size > 0 and stored.mime == UNKNOWN


def _meant_as_page(item: Attachment) -> bool:
    ending = (item.name or "").rpartition(".")[2].lower()
    return ending in _PAGES or (item.mime or "").startswith(_PAGE)
