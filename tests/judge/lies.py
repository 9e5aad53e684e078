"""The kinds of lies, and one that was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    LOST = "a customer's message was never taken in"
    MISSING = "what a customer said does not stand where it must"
    MEDIUM = "a medium does not stand where it must"
    PLACE = "a place or contact does not stand where it must"
    DOUBLED = "it stands twice without a mark"
    UNSAID = "it stands there, but nobody said it, or not any more"
    UNMARKED = "it was edited or deleted, and the copy does not say so"
    NO_CARD = "a new inquiry is offered to nobody"
    CARD_HEADING = "a card's heading does not fit the inquiry"
    CARD_BUTTONS = "a card's buttons do not fit the inquiry and the member"
    CARD_WORDS = "a card does not show the first message as it is"
    CARD_COUNT = "a card counts or quotes wrongly what came since"
    ANSWER = "an answer does not stand at its customer as its author has it"
    ANSWER_TWICE = "an answer stands twice at its customer, and nobody was told"
    STRAY = "a customer got what nobody wrote to them"
    TICK = "the mark on an answer says something else than is true"
    REFUSAL = "a refusal was not said once to its author"
    SAID_TWICE = "the same was said twice without a mark"
    REMINDER = "a digest does not say who waits"
    HEADER = "the pinned header does not say who is being answered"
    HINT = "the field's hint or the keyboard does not fit the open dialog"
    NEWER = "somebody without the right holds something newer"


@dataclass(frozen=True, slots=True)
class Lie:
    kind: Kind
    who: str
    """In whose chat."""
    about: str
    back: bool = False
    """This person was away for a while: out of the team, or the control bot was blocked."""

    def __str__(self) -> str:
        return f"{self.kind.name} ({self.kind}): {self.who}{' (was away)' if self.back else ''}: {self.about}"
