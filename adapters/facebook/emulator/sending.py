"""The Send API: who may write to whom and when, and what everybody is told of it."""

from __future__ import annotations

from typing import Any

import aiohttp

from .account import Caller
from .content import as_json, check_file, judged, number_of
from .delivery import Delivery
from .errors import GraphError, bad, window_closed
from .model import PAGE_INBOX, File, Json, Message, Page, Thread
from .world import DAY, World

LIVING_TAG = "HUMAN_AGENT"
TYPES = frozenset({"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"})
ACTIONS = frozenset({"typing_on", "typing_off", "mark_seen"})
_KNOWN = frozenset({"recipient", "message", "messaging_type", "tag", "sender_action", "notification_type", "reply_to"})
_IMAGE_BY_LINK = 8 * 1024 * 1024


class Sending:
    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery

    async def messages(self, caller: Caller, page_id: str, data: Json, upload: File | None) -> Json:
        """POST /{page}/messages."""
        data = {name: as_json(value) for name, value in data.items()}
        page = caller.require("pages_messaging", "MESSAGING", page_id)
        if strange := set(data) - _KNOWN:
            raise bad(f"Unknown parameters: {sorted(strange)}")
        thread = self._thread(page, data)
        if "sender_action" in data:
            return self._act(thread, data)
        self._may_write(caller, thread)
        self._timely(caller, thread, data)
        written = await judged(self._world, thread, data.get("message"), upload, self._fetch)
        message = self._world.message(
            thread, outgoing=True, text=written.text, files=written.files, buttons=written.buttons,
            quick_replies=written.quick_replies, reply_to=self._answered(thread, data.get("reply_to")), body=data,
        )  # fmt: skip
        thread.typing_until = 0.0
        self._told(caller, message)
        answer = {"recipient_id": thread.psid, "message_id": message.mid}
        return answer | ({"attachment_id": written.attachment_id} if written.attachment_id else {})

    def _thread(self, page: Page, data: Json) -> Thread:
        recipient = data.get("recipient")
        psid = recipient.get("id") if isinstance(recipient, dict) else None
        if not isinstance(psid, str) or not psid:
            raise bad("The parameter recipient is required")
        thread = self._world.by_psid(page, psid)
        if thread is None:
            raise bad("No matching user found", 2018001)
        return thread

    def _act(self, thread: Thread, data: Json) -> Json:
        if data["sender_action"] not in ACTIONS:
            raise bad("Param sender_action must be one of {mark_seen, typing_on, typing_off}")
        if "message" in data:
            raise bad("A sender action cannot go with a message")
        now = self._world.clock()
        if data["sender_action"] == "mark_seen":
            thread.seen_until = now
        else:
            thread.typing_until = now + 20 if data["sender_action"] == "typing_on" else 0.0
        self._world.changed("chat", thread)
        return {"recipient_id": thread.psid}

    def _may_write(self, caller: Caller, thread: Thread) -> None:
        if thread.page.restricted:
            raise GraphError("(#10) The page is temporarily restricted from sending messages.", 10, 1893063)
        if not caller.app.advanced and not thread.person.tester:
            text = "(#200) Cannot message users who are not admins, developers or testers of the app"
            raise GraphError(text, 200, 2018028, status=403)
        if thread.blocked:
            raise GraphError("(#551) This person isn't available right now.", 551, 1545041)
        if thread.owner != caller.app.id:
            text = "(#10) Message not sent: another app is controlling this thread now."
            raise GraphError(text, 10, 2018300)

    def _timely(self, caller: Caller, thread: Thread, data: Json) -> None:
        kind, tag = data.get("messaging_type"), data.get("tag")
        if kind not in TYPES:
            raise bad("Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}")
        if kind == "UTILITY":
            raise bad("This page has no approved template")
        if (tag is not None) != (kind == "MESSAGE_TAG") or (tag is not None and tag != LIVING_TAG):
            raise bad("Invalid parameter")
        age = self._world.clock() - thread.opened if thread.opened is not None else None
        if tag == LIVING_TAG and not caller.app.human_agent:
            raise GraphError("(#10) Application does not have the Human Agent permission", 10)
        if age is None or age > (7 * DAY if tag else DAY):
            raise window_closed()

    def _answered(self, thread: Thread, reply_to: Any) -> int | None:
        if reply_to is None:
            return None
        found = thread.find(str(reply_to.get("mid"))) if isinstance(reply_to, dict) else None
        if found is None:
            raise bad("Invalid reply_to mid")
        return found.number

    def _told(self, caller: Caller, message: Message) -> None:
        """The echo, and the delivery to the person's phone."""
        echo(self._world, self._delivery, message, int(caller.app.id), message.body.get("message", {}).get("metadata"))
        thread, now = message.thread, int(message.at * 1000)
        event = {
            "sender": {"id": thread.psid},
            "recipient": {"id": thread.page.id},
            "timestamp": now + 1,
            "delivery": {"mids": [message.mid], "watermark": now},
        }
        self._delivery.add(thread.page, "message_deliveries", event)

    async def attachments(self, caller: Caller, page_id: str, data: Json, upload: File | None) -> Json:
        """POST /{page}/message_attachments."""
        page = caller.require("pages_messaging", "MESSAGING", page_id)
        message = as_json(data.get("message"))
        item = message.get("attachment") if isinstance(message, dict) else None
        item = item if isinstance(item, dict) else {}
        payload = item.get("payload")
        if not isinstance(payload, dict) or item.get("type") not in ("image", "audio", "video", "file"):
            raise bad("Param message[attachment] is required")
        if not payload.get("is_reusable"):
            raise bad("is_reusable must be true")
        file = upload if upload is not None else await self._fetch(str(payload.get("url")), item["type"])
        file.kind = item["type"]
        check_file(file)
        return {"attachment_id": number_of(self._world, page, file)}

    async def _fetch(self, url: str, kind: str) -> File:
        """Facebook fetches a public link itself."""
        if not url.startswith("https://"):
            raise bad("The url must be a secure address", 2018047)
        address, headers = self._world.route(url)
        try:
            limit = aiohttp.ClientTimeout(total=75)
            async with self._delivery.session().get(address, headers=headers, timeout=limit) as response:
                data, mime = await response.read(), response.content_type
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            raise bad("Failed to fetch the file from the url", 2018008) from None
        if response.status != 200 or (kind == "image" and len(data) > _IMAGE_BY_LINK):
            raise bad("Failed to fetch the file from the url", 2018008)
        return self._world.file(kind, data, url.rpartition("/")[2], mime)

    async def take_thread(self, caller: Caller, page_id: str, data: Json) -> Json:
        page = caller.require("pages_messaging", "MESSAGING", page_id)
        thread = self._thread(page, data)
        before, thread.owner = thread.owner, caller.app.id
        event = {
            "sender": {"id": thread.psid}, "recipient": {"id": page.id},
            "timestamp": int(self._world.clock() * 1000),
            "take_thread_control": {"previous_owner_app_id": before, "new_owner_app_id": caller.app.id},
        }  # fmt: skip
        self._delivery.add(page, "messaging_handovers", event)
        return {"success": True}

    async def pass_thread(self, caller: Caller, page_id: str, data: Json) -> Json:
        page = caller.require("pages_messaging", "MESSAGING", page_id)
        thread = self._thread(page, data)
        if thread.owner != caller.app.id:
            raise GraphError("(#10) The app is not the owner of this thread.", 10, 2018300)
        thread.owner = str(data.get("target_app_id") or PAGE_INBOX)
        return {"success": True}


def echo(world: World, delivery: Delivery, message: Message, app_id: int | None, metadata: str | None) -> None:
    """Tell the app what the page wrote, whoever wrote it."""
    thread = message.thread
    body: Json = {"mid": message.mid, "is_echo": True}
    if app_id is not None:
        body["app_id"] = app_id
    if metadata:
        body["metadata"] = metadata
    if message.buttons:
        payload = {"template_type": "button", "text": message.text, "buttons": message.buttons}
        body["attachments"] = [{"type": "template", "payload": payload}]
    elif message.text:
        body["text"] = message.text
    if message.files:
        body["attachments"] = [attachment(world, file) for file in message.files]
    event = {
        "sender": {"id": thread.page.id},
        "recipient": {"id": thread.psid},
        "timestamp": int(message.at * 1000),
        "message": body,
    }
    delivery.add(thread.page, "message_echoes", event)


def attachment(world: World, file: File) -> Json:
    world.files[file.key] = file
    payload: Json = {"url": f"{world.base}/media/{file.key}/{file.name}?oh=00"}
    if file.kind == "sticker":
        payload["sticker_id"] = 767226160478561
    return {"type": file.kind, "payload": payload}
