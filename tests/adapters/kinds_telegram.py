"""What becomes of each field of a Telegram message, each kind of update, each mark and each block of a rich message.

Source: Bot API 10.3 as aiogram has it; what 10.4 and 10.5 add stands in NEWER and NEWER_UPDATES until aiogram has it.
"""

from __future__ import annotations

from typing import Any

from tests.adapters.kinds import NamedWith, Says, Silent

Fate = Says | NamedWith | Silent

USER = {"id": 5, "is_bot": False, "first_name": "Anna", "last_name": "Petrova"}
CHANNEL = {"id": -100, "type": "channel", "title": "News", "username": "news"}
FILE = {"file_id": "HANDLE", "file_unique_id": "u", "file_size": 10}
SIZES = [{**FILE, "width": 9, "height": 9}]
POINT = {"latitude": 55.75, "longitude": 37.61}
TEXT: dict[str, Any] = {"text": "Words"}
REPLIED = {"message_id": 3, "date": 1, "chat": {"id": 5, "type": "private"}}
ORIGIN = {"type": "channel", "date": 1, "chat": CHANNEL, "message_id": 4}

NEWER = {"widget"}
NEWER_UPDATES = {"widget_query", "shared_widget_query"}

_GROUPS = Silent("of groups and channels, which Pult leaves alone")
_BUSINESS = Silent("of business accounts, which Pult does not connect")
_LOOKS = Silent("how the message looks on a phone, nothing that it says")
_TOPICS = Silent("the customer's own order of topics; answers follow the topic of the latest message")
_FORMER = Silent("the form in which origins were told before Bot API 7.0; forward_origin says the same")
_OURS = Silent("what the bot's owner did there, nothing that the customer sent")


def _media(name: str, kind: str) -> Says:
    return Says({name: FILE}, (f'"kind": "{kind}"', "HANDLE"))


