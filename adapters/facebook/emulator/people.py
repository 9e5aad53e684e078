"""What people do on their phones, and what the app is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .delivery import Delivery
from .model import PAGE_INBOX, File, Json, Message, Page, Person, Thread
from .sending import attachment, echo
from .world import NotPossible, World

_NAMES = {"❤️": "love", "👍": "like", "👎": "dislike", "😆": "smile", "😮": "wow", "😢": "sad", "😠": "angry"}


class People:
    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery

    def _tell(self, thread: Thread, field: str, name: str, body: Json, *, opens: bool = True) -> None:
        """One event of the person; an app that has not the thread hears of it in standby."""
        if opens:
            thread.opened = self._world.clock()
        if thread.owner != self._world.app.id and field in ("messages", "messaging_postbacks"):
            field = "standby"
            body = {key: value for key, value in body.items() if name != "postback" or key != "payload"}
        event = {
            "sender": {"id": thread.psid},
            "recipient": {"id": thread.page.id},
            "timestamp": int(self._world.clock() * 1000),
            name: body,
        }
        self._delivery.add(thread.page, field, event)

    def start(self, page: Page, person: Person, ref: str | None = None) -> Message:
        """A visit by m.me: "Get started" in a new thread where the page has it, else a referral into the old one."""
        thread = self._world.thread(page, person)
        referral = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"} if ref else None
        if thread.started:
            message = self._world.message(thread, outgoing=False, service="m.me")
            if referral:
                self._tell(thread, "messaging_referrals", "referral", referral)
            return message
        thread.started, thread.blocked = True, False
        self._world.changed("chat", thread)
        message = self._world.message(thread, outgoing=False, text="Начать", service=None)
        if page.get_started is None:
            return message
        body = {"mid": message.mid, "title": "Начать", "payload": page.get_started}
        self._tell(thread, "messaging_postbacks", "postback", body | ({"referral": referral} if referral else {}))
        return message

    def visit_from_ad(self, page: Page, person: Person, ad_id: str) -> None:
        thread = self._thread(page, person)
        body = {"ref": "", "ad_id": ad_id, "source": "ADS", "type": "OPEN_THREAD"}
        self._tell(thread, "messaging_referrals", "referral", body)

    def write(
        self, page: Page, person: Person, text: str, *, files: Sequence[File] = (), reply_to: int | None = None,
        location: Json | None = None, raw: Sequence[Json] = (), **more: Any,
    ) -> Message:  # fmt: skip
        """Text, files, a place, or attachments of any other kind as they are on the wire (`raw`)."""
        thread = self._thread(page, person)
        message = self._world.message(
            thread, outgoing=False, text=text, files=list(files), reply_to=reply_to, location=location
        )
        body: Json = {"mid": message.mid}
        if text:
            body["text"] = text
        found = [attachment(self._world, file) for file in files]
        if location:
            point = {"lat": location["latitude"], "long": location["longitude"]}
            found.append({
                "type": "location", "title": location.get("title") or "Pinned Location",
                "payload": {"coordinates": point},
            })  # fmt: skip
        if found or raw:
            body["attachments"] = [*found, *raw]
        if reply_to is not None:
            body["reply_to"] = {"mid": self.find(thread, reply_to).mid, "is_self_reply": False}
        self._tell(thread, "messages", "message", body | more)
        return message

    def _thread(self, page: Page, person: Person) -> Thread:
        """The thread, open again for whoever had blocked the page."""
        thread = self._world.thread(page, person)
        if thread.blocked:
            raise NotPossible("The person has blocked the page.")
        if not thread.started:
            thread.started = True
            self._world.changed("chat", thread)
        return thread

    def find(self, thread: Thread, number: int) -> Message:
        message = thread.messages.get(number)
        if message is None or message.gone:
            raise NotPossible(f"There is no message {number}.")
        return message

    def edit(self, message: Message, text: str) -> Message:
        if message.outgoing or not text:
            raise NotPossible("One can edit an own text.")
        message.text = text
        message.edits += 1
        body = {"mid": message.mid, "text": text, "num_edit": message.edits}
        self._tell(message.thread, "message_edits", "message_edit", body, opens=False)
        self._world.changed("message", message)
        return message

    def delete(self, message: Message) -> None:
        """Unsend an own message; one of the page is only hidden on the phone."""
        message.gone = True
        if not message.outgoing:
            body = {"mid": message.mid, "is_deleted": True}
            self._tell(message.thread, "messages", "message", body, opens=False)
        self._world.changed("message_gone", message)

    def react(self, message: Message, emoji: str | None) -> Message:
        body: Json = {"mid": message.mid, "action": "react" if emoji else "unreact"}
        if emoji:
            message.reactions["person"] = emoji
            body |= {"reaction": _NAMES.get(emoji, "other"), "emoji": emoji}
        else:
            message.reactions.pop("person", None)
        self._tell(message.thread, "message_reactions", "reaction", body, opens=bool(emoji))
        self._world.changed("message", message)
        return message

    def press(self, message: Message, place: int) -> Json | None:
        """Press a button under a message: a postback, a link, or a quick reply, which says its title."""
        if not 0 <= place < len(message.pressable):
            raise NotPossible("There is no such button.")
        button = message.pressable[place]
        thread = message.thread
        if button.get("type") == "web_url":
            return {"text": "", "alert": False, "url": button["url"]}
        if button.get("type") == "postback":
            said = self._world.message(thread, outgoing=False, text=button["title"])
            body = {"mid": said.mid, "title": button["title"], "payload": button["payload"]}
            self._tell(thread, "messaging_postbacks", "postback", body)
            return None
        phone = f"+7900{thread.person.number:07d}"
        title, payload = (button["title"], button["payload"]) if button["content_type"] == "text" else (phone, phone)
        message.quick_replies = []
        self.write(thread.page, thread.person, title, quick_reply={"payload": payload})
        self._world.changed("message", message)
        return None

    def read(self, thread: Thread) -> None:
        """The person looks at the thread."""
        now = int(self._world.clock() * 1000)
        self._tell(thread, "message_reads", "read", {"watermark": now}, opens=False)

    def block(self, page: Page, person: Person, blocked: bool) -> None:
        """Messenger tells the page nothing of it."""
        thread = self._world.thread(page, person)
        thread.blocked = blocked
        self._world.changed("chat", thread)

    def answer_elsewhere(
        self, thread: Thread, text: str, app_id: str | None = PAGE_INBOX, files: Sequence[File] = ()
    ) -> Message:
        """The page's team answers in the page's inbox, or another app does."""
        message = self._world.message(thread, outgoing=True, text=text, files=list(files))
        echo(self._world, self._delivery, message, int(app_id) if app_id else None, None)
        return message

    def enforce(self, page: Page, action: str, reason: str | None) -> None:
        """Facebook warns the page, blocks its messages or lets them go again."""
        event: Json = {
            "recipient": {"id": page.id},
            "timestamp": int(self._world.clock() * 1000),
            "policy_enforcement": {"action": action} | ({"reason": reason} if reason else {}),
        }
        self._delivery.add(page, "messaging_policy_enforcement", event)

    def hand_to(self, thread: Thread, app_id: str) -> None:
        """Another app answers from now on."""
        before, thread.owner = thread.owner, app_id
        body = {"previous_owner_app_id": before, "new_owner_app_id": app_id, "metadata": ""}
        self._tell(thread, "messaging_handovers", "pass_thread_control", body, opens=False)
