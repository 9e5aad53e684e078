"""Judges what a page wants to send, as strictly as the Send API: limits, required fields, what goes with what."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import bad
from .model import File, Json, Page, Thread
from .world import World

TEXT, METADATA, TITLE, PAYLOAD = 2000, 1000, 20, 1000
QUICK_REPLIES, BUTTONS, BUTTON_TEXT, IMAGES = 13, 3, 640, 30
TYPES = frozenset({"image", "audio", "video", "file"})
_KNOWN = frozenset({"text", "attachment", "attachments", "quick_replies", "metadata", "sticker_id"})

Fetch = Callable[[str, str], Awaitable[File]]


@dataclass(slots=True)
class Written:
    """A message that passed: what the person will see."""

    text: str = ""
    files: list[File] = field(default_factory=list)
    buttons: list[Json] = field(default_factory=list)
    quick_replies: list[Json] = field(default_factory=list)
    attachment_id: str | None = None


def number_of(world: World, page: Page, file: File) -> str:
    """The attachment id of a reusable upload."""
    number = str(1857777774000000 + world.next())
    file.page, file.reusable = page.id, True
    world.uploads[number] = file
    return number


async def judged(world: World, thread: Thread, message: Any, upload: File | None, fetch: Fetch) -> Written:
    """What a call's `message` comes to. `upload`: the file that came in the same request."""
    if not isinstance(message, dict) or not message:
        raise bad("Parameter message is required", 2018015)
    if strange := set(message) - _KNOWN:
        raise bad(f"Invalid keys {sorted(strange)} were found in param message")
    if len(str(message.get("metadata", ""))) > METADATA:
        raise bad("Length of param message[metadata] must be less than or equal to 1000")
    matter = [name for name in ("text", "attachment", "attachments", "sticker_id") if name in message]
    if len(matter) != 1:
        raise bad("Message must have exactly one of text, attachment, attachments, sticker_id", 2018034)
    written = Written()
    if "text" in message:
        written.text = _text(message["text"], TEXT, "message[text]")
    elif "attachments" in message:
        await _album(world, thread.page, message["attachments"], written, fetch)
    elif "attachment" in message:
        await _attachment(world, thread.page, message["attachment"], written, upload, fetch)
    if "quick_replies" in message:
        written.quick_replies = _quick_replies(message["quick_replies"])
    return written


def _text(value: Any, limit: int, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise bad(f"Param {name} must be a non-empty UTF-8 encoded string")
    if len(value.encode("utf-16-le")) // 2 > limit:
        raise bad(f"Length of param {name} must be less than or equal to {limit}", 2018109)
    return value


async def _album(world: World, page: Page, items: Any, written: Written, fetch: Fetch) -> None:
    if not isinstance(items, list) or not 1 <= len(items) <= IMAGES:
        raise bad(f"Param message[attachments] must have 1 to {IMAGES} items")
    for item in items:
        if not isinstance(item, dict) or item.get("type") != "image":
            raise bad("Param message[attachments] takes images only")
        await _attachment(world, page, item, written, None, fetch)


async def _attachment(world: World, page: Page, item: Any, written: Written, upload: File | None, fetch: Fetch) -> None:
    payload = item.get("payload") if isinstance(item, dict) else None
    if not isinstance(payload, dict):
        raise bad("Param message[attachment][payload] is required")
    kind = item.get("type")
    if kind == "template":
        _template(payload, written)
        return
    if kind not in TYPES:
        raise bad("Param message[attachment][type] must be one of {AUDIO, FILE, IMAGE, TEMPLATE, VIDEO}")
    if number := payload.get("attachment_id"):
        written.files.append(_known(world, page, str(number), str(kind)))
        return
    file = upload if upload is not None else await _fetched(payload, str(kind), fetch)
    file.kind = str(kind)
    check_file(file)
    if payload.get("is_reusable"):
        written.attachment_id = number_of(world, page, file)
    written.files.append(file)


async def _fetched(payload: Json, kind: str, fetch: Fetch) -> File:
    url = payload.get("url")
    if not isinstance(url, str) or not url.startswith("https://"):
        raise bad("Param message[attachment][payload][url] must be a secure address", 2018047)
    return await fetch(url, kind)


def _known(world: World, page: Page, number: str, kind: str) -> File:
    file = world.uploads.get(number)
    if file is None or file.page != page.id or not file.reusable:
        raise bad("Invalid attachment ID", 2018074)
    if file.kind != kind:
        raise bad("Attachment type does not match the saved asset", 2018046)
    return file


def check_file(file: File) -> None:
    """Whether the bytes are what they are said to be, as far as Messenger looks."""
    if not file.data:
        raise bad("The file is empty", 2018007)
    if len(file.data) > 25 * 1024 * 1024:
        raise bad("Attachment size exceeds allowable limit", 2018109)
    if file.kind == "image" and file.mime not in ("image/jpeg", "image/png", "image/gif"):
        raise bad("Upload attachment failure: the image is of an unknown format.", 2018047)
    if file.kind in ("audio", "video") and not file.mime.startswith(f"{file.kind}/"):
        raise bad(f"Upload attachment failure: Content-Type must be {file.kind}.", 2018047)


def _template(payload: Json, written: Written) -> None:
    if payload.get("template_type") != "button":
        raise bad("This emulator takes button templates only")
    written.text = _text(payload.get("text"), BUTTON_TEXT, "message[attachment][payload][text]")
    buttons = payload.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= BUTTONS:
        raise bad(f"Param buttons must have 1 to {BUTTONS} items")
    written.buttons = [_button(button) for button in buttons]


def _button(button: Any) -> Json:
    if not isinstance(button, dict) or button.get("type") not in ("postback", "web_url", "phone_number"):
        raise bad("Param buttons[0][type] is not valid")
    if not str(button.get("title", "")).strip():
        raise bad("Button title must be non-empty", 2018053)
    _text(button["title"], TITLE, "buttons[0][title]")
    if button["type"] == "web_url" and not str(button.get("url", "")).startswith(("https://", "http://")):
        raise bad("URL button must have an url", 2018041)
    if button["type"] == "postback":
        if not str(button.get("payload", "")):
            raise bad("Postback button must have payload", 2018040)
        _text(button["payload"], PAYLOAD, "buttons[0][payload]")
    return button


def _quick_replies(items: Any) -> list[Json]:
    if not isinstance(items, list) or not 1 <= len(items) <= QUICK_REPLIES:
        raise bad(f"Param quick_replies must have 1 to {QUICK_REPLIES} items")
    for item in items:
        kind = item.get("content_type") if isinstance(item, dict) else None
        if kind not in ("text", "user_phone_number", "user_email"):
            raise bad("Param quick_replies[0][content_type] is not valid")
        if kind == "text":
            _text(item.get("title"), TITLE, "quick_replies[0][title]")
            _text(item.get("payload"), PAYLOAD, "quick_replies[0][payload]")
    return items


def as_json(value: Any) -> Any:
    """A form's field, which is JSON where it is no plain text."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        raise bad("Invalid JSON in a parameter") from None
