"""Whether a member's chat holds what was said in the dialogs: each message once, whole, as it was edited last."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.judge.chats import DELETED, EDIT_REFUSED, EDITED, Card, Copy, bare, stands_in
from tests.judge.facts import Inquiry, Unit
from tests.judge.lies import Kind, Lie
from tests.judge.phones import Said, short

NAMED = re.compile(r"(Фото|Видео|Кружок|Голосовое сообщение|Аудио|Файл|Анимация|Стикер)\b[^\n]*\.")
"""How a medium is told of that could not be shown."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A unit as those who said it have it on their phones; `parts` of an album in their order.

    kept: its author's edit was refused, so that it is what stands at the customer.
    opaque: it holds what no phone tells in words, media or places, so that nothing can be compared.
    """

    unit: Unit
    inquiry: Inquiry
    parts: tuple[Said, ...]
    first: bool = False
    opaque: bool = False
    kept: bool = False

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.parts if part.text)

    @property
    def media(self) -> tuple[str, ...]:
        return tuple(one for part in self.parts for one in part.media)

    @property
    def places(self) -> tuple[tuple[float, float], ...]:
        return tuple(part.place for part in self.parts if part.place is not None)

    @property
    def contacts(self) -> tuple[str, ...]:
        return tuple(part.contact for part in self.parts if part.contact is not None)

    @property
    def edited(self) -> bool:
        return any(part.edited for part in self.parts)

    @property
    def deleted(self) -> bool:
        return self.unit.deleted or (bool(self.parts) and all(part.deleted for part in self.parts))

    def __str__(self) -> str:
        return f"«{short(self.text)}»{' and media' if self.media else ''} of {self.inquiry.name}"


def judge_copies(
    who: str, name: str, required: Sequence[Spoken], allowed: Sequence[Spoken], copies: Sequence[Copy],
    cards: Sequence[Card],
) -> Iterator[Lie]:  # fmt: skip
    """One member, one customer. allowed: what may stand there as well: inquiries that are over, or somebody else's."""
    left = list(copies)
    media = Counter(one for copy in copies for one in copy.media)
    shown = Counter(one for card in cards for one in card.media)
    for spoken in required:
        if not spoken.opaque:
            yield from _required(who, spoken, left, media, shown, cards)
    for spoken in allowed:
        if not spoken.opaque and (copy := _taken(left, spoken)) is not None and not spoken.deleted:
            media -= Counter(spoken.media)
            yield from _marked(who, spoken, copy)
    yield from _left_over(who, name, [*required, *allowed], left)


def _required(
    who: str, spoken: Spoken, left: list[Copy], media: Counter[str], shown: Counter[str], cards: Sequence[Card]
) -> Iterator[Lie]:
    card = next((one for one in cards if spoken.first and on_card(one, spoken)), None)
    copy = _taken(left, spoken, exact=card is not None)
    if copy is None and card is None:
        yield Lie(Kind.MISSING, who, f"{spoken}{_instead(spoken, left)}")
        return
    for one in spoken.media:
        if media[one] > 0:
            media[one] -= 1
        elif not (spoken.first and shown[one] > 0) and not (copy is not None and NAMED.search(copy.body)):
            yield Lie(Kind.MEDIUM, who, f"{one} of {spoken}")
    there = (*(copy.places if copy else ()), *(card.places if card else ()))
    if any(not _near(place, there) for place in spoken.places):
        yield Lie(Kind.PLACE, who, f"{spoken.places} of {spoken}: {there}")
    cards_there = (*(copy.contacts if copy else ()), *(card.contacts if card else ()))
    if any(_digits(one) not in map(_digits, cards_there) for one in spoken.contacts):
        yield Lie(Kind.PLACE, who, f"{spoken.contacts} of {spoken}")
    if copy is not None:
        yield from _marked(who, spoken, copy)


def _instead(spoken: Spoken, left: Sequence[Copy]) -> str:
    """What stands there that may have been meant."""
    alike = [copy for copy in left if (copy.author is None) == spoken.unit.inbound]
    return f", but {[short(copy.body) for copy in alike[-2:]]}" if alike else ""


def _marked(who: str, spoken: Spoken, copy: Copy) -> Iterator[Lie]:
    if spoken.deleted:
        if not any(mark in copy.marks for mark in DELETED):
            yield Lie(Kind.UNMARKED, who, f"deleted: {spoken}")
    elif spoken.kept:
        if EDIT_REFUSED not in copy.marks:
            yield Lie(Kind.UNMARKED, who, f"an edit was refused: {spoken}")
    elif spoken.edited and EDITED not in copy.marks:
        yield Lie(Kind.UNMARKED, who, f"edited: {spoken}")


def _left_over(who: str, name: str, known: Sequence[Spoken], left: list[Copy]) -> Iterator[Lie]:
    """What no message accounts for: a second showing, which has to say so, or words that nobody said."""
    opaque = sum(one.opaque for one in known)
    for copy in left:
        same = [one for one in known if says(copy, one) or _completes(copy, one)]
        if same and (copy.repeated or _completes(copy, same[0])):
            continue
        if same:
            yield Lie(Kind.DOUBLED, who, str(same[0]))
        elif opaque > 0:
            opaque -= 1
        else:
            yield Lie(Kind.UNSAID, who, f"«{short(copy.body)}» of {name}")


def _completes(copy: Copy, spoken: Spoken) -> bool:
    """Media that came after their words, or parts of an album after the others."""
    return bool(copy.media) and not bare(copy.bare) and set(copy.media) <= set(spoken.media)


def _taken(left: list[Copy], spoken: Spoken, *, exact: bool = False) -> Copy | None:
    """The copy that shows it, taken from those left: rather one with the same media and place, and without a mark.

    exact: no other, since it stands on a card already.
    """
    found = [copy for copy in left if says(copy, spoken) and (not exact or spoken.text or _alike(copy, spoken))]
    # The same words, or none, may have been said several times.
    found.sort(key=lambda copy: (not _alike(copy, spoken), copy.repeated))
    if not found:
        return None
    left.remove(found[0])
    return found[0]


def _alike(copy: Copy, spoken: Spoken) -> bool:
    things = bool(set(copy.media) & set(spoken.media)) or not (spoken.media or copy.media)
    return things and all(_near(place, copy.places) for place in spoken.places)


def says(copy: Copy, spoken: Spoken) -> bool:
    """Whether the copy says what was said: all of it, and nothing besides but what Pult adds in its own form."""
    if (copy.author is None) != spoken.unit.inbound:
        return False
    wanted = bare(spoken.text)
    if not wanted and not _same_things(copy, spoken):
        return False
    if bare(copy.body) == wanted or bare(copy.bare) == wanted:
        return True
    if spoken.places or spoken.contacts:
        if not (copy.places or copy.contacts):
            return False
        return bare(copy.bare).startswith(wanted)
    marked_up = any(part.marked_up for part in spoken.parts)
    return marked_up and stands_in(spoken.text, [copy.body])


def _same_things(copy: Copy, spoken: Spoken) -> bool:
    """Without words a copy is known by its media, places and contacts."""
    if spoken.media:
        return bool(set(copy.media) & set(spoken.media))
    return not copy.media


def on_card(card: Card, spoken: Spoken) -> bool:
    return card.number == spoken.inquiry.number and stands_in(spoken.text, card.words)


def _near(place: tuple[float, float], there: Sequence[tuple[float, float]]) -> bool:
    return any(abs(place[0] - one[0]) < 1e-4 and abs(place[1] - one[1]) < 1e-4 for one in there)


def _digits(phone: str) -> str:
    return "".join(filter(str.isdigit, phone))
