"""Whether what members wrote stands at their customers, and whether they were told the truth about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.judge.chats import bare, stands_in
from tests.judge.facts import Unit
from tests.judge.lies import Kind, Lie
from tests.judge.phones import Phone, Said, short, telegram_message

SENT, REFUSED = ("👌", "👀"), ("👎",)
TWICE = "Возможен повтор"
OLD = "клиент видит прежний текст"
"""An edit that did not get through, and was said not to have."""
UNSENT = ("Не отправлено", "неизвестно, дошло ли")


def judge_answer(who: str, unit: Unit, chat: Any, phone: Phone, *, told: bool) -> Iterator[Lie]:
    """One answer. `chat` is its author's; told: whether the author can be told anything."""
    own = [chat.messages[number] for number in unit.own if number in chat.messages]
    there = [one for one in phone.messages if one.outgoing and one.key in unit.out]
    if unit.deleted:
        if there:
            yield Lie(Kind.ANSWER, phone.name, f"«{short(there[0].text)}» was deleted by its author")
        return
    if not own:
        return
    said = [telegram_message(one) for one in own]
    text = "\n".join(one.text for one in said if one.text)
    if there and not same(text, said, there) and not told_old(chat, unit):
        yield Lie(Kind.ANSWER, phone.name, f"«{short(text)}» stands as «{short(' '.join(o.text for o in there))}»")
    if told:
        yield from _told(who, unit, own, text, chat, there)


def told_old(chat: Any, unit: Unit) -> bool:
    """Whether its author was told that an edit did not get through."""
    return any(OLD in one.text for one in _under(chat, unit))


def same(text: str, said: Sequence[Said], there: Sequence[Said]) -> bool:
    """Whether the words stand at the customer."""
    stands = "".join(one.text for one in there)
    return bare(stands) == bare(text) or stands_in(text, [stands])


def _told(who: str, unit: Unit, own: Sequence[Any], text: str, chat: Any, there: Sequence[Said]) -> Iterator[Lie]:
    marks = {one.reactions.get("bot") for one in own if one.reactions.get("bot")}
    lines = _under(chat, unit)
    unsent = [one for one in lines if any(words in one.text for words in UNSENT)]
    if marks & set(SENT):
        if not there:
            yield Lie(Kind.TICK, who, f"«{short(text)}» is said to be sent, and stands nowhere")
        if unsent:
            yield Lie(Kind.REFUSAL, who, f"«{short(text)}» is sent, and said not to be")
    elif marks & set(REFUSED):
        if len(unsent) != 1:
            yield Lie(Kind.REFUSAL, who, f"«{short(text)}» was refused, which was said {len(unsent)} times")
    elif unit.state != "waiting_key":
        yield Lie(Kind.TICK, who, f"«{short(text)}» has no mark of what became of it: {unit.state}")


def _under(chat: Any, unit: Unit) -> list[Any]:
    return [one for one in chat.sent() if one.reply_to in unit.own]


def judge_stray(units: Sequence[Unit], texts: dict[int, str], chats: dict[int, Any], phone: Phone) -> Iterator[Lie]:
    """What stands at a customer beside the answers as they are known: only what may have been sent twice."""
    known = {key for unit in units for key in unit.out}
    for message in phone.messages:
        if not message.outgoing or message.key in known:
            continue
        meant = [unit for unit in units if unit.id in texts and _part(message.text, texts[unit.id])]
        if not meant:
            yield Lie(Kind.STRAY, phone.name, f"«{short(message.text)}»")
        elif not any(_doubted(unit, chats.get(unit.id)) for unit in meant):
            yield Lie(Kind.ANSWER_TWICE, phone.name, f"«{short(message.text)}»")


def _part(piece: str, text: str) -> bool:
    return bare(piece) in bare(text)


def _doubted(unit: Unit, chat: Any) -> bool:
    """Its author was told that it may stand there twice, or that nobody knows."""
    if unit.state == "uncertain" or chat is None:
        return True
    return any(TWICE in one.text or UNSENT[1] in one.text for one in _under(chat, unit))
