"""What must hold at the desk, whatever is played on it: told by the emulated phones and by the rows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.fernet import Fernet, MultiFernet
from hypothesis.stateful import RuleBasedStateMachine, initialize

from adapters.base import Credentials
from adapters.telegram.emulator import Message
from adapters.vk.emulator import VkEmulator
from bot.database import close_database, open_database
from models.fields import use_cipher
from services import clock
from services.reminders import AFTER
from services.sql import fetch
from tests.chat.office import Office, opened
from tests.chat.shop import Shop, opened_shop
from tests.judge import phones
from tests.judge.judge import Judge
from tests.judge.known import unknown
from tests.judge.lies import Lie

T = TypeVar("T")
CUSTOMERS = ("Анна", "Борис")
VISITORS = ("Вера", "Глеб")
"""Those who write in VK, which tells their names later than their words."""
MEMBERS = ("Олег", "Мария", "Пётр")
"""Олег is the owner."""
ENDED = ("sent", "delivered", "seen", "refused", "uncertain")
PATIENCE = 60.0
BUSY = (
    "SELECT 'job' FROM jobs j WHERE j.state = 'running' OR j.state = 'queued' AND j.run_at <= ? AND NOT EXISTS"
    " (SELECT 1 FROM lane_pauses p WHERE p.lane IN (j.lane, j.target, j.lane || '#' || j.kind) AND p.until > ?)"
    " UNION ALL SELECT 'update' FROM control_updates WHERE state = 'received' LIMIT 1"
)
"""A job whose lane is paused is due, but does not begin."""
ENOUGH = 100
"""Rounds of waiting by which everything that can happen has happened."""


class Played(RuleBasedStateMachine):
    """`said` are customers' messages, `typed` what members wrote and to whom; every text ever used is unique."""

    def folder(self) -> Path:
        """A folder with an empty, migrated `pult.sqlite3`."""
        raise AssertionError("given by the test")

    def address(self, folder: Path) -> str:
        """Of the empty, migrated database."""
        return f"sqlite://{folder}/pult.sqlite3"

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.patch = pytest.MonkeyPatch()
        self.stack = AsyncExitStack()
        self.said: dict[str, list[Any]] = {name: [] for name in (*CUSTOMERS, *VISITORS)}
        self.typed: list[tuple[str, str]] = []
        """Whom a text of a member was meant for ("" where that was never said), and the text."""
        self.written: list[tuple[str, Message]] = []
        """Who wrote which message to the control bot."""
        self.out: set[str] = set()
        """Who is not in the team."""
        self.blocking: set[str] = set()
        self.dead = False
        self.numbers = 0

    def play(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @initialize()
    def begin(self) -> None:
        self.play(self._begin())

    async def _begin(self) -> None:
        folder = self.folder()
        await open_database(self.address(folder))
        use_cipher(MultiFernet([Fernet(Fernet.generate_key())]))
        self.vk = VkEmulator()
        self.patch.setenv("PULT_VK_API", await self.stack.enter_async_context(self.vk.serve()))
        self.office: Office = await self.stack.enter_async_context(opened(folder / "files", False, self.patch))
        self.shop: Shop = await opened_shop(self.office, "Мария", "Пётр")
        self.people: dict[str, Any] = {
            "Олег": self.shop.oleg, "Мария": self.shop.team[0], "Пётр": self.shop.team[1],
            "Анна": self.shop.anna, "Борис": self.shop.boris,
            **{name: self.vk.person(name, last_name="Котова") for name in VISITORS},
        }  # fmt: skip
        await self._open_community()
        lines = [phones.telegram(self.office.emulator, self.shop.bot), phones.vk(self.vk, self.community)]
        self.judge = Judge(self.office.emulator, self.office.account, lines, fetch)

    async def _open_community(self) -> None:
        self.community = self.vk.create_community("Цветы в VK", "flowers_vk")
        owner, project = await self._project()
        channels = self.office.services.channels
        proposal = await channels.identify(owner, project, "vk", Credentials(token=self.community.token))
        await channels.connect(owner, project, proposal.ticket)

    def teardown(self) -> None:
        try:
            if hasattr(self, "judge"):
                self.play(self._mended())
                self.play(self._everything_arrived())
        finally:
            self.play(self._end())
            self.runner.close()
            self.patch.undo()
            clock.reset()

    async def _end(self) -> None:
        await self.stack.aclose()
        await close_database()

    async def _rest(self) -> None:
        """Until what customers and members did is taken in, where it can be, and nothing is due that may begin."""
        async with asyncio.timeout(PATIENCE):
            if not self.dead:
                await self.office.emulator.wait_for(lambda: not self.shop.bot.pending, PATIENCE)
            while not await self._vk_is_read():  # noqa: ASYNC110  the cursor is written by the service
                await asyncio.sleep(0.01)
            while True:
                await self.office.emulator.wait_for(lambda: not self.office.account.pending, PATIENCE)
                await self.office.control.idle()
                if not self.office.account.pending and not await fetch(BUSY, clock.now(), clock.now()):
                    return
                await asyncio.sleep(0.01)

    async def _vk_is_read(self) -> bool:
        if not hasattr(self, "community") or not self.community.history:
            return True
        rows = await fetch("SELECT cursor FROM channels WHERE platform = 'vk'")
        return any(str(row["cursor"]).partition("@")[0] == str(self.community.ts) for row in rows)

    async def _settled(self) -> None:
        """Until nothing waits for a later time either, but for what lies a day ahead."""
        for _ in range(ENOUGH):
            await self._rest()
            rows = await fetch(
                "SELECT MIN(run_at) AS next FROM jobs WHERE state = 'queued' AND kind <> 'forget' AND run_at < ?",
                clock.now() + timedelta(hours=2),
            )
            if rows[0]["next"] is None:
                return
            clock.shift(timedelta(seconds=30))
        raise AssertionError(f"never at rest: {await fetch('SELECT * FROM jobs')}")

    def text(self, long: bool = False) -> str:
        """A text like no other; a long one does not fit into one message of Telegram's."""
        self.numbers += 1
        if not long:
            return f"слово {self.numbers}."
        return " ".join(f"слово{self.numbers}/{place}" for place in range(500 + 100 * (self.numbers % 5)))

    # What is seen

    def _buttons(self, member: str, label: str) -> list[Message]:
        chat = self.office.chat(self.people[member])
        return [one for one in chat.sent() if label in one.labels()]

    def _heard(self, customer: str) -> list[str]:
        """What customers' bots and communities wrote to somebody."""
        if customer in VISITORS:
            return [one.text for one in self.vk.dialog(self.community, self.people[customer]).sent()]
        return self.shop.heard(self.people[customer])

    async def _project(self) -> tuple[int, int]:
        rows = await fetch("SELECT id, current_project_id FROM people WHERE telegram_id = ?", self.people["Олег"].id)
        return rows[0]["id"], rows[0]["current_project_id"]

    async def _new_key(self) -> None:
        owner, project = await self._project()
        channels = await fetch("SELECT id FROM channels WHERE platform = 'telegram'")
        token = Credentials(token=self.shop.bot.token)
        await self.office.services.channels.replace_credentials(owner, project, channels[0]["id"], token)
        self.dead = False
        await self._rest()

    # What must hold

    async def _owners(self) -> None:
        open_ = await fetch("SELECT * FROM inquiries WHERE state <> 'done'")
        assert all(count == 1 for count in Counter(one["identity_id"] for one in open_).values())
        members = await fetch(
            "SELECT m.id FROM members m JOIN people p ON p.id = m.person_id"
            " WHERE m.removed_at IS NULL AND p.reachable = ?", True,
        )  # fmt: skip
        places = {row["id"] for row in members}
        for one in open_:
            if one["state"] == "active":
                assert one["assignee_id"] in places, f"nobody answers {one}"
            else:
                assert one["assignee_id"] is None
        strangers = await fetch(
            "SELECT d.id FROM inquiry_members d JOIN inquiries q ON q.id = d.inquiry_id"
            " JOIN members m ON m.id = d.member_id WHERE q.state = 'active' AND m.removed_at IS NOT NULL"
        )
        assert not strangers

    async def _truth(self) -> None:
        lies: list[Lie] = unknown(await self.judge.lies())
        assert not lies, "\n".join(map(str, lies))
        await self._reminded()

    async def _reminded(self) -> None:
        """Whoever may take what nobody took for long has it in their digest; who was away hears of it on return."""
        rows = await fetch(
            "SELECT q.number, p.name FROM inquiries q JOIN members m ON m.project_id = q.project_id"
            " JOIN people p ON p.id = m.person_id WHERE q.state = 'new' AND q.waiting_since < ?"
            " AND m.removed_at IS NULL AND m.on_duty = ? AND p.reachable = ? AND NOT EXISTS"
            " (SELECT 1 FROM reminders r WHERE r.inquiry_id = q.id AND r.member_id = m.id) AND NOT EXISTS"
            " (SELECT 1 FROM jobs j WHERE j.kind = 'untaken' AND j.cancel_key = 'untaken:' || CAST(q.id AS TEXT))",
            clock.now() - AFTER, True, True,
        )  # fmt: skip
        away = {self.people[name].name for name in MEMBERS if self.people[name].id in self.judge.back}
        assert not [row for row in rows if row["name"] not in away], f"not reminded: {rows}"

    async def _mended(self) -> None:
        """All faults end, all come back, time passes."""
        self.office.emulator.world.faults.clear()
        for name in sorted(self.blocking):
            bot = self.shop.bot if name in CUSTOMERS else self.office.account
            self.office.emulator.block(bot, self.people[name], False)
            if name in MEMBERS:
                self.judge.came_back(self.people[name])
                self.office.emulator.start(bot, self.people[name])
        self.blocking.clear()
        if self.dead:
            await self._new_key()
        await self._settled()

    async def _everything_arrived(self) -> None:
        await self._truth()
        await self._stored_in_order()
        await self._taken()
        await self._truth()
        rows = await fetch("SELECT state, reason, deleted_at, content FROM messages WHERE direction = 'out'")
        for row in rows:
            assert row["state"] in ENDED or row["deleted_at"], f"never left: {row}"
            assert row["state"] != "refused" or row["reason"], "a refusal without a reason"

    async def _stored_in_order(self) -> None:
        rows = await fetch(
            "SELECT m.external_id, i.external_id AS user FROM messages m JOIN identities i ON i.id = m.identity_id"
            " WHERE m.direction = 'in' ORDER BY m.at, m.sequence, m.id"
        )
        for customer, said in self.said.items():
            number = str(self.people[customer].id)
            stored = [row["external_id"] for row in rows if row["user"] == number]
            assert stored == [str(getattr(one, "cmid", one.id)) for one in said]

    async def _taken(self) -> None:
        """Whoever takes what is new has all of it."""
        for _ in self.said:
            for card in self._buttons("Олег", "Взять"):
                if "Взять" in card.labels():
                    await self.office.emulator.press(card, "Взять")
                    await self._settled()
