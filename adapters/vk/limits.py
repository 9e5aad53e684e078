"""VK's numbers, and what a community can do as data. Sources: dev.vk.com, the page named beside each."""

from __future__ import annotations

from adapters.base import (
    AttachmentKind,
    AttachmentLimit,
    ButtonKind,
    ButtonLimits,
    Capabilities,
    Rates,
)
from adapters.texts import N_

API_VERSION = "5.199"
MB = 1024 * 1024
TEXT = 4096
"""Characters of a message ("messages.send"); with attachments the same."""
ATTACHMENTS = 10
"""Attachments of one message, of any kinds ("messages.send")."""
UPLOAD = 200 * MB
"""Bytes of a document ("Uploading files")."""
PHOTO = 50 * MB
PHOTO_SIDES = 14_000
"""Width and height of a photo together, in pixels ("Uploading files")."""
PHOTO_RATIO = 20
PHOTO_TYPES = frozenset({"image/jpeg", "image/png", "image/gif"})
VOICE_TYPES = frozenset({"audio/ogg", "audio/opus"})
VOICE_SECONDS = 300
PAYLOAD = 255
"""Bytes of a button's payload as JSON ("Keyboards for bots")."""
SNACKBAR = 90
"""Characters ("messages.sendMessageEventAnswer", show_snackbar)."""
PEERS = 100
"""Recipients of one call ("messages.send", peer_ids)."""
DELETE_BATCH = 100
"""Messages of one call ("messages.delete", cmids)."""
USERS = 1000
"""People of one call ("users.get")."""
SERVERS = 10
"""Callback servers of one community ("groups.addCallbackServer")."""
SERVER_TITLE = 14
"""Characters ("groups.addCallbackServer")."""

INLINE_BUTTONS = 10
INLINE_ROWS = 6
BUTTON_ROWS = 10
BUTTONS = ButtonLimits(
    kinds=frozenset({ButtonKind.PRESS, ButtonKind.LINK, ButtonKind.LOCATION}), total=40, per_row=5, label=40
)
"""Under the message up to 10 buttons in 6 rows; more stand below the input field ("Keyboards for bots")."""

PACKED = frozenset({
    "mp3", "exe", "com", "bat", "cmd", "scr", "msi", "msp", "cpl", "pif", "vbs", "vbe", "js", "jse", "wsf", "wsh",
    "ps1", "jar", "apk", "dll", "sys", "lnk", "reg", "hta", "app", "dmg",
})  # fmt: skip
"""Endings of files that VK does not take as documents: music and whatever can be run."""

EVENTS = (
    "message_new", "message_reply", "message_edit", "message_allow", "message_deny", "message_read", "message_event",
    "message_reaction_event", "user_block", "user_unblock",
)  # fmt: skip
"""Every kind of event that Pult wants ("groups.setCallbackSettings")."""

RIGHTS = {
    "messages": N_("messages of the community"),
    "manage": N_("management of the community"),
    "photos": N_("photos"),
    "docs": N_("files"),
}
"""What a key must be allowed to do ("groups.getTokenPermissions"), in the words of the page where keys are made."""

CAPABILITIES = Capabilities(
    text_limit=TEXT,
    caption_limit=TEXT,
    spans=frozenset(),
    attachments={
        kind: AttachmentLimit(UPLOAD, VOICE_TYPES if kind is AttachmentKind.VOICE else frozenset())
        for kind in AttachmentKind
    },
    album_limit=ATTACHMENTS,
    location=True,
    contact=False,
    buttons=BUTTONS,
    edit=True,
    delete=True,
    react=True,
    typing=True,
    delivered=False,
    seen=True,
    reply_window_hours=None,
    batch=PEERS,
    fetch_limit=UPLOAD,
    rates=Rates(per_second=20, burst=5),
    repeats_dropped_minutes=50,
)
