"""What send_message demands, field by field. Source: REST Bot API, "Send Message" and "Keyboards"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .model import Json

TEXT = 7000
CAPTION = 512
LABEL = 250
"""Characters of a button, its markup aside ("Keyboards", Text)."""
VIDEO_BYTES = 26 * 1024 * 1024
FILE_BYTES = 50 * 1024 * 1024
_URL = re.compile(r"https?://[^\s/]+\S*")
_COMMON = frozenset(
    {"receiver", "type", "sender", "min_api_version", "tracking_data", "keyboard", "auth_token", "alt_text"}
)
_FORBIDDEN = frozenset({
    "action", "apk", "app", "bat", "bin", "cmd", "com", "command", "cpl", "csh", "ex_", "exe", "gadget", "inf", "inf1",
    "ins", "inx", "ipa", "isu", "job", "jse", "ksh", "lnk", "msc", "msi", "msp", "mst", "osx", "out", "paf", "pif",
    "prg", "ps1", "reg", "rgs", "run", "scr", "sct", "shb", "shs", "u3p", "vb", "vbe", "vbs", "vbscript", "workflow",
    "ws", "wsf",
})  # fmt: skip
"""Endings of files that are not taken ("File message", forbidden file formats)."""
_ACTIONS = frozenset({"reply", "open-url", "location-picker", "share-phone", "none"})
_BUTTON = frozenset({
    "Columns", "Rows", "ActionType", "ActionBody", "Text", "TextSize", "TextHAlign", "TextVAlign", "BgColor",
    "Silent", "Image", "TextOpacity", "BgMedia", "BgMediaType", "BgLoop", "OpenURLType",
})  # fmt: skip
_KEYBOARD = frozenset(
    {"Type", "Buttons", "BgColor", "DefaultHeight", "CustomDefaultHeight", "HeightScale", "ButtonsGroupColumns",
     "ButtonsGroupRows", "InputFieldState", "FavoritesMetadata"}
)  # fmt: skip
_FIELDS = frozenset({"regular", "minimized", "hidden"})
_CHOICES = {
    "TextSize": frozenset({"small", "regular", "large"}),
    "TextHAlign": frozenset({"left", "center", "right"}),
    "TextVAlign": frozenset({"top", "middle", "bottom"}),
    "BgMediaType": frozenset({"picture", "gif"}),
    "OpenURLType": frozenset({"internal", "external"}),
}
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_TAG = re.compile(r"</?(b|i|u|font[^<>]*)>|<br\s*/?>", re.I)


class Bad(Exception):
    """The call is refused with this status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def bad(message: str) -> Bad:
    return Bad(3, message)


def missing(field: str) -> Bad:
    return Bad(4, f"Missing parameters in the request: {field}")


