"""A press whose number was guessed: of another company's thing or of nothing at all, the answer is the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from aiogram.filters.callback_data import CallbackData

from adapters.telegram.emulator import Message, Person
from handlers.chat.buttons import (
    Act,
    ChannelPress,
    DutyPress,
    HeldPress,
    HistoryPress,
    InquiryPress,
    InsistPress,
    LoginPress,
    ManagedPress,
    MessagePress,
    TabPress,
    TalkPress,
)
from models import Login
from services import clock
from services.conversations import Tab
from services.sql import fetch
from tests.e2e.conftest import Office
from tests.e2e.test_strangers import only, told, two_projects

NOTHING = 999_999_999
WITHOUT_IDS = {"act", "tab", "page", "anew"}


def kinds(ids: dict[str, int]) -> dict[type[CallbackData], dict[str, list[Any]]]:
    """Every kind of button, with all that its fields may hold; whose numbers are in `ids`."""
    pages = [0, 7, -1]
    return {
        InquiryPress: {"act": list(Act), "id": [ids["inquiry"]]},
        HeldPress: {"held": [ids["held"]], "inquiry": [0, ids["inquiry"]]},
        InsistPress: {"held": [ids["held"]], "inquiry": [ids["inquiry"]]},
        MessagePress: {"act": ["retry", "show", "whatever"], "id": [ids["message"]]},
        TabPress: {"project": [ids["project"]], "tab": list(Tab), "page": pages},
        ChannelPress: {"act": ["card", "check", "token", "whatever"], "id": [ids["channel"]]},
        ManagedPress: {"id": [ids["managed"]]},
        LoginPress: {"id": [ids["login"]]},
        HistoryPress: {"inquiry": [ids["inquiry"]], "page": pages, "anew": [False, True]},
        TalkPress: {"inquiry": [ids["inquiry"]], "page": pages},
        DutyPress: {"project": [ids["project"]]},
    }


def presses(ids: dict[str, int]) -> Iterator[tuple[str, str]]:
    """What can be pressed, by a name that holds no number, and its data."""
    for kind, fields in kinds(ids).items():
        for values in product(*fields.values()):
            chosen = dict(zip(fields, values, strict=True))
            named = {name: value if name in WITHOUT_IDS else bool(value) for name, value in chosen.items()}
            yield f"{kind.__name__} {named}", kind(**chosen).pack()


async def test_every_button_answers_a_foreign_number_as_one_that_nothing_has(office: Office) -> None:
    ids = {"inquiry": 1, "held": 1, "message": 1, "project": 1, "channel": 1, "managed": 1, "login": 1}
    declared = {kind for kind in CallbackData.__subclasses__() if kind.__module__.startswith("handlers.")}
    assert declared == set(kinds(ids)), "name here what a new kind of button may hold"
    team, vera, under = await two_projects(office)
    ids = await _theirs(office, team[0])
    foreign = [await _pressed(office, vera, under, data) for _, data in presses(ids)]
    nothings = dict.fromkeys(ids, NOTHING)
    missing = [await _pressed(office, vera, under, data) for _, data in presses(nothings)]
    for (name, _), theirs, nothing in zip(presses(ids), foreign, missing, strict=True):
        assert theirs == nothing, name


async def _theirs(office: Office, owner: Person) -> dict[str, int]:
    """Numbers of one thing of each kind in the owner's company."""
    person, project = await office.place(owner)
    member = await only("SELECT id FROM members WHERE person_id = ?", person)
    now = clock.now()
    login = await Login.create(
        key_hash="h" * 64, key="canary", platform="vk", member_id=member, created_at=now, expires_at=now, used_at=now
    )
    telegram_id = await only("SELECT telegram_id FROM people WHERE id = ?", person)
    made = await fetch(
        "INSERT INTO managed_bots (control_bot_id, telegram_id, creator, name, username, created_at)"
        " SELECT control_bot_id, 777, ?, 'Бот', 'their_bot', ? FROM people WHERE id = ? RETURNING telegram_id",
        telegram_id, now, person,
    )  # fmt: skip
    return {
        "inquiry": await only("SELECT MIN(id) FROM inquiries"), "held": await only("SELECT id FROM held"),
        "message": await only("SELECT MIN(id) FROM messages WHERE direction = 'out'"), "project": project,
        "channel": await only("SELECT id FROM channels WHERE project_id = ?", project),
        "managed": made[0]["telegram_id"], "login": login.id,
    }  # fmt: skip


async def _pressed(office: Office, who: Person, under: Message, data: str) -> tuple[Any, ...]:
    """What pops up, and what else is seen in the chat."""
    newest, text = office.sent(who)[-1].id, under.text
    answer = await told(office, under, data)
    assert answer, data
    return answer, [one.text for one in office.sent(who) if one.id > newest], under.text == text