MESSAGE: dict[str, Fate] = {
    # Who, where, when
    "message_id": Says(TEXT, ('"message_id": "7"',)),
    "date": Says(TEXT, ('"at": "2026-',)),
    "chat": Says(TEXT, ('"user": "5"',)),
    "from": Says(TEXT, ("Anna Petrova",)),
    "edit_date": Silent("edits come as updates of their own, which take their time from it"),
    "message_thread_id": Says(TEXT | {"message_thread_id": 700, "is_topic_message": True}, ('"client": "700"',)),
    "is_topic_message": Says(TEXT | {"message_thread_id": 700, "is_topic_message": True}, ('"client": "700"',)),
    "media_group_id": Says({"photo": SIZES, "media_group_id": "A1"}, ('"album": "A1"',)),
    "via_bot": Silent("by which bot's help the person found it; what was found is carried"),
    "is_from_offline": Silent("that it was sent at a chosen time, which `date` tells"),
    "has_protected_content": Silent("what the customer's app forbids others; a copy for the team is no forward"),
    "author_signature": _GROUPS,
    "sender_chat": _GROUPS,
    "sender_boost_count": _GROUPS,
    "sender_tag": _GROUPS,
    "is_automatic_forward": _GROUPS,
    "is_paid_post": _GROUPS,
    "paid_star_count": Silent("what the message cost its sender; bots set no price for messages to them"),
    "suggested_post_info": _GROUPS,
    "direct_messages_topic": _GROUPS,
    "receiver_user": _GROUPS,
    "ephemeral_message_id": _GROUPS,
    "guest_query_id": _GROUPS,
    "guest_bot_caller_user": _GROUPS,
    "guest_bot_caller_chat": _GROUPS,
    "business_connection_id": _BUSINESS,
    "sender_business_bot": _BUSINESS,
    # What it answers to, whose it was
    "reply_to_message": Says(
        TEXT | {"reply_to_message": REPLIED | {"document": FILE | {"file_name": "Price.pdf"}}},
        ('"quoted": ["3", "Price.pdf", "file"]',),
    ),
    "external_reply": Says(
        TEXT | {"external_reply": {"origin": ORIGIN, "photo": SIZES}}, ('"quoted": [null, "News", "photo"]',)
    ),
    "quote": Says(TEXT | {"quote": {"text": "this part", "position": 0}}, ("this part",)),
    "reply_to_story": Says(TEXT | {"reply_to_story": {"chat": CHANNEL, "id": 8}}, ("https://t.me/news/s/8", "story")),
    "reply_to_checklist_task_id": Says(
        TEXT
        | {
            "reply_to_checklist_task_id": 2,
            "reply_to_message": REPLIED
            | {"checklist": {"title": "To buy", "tasks": [{"id": 1, "text": "Roses"}, {"id": 2, "text": "Vase"}]}},
        },
        ('"quoted": ["3", "Vase"]',),
    ),
    "reply_to_poll_option_id": Says(
        TEXT
        | {
            "reply_to_poll_option_id": "b",
            "reply_to_message": REPLIED
            | {"poll": {"question": "When?", "options": [{"persistent_id": "b", "text": "Sunday"}]}},
        },
        ('"quoted": ["3", "Sunday"]',),
    ),
    "forward_origin": Says(TEXT | {"forward_origin": ORIGIN}, ('"forwarded_from": "News"',)),
    "forward_date": _FORMER,
    "forward_from": _FORMER,
    "forward_from_chat": _FORMER,
    "forward_from_message_id": _FORMER,
    "forward_sender_name": _FORMER,
    "forward_signature": _FORMER,
    # Words and media
    "text": Says(TEXT, ("Words",)),
    "entities": Says(TEXT | {"entities": [{"type": "bold", "offset": 0, "length": 5}]}, ("bold",)),
    "caption": Says({"photo": SIZES, "caption": "Here"}, ("Here",)),
    "caption_entities": Says(
        {"photo": SIZES, "caption": "Here", "caption_entities": [{"type": "italic", "offset": 0, "length": 4}]},
        ("italic",),
    ),
    "show_caption_above_media": _LOOKS,
    "link_preview_options": _LOOKS,
    "effect_id": _LOOKS,
    "has_media_spoiler": Says({"photo": SIZES, "has_media_spoiler": True}, ('"spoiler": true',)),
    "reply_markup": Says(
        TEXT | {"reply_markup": {"inline_keyboard": [[{"text": "Shop", "url": "https://shop.test"}]]}},
        ("Shop", "https://shop.test"),
    ),
    "photo": Says({"photo": SIZES}, ('"kind": "photo"', "HANDLE")),
    "live_photo": Says({"live_photo": FILE | {"photo": SIZES}}, ('"kind": "photo"',)),
    "animation": _media("animation", "animation"),
    "audio": _media("audio", "audio"),
    "document": _media("document", "file"),
    "sticker": _media("sticker", "sticker"),
    "video": _media("video", "video"),
    "video_note": _media("video_note", "video_note"),
    "voice": _media("voice", "voice"),
    "location": Says({"location": POINT}, ("55.75",)),
    "venue": Says({"venue": {"location": POINT, "title": "Café", "address": "Main St"}}, ("55.75", "Café", "Main St")),
    "contact": Says(
        {"contact": {"phone_number": "", "first_name": "Oleg", "vcard": "BEGIN:VCARD\nEMAIL:a@b.test\nEND:VCARD"}},
        ("Oleg", "a@b.test"),
    ),
    # Kinds without a form
    "checklist": NamedWith(
        "Список дел",
        {"checklist": {"title": "To buy", "tasks": [{"id": 1, "text": "Roses", "completion_date": 5}]}},
        ("To buy", "☑ Roses"),
    ),
    "checklist_tasks_added": NamedWith(
        "Добавлено в список", {"checklist_tasks_added": {"tasks": [{"id": 2, "text": "Vase"}]}}, ("Vase",)
    ),
    "checklist_tasks_done": NamedWith(
        "Отмечено в списке", {"checklist_tasks_done": {"marked_as_done_task_ids": [2]}}, ("☑ №2",)
    ),
    "dice": NamedWith("Кубик", {"dice": {"emoji": "🎯", "value": 6}}, ("🎯 6",)),
    "game": NamedWith(
        "Игра", {"game": {"title": "Race", "description": "Run", "photo": SIZES}}, ("Race\\nRun", "HANDLE")
    ),
    "poll": NamedWith(
        "Опрос",
        {
            "poll": {
                "question": "When?",
                "description": "Say a day",
                "options": [{"text": "Sunday"}],
                "media": {"photo": SIZES},
            }
        },
        ("When?\\nSay a day\\n– Sunday", "HANDLE"),
    ),
    "story": NamedWith("История", {"story": {"chat": CHANNEL, "id": 8}}, ("https://t.me/news/s/8",)),
    "paid_media": NamedWith(
        "Платное медиа",
        {"paid_media": {"star_count": 5, "paid_media": [{"type": "photo", "photo": SIZES}]}},
        ("5 ⭐", "HANDLE"),
    ),
    "rich_message": NamedWith(
        "Форматированное сообщение",
        {"rich_message": {"blocks": [{"type": "paragraph", "text": ["a ", "b"]}]}},
        ("a b",),
    ),
    "gift": NamedWith("Подарок", {"gift": {"text": "For you"}}, ("For you",)),
    "unique_gift": NamedWith(
        "Подарок", {"unique_gift": {"gift": {"base_name": "Rose", "number": 3}, "text": "Hi"}}, ("Rose №3\\nHi",)
    ),
    "giveaway": NamedWith(
        "Розыгрыш", {"giveaway": {"chats": [CHANNEL], "prize_description": "A vase"}}, ("News\\nA vase",)
    ),
    "giveaway_winners": NamedWith(
        "Розыгрыш", {"giveaway_winners": {"chat": CHANNEL, "prize_star_count": 5}}, ("News\\n5 ⭐",)
    ),
    "invoice": NamedWith(
        "Счёт",
        {"invoice": {"title": "Roses", "description": "Red", "currency": "RUB", "total_amount": 150050}},
        ("Roses\\nRed\\n1500.50 RUB",),
    ),
    "successful_payment": NamedWith(
        "Оплата",
        {
            "successful_payment": {
                "currency": "XTR",
                "total_amount": 5,
                "order_info": {"name": "Anna", "email": "a@b.test", "shipping_address": {"city": "Tver"}},
            }
        },
        ("5 ⭐\\nAnna\\na@b.test\\nTver",),
    ),
    "web_app_data": NamedWith(
        "Из мини-приложения", {"web_app_data": {"button_text": "Order", "data": "{}"}}, ("Order\\n{}",)
    ),
    "users_shared": NamedWith(
        "Люди, которыми поделились",
        {"users_shared": {"users": [{"user_id": 8, "first_name": "Boris", "username": "bor"}]}},
        ("Boris, @bor",),
    ),
    "user_shared": NamedWith("Человек, которым поделились", {"user_shared": {"user_id": 8}}, ('"8"',)),
    "chat_shared": NamedWith("Чат, которым поделились", {"chat_shared": {"chat_id": -8, "title": "Club"}}, ("Club",)),
    "passport_data": NamedWith("Telegram Passport: здесь его не открыть", {"passport_data": {"data": []}}),
    "widget": NamedWith("Виджет", {"widget": {"id": "1"}}),
    # What only reports that something happened
    "write_access_allowed": Says({"write_access_allowed": {}}, ('"type": "Subscribed"',)),
    "pinned_message": Silent("what the customer keeps at the top of the own chat"),
    "connected_website": Silent("that they signed in on a website by Telegram, which says nothing to the team"),
    "message_auto_delete_timer_changed": Silent("how long the customer's own app keeps the chat"),
    "chat_background_set": _LOOKS,
    "proximity_alert_triggered": _GROUPS,
    "gift_upgrade_sent": Silent("a gift that was told when it came"),
    "refunded_payment": _OURS,
    "managed_bot_created": Silent("asked for by the control bot alone"),
    "boost_added": _GROUPS,
    "new_chat_members": _GROUPS,
    "left_chat_member": _GROUPS,
    "chat_owner_left": _GROUPS,
    "chat_owner_changed": _GROUPS,
    "new_chat_title": _GROUPS,
    "new_chat_photo": _GROUPS,
    "delete_chat_photo": _GROUPS,
    "group_chat_created": _GROUPS,
    "supergroup_chat_created": _GROUPS,
    "channel_chat_created": _GROUPS,
    "migrate_to_chat_id": _GROUPS,
    "migrate_from_chat_id": _GROUPS,
    "community_chat_added": _GROUPS,
    "community_chat_removed": _GROUPS,
    "community_chat_joined": _GROUPS,
    "forum_topic_created": _TOPICS,
    "forum_topic_edited": _TOPICS,
    "forum_topic_closed": _TOPICS,
    "forum_topic_reopened": _TOPICS,
    "general_forum_topic_hidden": _GROUPS,
    "general_forum_topic_unhidden": _GROUPS,
    "giveaway_created": _GROUPS,
    "giveaway_completed": _GROUPS,
    "direct_message_price_changed": _GROUPS,
    "paid_message_price_changed": _GROUPS,
    "poll_option_added": _GROUPS,
    "poll_option_deleted": _GROUPS,
    "suggested_post_approved": _GROUPS,
    "suggested_post_approval_failed": _GROUPS,
    "suggested_post_declined": _GROUPS,
    "suggested_post_paid": _GROUPS,
    "suggested_post_refunded": _GROUPS,
    "video_chat_scheduled": _GROUPS,
    "video_chat_started": _GROUPS,
    "video_chat_ended": _GROUPS,
    "video_chat_participants_invited": _GROUPS,
}

