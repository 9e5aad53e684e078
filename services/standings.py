"""What stands in a member's chat, Telegram message by message: read to be changed, and written down. Steps only.

A card or copy of several messages (words in pieces, albums, places) is one group, under the id of its first message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.base import ContactCard, Location
from models.enums import CopyKind
from services import clock
from services.desk_jobs import Place
from services.files import remember_handle
from services.ports import Shown, Standing
from services.sql import Row, Steps, from_json, marks, to_json


@dataclass(slots=True)
class Group:
    """One card or copy in a member's chat. placeholder: some of its media had not come when it was last written."""

    head: int
    inquiry_id: int
    card: bool
    standing: list[Standing] = field(default_factory=list)
    suspect: bool = False
    placeholder: bool = False

    @property
    def messages(self) -> list[int]:
        """The ids of the messages that it shows."""
        return list(dict.fromkeys(one.message_id for one in self.standing if one.message_id is not None))


# What was shown before there was `shows`: its first message has the words, and the buttons if it opened the dialog.
_COLUMNS = (
    "c.id, c.message_id, c.inquiry_id, c.telegram_id, c.kind, c.placeholder, c.suspect, c.shows,"
    " CASE WHEN c.shows IS NULL AND c.kind = 'copy' THEN NOT EXISTS (SELECT 1 FROM operator_copies e WHERE e.id < c.id"
    " AND e.inquiry_id = c.inquiry_id AND e.member_id = c.member_id AND e.kind <> 'line') ELSE FALSE END AS opened"
)


def of_messages(ids: Sequence[int], member_id: int) -> Steps[list[Group]]:
    """The cards and copies that show these messages to a member, oldest first."""
    rows = (
        (
            yield (
                f"SELECT {_COLUMNS} FROM operator_copies c WHERE c.message_id IN ({marks(ids)}) AND c.member_id = ?"
                " AND c.kind IN ('copy', 'card') ORDER BY c.id",
                (*ids, member_id),
            )
        )
        if ids
        else []
    )
    return _groups(rows)


def of_card(inquiry_id: int, member_id: int, first: Sequence[int]) -> Steps[Group | None]:
    """The inquiry's card in the member's chat, the newest of several; first: the messages that it shows."""
    rows = yield (
        f"SELECT {_COLUMNS} FROM operator_copies c WHERE c.inquiry_id = ? AND c.member_id = ? AND c.kind = 'card'"
        " ORDER BY c.id DESC LIMIT 1",
        (inquiry_id, member_id),
    )
    if not rows:
        return None
    card = _groups(rows)[0]
    for other in (yield from of_messages(first, member_id)):
        if other.head == card.head:
            known = {one.telegram_id for one in card.standing}
            card.standing += [one for one in other.standing if one.telegram_id not in known]
            card.placeholder = card.placeholder or other.placeholder
    return card


def with_buttons(inquiry_id: int, member_id: int) -> Steps[list[int]]:
    """The messages in a member's chat that have buttons of this inquiry, but for the newest card: it has a job."""
    rows = yield (
        "SELECT c.telegram_id, c.kind FROM operator_copies c WHERE c.inquiry_id = ? AND c.kind IN ('copy', 'card')"
        " AND c.member_id = ? AND (c.kind = 'card' OR CAST(c.shows AS TEXT) LIKE ?) ORDER BY c.id",
        (inquiry_id, member_id, '%"keys"%'),
    )
    newest = next((row for row in reversed(rows) if row["kind"] == CopyKind.CARD.value), None)
    return [row["telegram_id"] for row in rows if row is not newest]


def _groups(rows: Sequence[Row]) -> list[Group]:
    groups: dict[tuple[int, object], Group] = {}
    for row in rows:
        shows = from_json(row["shows"]) if row["shows"] is not None else None
        of = (0, shows["head"]) if shows is not None else (1, row["message_id"] or row["id"])
        if of not in groups:
            head = shows["head"] if shows is not None else row["telegram_id"]
            card = row["kind"] == CopyKind.CARD.value or bool(shows and shows.get("card"))
            groups[of] = Group(head, row["inquiry_id"], card)
        group = groups[of]
        group.standing.append(_standing(row, shows) if shows is not None else _unknown(row, not group.standing))
        group.suspect = group.suspect or bool(row["suspect"])
        group.placeholder = group.placeholder or bool(row["placeholder"])
    return list(groups.values())


