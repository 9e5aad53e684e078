"""An administrator of another tenant, and members whose rights were taken: forged ids give nothing and change nothing.

Every public function of the services that takes a person is called, found by its signature: a new one is under test as
soon as it exists, and one with a new kind of id fails here until a forged one is named for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from adapters.base import Content, Credentials
from models import Account, Login, Member
from models.enums import Cards, Role
from services import channel_picture, managed
from services.access import Denied, Refusal
from services.accounts import Accounts
from services.answering import Ask, Typed
from services.channel_settings import ChannelSettings
from services.conversations import Conversations, Tab
from services.duty import Duty
from services.history import History
from services.logins import Logins
from services.projects import Projects
from services.sql import fetch, to_json, transact
from services.team import Team
from tests.installation import Installation
from tests.statements import collect

Call = Callable[..., Awaitable[Any]]
OWN_ONLY = {
    "Conversations.typed", "Conversations.touched", "Conversations.dialog", "Conversations.leave_dialog",
    "Accounts.person", "Accounts.speak", "Projects.mine", "Projects.create",
}  # fmt: skip
"""They take nothing but the person who acts."""
NOTHING = 999_999_999
"""The id of nothing."""
EMPTY = (None, False, ())
ACCOUNT = {"id": "1", "name": "Кофейня", "refusal": None, "params": {}, "credentials": None}
"""What Ольга found by signing in."""


@dataclass
class Scene:
    """Марк owns a project of another account; Олег answers Анна in the café."""

    place: Installation
    mark: Member
    forged: dict[str, Any]
    secret: tuple[str, ...]

    def calls(self) -> dict[str, Call]:
        place = self.place
        channels = place.channels
        services = [
            channels, ChannelSettings(channels), Conversations(place.adapters), Team(), Projects(), Accounts(),
            Logins(channels), Duty(), History(place.adapters),
        ]  # fmt: skip
        found = {
            f"{type(one).__name__}.{name}": call
            for one in services
            for name, call in inspect.getmembers(one, inspect.iscoroutinefunction)
            if not name.startswith("_") and "person_id" in inspect.signature(call).parameters
        }
        for module in (managed, channel_picture):
            for name, call in inspect.getmembers(module, inspect.iscoroutinefunction):
                if (
                    not name.startswith("_")
                    and call.__module__ == module.__name__
                    and "person_id" in inspect.signature(call).parameters
                ):
                    found[f"{module.__name__}.{name}"] = call
        return {name: call for name, call in found.items() if name not in OWN_ONLY}


TABLES = (
    "projects", "members", "people", "channels", "inquiries", "inquiry_members", "messages", "contacts", "identities",
    "invitations", "held", "operator_copies", "files", "jobs", "logins", "reminders",
)  # fmt: skip


async def everything() -> dict[str, list[dict[str, Any]]]:
    return {table: await fetch(f"SELECT * FROM {table} ORDER BY id") for table in TABLES}


async def scene(place: Installation) -> Scene:
    channel = await place.connect()
    place.emulator.start(place.bot, place.anna)
    place.emulator.say(place.bot, place.anna, "Где мой заказ 4417?")
    await place.emulator.wait_for(lambda: not place.bot.pending)
    project = await place.other_project("Соседи", account=await Account.create(name="Соседи", created_at=_now()))
    mark = await place.join("Марк", Role.OWNER, project)
    oleg = place.people["Олег"]
    invitation = await Team().invite(*place.olga, Role.MANAGER)
    asked = await Conversations(place.adapters).typed(oleg.person_id, Typed("1:2:3", 3, Content(text="кому это?")))
    assert isinstance(asked, Ask)
    message = (await fetch("SELECT id, inquiry_id FROM messages ORDER BY id DESC"))[0]
    held = (await fetch("SELECT id FROM held"))[0]
    proposal = await place.channels.identify(
        *place.olga, "telegram", place.key(place.emulator.create_bot("Б", "b_bot"))
    )
    login = await Login.create(
        key_hash="h" * 64, key="canary", platform="telegram", member=place.people["Ольга"], created_at=_now(),
        expires_at=_now() + timedelta(minutes=15), used_at=_now(), accounts=to_json([ACCOUNT]),
    )  # fmt: skip

    async def picture(*_: object) -> bytes:
        return b""

    forged = {
        "project_id": place.project.id, "channel_id": channel.id, "inquiry_id": message["inquiry_id"],
        "message_id": message["id"], "held_id": held["id"], "member_id": oleg.id, "invitation_id": invitation.id,
        "telegram_id": 3, "login_id": login.id, "account_id": "1", "ticket": proposal.ticket, "platform": "telegram",
        "credentials": Credentials(token=place.bot.token), "name": "name", "text": "x", "value": "x", "choice": "x",
        "on": True, "role": Role.MANAGER, "zone": "UTC", "language": "ru", "hours": 0, "spam": True, "tab": Tab.NEW,
        "page": 0, "on_duty": False, "cards": Cards.SOUND, "content": Content(text="x"), "channels": place.channels,
        "fetch": picture, "keeps": True,
    }  # fmt: skip
    secret = ("Кофейня", "4417", "Anna", "Олег", "Ольга", place.bot.token, "flowers_test_bot")
    return Scene(place, mark, forged, secret)


def _now() -> Any:
    from services import clock

    return clock.now()


async def _refused(name: str, call: Call, arguments: dict[str, Any], secret: tuple[str, ...]) -> None:
    try:
        answer = await call(**arguments)
    except Refusal as refusal:
        said = f"{refusal.message} {refusal.params}"
    else:
        nothing = answer in EMPTY or getattr(answer, "known", None) is False
        assert nothing, f"{name} answered {answer!r}"
        said = ""
    assert not [word for word in secret if word in said], f"{name} told: {said}"


@pytest.mark.parametrize("own_project", [False, True], ids=["their project", "own project, their ids"])
async def test_ids_of_another_tenant_open_and_change_nothing(place: Installation, own_project: bool) -> None:
    there = await scene(place)
    calls = there.calls()
    assert len(calls) > 45
    before = await everything()
    for name, call in calls.items():
        parameters = inspect.signature(call).parameters
        missing = [one for one in parameters if one not in there.forged and one not in ("person_id", "project_id")]
        assert not missing, f"name a forged {missing} for {name}"
        arguments = {one: there.forged[one] for one in parameters if one != "person_id"}
        if own_project and "project_id" in arguments:
            if not {"channel_id", "member_id", "invitation_id", "ticket", "login_id"} & arguments.keys():
                continue
            arguments["project_id"] = there.mark.project_id
        await _refused(name, call, {"person_id": there.mark.person_id, **arguments}, there.secret)
    after = await everything()
    for table in TABLES:
        assert after[table] == before[table], table


@pytest.mark.parametrize("own_project", [False, True], ids=["their project", "own project, their ids"])
async def test_an_id_of_another_tenant_is_answered_as_one_that_nothing_has(
    place: Installation, own_project: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same words after the same look-ups: whoever counts through the numbers learns nothing of other companies."""
    there = await scene(place)
    asked: list[str] = []
    monkeypatch.setattr(collect, "_note", lambda _database, text, _place: asked.append(text))

    async def told(call: Call, arguments: dict[str, Any]) -> tuple[object, ...]:
        asked.clear()
        try:
            answer: object = await call(person_id=there.mark.person_id, **arguments)
        except Refusal as refusal:
            answer = (type(refusal), refusal.message, dict(refusal.params))
        return answer, *asked

    for name, call in there.calls().items():
        parameters = inspect.signature(call).parameters
        theirs = {one: there.forged[one] for one in parameters if one != "person_id"}
        nothings = theirs | {one: NOTHING for one in theirs if one.endswith("_id") and one != "account_id"}
        if own_project and "project_id" in parameters:
            theirs["project_id"] = nothings["project_id"] = there.mark.project_id
        if theirs != nothings:
            assert await told(call, theirs) == await told(call, nothings), name


