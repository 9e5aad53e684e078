"""`tracking_data`: what goes with a message and comes back with the person's next one, so that a press is known.

A press of a button is an ordinary text message whose text is the button's ActionBody; nothing else tells it apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.content import Button, ButtonKind
from adapters.lenient import NoJson, loads
from adapters.reading import section, string
from adapters.viber.limits import TRACKING

MARK = "btn:"


@dataclass(frozen=True, slots=True)
class Press:
    """A button's value, the token of the message that it stands under, and its label where that was remembered."""

    value: str
    message: str
    label: str | None


def action(button: Button) -> str:
    """The ActionBody: the words of the label where they are all, which a person might as well have typed."""
    return button.label if button.value in ("", button.label) else MARK + button.value


def marked(button: Button) -> bool:
    """Whether the button's press is told apart from typed text."""
    return button.kind is ButtonKind.PRESS and action(button).startswith(MARK)


def data(token: str, buttons: Iterable[Button]) -> str:
    """What comes back; the labels are left out where there is no room for them."""
    labels = {button.value: button.label for button in buttons if marked(button)}
    full = orjson.dumps({"t": token, "b": labels} if labels else {"t": token}).decode()
    return full if len(full) <= TRACKING else orjson.dumps({"t": token}).decode()


def pressed(text: str | None, tracked: str | None) -> Press | None:
    """The press that a text message was, if it was one."""
    if text is None or tracked is None or not text.startswith(MARK):
        return None
    came: Any = _read(tracked)
    message, value = string(came, "t"), text.removeprefix(MARK)
    if message is None or not value:
        return None
    return Press(value, message, string(section(came, "b"), value))


def _read(tracked: str) -> Any:
    try:
        return loads(tracked)
    except NoJson:
        return None
