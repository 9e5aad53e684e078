"""All that Messenger has in webhooks (its pages "Webhook events" of 2026-06-01, pymsgr), and what becomes of it."""

from __future__ import annotations

from typing import Any

from tests.adapters.kinds import Carried, Fields, Json, Named, Silent, Table

EVENTS: Table = {
    "message": Carried("text"),
    "message_edit": Carried("message_edit"),
    "postback": Carried("get_started"),
    "referral": Carried("referral"),
    "optin": Carried("optin"),
    "delivery": Carried("delivery"),
    "read": Carried("read"),
    "reaction": Carried("reaction"),
    "policy_enforcement": Carried("policy_warning"),
    "policy-enforcement": Carried("policy_enforcement_hyphenated"),
    "pass_thread_control": Silent("who answers is found out by answering: the conversation is taken over then"),
    "take_thread_control": Silent("who answers is found out by answering: the conversation is taken over then"),
    "request_thread_control": Silent("another app wants to answer: people do, here"),
    "account_linking": Silent("logging in to a shop's own site: Pult offers none"),
}
ATTACHMENTS: Table = {
    "image": Carried("image"),
    "video": Carried("video"),
    "audio": Carried("audio"),
    "file": Carried("file"),
    "sticker": Carried("sticker"),
    "location": Carried("location"),
    "share": Carried("share"),
    "fallback": Named("Вложение"),
    "template": Named("Шаблон"),
    "appointment_booking": Named("Запись на приём"),
    "post": Named("Публикация"),
    "ig_post": Named("Публикация в Instagram"),
    "reel": Named("Видео из Facebook"),
    "ig_reel": Named("Видео из Instagram"),
    "ig_story": Named("История в Instagram"),
    "unsupported_type": Named("Вложение"),
}


def _event(payload: Any) -> Json:
    entry = payload["entry"][0]
    found: Json = (entry.get("messaging") or entry["standby"])[0]
    return found


def _attachment(payload: Any) -> Json:
    found: Json = _event(payload)["message"]["attachments"][0]
    return found


MESSAGE = Fields("facebook", "message", lambda data: _event(data)["message"], "text", {
    "mid": Carried("text"),
    "text": Carried("text"),
    "attachments": Carried("image"),
    "quick_reply": Carried("text_quick_reply_of_pult"),
    "reply_to": Carried("reply"),
    "referral": Carried("text_of_a_product_page"),
    "is_echo": Carried("echo_inbox"),
    "app_id": Carried("echo_other_app"),
    "metadata": Carried("echo_own"),
    "is_deleted": Carried("deleted"),
    "tags": Silent("of the page's own labels", {}),
    "nlp": Silent("Facebook's own guesses at what was meant", {}),
    "seq": Silent("withdrawn: always 0", 0),
    "commands": Silent("commands of a bot, which are said in the text as well", []),
})  # fmt: skip
EVENT = Fields("facebook", "event", _event, "text", {
    "sender": Carried("text"),
    "recipient": Carried("echo_inbox"),
    "timestamp": Carried("text"),
})  # fmt: skip
POSTBACK = Fields("facebook", "postback", lambda data: _event(data)["postback"], "postback_of_a_menu", {
    "mid": Carried("postback_of_a_menu"),
    "title": Carried("postback_of_a_menu"),
    "payload": Carried("postback_of_pult"),
    "referral": Carried("get_started_referral"),
})  # fmt: skip
REFERRAL = Fields("facebook", "referral", lambda data: _event(data)["message"]["referral"], "text_referral", {
    "ref": Carried("text_referral"),
    "ad_id": Carried("text_ad_without_ref"),
    "product": Carried("text_of_a_product_page"),
    "ads_context_data": Carried("text_of_an_advertisement"),
    "source": Silent("where the link stood: its code says more"),
    "type": Silent("always OPEN_THREAD"),
    "referer_uri": Silent("the page of a plugin that Facebook has withdrawn"),
    "is_guest_user": Silent("of a plugin that Facebook has withdrawn", True),
})  # fmt: skip
ADVERTISEMENT = Fields(
    "facebook", "ads_context_data", lambda data: _event(data)["message"]["referral"]["ads_context_data"],
    "text_of_an_advertisement", {
        "ad_title": Carried("text_of_an_advertisement"),
        "product_id": Carried("text_of_an_advertisement"),
        "photo_url": Silent("the picture of the company's own advertisement", "https://scontent.xx.fbcdn.net/a.jpg"),
        "video_url": Silent("the picture of the company's own advertisement", "https://scontent.xx.fbcdn.net/a.jpg"),
        "post_id": Silent("the number of the company's own post"),
        "flow_id": Silent("of a partner's welcome messages"),
    },
)  # fmt: skip
PRODUCT = Fields(
    "facebook", "product", lambda data: _attachment(data)["payload"]["product"]["elements"][0], "product", {
        "title": Carried("product"),
        "subtitle": Carried("product"),
        "image_url": Carried("product"),
        "retailer_id": Carried("product"),
        "id": Silent("Facebook's own number: the shop knows its own, which is told"),
    },
)  # fmt: skip
APPOINTMENT = Fields(
    "facebook", "appointment", lambda data: _attachment(data)["payload"], "appointment_requested", {
        "status": Carried("appointment_requested"),
        "start_time": Carried("appointment_requested"),
        "end_time": Carried("appointment_requested"),
        "timezone": Carried("appointment_requested"),
        "booking_id": Silent("Facebook's own number of it"),
    },
)  # fmt: skip
REACTION = Fields("facebook", "reaction", lambda data: _event(data)["reaction"], "reaction", {
    "emoji": Carried("reaction", "🔥"),
    "action": Carried("reaction", "unreact"),
    "mid": Carried("reaction"),
    "reaction": Carried("reaction_without_emoji"),
})  # fmt: skip
FIELDS = (MESSAGE, EVENT, POSTBACK, REFERRAL, ADVERTISEMENT, PRODUCT, APPOINTMENT, REACTION)