async def test_somebody_who_was_removed_is_refused_everything(place: Installation) -> None:
    there = await scene(place)
    oleg = place.people["Олег"]
    conversations = Conversations(place.adapters)
    # The dialog of a finished inquiry is open in the chat: it belongs to nobody, and must close all the same.
    await conversations.done(place.people["Ольга"].person_id, there.forged["inquiry_id"])
    await conversations.open_dialog(oleg.person_id, there.forged["inquiry_id"])
    await Team().remove(*place.olga, oleg.id)
    secret = ("4417", "Anna", place.bot.token)
    assert await conversations.dialog(oleg.person_id) is None
    for name, call in there.calls().items():
        if name in ("Conversations.drop", "Conversations.knows"):
            continue
        arguments = {one: there.forged[one] for one in inspect.signature(call).parameters if one != "person_id"}
        await _refused(name, call, {"person_id": oleg.person_id, **arguments}, secret)
    with pytest.raises(Denied):
        await conversations.typed(oleg.person_id, Typed("1:2:4", 4, Content(text="прощайте")))


MANAGER = {"Conversations", "Accounts", "Duty", "History"}


async def test_a_manager_changes_nothing_but_conversations_and_the_own_settings(place: Installation) -> None:
    there = await scene(place)
    oleg = place.people["Олег"]
    allowed = {"Projects.view", "Projects.switch", "Team.view", "Team.member", "Team.leave", "Channels.project_of"}
    for name, call in there.calls().items():
        if name.split(".")[0] in MANAGER or name in allowed:
            continue
        arguments = {one: there.forged[one] for one in inspect.signature(call).parameters if one != "person_id"}
        await _refused(name, call, {"person_id": oleg.person_id, **arguments}, (place.bot.token,))


async def test_an_administrator_never_touches_owners_and_administrators(place: Installation) -> None:
    team, adam, olga = Team(), place.as_person("Адам"), place.people["Ольга"]
    boris = await place.join("Борис", Role.ADMINISTRATOR)
    for attempt in (
        team.remove(*adam, olga.id), team.remove(*adam, boris.id), team.remove(*adam, place.people["Адам"].id),
        team.invite(*adam, Role.ADMINISTRATOR), team.invite(*adam, Role.OWNER),
        team.appoint(*adam, place.people["Олег"].id, Role.ADMINISTRATOR), team.appoint(*adam, olga.id, Role.MANAGER),
        team.remove(*place.olga, olga.id), team.leave(*place.olga),
    ):  # fmt: skip
        with pytest.raises(Denied):
            await attempt
    with pytest.raises(Refusal):
        await team.appoint(*place.olga, boris.id, Role.OWNER)


async def test_a_denied_right_counts_at_the_press(place: Installation) -> None:
    there = await scene(place)
    oleg, conversations = place.people["Олег"], Conversations(place.adapters)
    inquiry = there.forged["inquiry_id"]
    await conversations.claim(oleg.person_id, inquiry)
    await conversations.open_dialog(oleg.person_id, inquiry)
    await transact(lambda: _deny(oleg.id))
    for press in (conversations.done, conversations.card, conversations.hand_back, conversations.show):
        with pytest.raises(Denied):
            await press(oleg.person_id, inquiry)
    assert await conversations.dialog(oleg.person_id) is None
    with pytest.raises(Denied):
        await conversations.typed(oleg.person_id, Typed("1:2:5", 5, Content(text="слово")))


def _deny(member_id: int) -> Any:
    yield "UPDATE members SET denied = ? WHERE id = ?", ('["inbox"]', member_id)
