"""Buttons as VK's keyboards ("Keyboards for bots"): laid out within the limits, then as the JSON of a call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from adapters.base import Button, ButtonKind, Content, Rejected
from adapters.texts import N_
from adapters.vk import limits

Keyboard = tuple[tuple[Button, ...], ...]

_ACTIONS = frozenset({"text", "callback", "open_link", "location"})
PRESS = "press"
"""Under this name our value stands in a button's payload."""
TOO_MANY = N_("More than {limit} buttons do not fit under one VK message.")
LABEL = N_("A VK button needs a label of 1 to {limit} characters.")
VALUE = N_("A button's data is over {limit} bytes, the most that VK takes.")
NO_PHONE = N_("VK has no buttons that ask for a phone number.")


def laid_out(rows: Keyboard) -> Keyboard:
    """The same buttons in the same order, in rows that VK takes. Raises Rejected, naming the limit."""
    buttons = [button for row in rows for button in row]
    for button in buttons:
        _check(button)
    if len(buttons) > limits.BUTTONS.total:
        raise Rejected(TOO_MANY, {"limit": str(limits.BUTTONS.total)})
    made = tuple(piece for row in rows for piece in _cut(row))
    if len(made) > _most_rows(len(buttons)):
        made = tuple(_cut(tuple(buttons)))
    if len(made) > limits.BUTTON_ROWS:
        raise Rejected(TOO_MANY, {"limit": str(limits.BUTTON_ROWS)})
    return made


def keyboard(rows: Keyboard) -> dict[str, Any]:
    """A keyboard under the message where it fits there, else one below the input field until a button is pressed."""
    inline = inside(rows)
    buttons = [[{"action": _action(button), **_colour(button)} for button in row] for row in rows]
    return {"inline": inline, "one_time": not inline, "buttons": buttons}


def shown_by(client: dict[str, Any]) -> str | None:
    """What of keyboards the person's app shows ("client_info"), as words; None where VK tells nothing of it."""
    if "keyboard" not in client:
        return None
    kinds = client.get("button_actions")
    words = [name for name in ("keyboard", "inline_keyboard") if client.get(name) is True]
    if isinstance(kinds, list):
        words += [kind for kind in kinds if isinstance(kind, str) and kind in _ACTIONS]
    return " ".join(dict.fromkeys(words))


def within(part: Content, client: str | None) -> tuple[Content, dict[str, Any] | None]:
    """The part with the keyboard that the app can show; buttons that it cannot become numbered lines of the text."""
    if not part.buttons or client is None:
        return part, keyboard(part.buttons) if part.buttons else None
    known = client.split()
    made = keyboard(part.buttons)
    if "keyboard" not in known:
        return _as_text(part), None
    if made["inline"] and "inline_keyboard" not in known:
        made |= {"inline": False, "one_time": True}
    for row in made["buttons"]:
        for button in row:
            action = button["action"]
            if action["type"] == "callback" and "callback" not in known:
                action["type"] = "text"
            if action["type"] not in known:
                return _as_text(part), None
    return part, made


def _as_text(part: Content) -> Content:
    """The options in reading order; of a link its address."""
    buttons = [button for row in part.buttons for button in row if button.kind is not ButtonKind.LOCATION]
    lines = [
        f"{number}. {button.label}" + (f": {button.value}" if button.kind is ButtonKind.LINK else "")
        for number, button in enumerate(buttons, 1)
    ]
    return replace(part, text="\n".join(filter(None, [part.text, *lines])), buttons=())


def inside(rows: Keyboard) -> bool:
    return sum(map(len, rows)) <= limits.INLINE_BUTTONS and len(rows) <= limits.INLINE_ROWS


def payload(button: Button) -> str:
    return orjson.dumps({PRESS: button.value or button.label}).decode()


def _most_rows(buttons: int) -> int:
    return limits.INLINE_ROWS if buttons <= limits.INLINE_BUTTONS else limits.BUTTON_ROWS


def _check(button: Button) -> None:
    if button.kind is ButtonKind.PHONE:
        raise Rejected(NO_PHONE)
    if not button.label.strip() or len(button.label) > limits.BUTTONS.label:
        raise Rejected(LABEL, {"limit": str(limits.BUTTONS.label)})
    if button.kind is ButtonKind.PRESS and len(payload(button).encode()) > limits.PAYLOAD:
        raise Rejected(VALUE, {"limit": str(limits.PAYLOAD)})


def _cut(row: tuple[Button, ...]) -> Keyboard:
    """Rows of at most five; a button that asks for the place takes a row of its own."""
    made: list[tuple[Button, ...]] = []
    for button in row:
        alone = button.kind is ButtonKind.LOCATION
        full = not made or len(made[-1]) == limits.BUTTONS.per_row
        if alone or full or made[-1][-1].kind is ButtonKind.LOCATION:
            made.append((button,))
        else:
            made[-1] = (*made[-1], button)
    return tuple(made)


def _action(button: Button) -> dict[str, Any]:
    match button.kind:
        case ButtonKind.LINK:
            return {"type": "open_link", "label": button.label, "link": button.value}
        case ButtonKind.LOCATION:
            return {"type": "location", "payload": payload(button)}
        case _:
            return {"type": "callback", "label": button.label, "payload": payload(button)}


def _colour(button: Button) -> dict[str, str]:
    return {"color": "secondary"} if button.kind is ButtonKind.PRESS else {}
