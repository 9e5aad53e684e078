"""The emulated Viber refuses what Viber refuses: keyboards, looks of buttons, names of files."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.viber.emulator.checks import Bad, check_keyboard, check_message

BUTTON: dict[str, Any] = {"Columns": 6, "Rows": 1, "ActionType": "reply", "ActionBody": "x", "Text": "Да"}


def keyboard(button: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"Type": "keyboard", "Buttons": [BUTTON | (button or {})], **more}


GOOD: tuple[tuple[dict[str, Any], int], ...] = (
    (keyboard(), 1), (keyboard({"Text": "я" * 250}), 1), (keyboard({"Text": "<b>" + "я" * 250 + "</b>"}), 1),
    (keyboard(BgColor="#FFffFF", InputFieldState="regular"), 1), (keyboard(InputFieldState="hidden"), 4),
    (keyboard(InputFieldState="minimized"), 4), (keyboard({"TextSize": "large", "TextVAlign": "top"}), 1),
    (keyboard({"ActionType": "none", "ActionBody": None}), 1), (keyboard({"ActionType": "share-phone"}), 3),
    (keyboard(CustomDefaultHeight=40), 1),
)  # fmt: skip
BAD: tuple[tuple[dict[str, Any], int, int], ...] = (
    (keyboard({"Text": "я" * 251}), 1, 3), (keyboard({"BgColor": "red"}), 1, 3), (keyboard(BgColor="#FFF"), 1, 3),
    (keyboard(InputFieldState="gone"), 9, 3), (keyboard(InputFieldState="hidden"), 3, 14),
    (keyboard(InputFieldState="minimized"), 1, 14), (keyboard(DefaultHeight="yes"), 1, 3),
    (keyboard(CustomDefaultHeight=39), 1, 3), (keyboard(Colour="#FFFFFF"), 1, 3),
    (keyboard({"TextSize": "huge"}), 1, 3), (keyboard({"TextHAlign": "middle"}), 1, 3),
    (keyboard({"TextOpacity": 101}), 1, 3), (keyboard({"Silent": "no"}), 1, 3), (keyboard({"Image": "x.png"}), 1, 3),
    (keyboard({"ActionType": "reply", "ActionBody": None}), 1, 3), (keyboard({"ActionType": "share-phone"}), 2, 14),
    (keyboard({"Text": "a < b"}), 1, 3),
)  # fmt: skip


@pytest.mark.parametrize(("given", "version"), GOOD)
def test_what_viber_takes_is_taken(given: dict[str, Any], version: int) -> None:
    check_keyboard(given, version)


@pytest.mark.parametrize(("given", "version", "status"), BAD)
def test_what_viber_does_not_take_is_refused(given: dict[str, Any], version: int, status: int) -> None:
    with pytest.raises(Bad) as refused:
        check_keyboard(given, version)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("name", "taken"),
    [("a.pdf", True), ("a.txt", True), ("a.inf1", False), ("a.SCT", False), ("a.ex_", False), ("README", False)],
)
def test_programs_are_no_files(name: str, taken: bool) -> None:
    body = {
        "receiver": "x", "sender": {"name": "Bot"}, "type": "file", "media": "https://a.test/x", "size": 5,
        "file_name": name,
    }  # fmt: skip
    if taken:
        check_message(body)
        return
    with pytest.raises(Bad):
        check_message(body)
