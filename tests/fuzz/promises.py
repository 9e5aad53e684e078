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
from adapters.telegram.emulator import Message, Person
from bot.database import close_database, open_database
from models.fields import use_cipher
from services import clock
from services.sql import fetch
from tests.chat.office import Office, opened
from tests.chat.shop import Shop, opened_shop

T = TypeVar("T")
CUSTOMERS = ("Анна", "Борис")
MEMBERS = ("Олег", "Мария", "Пётр")
"""Олег is the owner."""
ENDED = ("sent", "refused", "uncertain")
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
    """`said` are customers' texts in their order, `typed` what members wrote to whom; each text is unique."""

    def folder(self) -> Path:
        """A folder with an empty, migrated `pult.sqlite3`."""
        raise AssertionError("given by the test")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.patch = pytest.MonkeyPatch()
        self.stack = AsyncExitStack()
        self.said: dict[str, list[str]] = {name: [] for name in CUSTOMERS}
        self.typed: list[tuple[str, str]] = []
        self.out: dict[str, int] = {}
        """Who is not in the team, and how many messages about customers their chat held when they left."""
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
        await open_database(f"sqlite://{folder}/pult.sqlite3")
        use_cipher(MultiFernet([Fernet(Fernet.generate_key())]))
        self.office: Office = await self.stack.enter_async_context(opened(folder / "files", False, self.patch))
        self.shop: Shop = await opened_shop(self.office, "Мария", "Пётр")
        self.people: dict[str, Person] = {
            "Олег": self.shop.oleg, "Мария": self.shop.team[0], "Пётр": self.shop.team[1],
            "Анна": self.shop.anna, "Борис": self.shop.boris,
        }  # fmt: skip

    def teardown(self) -> None:
        try:
            if hasattr(self, "office"):
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
            while True:
                await self.office.emulator.wait_for(lambda: not self.office.account.pending, PATIENCE)
                await self.office.control.idle()
                if not self.office.account.pending and not await fetch(BUSY, clock.now(), clock.now()):
                    return
                await asyncio.sleep(0.01)

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

    def text(self) -> str:
        self.numbers += 1
        return f"слово {self.numbers}."

    # What is seen

    def _buttons(self, member: str, label: str) -> list[Message]:
        chat = self.office.chat(self.people[member])
        return [one for one in chat.sent() if label in one.labels()]

    def _seen(self, member: str) -> int:
        """How many of the customers' texts stand in a member's chat."""
        told = "\n".join(one.text for one in self.office.chat(self.people[member]).sent())
        return sum(f"{text}" in told for texts in self.said.values() for text in texts)

    async def _project(self) -> tuple[int, int]:
        rows = await fetch("SELECT id, current_project_id FROM people WHERE telegram_id = ?", self.people["Олег"].id)
        return rows[0]["id"], rows[0]["current_project_id"]

    async def _new_key(self) -> None:
        owner, project = await self._project()
        channels = await fetch("SELECT id FROM channels")
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
            " WHERE m.removed_at IS NULL AND p.reachable = 1"
        )
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

    async def _mended(self) -> None:
        """All faults end, all come back, time passes."""
        self.office.emulator.world.faults.clear()
        for name in sorted(self.blocking):
            bot = self.shop.bot if name in CUSTOMERS else self.office.account
            self.office.emulator.block(bot, self.people[name], False)
            if name in MEMBERS:
                self.office.emulator.start(bot, self.people[name])
        self.blocking.clear()
        if self.dead:
            await self._new_key()
        await self._settled()

    async def _everything_arrived(self) -> None:
        await self._stored_once_in_order()
        await self._shown()
        await self._answered_once()

    async def _stored_once_in_order(self) -> None:
        for customer in CUSTOMERS:
            rows = await fetch(
                "SELECT m.content FROM messages m JOIN identities i ON i.id = m.identity_id"
                " WHERE m.direction = 'in' AND i.external_id = ? ORDER BY m.at, m.sequence, m.id",
                str(self.people[customer].id),
            )
            texts = [text for row in rows for text in self.said[customer] if f'"{text}"' in str(row["content"])]
            assert texts == self.said[customer]

    async def _shown(self) -> None:
        """Whoever takes what is new has all of it; of what somebody has, everything stands in a chat of the team."""
        for _ in range(len(CUSTOMERS)):
            for card in self._buttons("Олег", "Взять"):
                await self.office.emulator.press(card, "Взять")
                await self._settled()
        told = "\n".join(one.text for member in MEMBERS for one in self.office.chat(self.people[member]).sent())
        rows = await fetch(
            "SELECT m.content FROM messages m JOIN inquiries q ON q.id = m.inquiry_id WHERE m.direction = 'in'"
            " AND q.state = 'active'"
        )
        for row in rows:
            text = next(one for texts in self.said.values() for one in texts if f'"{one}"' in str(row["content"]))
            assert text in told, f"nobody was ever shown «{text}»"

    async def _answered_once(self) -> None:
        rows = await fetch("SELECT content, state, repeated, reason FROM messages WHERE direction = 'out'")
        heard = Counter(text for customer in CUSTOMERS for text in self.shop.heard(self.people[customer]))
        for row in rows:
            text = next((one for _, one in self.typed if f'"{one}"' in str(row["content"])), None)
            assert text is not None
            assert row["state"] in ENDED, f"«{text}» never left: {row}"
            if row["state"] == "refused":
                assert row["reason"], "a refusal without a reason"
            elif row["state"] == "uncertain":
                assert heard[text] <= 2
            else:
                once = heard[text] == 1 or (row["repeated"] and heard[text] == 2)
                assert once, f"«{text}» came {heard[text]} times: {row}"
