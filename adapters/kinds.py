"""What people call the kinds of messages and attachments, by the messengers' own words for them.

`Content.unsupported` and `Quoted.kind` hold such words. One that stands here in no form is a kind nobody knew of when
this was written: it is told in a sentence of ours, never as a code.
"""

from __future__ import annotations

from typing import Final

from adapters.content import AttachmentKind
from adapters.texts import N_

UNKNOWN: Final = N_("A kind of message that cannot be shown here")
SEPARATOR: Final = ", "
"""Between the kinds of one message."""

MEDIA: Final = {
    AttachmentKind.PHOTO: N_("Photo"),
    AttachmentKind.VIDEO: N_("Video"),
    AttachmentKind.VIDEO_NOTE: N_("Round video"),
    AttachmentKind.VOICE: N_("Voice message"),
    AttachmentKind.AUDIO: N_("Audio"),
    AttachmentKind.FILE: N_("File"),
    AttachmentKind.ANIMATION: N_("Animation"),
    AttachmentKind.STICKER: N_("Sticker"),
}
_OTHERS: Final = {
    "album": N_("Photo album"),
    "app": N_("App"),
    "appointment_booking": N_("Appointment"),
    "article": N_("Article"),
    "attachment": N_("Attachment"),
    "audio_message": N_("Voice message"),
    "audio_playlist": N_("Playlist"),
    "call": N_("Call"),
    "chat_shared": N_("Shared chat"),
    "checklist": N_("Checklist"),
    "checklist_tasks_added": N_("Added to the checklist"),
    "checklist_tasks_done": N_("Ticked in the checklist"),
    "clip": N_("Clip"),
    "contact": N_("Contact"),
    "cropped": N_("A part of the message is missing"),
    "curator": N_("Playlist"),
    "dice": N_("Dice"),
    "doc": N_("File"),
    "donut_link": N_("Subscription"),
    "empty": N_("A message without content"),
    "event": N_("Event"),
    "fallback": N_("Attachment"),
    "game": N_("Game"),
    "gift": N_("Gift"),
    "giveaway": N_("Giveaway"),
    "giveaway_winners": N_("Giveaway"),
    "graffiti": N_("Graffiti"),
    "group": N_("Community"),
    "group_call_in_progress": N_("Group call"),
    "ig_post": N_("Instagram post"),
    "ig_reel": N_("Instagram video"),
    "ig_story": N_("Instagram story"),
    "image": N_("Photo"),
    "invoice": N_("Invoice"),
    "link": N_("Link"),
    "location": N_("Location"),
    "market": N_("Product"),
    "market_album": N_("Product collection"),
    "mini_app": N_("App"),
    "money_request": N_("Money request"),
    "money_transfer": N_("Money transfer"),
    "narrative": N_("Story"),
    "note": N_("Note"),
    "page": N_("Page"),
    "paid_media": N_("Paid media"),
    "passport_data": N_("Telegram Passport, which cannot be opened here"),
    "photos_list": N_("Photo album"),
    "podcast": N_("Podcast"),
    "poll": N_("Poll"),
    "post": N_("Post"),
    "posted_photo": N_("Photo"),
    "pretty_cards": N_("Cards"),
    "product": N_("Product"),
    "quiz": N_("Quiz"),
    "reel": N_("Facebook video"),
    "rich_media": N_("Cards"),
    "rich_message": N_("Rich message"),
    "share": N_("Link"),
    "situational_theme": N_("Post"),
    "story": N_("Story"),
    "successful_payment": N_("Payment"),
    "template": N_("Template"),
    "textlive": N_("Text broadcast"),
    "textpost": N_("Text broadcast"),
    "textpost_publish": N_("Text broadcast"),
    "unique_gift": N_("Gift"),
    "unsupported_type": N_("Attachment"),
    "url": N_("Link"),
    "user_shared": N_("Shared person"),
    "users_shared": N_("Shared people"),
    "video_playlist": N_("Playlist"),
    "wall": N_("Wall post"),
    "wall_reply": N_("Comment"),
    "web_app_data": N_("From a mini app"),
    "widget": N_("Widget"),
}
NAMES: Final[dict[str, str]] = {**{kind.value: name for kind, name in MEDIA.items()}, **_OTHERS}
"""Message ids of the catalogue."""


def names(kinds: str) -> tuple[str, ...]:
    """The names of one or several kinds (message ids of the catalogue), each once."""
    return tuple(dict.fromkeys(NAMES.get(kind.strip(), UNKNOWN) for kind in kinds.split(SEPARATOR)))
