"""Everything that Viber has in callbacks (viberbot 1.0.12 and the REST Bot API), and what becomes of it."""

from __future__ import annotations

from typing import Any

from tests.adapters.kinds import Carried, Fields, Json, Named, Silent, Table

EVENTS: Table = {
    "message": Carried("text"),
    "conversation_started": Carried("conversation_started"),
    "subscribed": Carried("subscribed"),
    "unsubscribed": Carried("unsubscribed"),
    "delivered": Carried("delivered"),
    "seen": Carried("seen"),
    "failed": Carried("failed"),
    "webhook": Silent("Viber's look whether anybody answers, while set_webhook is under way"),
}
MESSAGES: Table = {
    "text": Carried("text"),
    "picture": Carried("picture"),
    "video": Carried("video"),
    "file": Carried("file"),
    "location": Carried("location"),
    "contact": Carried("contact"),
    "sticker": Carried("sticker"),
    "url": Carried("url"),
    "rich_media": Named("Карточки"),
    "voice": Named("Голосовое сообщение"),
    "keyboard": Silent("sent by bots alone: no message of a person has nothing but buttons"),
}
_SENT = Silent("of what bots send: nothing that a person's message has", {})


def _callback(payload: Any) -> Json:
    found: Json = payload
    return found


CALLBACK = Fields("viber", "callback", _callback, "text", {
    "event": Carried("text"),
    "timestamp": Carried("text"),
    "message_token": Carried("text"),
    "sender": Carried("text"),
    "message": Carried("text"),
    "user": Carried("subscribed"),
    "user_id": Carried("unsubscribed"),
    "context": Carried("conversation_started"),
    "subscribed": Carried("conversation_started_subscribed"),
    "desc": Silent("why it failed, in English: it stands in the journal"),
    "silent": Silent("whether the phone made a sound", True),
    "chat_hostname": Silent("one of Viber's own machines"),
    "type": Silent("of conversation_started: always `open`"),
})  # fmt: skip
MESSAGE = Fields("viber", "message", lambda data: data["message"], "text", {
    "type": Carried("picture"),
    "text": Carried("text"),
    "media": Carried("picture"),
    "thumbnail": Silent("a small picture of what comes itself", "https://dl-media.viber.com/t.jpg"),
    "file_name": Carried("file"),
    "size": Carried("file"),
    "file_size": Carried("file_size"),
    "duration": Carried("video"),
    "location": Carried("location"),
    "contact": Carried("contact"),
    "sticker_id": Carried("sticker_by_id"),
    "tracking_data": Carried("press"),
    "alt_text": Carried("rich_media"),
    "rich_media": _SENT,
    "keyboard": _SENT,
    "min_api_version": _SENT,
})  # fmt: skip
PERSON = Fields("viber", "UserProfile", lambda data: data["sender"], "text", {
    "id": Carried("text"),
    "name": Carried("text"),
    "avatar": Carried("text"),
    "language": Carried("text"),
    "country": Silent("says no more than the language, and nobody asked the person"),
    "api_version": Silent("what a client cannot show is refused by it, and sent plainer then", 10),
})  # fmt: skip
FIELDS = (CALLBACK, MESSAGE, PERSON)
