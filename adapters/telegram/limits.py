"""Telegram's numbers, and what a bot can do as data. Sources: Bot API 10.3, the section named beside each."""

from __future__ import annotations

from adapters.base import (
    AttachmentKind,
    AttachmentLimit,
    ButtonKind,
    ButtonLimits,
    Capabilities,
    Rates,
    SpanKind,
)

MB = 1024 * 1024
TEXT = 4096
"""UTF-16 units ("sendMessage")."""
CAPTION = 1024
"""UTF-16 units ("sendPhoto")."""
ALBUM = 10
"""Items ("sendMediaGroup")."""
UPLOAD = 50 * MB
"""Bytes of any upload but a photo ("Sending files")."""
PHOTO = 10 * MB
PHOTO_SIDES = 10_000
"""Width and height of a photo together, in pixels ("sendPhoto")."""
PHOTO_RATIO = 20
STICKER = 512 * 1024
"""Bytes of a static sticker ("Stickers"); animated ones are smaller."""
DOWNLOAD = 20 * MB
"""Bytes of a file that getFile hands over."""
VIDEO_NOTE_SECONDS = 60
CALLBACK_DATA = 64
"""Bytes ("InlineKeyboardButton")."""
CALLBACK_ANSWER = 200
"""Characters ("answerCallbackQuery")."""
DELETE_BATCH = 100
"""Ids in one call ("deleteMessages")."""
PROFILE_TEXTS = {"name": 64, "description": 512, "short_description": 120}
"""Characters ("setMyName", "setMyDescription", "setMyShortDescription")."""
VOICE_TYPES = frozenset({"audio/ogg", "audio/opus", "audio/mpeg", "audio/mp3", "audio/mp4", "audio/x-m4a", "audio/m4a"})
"""What is shown as a voice message ("sendVoice": OGG with OPUS, MP3 or M4A)."""

BUTTONS = ButtonLimits(kinds=frozenset(ButtonKind), total=100, per_row=8, label=64)
"""Telegram documents no limit of labels; longer ones are cut off on a phone."""

UPDATES = ("message", "edited_message", "callback_query", "message_reaction", "my_chat_member")
"""Every kind of update that Pult wants; message_reaction is not among those sent by default ("setWebhook")."""

CAPABILITIES = Capabilities(
    text_limit=TEXT,
    caption_limit=CAPTION,
    spans=frozenset(SpanKind),
    attachments={
        kind: AttachmentLimit(UPLOAD, VOICE_TYPES if kind is AttachmentKind.VOICE else frozenset())
        for kind in AttachmentKind
    },
    album_limit=ALBUM,
    location=True,
    contact=True,
    buttons=BUTTONS,
    edit=True,
    delete=True,
    react=True,
    typing=True,
    delivered=False,
    seen=False,
    reply_window_hours=None,
    batch=1,
    fetch_limit=DOWNLOAD,
    rates=Rates(per_second=30, per_recipient=1, burst=3),
    profile_texts=PROFILE_TEXTS,
)
