"""What services need done in members' chats. Views are data: language, wording and layout belong to the Desk.

`handlers.chat.desk` implements `Desk` with the control bot; it raises the errors of `adapters.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from adapters.base import ContactCard, Content, Location, Quoted
from models.enums import Author, Direction, InquiryState
from services.texts import _


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's personal chat with a control bot. `project` is set where the person is in several projects."""

    control_bot_id: int
    chat_id: int
    member_id: int
    person_id: int
    language: str
    time_zone: str
    project: str | None = None
    silent: bool = False


class FileStatus(StrEnum):
    READY = "ready"
    COMING = "coming"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as it is shown to a member.

    content.attachments carry `path` (and `cached`, this control bot's file_id) where the bytes are there; `files` says
    for each attachment, in order, whether it is. author_name: who wrote it, for outbound ones.
    """

    id: int
    direction: Direction
    author: Author
    author_name: str | None
    content: Content
    files: tuple[FileStatus, ...]
    at: datetime
    late: bool = False
    edited: bool = False
    edit_refused: bool = False
    """An edit by its author did not get through: it stands as it was."""
    deleted: bool = False
    repeated: bool = False
    quoted: Quoted | None = None
    """The beginning of the message that it answers to, where that is no message shown in this chat."""


@dataclass(frozen=True, slots=True)
class InquiryView:
    """An inquiry with what its heading says. `platform` is the platform's title ("Telegram")."""

    id: int
    number: int
    state: InquiryState
    contact_name: str | None
    """None: no messenger has told it."""
    channel: str
    platform: str
    source: str | None
    opened_at: datetime
    waiting_since: datetime | None
    inbound: int
    last: Content | None
    """The newest message of the customer that was not deleted; of ours where the customer wrote none; None where
    nothing is left."""
    assignee: str | None
    assignee_id: int | None
    """The assignee's member id: a card says "you" to its owner."""
    done_at: datetime | None = None
    repeat: bool = False
    """The contact had an inquiry before."""
    spam: bool = False
    """The contact is marked as a spammer."""
    window_until: datetime | None = None
    """Until when the messenger lets the customer be answered, where it has such a limit."""
    customer: int = 0
    """The number of the contact."""
    alike: bool = False
    """Another contact of the project has the same name: the inquiry's number tells them apart."""

    @property
    def contact(self) -> str:
        """What the customer is called, in the language in force."""
        return self.contact_name or _("Customer No. {number}", number=self.customer)


@dataclass(frozen=True, slots=True)
class CardView:
    """An unclaimed inquiry (or what became of it) with its first message, of one part or an album."""

    inquiry: InquiryView
    first: tuple[MessageView, ...]
    suspect: bool = False
    """An earlier attempt may have shown it already: it is marked as a possible repeat."""
    answer: MessageView | None = None
    """What the customer was answered outside Pult meanwhile, so that nobody has to take the inquiry for it."""


@dataclass(frozen=True, slots=True)
class CopyView:
    """Messages that belong together: one, or the parts of an album."""

    inquiry: InquiryView
    messages: tuple[MessageView, ...]
    suspect: bool = False
    """An earlier attempt may have shown it already: it is marked as a possible repeat."""
    first: bool = False
    """It is the member's first copy of this inquiry."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One Telegram message of a card or copy. message_id: the message that it shows (None: the card's own words)."""

    telegram_id: int
    message_id: int | None
    words: int | None = None
    """Which piece of the words stands here, counted from 0; None where it holds none of them."""
    caption: bool | None = False
    """The words stand under a medium; None where that was not written down when it was shown."""
    keys: bool = False
    """The buttons stand here."""
    file_id: int | None = None
    refused: tuple[int, ...] = ()
    """The files that Telegram took in no form: a line names them instead."""
    place: Location | None = None
    contact: ContactCard | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a call brought into the chat. `uploaded` gives the control bot's file_id of each `file_id` sent for the
    first time; `changed` are messages of before that hold something else now, `gone` those that were taken away."""

    messages: tuple[Standing, ...] = ()
    uploaded: Mapping[int, str] = field(default_factory=dict)
    changed: tuple[Standing, ...] = ()
    gone: tuple[int, ...] = ()


class Tick(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    SEEN = "seen"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for one member. `what` names the text in `handlers.chat.notices`; `params` are its values.

    buttons are (action, id) pairs that the Desk knows ("retry", message id).
    """

    what: str
    params: Mapping[str, Any] = field(default_factory=dict)
    buttons: tuple[tuple[str, int], ...] = ()
    suspect: bool = False
    """An earlier attempt may have said it already: it is marked as a possible repeat."""


@dataclass(frozen=True, slots=True)
class Due:
    """An inquiry that somebody is reminded of: "untaken", "unread", or "left" by colleagues who are away.

    project: where the person is in several.
    """

    what: str
    inquiry: InquiryView
    project: str | None = None


@dataclass(frozen=True, slots=True)
class DigestView:
    """Everything that a person is reminded of, longest waiting first."""

    items: tuple[Due, ...]
    suspect: bool = False
    """An earlier attempt may have said it already: it is marked as a possible repeat."""
    over: bool = False
    """The person is away, out of the team or without the right: nothing named does not mean that nobody waits."""


class Desk(Protocol):
    """Members' chats. Ids are Telegram message ids in the seat's chat. Every method raises `adapters.errors` only."""

    async def show_card(self, seat: Seat, view: CardView) -> Shown:
        """Show a card with its buttons."""
        ...

    async def update_card(
        self, seat: Seat, standing: Sequence[Standing], view: CardView, *, grows: bool = True, again: bool = False
    ) -> Shown:
        """Bring a shown card up to date, without a sound. NotFound where it is gone.

        grows: what has no room in it, or came since, follows; again: an earlier attempt may have added that already.
        """
        ...

    async def show_copy(self, seat: Seat, view: CopyView, reply_to: int | None = None) -> Shown:
        """Show messages of a dialog, one Telegram message or album each."""
        ...

    async def update_copy(
        self, seat: Seat, standing: Sequence[Standing], view: CopyView, *, again: bool = False
    ) -> Shown:
        """Bring a shown copy up to date: words piece by piece, places; media and words that are more follow.

        again: an earlier attempt may have added what follows already.
        """
        ...

    async def update_buttons(self, seat: Seat, telegram_id: int, inquiry: InquiryView, *, inside: bool) -> None:
        """Bring the buttons under a copy to what the member can do now; inside: the member is in the dialog."""
        ...

    async def react(self, seat: Seat, telegram_id: int, emoji: str | None) -> None:
        """Set the bot's reaction on a message; Rejected where Telegram does not know the emoji."""
        ...

    async def tick(self, seat: Seat, telegram_id: int, tick: Tick) -> None:
        """Show on the member's own message how far it got."""
        ...

    async def tell(self, seat: Seat, notice: Notice, reply_to: int | None = None) -> int:
        """Say a line; returns its Telegram message id."""
        ...

    async def show_digest(self, seat: Seat, view: DigestView) -> int:
        """Say what waits; returns its Telegram message id."""
        ...

    async def update_digest(self, seat: Seat, telegram_id: int, view: DigestView) -> None:
        """Bring a digest up to date without a sound; an empty one says why. NotFound: it is gone."""
        ...

    async def head(self, seat: Seat, inquiry: InquiryView | None, previous: int | None) -> int | None:
        """Pin who is being answered and set the field's hint, or take both away; returns the pinned message's id."""
        ...

    async def delete(self, seat: Seat, telegram_ids: tuple[int, ...]) -> None:
        """Delete messages younger than 48 hours; older ones are left."""
        ...

    async def outdate(self, seat: Seat, standing: Sequence[Standing]) -> None:
        """Empty cards that are too old to be deleted: a line that they do not hold any more, and no buttons."""
        ...

    async def fetch(self, control_bot_id: int, handle: str, path: Path, limit: int) -> int:
        """Save a file that a member sent to the control bot to `path`; returns its size. Rejected past `limit`."""
        ...
