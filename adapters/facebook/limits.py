"""Messenger's numbers, and what a page can do as data. Sources: Messenger Platform, the page named beside each."""

from __future__ import annotations

from adapters.base import (
    AttachmentKind,
    AttachmentLimit,
    ButtonKind,
    ButtonLimits,
    Capabilities,
    Rates,
)
from adapters.facebook.options import OPTIONS

VERSION = "v25.0"
"""Of the Graph API; v26.0 changes nothing that is used here."""
MB = 1024 * 1024
TEXT = 2000
"""Characters, counted here in UTF-16 units: the stricter reading ("Send API", message.text)."""
BUTTON_TEXT = 640
"""Characters of the text over a template's buttons ("Button Template")."""
TEMPLATE_BUTTONS = 3
QUICK_REPLIES = 13
TITLE = 20
"""Characters of a button or a quick reply ("Buttons", "Quick Replies")."""
PAYLOAD = 1000
ALBUM = 30
"""Images in one message ("Send Messages")."""
UPLOAD = 25 * MB
"""Bytes of any file ("Saving Assets")."""
IMAGE_BY_LINK = 8 * MB
"""Bytes of an image that Facebook fetches itself."""
GREETING = 160
"""Characters ("Messenger Profile", greeting)."""
METADATA = 1000
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif"})
"""What is shown as a picture; anything else is converted first, or goes as a file."""
PICTURE_SIDE = 4096
PLAYED = frozenset({"audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac", "audio/wav",
                    "audio/x-wav"})  # fmt: skip
"""Sound that Messenger plays; it does not play OGG, in which Telegram records."""

FIELDS = (
    "messages", "messaging_postbacks", "messaging_optins", "messaging_referrals", "message_deliveries",
    "message_reads", "message_echoes", "message_reactions", "message_edits", "standby", "messaging_handovers",
    "messaging_policy_enforcement", "message_template_status_update",
)  # fmt: skip
"""Every kind of event that Pult wants of a page ("Webhooks", subscribed_fields)."""
RIGHTS = ("pages_messaging", "pages_manage_metadata", "pages_read_engagement")

BUTTONS = ButtonLimits(
    kinds=frozenset({ButtonKind.PRESS, ButtonKind.LINK, ButtonKind.PHONE}),
    total=QUICK_REPLIES,
    per_row=QUICK_REPLIES,
    label=TITLE,
)

CAPABILITIES = Capabilities(
    text_limit=TEXT,
    caption_limit=0,
    spans=frozenset(),
    attachments={
        AttachmentKind.PHOTO: AttachmentLimit(UPLOAD),
        AttachmentKind.VIDEO: AttachmentLimit(UPLOAD),
        AttachmentKind.AUDIO: AttachmentLimit(UPLOAD),
        AttachmentKind.FILE: AttachmentLimit(UPLOAD),
    },
    album_limit=ALBUM,
    location=False,
    contact=False,
    buttons=BUTTONS,
    edit=False,
    delete=False,
    react=False,
    typing=True,
    delivered=True,
    seen=True,
    reply_window_hours=24,
    batch=1,
    fetch_limit=UPLOAD,
    rates=Rates(per_second=20, burst=20),
    profile_texts={"greeting": GREETING},
    options=OPTIONS,
)
