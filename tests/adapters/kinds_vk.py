"""Everything that VK has in messages (vkbottle-types 5.199), and what becomes of it."""

from __future__ import annotations

from typing import Any

from tests.adapters.kinds import Carried, Fields, Json, Named, Silent, Table

_ELSEWHERE = Silent("not in a private dialog: Pult does not ask for it")
_COUNTS = Silent("of VK's own lists: says nothing of the message", 1)
_POST = Silent("of the post's page: whoever opens the link sees it", 1)
_KNOWN = Silent("known already: these are messages of elsewhere", 1)

EVENTS: Table = {
    "message_new": Carried("text"),
    "message_reply": Carried("reply_by_admin"),
    "message_edit": Carried("edited"),
    "message_allow": Carried("allow"),
    "message_deny": Carried("deny"),
    "message_read": Carried("read"),
    "message_event": Carried("pressed"),
    "message_reaction_event": Carried("reaction"),
    "user_block": Carried("user_block"),
    "user_unblock": Carried("user_unblock"),
    "message_typing_state": Silent("typing is not shown to members: it would come too late to matter"),
    "confirmation": Silent("answered by the handshake"),
    **dict.fromkeys(
        (
            "photo_new", "photo_comment_new", "photo_comment_edit", "photo_comment_restore", "photo_comment_delete",
            "audio_new", "video_new", "video_comment_new", "video_comment_edit", "video_comment_restore",
            "video_comment_delete", "wall_post_new", "wall_repost", "wall_reply_new", "wall_reply_edit",
            "wall_reply_restore", "wall_reply_delete", "like_add", "like_remove", "board_post_new", "board_post_edit",
            "board_post_restore", "board_post_delete", "lead_forms_new", "market_comment_new", "market_comment_edit",
            "market_comment_restore", "market_comment_delete", "market_order_new", "market_order_edit", "group_leave",
            "group_join", "poll_vote_new", "group_officers_edit", "group_change_settings", "group_change_photo",
            "vkpay_transaction", "app_payload", "donut_subscription_create", "donut_subscription_prolonged",
            "donut_subscription_expired", "donut_subscription_cancelled", "donut_subscription_price_changed",
            "donut_money_withdraw", "donut_money_withdraw_error",
        ),
        _ELSEWHERE,
    ),
}  # fmt: skip

ATTACHMENTS: Table = {
    "photo": Carried("photo"),
    "audio": Carried("audio"),
    "video": Carried("video"),
    "doc": Carried("doc"),
    "link": Carried("link"),
    "gift": Carried("gift"),
    "sticker": Carried("sticker"),
    "graffiti": Carried("graffiti"),
    "audio_message": Carried("audio_message"),
    "market": Named("Товар"),
    "market_album": Named("Подборка товаров"),
    "wall": Named("Запись со стены"),
    "wall_reply": Named("Комментарий"),
    "article": Named("Статья"),
    "poll": Named("Опрос"),
    "call": Named("Звонок"),
    "story": Named("История"),
    "narrative": Named("История"),
    "group_call_in_progress": Named("Групповой звонок"),
    "mini_app": Named("Приложение"),
    "video_playlist": Named("Плейлист"),
    # Not in the schema, but seen.
    "podcast": Named("Подкаст"),
    "audio_playlist": Named("Плейлист"),
    "curator": Named("Плейлист"),
    "event": Named("Мероприятие"),
    "money_transfer": Named("Перевод денег"),
    "money_request": Named("Запрос денег"),
}
ON_POSTS: Table = {
    **{kind: ATTACHMENTS[kind] for kind in (
        "photo", "audio", "video", "doc", "link", "graffiti", "poll", "market", "market_album", "article", "sticker",
        "podcast", "mini_app", "video_playlist", "audio_playlist", "event",
    )},
    "photos_list": Named("Фотоальбом"),
    "posted_photo": Named("Фото"),
    "note": Named("Заметка"),
    "app": Named("Приложение"),
    "page": Named("Страница"),
    "album": Named("Фотоальбом"),
    "donut_link": Named("Подписка"),
    "textlive": Named("Текстовая трансляция"),
    "textpost": Named("Текстовая трансляция"),
    "textpost_publish": Named("Текстовая трансляция"),
    "situational_theme": Named("Публикация"),
    "group": Named("Сообщество"),
    "pretty_cards": Named("Карточки"),
    "clip": Named("Видео"),
}  # fmt: skip


