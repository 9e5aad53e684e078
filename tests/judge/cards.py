"""Whether every card in a member's chat tells how its inquiry stands, and offers what this member can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.judge.chats import Card, bare, stands_in
from tests.judge.facts import Inquiry, Member
from tests.judge.lies import Kind, Lie
from tests.judge.phones import short
from tests.judge.words import Spoken

BEGINNING = 20
"""Letters by which the latest message is known where a card quotes its beginning."""


def expected(inquiry: Inquiry, member: Member, names: dict[int, str]) -> tuple[str, set[str]]:
    """What a card says of the inquiry's state, and its buttons."""
    if inquiry.spam and inquiry.state == "done":
        return "спам", {"Не спам", "Карточка"}
    if inquiry.state == "done":
        return "готово", {"Написать", "Карточка"}
    if inquiry.state == "new":
        return "", {"Взять", "Карточка", "Спам"}
    if inquiry.assignee_id == member.id:
        return "ваше", {"Ответить", "Готово", "Вернуть в новые", "Карточка"}
    return f"взял(а) {names.get(inquiry.assignee_id or 0, '—')}", {"Карточка"}


def judge_card(
    who: str, member: Member, inquiry: Inquiry, spoken: Sequence[Spoken], card: Card, names: dict[int, str],
    name: str,
) -> Iterator[Lie]:  # fmt: skip
    state, buttons = expected(inquiry, member, names)
    told = f"№{card.number} of {card.customer}"
    if card.state != state or card.new != (inquiry.state == "new"):
        yield Lie(Kind.CARD_HEADING, who, f"{told} is {inquiry.state}, the card says «{card.state}»")
    if card.customer != name:
        yield Lie(Kind.CARD_HEADING, who, f"{told}: the name is {name}")
    if set(card.root.labels()) != buttons:
        yield Lie(Kind.CARD_BUTTONS, who, f"{told} is {inquiry.state}, the buttons are {card.root.labels()}")
    inbound = [one for one in spoken if one.unit.inbound]
    if inbound and not any(one.opaque or one.deleted for one in inbound):
        yield from _words(who, told, inbound, card)
        if inquiry.state == "new":
            yield from _since(who, told, inbound, card)


def _words(who: str, told: str, inbound: Sequence[Spoken], card: Card) -> Iterator[Lie]:
    """The first message stands there whole; a text that fits one message leaves no room for another."""
    first = inbound[0]
    if not stands_in(first.text, card.words):
        yield Lie(Kind.CARD_WORDS, who, f"{told}: {first} is not there, but «{short(card.body)}»")
    elif not (first.places or first.contacts or first.media) and not bare(first.text).startswith(bare(card.body)):
        yield Lie(Kind.CARD_WORDS, who, f"{told}: more stands there than {first}: «{short(card.body)}»")


def _since(who: str, told: str, inbound: Sequence[Spoken], card: Card) -> Iterator[Lie]:
    count = sum(len(one.unit.keys) for one in inbound[1:])
    if card.more != count:
        yield Lie(Kind.CARD_COUNT, who, f"{told}: {count} more, the card says {card.more}")
    elif count and inbound[-1].parts[-1].text:
        begun = bare(inbound[-1].parts[-1].text)[:BEGINNING]
        if begun not in bare(card.last):
            yield Lie(Kind.CARD_COUNT, who, f"{told}: the latest is {inbound[-1]}, the card says «{short(card.last)}»")
