"""A Telegram message as Content. Source: Bot API type Message; every field name here is from its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from adapters.content import ContactCard, Content, Location, MessageId, Quoted, UserId
from adapters.reading import decimal, integer, items, section, string
from adapters.telegram.entities import to_spans
from adapters.telegram.media import attachments

# What only reports that something happened, and says nothing that a person wrote.
SERVICE = frozenset({
    "new_chat_members", "left_chat_member", "chat_owner_left", "chat_owner_changed", "new_chat_title",
    "new_chat_photo", "delete_chat_photo", "group_chat_created", "supergroup_chat_created", "channel_chat_created",
    "message_auto_delete_timer_changed", "migrate_to_chat_id", "migrate_from_chat_id", "pinned_message",
    "successful_payment", "refunded_payment", "users_shared", "user_shared", "chat_shared", "gift_upgrade_sent",
    "connected_website", "write_access_allowed", "passport_data", "proximity_alert_triggered", "boost_added",
    "chat_background_set", "checklist_tasks_done", "checklist_tasks_added", "direct_message_price_changed",
    "forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened",
    "general_forum_topic_hidden", "general_forum_topic_unhidden", "giveaway_created", "giveaway_completed",
    "managed_bot_created", "paid_message_price_changed", "poll_option_added", "poll_option_deleted",
    "suggested_post_approved", "suggested_post_approval_failed", "suggested_post_declined", "suggested_post_paid",
    "suggested_post_refunded", "video_chat_scheduled", "video_chat_started", "video_chat_ended",
    "video_chat_participants_invited", "web_app_data", "community_chat_added", "community_chat_removed",
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
_RICH_TEXT_PIECES = 500


def service(message: dict[str, Any]) -> str | None:
    """The name of the event that a service message reports, if it is one."""
    return next((name for name in message if name in SERVICE), None)


def content(message: dict[str, Any]) -> Content:
    """What the person wrote or sent; a kind that cannot be carried over is named in `unsupported`."""
    if message.keys() <= _WORDS and (words := string(message, "text")) is not None:
        return Content(text=words, spans=to_spans(words, items(message, "entities")))
    text, entities = string(message, "text"), items(message, "entities")
    if text is None:
        text, entities = string(message, "caption"), items(message, "caption_entities")
    media = attachments(message)
    place, card = location(message), _contact(message)
    kind = None if media or place or card else _unsupported(message)
    if text is None and kind is not None:
        text = _TOLD.get(kind, _nothing)(section(message, kind))
    return Content(
        text=text or "",
        spans=to_spans(text or "", entities),
        attachments=media,
        location=place,
        contact=card,
        quoted=_quoted(message),
        forwarded_from=origin(section(message, "forward_origin")),
        unsupported=kind,
        album=string(message, "media_group_id"),
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
    """Whose message was forwarded (MessageOrigin: user, hidden_user, chat, channel)."""
    chat = section(origin, "sender_chat") or section(origin, "chat")
    return (
        person(section(origin, "sender_user"))
        or string(origin, "sender_user_name")
        or string(chat, "title")
        or string(chat, "username")
        or person(chat)
        or string(origin, "author_signature")
        or string(origin, "type")
    )


def _contact(message: dict[str, Any]) -> ContactCard | None:
    """A shared contact (Contact). It is vouched for only where a person shared the own one."""
    card = section(message, "contact")
    phone = string(card, "phone_number")
    if phone is None:
        return None
    owner = integer(card, "user_id")
    own = owner is not None and owner == integer(section(message, "from"), "id")
    return ContactCard(person(card) or phone, phone, UserId(str(owner)) if own else None)


def _quoted(message: dict[str, Any]) -> Quoted | None:
    """What is answered to: a message of this chat, one of another chat, or a story."""
    quote = string(section(message, "quote"), "text")
    replied = section(message, "reply_to_message")
    if (number := integer(replied, "message_id")) is not None:
        return Quoted(MessageId(str(number)), quote or string(replied, "text") or string(replied, "caption"))
    if external := section(message, "external_reply"):
        return Quoted(text=quote or origin(section(external, "origin")))
    if story := section(message, "reply_to_story"):
        return Quoted(text=quote or _story(story) or "story")
    return Quoted(text=quote) if quote else None


def _unsupported(message: dict[str, Any]) -> str | None:
    """The field that holds the matter of a message whose kind has no form of its own here."""
    if string(message, "text") is not None:
        return None
    matter = [name for name in message if name not in _AROUND and name not in ("text", "caption")]
    return next((name for name in matter if message[name] not in (None, [], {}, "")), "empty")


def _story(story: dict[str, Any]) -> str:
    username, number = string(section(story, "chat"), "username"), integer(story, "id")
    return f"https://t.me/{username}/s/{number}" if username and number else ""


def _poll(poll: dict[str, Any]) -> str:
    options = [f"– {option}" for item in items(poll, "options") if (option := string(item, "text"))]
    return "\n".join([string(poll, "question") or "", *options])


def _checklist(checklist: dict[str, Any]) -> str:
    tasks = [f"– {task}" for item in items(checklist, "tasks") if (task := string(item, "text"))]
    return "\n".join([string(checklist, "title") or "", *tasks])


def _dice(dice: dict[str, Any]) -> str:
    value = integer(dice, "value")
    return f"{string(dice, 'emoji') or ''} {'' if value is None else value}".strip()


def _titled(body: dict[str, Any]) -> str:
    return "\n".join(line for line in (string(body, "title"), string(body, "description")) if line)


def _gift(gift: dict[str, Any]) -> str:
    return string(gift, "text") or ""


def _rich(rich: dict[str, Any]) -> str:
    """The words of a rich message (RichMessage), block by block, without their form."""
    words = (text for text in _texts(rich.get("blocks")) if text.strip())
    return "\n".join(text for text, _ in zip(words, range(_RICH_TEXT_PIECES), strict=False))


def _texts(value: Any) -> Iterator[str]:
    """Every text below `value` in reading order, without recursion: a person decides how deep it is."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, list):
            waiting.extend(item for item in reversed(found) if isinstance(item, dict | list))
        elif isinstance(found, dict):
            if (text := string(found, "text")) is not None:
                yield text
            waiting.extend(item for item in reversed(found.values()) if isinstance(item, dict | list))


def _nothing(body: dict[str, Any]) -> str:
    return ""


# How much of an unsupported kind can be told in words.
_TOLD: dict[str, Callable[[dict[str, Any]], str]] = {
    "poll": _poll,
    "checklist": _checklist,
    "dice": _dice,
    "story": _story,
    "game": _titled,
    "invoice": _titled,
    "gift": _gift,
    "rich_message": _rich,
}