def _message(payload: Any) -> Json:
    body: Json = payload["object"]
    found: Json = body.get("message", body)
    return found


MESSAGE = Fields("vk", "MessagesMessage", _message, "text", {
    "conversation_message_id": Carried("text"),
    "date": Carried("text"),
    "id": Carried("text_without_cmid"),
    "from_id": Silent("the person of a private dialog is its peer_id; only whether it is a community matters", 5),
    "text": Carried("text"),
    "version": Silent("of VK's own caches", 1),
    "out": Carried("text", 1),
    "peer_id": Carried("text"),
    "action": Carried("service"),
    "admin_author_id": Carried("reply_by_admin"),
    "attachments": Carried("photo"),
    "deleted": Silent("VK tells communities of no deletion: of histories alone", True),
    "fwd_messages": Carried("forwarded"),
    "geo": Carried("location"),
    "is_cropped": Carried("cropped"),
    "keyboard": Silent("buttons that the community sent: the customer presses them, and the press comes", {}),
    "payload": Carried("start"),
    "update_time": Carried("edited"),
    "is_silent": Silent("whether the phone made a sound", True),
    "is_unavailable": Silent("of histories alone", True),
    "random_id": Carried("reply_by_us"),
    "ref": Carried("text_referred"),
    "ref_source": Silent("`ref` is the code of the link, which was made for the purpose"),
    "important": _COUNTS,
    "is_hidden": _COUNTS,
    "members_count": _COUNTS,
    "reply_message": Carried("reply"),
    "reaction_id": Silent("reactions come as events of their own", 1),
    "reactions": Silent("reactions come as events of their own", []),
    "last_reaction_id": Silent("reactions come as events of their own", 1),
    "is_pinned": _COUNTS,
    "was_listened": _COUNTS,
    "pinned_at": _COUNTS,
})  # fmt: skip
FORWARDED = Fields("vk", "MessagesForeignMessage", lambda data: _message(data)["fwd_messages"][0], "forwarded", {
    "conversation_message_id": _KNOWN,
    "date": _KNOWN,
    "from_id": Carried("forwarded"),
    "text": Carried("forwarded"),
    "attachments": Carried("forwarded_photo"),
    "fwd_messages": Carried("forwarded"),
    "geo": Carried("forwarded_answer"),
    "id": _KNOWN,
    "peer_id": _KNOWN,
    "reply_message": Carried("forwarded_answer"),
    "update_time": _KNOWN,
    "was_listened": _KNOWN,
    "payload": Silent("of a button in another dialog", "{}"),
})  # fmt: skip
POST = Fields("vk", "WallWallpostFull", lambda data: _message(data)["attachments"][0]["wall"], "wall", {
    "id": Carried("wall"),
    "text": Carried("wall"),
    "owner_id": Carried("wall", -77),
    "to_id": Carried("wall_of_another"),
    "from_id": Silent("who wrote it, which is another than whose wall it is on", 5),
    "attachments": Carried("repost"),
    "copy_history": Carried("repost"),
    **dict.fromkeys(
        (
            "inner_type", "access_key", "is_deleted", "deleted_reason", "deleted_details", "donut_miniapp_url",
            "copyright", "date", "edited", "geo", "is_archived", "is_favorite", "likes", "post_id",
            "parents_stack", "post_source", "post_type", "reposts", "signer_id", "views", "carousel_offset",
            "can_edit", "created_by", "can_delete", "can_pin", "donut", "is_pinned", "comments",
            "marked_as_ads", "topic_id", "short_text_rate", "hash", "type", "feedback",
        ),
        _POST,
    ),
})  # fmt: skip
FIELDS = (MESSAGE, FORWARDED, POST)