_NOT_ASKED = "the bot does not ask Telegram for it: "
UPDATES: dict[str, Silent | None] = {
    "message": None,
    "edited_message": None,
    "callback_query": None,
    "message_reaction": None,
    "my_chat_member": None,
    **dict.fromkeys(
        (
            "channel_post", "edited_channel_post", "guest_message", "message_reaction_count", "chat_member",
            "chat_join_request", "chat_boost", "removed_chat_boost",
        ),
        Silent(_NOT_ASKED + "groups and channels"),
    ),
    **dict.fromkeys(
        ("business_connection", "business_message", "edited_business_message", "deleted_business_messages"),
        Silent(_NOT_ASKED + "business accounts"),
    ),
    **dict.fromkeys(
        (
            "inline_query", "chosen_inline_result", "shipping_query", "pre_checkout_query", "purchased_paid_media",
            "poll", "poll_answer", "subscription", "stopped_message_generation", "managed_bot", "widget_query",
            "shared_widget_query",
        ),
        Silent(_NOT_ASKED + "it answers to what customers' bots of Pult never send"),
    ),
}  # fmt: skip
"""None: carried; samples show how."""

_FOUND = Silent("found by Telegram in the words, which are carried")
ENTITIES: dict[str, str | Silent] = {
    "bold": "bold",
    "italic": "italic",
    "underline": "underline",
    "strikethrough": "strike",
    "spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "quote",
    "expandable_blockquote": "quote",
    "text_link": "link",
    "mention": _FOUND,
    "hashtag": _FOUND,
    "cashtag": _FOUND,
    "bot_command": _FOUND,
    "url": _FOUND,
    "email": _FOUND,
    "phone_number": _FOUND,
    "date_time": _FOUND,
    "text_mention": Silent("a person without a username: a link to them works in the customer's app alone"),
    "custom_emoji": Silent("the emoji that stands in its place is carried"),
}
"""The mark as which each is carried."""