def _unknown(row: Row, first: bool) -> Standing:
    keys = bool(row["opened"]) or row["kind"] == CopyKind.CARD.value
    return Standing(row["telegram_id"], row["message_id"], words=0 if first else None, caption=None, keys=keys)


def _standing(row: Row, shows: dict[str, Any]) -> Standing:
    return Standing(
        row["telegram_id"],
        row["message_id"],
        words=shows.get("words"),
        caption=shows.get("caption", False),
        keys=shows.get("keys", False),
        file_id=shows.get("file"),
        refused=tuple(shows.get("refused", ())),
        place=Location(*shows["place"]) if "place" in shows else None,
        contact=ContactCard(*shows["contact"]) if "contact" in shows else None,
    )


def _shows(one: Standing, head: int, *, card: bool) -> dict[str, Any]:
    place, contact = one.place, one.contact
    known: dict[str, Any] = {
        "words": one.words,
        "caption": one.caption or None,
        "keys": one.keys or None,
        "file": one.file_id,
        "refused": list(one.refused) or None,
        "place": [place.latitude, place.longitude, place.title, place.address, place.live] if place else None,
        "contact": [contact.name, contact.phone, contact.user] if contact else None,
        "card": card or None,
    }
    return {"head": head} | {name: value for name, value in known.items() if value is not None}


def record(
    to: Place, inquiry_id: int, shown: Shown, *, placeholder: bool = False, card: bool = False, suspect: bool = False,
    group: Group | None = None,
) -> Steps[None]:  # fmt: skip
    """Keep which Telegram messages show what, so that replies, edits and reactions find their way.

    group: what they were added to.
    """
    head = group.head if group is not None else shown.messages[0].telegram_id if shown.messages else 0
    for one in shown.messages:
        kind = CopyKind.CARD if card and one.keys else CopyKind.COPY
        yield (
            "INSERT INTO operator_copies (project_id, control_bot_id, member_id, person_id, inquiry_id, message_id,"
            " kind, chat_id, telegram_id, placeholder, suspect, shows, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (control_bot_id, chat_id, telegram_id) DO NOTHING",
            (
                to.project_id, to.control_bot_id, to.member_id, to.person_id, inquiry_id, one.message_id, kind.value,
                to.chat_id, one.telegram_id, placeholder, suspect, to_json(_shows(one, head, card=card)), clock.now(),
            ),
        )  # fmt: skip
    for file_id, handle in shown.uploaded.items():
        yield from remember_handle(file_id, f"control:{to.control_bot_id}", handle)


def change(to: Place, group: Group, shown: Shown, *, placeholder: bool, suspect: bool = False) -> Steps[None]:
    """Keep what a card or copy is now. suspect: what was added may stand there twice."""
    suspect = group.suspect or (suspect and bool(shown.messages))
    yield from record(
        to, group.inquiry_id, shown, placeholder=placeholder, card=group.card, suspect=suspect, group=group
    )
    for one in shown.changed:
        yield (
            "UPDATE operator_copies SET shows = ? WHERE control_bot_id = ? AND chat_id = ? AND telegram_id = ?",
            (
                to_json(_shows(one, group.head, card=group.card)), to.control_bot_id, to.chat_id, one.telegram_id,
            ),
        )  # fmt: skip
    gone = set(shown.gone)
    for number in gone:
        yield (
            "DELETE FROM operator_copies WHERE control_bot_id = ? AND chat_id = ? AND telegram_id = ?",
            (to.control_bot_id, to.chat_id, number),
        )
    left = [one.telegram_id for one in group.standing if one.telegram_id not in gone]
    if left and (placeholder, suspect) != (group.placeholder, group.suspect):
        yield (
            "UPDATE operator_copies SET placeholder = ?, suspect = ? WHERE control_bot_id = ? AND chat_id = ?"
            f" AND telegram_id IN ({marks(left)})",
            (placeholder, suspect, to.control_bot_id, to.chat_id, *left),
        )
