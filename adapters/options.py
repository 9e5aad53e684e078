"""What a team can choose for a connected channel, as data: the core shows it and keeps it in `Channel.settings`."""

from __future__ import annotations

from dataclasses import dataclass

ON = "on"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several. title, text (what it is for), example and today (what follows from it now) are message ids."""

    name: str
    title: str
    text: str
    example: str
    today: str


@dataclass(frozen=True, slots=True)
class Option:
    """A text of up to `limit` characters, one of `choices`, or, with neither, a switch that is off until it is "on".

    title and text (what it does) are message ids. default: what holds where the team has said nothing.
    """

    name: str
    title: str
    text: str
    limit: int | None = None
    choices: tuple[Choice, ...] = ()
    default: str = ""

    @property
    def switch(self) -> bool:
        return self.limit is None and not self.choices

    def choice(self, name: str) -> Choice | None:
        """The choice of that name."""
        return next((one for one in self.choices if one.name == name), None)
