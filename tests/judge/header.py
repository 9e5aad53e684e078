"""Whether the pinned header, the field's hint and the keyboard tell who is being answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.judge.lies import Kind, Lie

HEAD = "Отвечаете: "
HINT = 64


def judge_header(who: str, chat: Any, answering: str | None) -> Iterator[Lie]:
    """answering: "Анна · Telegram", or None where no dialog is open."""
    pinned = [chat.messages[one] for one in chat.pinned if one in chat.messages]
    heads = [one for one in pinned if HEAD in one.text]
    expected = [] if answering is None else [answering]
    found = [one.text.partition(HEAD)[2].rpartition(" · №")[0] for one in heads]
    if found != expected:
        yield Lie(Kind.HEADER, who, f"answering {answering}, pinned is {found}")
    hint, keyboard = chat.input_placeholder, chat.reply_keyboard
    if answering is None:
        if keyboard is not None or hint is not None:
            yield Lie(Kind.HINT, who, f"no dialog is open, and the hint is «{hint}»")
        return
    if keyboard is None:
        yield Lie(Kind.HINT, who, f"answering {answering} without a keyboard")
    elif not hint or not f"Ответ: {answering}".startswith(hint.rstrip("…")) or len(hint) > HINT:
        yield Lie(Kind.HINT, who, f"answering {answering}, the hint is «{hint}»")
