"""reply_markup: inline and reply keyboards, checked as Telegram checks them."""

from __future__ import annotations

from typing import Any

from .errors import bad
from .model import Json
from .params import Params, as_boolean
from .text import good_url

MAX_BUTTONS = 100
MAX_CALLBACK_BYTES = 64
STYLES = frozenset({"danger", "success", "primary"})
_INLINE_TEXTS = ("switch_inline_query", "switch_inline_query_current_chat")
_INLINE_KINDS = [
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
    "disabled",
]


def read(params: Params, inline_only: bool = False) -> Json | None:
    """The checked markup as one of inline_keyboard, keyboard, remove_keyboard, force_reply; None if there is none."""
    data = params.data("reply_markup", "reply keyboard markup")
    if data is None:
        return None
    if not isinstance(data, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" in data:
        return {"inline_keyboard": _rows(data["inline_keyboard"], _inline_button, "inline keyboard")}
    if inline_only:
        if data:
            raise bad("inline keyboard expected")
        return None
    if "keyboard" in data:
        return {**_reply_keyboard(data), "input_field_placeholder": _placeholder(data)}
    if as_boolean(data.get("remove_keyboard")):
        return {"remove_keyboard": True}
    if as_boolean(data.get("force_reply")):
        return {"force_reply": True, "input_field_placeholder": _placeholder(data)}
    return None


def _reply_keyboard(data: Json) -> Json:
    return {
        "keyboard": _rows(data["keyboard"], _reply_button, "keyboard"),
        "one_time_keyboard": as_boolean(data.get("one_time_keyboard")),
    }


def _placeholder(data: Json) -> str | None:
    placeholder = data.get("input_field_placeholder")
    if placeholder is None:
        return None
    if not isinstance(placeholder, str) or len(placeholder) > 64:
        raise bad("can't parse reply keyboard markup: input field placeholder is too long")
    return placeholder or None


def _rows(data: Any, button: Any, what: str) -> list[list[Json]]:
    if not isinstance(data, list):
        raise bad(f'field "{what.replace(" ", "_")}" of the {_object(what)} must be of type Array')
    rows, count = [], 0
    for row in data:
        if not isinstance(row, list):
            raise bad(f'field "{what.replace(" ", "_")}" of the {_object(what)} must be an Array of Arrays')
        buttons = [button(item) for item in row]
        count += len(buttons)
        if buttons:
            rows.append(buttons)
    if count > MAX_BUTTONS * (1 if what == "inline keyboard" else 3):
        raise bad("reply markup is too long")
    return rows


def _object(what: str) -> str:
    return "InlineKeyboardMarkup" if what == "inline keyboard" else "ReplyKeyboardMarkup"


def _inline_button(item: Any) -> Json:
    if not isinstance(item, dict):
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    text = _label(item, "InlineKeyboardButton")
    kinds = [kind for kind in _INLINE_KINDS if item.get(kind) is not None]
    if not kinds:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    button: Json = {"text": text, kinds[0]: _value(kinds[0], item[kinds[0]])}
    return _styled(button, item)


def _styled(button: Json, item: Json) -> Json:
    style = item.get("style")
    if style is None:
        return button
    if str(style) not in STYLES:
        raise bad(f"can't parse keyboard button: invalid button style {style!r} specified")
    return {**button, "style": style}


def _label(item: Json, what: str) -> str:
    text = item.get("text")
    if text is None:
        raise bad(f"can't parse keyboard button: Can't find field \"text\" in {what}")
    if not isinstance(text, str):
        raise bad('can\'t parse keyboard button: Field "text" must be of type String')
    if not text.strip():
        raise bad("keyboard button text must be non-empty")
    return text


def _value(kind: str, value: Any) -> Any:
    if kind == "callback_data":
        if not isinstance(value, str) or not 1 <= len(value.encode("utf-8", "replace")) <= MAX_CALLBACK_BYTES:
            raise bad("BUTTON_DATA_INVALID")
    elif kind == "url":
        return _address(value)
    elif kind in ("web_app", "login_url"):
        address = value.get("url") if isinstance(value, dict) else None
        if not isinstance(address, str) or not address.startswith("https://"):
            raise bad(f"inline keyboard button Web App URL '{address}' is invalid: Only HTTPS links are allowed")
    elif kind == "copy_text":
        text = value.get("text") if isinstance(value, dict) else None
        if not isinstance(text, str) or not 1 <= len(text) <= 256:
            raise bad("BUTTON_COPY_TEXT_INVALID")
    elif kind in _INLINE_TEXTS and (not isinstance(value, str) or len(value) > 256):
        raise bad("BUTTON_INVALID")
    return value


def _address(value: Any) -> str:
    address = good_url(value) if isinstance(value, str) else None
    if address is None:
        raise bad(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL")
    return address


def _reply_button(item: Any) -> Json:
    if isinstance(item, str):
        item = {"text": item}
    if not isinstance(item, dict):
        raise bad("can't parse keyboard button: KeyboardButton must be an Object")
    button: Json = {"text": _label(item, "KeyboardButton")}
    for name in ("request_contact", "request_location"):
        if as_boolean(item.get(name)):
            button[name] = True
    for name in ("request_users", "request_chat", "request_poll", "web_app"):
        if isinstance(item.get(name), dict):
            button[name] = item[name]
    if item.get("request_managed_bot") is not None:
        button["request_managed_bot"] = _managed_request(item["request_managed_bot"])
    return _styled(button, item)


def _managed_request(data: Any) -> Json:
    number = data.get("request_id") if isinstance(data, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not -(2**31) <= number < 2**31:
        raise bad("can't parse keyboard button: Can't find field \"request_id\" in KeyboardButtonRequestManagedBot")
    for name in ("suggested_name", "suggested_username"):
        if data.get(name) is not None and not isinstance(data[name], str):
            raise bad(f'can\'t parse keyboard button: Field "{name}" must be of type String')
    return dict(data)


def asks_for_bot(keyboard: Json) -> Json | None:
    """What the keyboard's button that creates a managed bot asks for."""
    buttons = (button for row in keyboard.get("keyboard", []) for button in row)
    return next((button["request_managed_bot"] for button in buttons if "request_managed_bot" in button), None)