_INNER = [{"type": "paragraph", "text": "inner"}]
_CAPTION = {"text": "caption", "credit": "credit"}
BLOCKS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "paragraph": ({"text": "words"}, ("words",)),
    "heading": ({"text": "words", "size": 1}, ("words", "bold")),
    "pre": ({"text": "words"}, ("words", "pre")),
    "footer": ({"text": "words"}, ("words",)),
    "divider": ({}, ("———",)),
    "mathematical_expression": ({"expression": "x^2"}, ("x^2",)),
    "anchor": ({"name": "a"}, ()),
    "list": (
        {"items": [{"label": "1.", "blocks": _INNER}, {"label": "", "has_checkbox": True, "blocks": _INNER}]},
        ("1. inner\\n☐ inner",),
    ),
    "blockquote": ({"blocks": _INNER, "credit": "credit"}, ("inner\\n— credit", "quote")),
    "expandable_blockquote": ({"text": "words", "blocks": _INNER}, ("words\\ninner", "quote")),
    "pullquote": ({"text": "words", "credit": "credit"}, ("words\\n— credit", "quote")),
    "collage": ({"blocks": [{"type": "photo", "photo": SIZES}], "caption": _CAPTION}, ("caption\\n— credit", "HANDLE")),
    "slideshow": ({"blocks": [{"type": "photo", "photo": SIZES}], "caption": _CAPTION}, ("caption", "HANDLE")),
    "table": (
        {"caption": "Prices", "cells": [[{"text": "Roses", "is_header": True}, {"text": ["1", "50"]}], [{}]]},
        ("Prices\\nRoses | 150",),
    ),
    "details": ({"summary": "more", "blocks": _INNER}, ("more\\ninner",)),
    "map": ({"location": POINT, "caption": _CAPTION}, ("55.75", "caption")),
    "buttons": ({"buttons": [{"text": "Shop", "url": "https://shop.test"}]}, ("[Shop]", "https://shop.test")),
    "animation": ({"animation": FILE, "caption": _CAPTION}, ("animation", "HANDLE", "caption")),
    "audio": ({"audio": FILE, "caption": _CAPTION}, ("audio", "HANDLE", "credit")),
    "document": ({"document": FILE}, ('"file"', "HANDLE")),
    "photo": ({"photo": SIZES, "has_spoiler": True}, ("photo", "HANDLE", "spoiler")),
    "video": ({"video": FILE}, ("video", "HANDLE")),
    "voice_note": ({"voice_note": FILE}, ("voice", "HANDLE")),
    "thinking": ({"text": "words"}, ("words",)),
}
"""A block of each type and what is said of it."""

