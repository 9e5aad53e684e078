"""Viber's numbers, and what a bot can do as data. Sources: REST Bot API ("Send Message", "Keyboards", "FAQ")."""

from __future__ import annotations

from adapters.base import (
    AttachmentKind,
    AttachmentLimit,
    ButtonKind,
    ButtonLimits,
    Capabilities,
    Option,
    Rates,
)
from adapters.texts import N_

MB = 1024 * 1024
BODY = 30 * 1024
"""Bytes of a request ("Send Message": 30 KB)."""
TEXT = 7000
CAPTION = 512
"""Characters under a picture; later pages of the documentation name more."""
PICTURE = MB
"""Bytes of a picture that every client shows ("Picture message")."""
PICTURE_TYPES = frozenset({"image/jpeg", "image/png"})
VIDEO = 26 * MB
VIDEO_SECONDS = 180
VIDEO_TYPES = frozenset({"video/mp4"})
FILE = 50 * MB
FILE_NAME = 256
"""Characters of a file's name with its extension ("File message")."""
SENDER_NAME = 28
CONTACT_NAME = 28
CONTACT_PHONE = 18
TRACKING = 4000
"""Characters of `tracking_data`, which comes back with the person's next message."""
GREETING = 1000
"""Characters; Viber takes 7,000, which nobody reads before the first word of their own."""
BUTTON_COLUMNS = 6
BUTTON_ROWS = 24
BUTTONS = ButtonLimits(
    kinds=frozenset(ButtonKind), total=BUTTON_ROWS * BUTTON_COLUMNS, per_row=BUTTON_COLUMNS, label=250
)

EVENTS = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started")
"""What can be chosen in set_webhook; messages always come."""

# "File message": what Viber calls forbidden file formats, as far as they are programs.
BLOCKED = frozenset({
    "action", "apk", "app", "bat", "bin", "cmd", "com", "command", "cpl", "csh", "ex_", "exe", "gadget", "inf", "inf1",
    "ins", "inx", "ipa", "isu", "job", "jse", "ksh", "lnk", "msc", "msi", "msp", "mst", "osx", "out", "paf", "pif",
    "prg", "ps1", "reg", "rgs", "run", "scr", "sct", "shb", "shs", "u3p", "vb", "vbe", "vbs", "vbscript", "workflow",
    "ws", "wsf",
})  # fmt: skip

CAPABILITIES = Capabilities(
    text_limit=TEXT,
    caption_limit=CAPTION,
    spans=frozenset(),
    attachments={kind: AttachmentLimit(FILE) for kind in AttachmentKind},
    album_limit=1,
    location=True,
    contact=True,
    buttons=BUTTONS,
    edit=False,
    delete=False,
    react=False,
    typing=False,
    delivered=True,
    seen=True,
    reply_window_hours=None,
    batch=1,
    fetch_limit=FILE,
    rates=Rates(per_second=50, burst=10),
    media_by_link=True,
    picture_limit=PICTURE,
    options=(
        Option(
            "greeting",
            N_("Invitation"),
            N_("Seen by whoever opens the chat with the bot, before anything has been written. Invite to write."),
            limit=GREETING,
        ),
    ),
)
"""500 requests in 10 seconds are documented for broadcasts ("Broadcast Message"); single messages have no number."""
