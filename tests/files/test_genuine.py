"""A dead link may answer "200 OK" with a web page: bytes are what was sent only where something vouches for it."""

from __future__ import annotations

import pytest

from adapters.base import Attachment, AttachmentKind
from services.genuine import genuine
from services.media_types import UNKNOWN, sniff
from services.store import Stored

HTML = b"<!doctype html><html><body>404</body></html>"
JPEG = b"\xff\xd8\xff\xe0roses"
WORDS = b'{"error": "gone"}'
ODD = b"\x01\x02\x00\x03"
K = AttachmentKind


def stored(data: bytes, claimed: str | None = None) -> Stored:
    return Stored(len(data), sniff(data, claimed))


@pytest.mark.parametrize(
    ("item", "data", "same"),
    [
        (Attachment(K.FILE, name="договор.pdf", size=48213), HTML, False),
        (Attachment(K.FILE, name="договор.pdf", size=48213), b"%PDF-1.7 cut", False),
        (Attachment(K.FILE, name="договор.pdf"), HTML, False),
        (Attachment(K.FILE, name="договор.pdf", size=len(HTML)), HTML, True),
        (Attachment(K.FILE, name="страница.HTML"), HTML, True),
        (Attachment(K.FILE, mime="text/html"), HTML, True),
        (Attachment(K.FILE, name="a.txt"), WORDS, True),
        (Attachment(K.FILE, name="a.bin"), ODD, True),
        (Attachment(K.FILE, name="пусто.txt", size=0), b"", True),
        (Attachment(K.PHOTO), HTML, False),
        (Attachment(K.PHOTO), WORDS, False),
        (Attachment(K.PHOTO), JPEG, True),
        (Attachment(K.PHOTO, size=5), JPEG, True),
        (Attachment(K.PHOTO), ODD, True),
        (Attachment(K.PHOTO, size=5), ODD, False),
        (Attachment(K.PHOTO), b"", False),
        (Attachment(K.STICKER), HTML, False),
        (Attachment(K.VIDEO, size=9000), HTML, False),
        (Attachment(K.VIDEO), JPEG, False),
        (Attachment(K.VOICE), b"OggS" + bytes(20), True),
        (Attachment(K.VOICE), HTML, False),
        (Attachment(K.AUDIO), b"\x00\x00\x00\x18ftypmp42", True),
        (Attachment(K.ANIMATION), b"GIF89a...", True),
    ],
)  # fmt: skip
def test_either_the_size_or_the_bytes_vouch(item: Attachment, data: bytes, same: bool) -> None:
    assert genuine(item, stored(data)) is same


def test_what_nobody_can_tell_is_unknown() -> None:
    assert stored(ODD).mime == UNKNOWN
