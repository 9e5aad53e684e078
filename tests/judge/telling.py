"""Whether what the control bot tells a member is so, and was told once: reminders in a digest, lines under answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tests.judge.answers import OLD
from tests.judge.chats import REPEAT
from tests.judge.facts import Inquiry
from tests.judge.lies import Kind, Lie
from tests.judge.phones import short

_NAMED = re.compile(r"№(\d+) [^\n]*? · (никто не взял, ждёт с |не прочитано с )")
STATES = {"никто не взял, ждёт с ": "new", "не прочитано с ": "active"}


def judge_digests(
    who: str, messages: Sequence[Any], inquiries: Sequence[Inquiry], due: Sequence[Inquiry]
) -> Iterator[Lie]:
    """messages: all that the control bot said to the person; due: what the person is to be reminded of."""
    digests = [one for one in messages if _NAMED.search(one.text)]
    if len(digests) > 1 and not any(REPEAT in one.text for one in digests):
        yield Lie(Kind.SAID_TWICE, who, f"{len(digests)} digests: {[short(one.text) for one in digests]}")
    named = [(int(number), STATES[how]) for one in digests[-1:] for number, how in _NAMED.findall(one.text)]
    for number, count in Counter(number for number, _ in named).items():
        if count > len({one.project_id for one in inquiries if one.number == number}):
            yield Lie(Kind.SAID_TWICE, who, f"the digest names №{number} {count} times")
    for number, state in named:
        found = [one for one in inquiries if one.number == number]
        if not any(one.state == state and one.waits for one in found):
            yield Lie(Kind.REMINDER, who, f"№{number} is {[one.state for one in found]}, the digest says {state}")
    for one in due:
        if one.number not in {number for number, _ in named}:
            yield Lie(Kind.REMINDER, who, f"nothing is said of №{one.number}, which is {one.state}")


def judge_lines(who: str, messages: Sequence[Any], own: Sequence[int]) -> Iterator[Lie]:
    """What is said under a member's own message is said once; of several edits each may have been refused."""
    lines = Counter((one.reply_to, one.text) for one in messages if one.reply_to in own and OLD not in one.text)
    for (_, text), count in lines.items():
        if count > 1 and REPEAT not in text.lower():
            yield Lie(Kind.SAID_TWICE, who, f"«{short(text)}» under one message, {count} times")