_MARKED = {"text": "words"}
TEXTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "bold": (_MARKED, ("words", '"bold"')),
    "italic": (_MARKED, ("words", '"italic"')),
    "underline": (_MARKED, ("words", '"underline"')),
    "strikethrough": (_MARKED, ("words", '"strike"')),
    "spoiler": (_MARKED, ("words", '"spoiler"')),
    "code": (_MARKED, ("words", '"code"')),
    "url": (_MARKED | {"url": "https://shop.test"}, ("words", '"link"', "https://shop.test")),
    "custom_emoji": ({"custom_emoji_id": "1", "alternative_text": "😀"}, ("😀",)),
    "mathematical_expression": ({"expression": "x^2"}, ("x^2",)),
    "button": ({"button": {"text": "Shop", "url": "https://shop.test"}}, ("[Shop]", "https://shop.test")),
    "anchor": ({"name": "a"}, ()),
    **dict.fromkeys(
        (
            "date_time", "text_mention", "subscript", "superscript", "marked", "email_address", "phone_number",
            "bank_card_number", "mention", "hashtag", "cashtag", "bot_command", "anchor_link", "reference",
            "reference_link",
        ),
        (_MARKED, ("words",)),
    ),
}  # fmt: skip
"""A text of each type and what is said of it."""
