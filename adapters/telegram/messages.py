"""A Telegram message as Content. Source: Bot API type Message; every field name here is from its table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.content import (
    SOMEBODY,
    Button,
    ButtonKind,
    ContactCard,
    Content,
    Location,
    MessageId,
    Quoted,
    UserId,
    in_brief,
)
from adapters.reading import decimal, integer, items, section, string
from adapters.telegram.entities import to_spans
from adapters.telegram.media import attachments
from adapters.telegram.told import Told, card_lines, story_link, told

EMPTY = "empty"

# What only reports that something happened, and says nothing that a person wrote or sent.
SERVICE = frozenset({
    "new_chat_members", "left_chat_member", "chat_owner_left", "chat_owner_changed", "new_chat_title",
    "new_chat_photo", "delete_chat_photo", "group_chat_created", "supergroup_chat_created", "channel_chat_created",
    "message_auto_delete_timer_changed", "migrate_to_chat_id", "migrate_from_chat_id", "pinned_message",
    "refunded_payment", "gift_upgrade_sent", "connected_website", "write_access_allowed", "proximity_alert_triggered",
    "boost_added", "chat_background_set", "direct_message_price_changed",
    "forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened",
    "general_forum_topic_hidden", "general_forum_topic_unhidden", "giveaway_created", "giveaway_completed",
    "managed_bot_created", "paid_message_price_changed", "poll_option_added", "poll_option_deleted",
    "suggested_post_approved", "suggested_post_approval_failed", "suggested_post_declined", "suggested_post_paid",
    "suggested_post_refunded", "video_chat_scheduled", "video_chat_started", "video_chat_ended",
    "video_chat_participants_invited", "community_chat_added", "community_chat_removed",
    "community_chat_joined",
})  # fmt: skip

# What surrounds a message; any other field is its matter, even one that was added after this was written.
_AROUND = frozenset({
    "message_id", "date", "chat", "from", "message_thread_id", "direct_messages_topic", "sender_chat",
    "sender_boost_count", "sender_business_bot", "sender_tag", "guest_query_id", "business_connection_id",
    "forward_origin", "is_topic_message", "is_automatic_forward", "reply_to_message", "external_reply", "quote",
    "reply_to_story", "reply_to_checklist_task_id", "reply_to_poll_option_id", "via_bot", "guest_bot_caller_user",
    "guest_bot_caller_chat", "edit_date", "has_protected_content", "is_from_offline", "is_paid_post",
    "media_group_id", "author_signature", "paid_star_count", "entities", "link_preview_options",
    "suggested_post_info", "effect_id", "caption_entities", "show_caption_above_media", "has_media_spoiler",
    "reply_markup", "receiver_user", "ephemeral_message_id", "forward_date", "forward_from", "forward_from_chat",
    "forward_from_message_id", "forward_sender_name", "forward_signature",
})  # fmt: skip
# What a message of words alone has: most are such, and need not be searched for anything else.
_WORDS = frozenset({"message_id", "date", "chat", "from", "text", "entities", "link_preview_options"})


def service(message: dict[str, Any]) -> str | None:
    """The name of the event that a service message reports, if it is one."""
    return next((name for name in message if name in SERVICE), None)


def content(message: dict[str, Any]) -> Content:
    """What the person wrote or sent; a kind that cannot be carried over is named in `unsupported`."""
    if message.keys() <= _WORDS and (words := string(message, "text")) is not None:
        return Content(text=words, spans=to_spans(words, items(message, "entities")))
    return replace(
        _said(message),
        quoted=_quoted(message),
        forwarded_from=_forwarded(message),
        buttons=_buttons(section(message, "reply_markup")),
        album=string(message, "media_group_id"),
    )


def _said(message: dict[str, Any]) -> Content:
    """The matter of a message, whatever surrounds it."""
    text, entities = string(message, "text"), items(message, "entities")
    if text is None:
        text, entities = string(message, "caption"), items(message, "caption_entities")
    media, place, card = attachments(message), location(message), _contact(message)
    kind = None if media or place or card else _unsupported(message)
    more = told(kind, message) if kind else Told()
    if text is None and more.text:
        text, spans = more.text, more.spans
    else:
        spans = to_spans(text or "", entities)
    if text is None and card is not None:
        text = card_lines(section(message, "contact"), card.phone)
    return Content(
        text=text or "",
        spans=spans,
        attachments=media or more.media,
        location=place or more.place,
        contact=card,
        unsupported=kind,
    )


def location(message: dict[str, Any]) -> Location | None:
    """A place, live or not, with name and address where it is a venue (Location, Venue)."""
    venue = section(message, "venue")
    point = section(venue, "location") or section(message, "location")
    latitude, longitude = decimal(point, "latitude"), decimal(point, "longitude")
    if latitude is None or longitude is None:
        return None
    live = None if venue else integer(point, "live_period")
    return Location(latitude, longitude, string(venue, "title"), string(venue, "address"), live)


def person(user: dict[str, Any]) -> str | None:
    """The display name of a User."""
    names = (string(user, "first_name"), string(user, "last_name"))
    return " ".join(name for name in names if name) or None


def origin(origin: dict[str, Any]) -> str | None:
    """Whose message was forwarded (MessageOrigin: user, hidden_user, chat, channel); None where that is not told."""
    chat = section(origin, "sender_chat") or section(origin, "chat")
    return (
        person(section(origin, "sender_user"))
        or string(origin, "sender_user_name")
        or string(chat, "title")
        or string(chat, "username")
        or person(chat)
        or string(origin, "author_signature")
    )


def _forwarded(message: dict[str, Any]) -> str | None:
    source = section(message, "forward_origin")
    return (origin(source) or SOMEBODY) if source else None


def _contact(message: dict[str, Any]) -> ContactCard | None:
    """A shared contact (Contact), also one without a number. It is vouched for only where a person shared the own."""
    card = section(message, "contact")
    phone, name = string(card, "phone_number"), person(card)
    if phone is None and name is None:
        return None
    owner = integer(card, "user_id")
    own = owner is not None and owner == integer(section(message, "from"), "id")
    return ContactCard(name or phone or "", phone or "", UserId(str(owner)) if own else None)


def _quoted(message: dict[str, Any]) -> Quoted | None:
    """What is answered to: a message of this chat, one of another chat, or a story."""
    quote = string(section(message, "quote"), "text")
    replied = section(message, "reply_to_message")
    if (number := integer(replied, "message_id")) is not None:
        quote = quote or _part(message, replied)
        return replace(Quoted(text=quote) if quote else _in_brief(replied), message_id=MessageId(str(number)))
    if external := section(message, "external_reply"):
        if quote:
            return Quoted(text=quote)
        brief = _in_brief({name: value for name, value in external.items() if name != "origin"})
        return replace(brief, text=brief.text or origin(section(external, "origin")))
    if story := section(message, "reply_to_story"):
        return Quoted(text=quote or story_link(story), kind=None if quote else "story")
    return Quoted(text=quote) if quote else None


def _in_brief(message: dict[str, Any]) -> Quoted:
    """What is answered to, in a line: its words, or what kind of thing it is."""
    brief = in_brief(_said(message))
    nothing = brief.kind is not None and (brief.kind == EMPTY or brief.kind in SERVICE)
    return replace(brief, kind=None) if nothing else brief


def _part(message: dict[str, Any], replied: dict[str, Any]) -> str | None:
    """The one task of a list, or option of a poll, that is answered to."""
    task, option = integer(message, "reply_to_checklist_task_id"), string(message, "reply_to_poll_option_id")
    if task is not None:
        tasks = items(section(replied, "checklist"), "tasks")
        return next((string(one, "text") for one in tasks if integer(one, "id") == task), None)
    options = items(section(replied, "poll"), "options") if option is not None else []
    return next((string(one, "text") for one in options if string(one, "persistent_id") == option), None)


def _buttons(markup: dict[str, Any]) -> tuple[tuple[Button, ...], ...]:
    """The buttons under a message that another bot made, as a person forwards it or sends it from inline mode."""
    rows = markup.get("inline_keyboard")
    read = (tuple(_button(one) for one in items({"row": row}, "row") if string(one, "text")) for row in _list(rows))
    return tuple(row for row in read if row)


def _button(button: dict[str, Any]) -> Button:
    url = string(button, "url") or string(section(button, "web_app"), "url")
    kind = ButtonKind.LINK if url else ButtonKind.PRESS
    return Button(kind, string(button, "text") or "", url or "")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _unsupported(message: dict[str, Any]) -> str | None:
    """The field that holds the matter of a message whose kind has no form of its own here."""
    if string(message, "text") is not None:
        return None
    matter = [name for name in message if name not in _AROUND and name not in ("text", "caption")]
    return next((name for name in matter if message[name] not in (None, [], {}, "")), EMPTY)