def check_message(body: Json, *, welcome: bool = False) -> None:
    """Raises Bad for what Viber would not take. A welcome message has no receiver."""
    if not welcome and not isinstance(body.get("receiver"), str):
        raise missing("receiver")
    _sender(body.get("sender"))
    version = body.get("min_api_version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise bad("min_api_version is invalid")
    tracking = body.get("tracking_data", "")
    if not isinstance(tracking, str) or len(tracking) > 4000:
        raise bad("tracking_data is invalid")
    if "keyboard" in body:
        check_keyboard(body["keyboard"], version)
    kind = body.get("type")
    if kind is None and "keyboard" in body:
        _known(body, frozenset())
        return
    if kind not in _TYPES:
        raise bad(f"type is invalid: {kind!r}") if kind else missing("type")
    fields, check = _TYPES[kind]
    _known(body, fields)
    check(body)


def _known(body: Json, fields: frozenset[str]) -> None:
    unknown = set(body) - _COMMON - fields
    if unknown:
        raise bad(f"unknown fields: {', '.join(sorted(unknown))}")


def _sender(sender: Any) -> None:
    if not isinstance(sender, dict) or not isinstance(sender.get("name"), str) or not sender["name"].strip():
        raise missing("sender.name")
    if len(sender["name"]) > 28:
        raise bad("sender.name is longer than 28 characters")


def _string(body: Mapping[str, Any], field: str, limit: int, *, least: int = 1) -> str:
    value = body.get(field)
    if value is None:
        raise missing(field)
    if not isinstance(value, str) or not least <= len(value.strip()) or len(value.encode("utf-16-le")) // 2 > limit:
        raise bad(f"{field} is invalid")
    return value


def _number(body: Mapping[str, Any], field: str, most: int) -> None:
    value = body.get(field)
    if value is None:
        raise missing(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= most:
        raise bad(f"{field} is invalid")


def _media(body: Json) -> None:
    if not _URL.fullmatch(_string(body, "media", 2000)):
        raise bad("media is no address")


def _text(body: Json) -> None:
    _string(body, "text", TEXT)


def _picture(body: Json) -> None:
    _media(body)
    _string(body, "text", CAPTION, least=0)


def _video(body: Json) -> None:
    _media(body)
    _number(body, "size", VIDEO_BYTES)
    if "duration" in body:
        _number(body, "duration", 180)


def _file(body: Json) -> None:
    _media(body)
    _number(body, "size", FILE_BYTES)
    name = _string(body, "file_name", 256)
    if "." not in name or name.rpartition(".")[2].lower() in _FORBIDDEN:
        raise bad("file_name is not allowed")


def _contact(body: Json) -> None:
    card = body.get("contact")
    if not isinstance(card, dict):
        raise missing("contact")
    _string(card, "name", 28)
    _string(card, "phone_number", 18)


def _location(body: Json) -> None:
    place = body.get("location")
    if not isinstance(place, dict):
        raise missing("location")
    for field, most in (("lat", 90), ("lon", 180)):
        value = place.get(field)
        if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > most:
            raise bad(f"location.{field} is invalid")


def _sticker(body: Json) -> None:
    _number(body, "sticker_id", 2**31)


_TYPES: dict[str, tuple[frozenset[str], Callable[[Json], None]]] = {
    "text": (frozenset({"text"}), _text),
    "picture": (frozenset({"text", "media", "thumbnail"}), _picture),
    "video": (frozenset({"media", "size", "duration", "thumbnail"}), _video),
    "file": (frozenset({"media", "size", "file_name"}), _file),
    "contact": (frozenset({"contact"}), _contact),
    "location": (frozenset({"location"}), _location),
    "url": (frozenset({"media"}), _media),
    "sticker": (frozenset({"sticker_id"}), _sticker),
}


def check_keyboard(keyboard: Any, version: int) -> None:
    """A keyboard ("Keyboards": type, buttons, their sizes and actions)."""
    if not isinstance(keyboard, dict) or keyboard.get("Type") != "keyboard":
        raise bad("keyboard.Type must be keyboard")
    if unknown := set(keyboard) - _KEYBOARD:
        raise bad(f"unknown fields of a keyboard: {', '.join(sorted(unknown))}")
    _colour(keyboard, "BgColor")
    _chosen(keyboard, "InputFieldState", _FIELDS)
    if keyboard.get("InputFieldState", "regular") != "regular" and version < 4:
        raise Bad(14, "InputFieldState needs min_api_version 4")
    if not isinstance(keyboard.get("DefaultHeight", False), bool):
        raise bad("DefaultHeight is invalid")
    if "CustomDefaultHeight" in keyboard and keyboard["CustomDefaultHeight"] not in range(40, 71):
        raise bad("CustomDefaultHeight is invalid")
    buttons = keyboard.get("Buttons")
    if not isinstance(buttons, list) or not buttons:
        raise bad("keyboard.Buttons is missing")
    rows = 0
    left = 0
    for button in buttons:
        columns = _button(button, version)
        if columns > left:
            rows, left = rows + 1, 6
        left -= columns
    if rows > 24:
        raise bad("more than 24 rows of buttons")


def _looks(button: Json) -> None:
    _colour(button, "BgColor")
    for field, choices in _CHOICES.items():
        _chosen(button, field, choices)
    opacity = button.get("TextOpacity", 100)
    if not isinstance(opacity, int) or isinstance(opacity, bool) or not 0 <= opacity <= 100:
        raise bad("TextOpacity is invalid")
    for field in ("Silent", "BgLoop"):
        if not isinstance(button.get(field, False), bool):
            raise bad(f"{field} is invalid")
    for field in ("Image", "BgMedia"):
        if field in button and not _URL.fullmatch(str(button[field])):
            raise bad(f"{field} is no address")


def _colour(body: Mapping[str, Any], field: str) -> None:
    if field in body and not (isinstance(body[field], str) and _COLOUR.fullmatch(body[field])):
        raise bad(f"{field} is no colour")


def _chosen(body: Mapping[str, Any], field: str, choices: frozenset[str]) -> None:
    if field in body and body[field] not in choices:
        raise bad(f"{field} is invalid")


def _button(button: Any, version: int) -> int:
    if not isinstance(button, dict) or set(button) - _BUTTON:
        raise bad("a button is invalid")
    columns, rows = button.get("Columns", 6), button.get("Rows", 1)
    if columns not in range(1, 7) or rows not in (1, 2):
        raise bad("a button's size is invalid")
    action, body, text = button.get("ActionType", "reply"), button.get("ActionBody"), button.get("Text", "")
    if action not in _ACTIONS:
        raise bad("ActionType is invalid")
    if action != "none" and (not isinstance(body, str) or not body):
        raise bad("ActionBody is missing")
    if action == "open-url" and not _URL.fullmatch(str(body)):
        raise bad("ActionBody is no address")
    if action in ("location-picker", "share-phone") and version < 3:
        raise Bad(14, "the button needs min_api_version 3")
    if not isinstance(text, str) or len(_TAG.sub("", text)) > LABEL or re.search(r"[<>]", _TAG.sub("", text)):
        raise bad("Text is invalid")
    _looks(button)
    return int(columns)
