"""The service as a process of its own that is killed in the middle of its work: what was taken in is done."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.telegram.emulator import BotAccount, Message, Person, TelegramEmulator
from sandbox import demo
from tests.e2e.conftest import HOST, Office, emulated, free_port

PATIENCE = 60.0
pytestmark = pytest.mark.timeout(240)
LEASE_OVER = 61.0
"""Seconds after which the jobs of a dead process are taken up by the next one."""


class Process:
    """The service's process: started, killed and started again on the same database, folder and port."""

    def __init__(self, environment: dict[str, str], folder: Path, module: Sequence[str]) -> None:
        self._environment = environment
        self._folder = folder
        self._module = module
        self._child: asyncio.subprocess.Process | None = None
        self.ahead = 0.0
        """By how many seconds the clock of the service is ahead."""

    async def start(self) -> None:
        with (self._folder / "service.log").open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *self._module, "run", env=self._environment, cwd=self._folder,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    def kill(self) -> None:
        """At this instant, whatever it is doing."""
        assert self._child is not None
        self._child.send_signal(signal.SIGKILL)

    async def again(self) -> None:
        """Start after a kill, as if a minute had passed: the dead process holds its jobs no more."""
        assert self._child is not None
        async with asyncio.timeout(PATIENCE):
            assert await self._child.wait() == -signal.SIGKILL
        self.ahead += LEASE_OVER
        moved = self._folder / "clock.new"
        moved.write_text(str(self.ahead))
        moved.replace(self._folder / "clock")
        await self.start()

    async def stop(self, within: float) -> int:
        """SIGTERM; the exit code. Raises TimeoutError."""
        assert self._child is not None
        self._child.terminate()
        async with asyncio.timeout(within):
            return await self._child.wait()

    async def end(self) -> None:
        if self.running:
            self.kill()
        if self._child is not None:
            await self._child.wait()


class House(Office):
    """An office whose service runs in a process of its own; its database can only be looked at."""

    def __init__(self, telegram: TelegramEmulator, desk: BotAccount, port: int, process: Process, path: Path) -> None:
        super().__init__(telegram, desk, port)
        self.process = process
        self._path = path
        self.team: list[Person] = []

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with contextlib.closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query, values).fetchall()

    async def stored(self, true: Callable[[], Any], patience: float = PATIENCE) -> None:
        """Until the database says so: it tells nobody of a change, so that it has to be asked."""
        deadline = time.monotonic() + patience
        while not true():
            assert time.monotonic() < deadline, [tuple(row) for row in self.jobs()]
            await asyncio.sleep(0.1)

    def jobs(self) -> list[sqlite3.Row]:
        return self.rows(
            "SELECT kind, state, attempts, order_key, run_at, last_error FROM jobs"
            " WHERE kind IN ('send', 'card', 'copy', 'copy_change', 'tick', 'notice', 'header') OR state = 'refused'"
        )

    async def idle(self) -> None:
        """Until everything that is to be sent or shown has been."""
        await self.stored(lambda: not [row for row in self.jobs() if row["state"] != "refused"])
        assert self.jobs() == []

    async def push(self, member: Person, label: str, after: Message) -> None:
        """Press the button of this name that came after a message of the member's."""

        def found() -> Message | None:
            return next((one for one in self.sent(member) if one.id > after.id and label in one.labels()), None)

        try:
            message = await self.until(found)
        except TimeoutError:
            raise AssertionError([(one.id, one.text[:60], one.labels()) for one in self.sent(member)]) from None
        assert message is not None
        await self.press(message, label)

    def invitations(self, owner: Person) -> list[str]:
        return [code for one in self.sent(owner) for code in re.findall(r"\?start=(inv_[\w-]+)", one.text)]

    async def assemble(self, *managers: str) -> None:
        """As people do it, from /start to a connected bot."""
        olga = await self.owner()
        self.team = [olga]
        for name in managers:
            known = set(self.invitations(olga))
            await self.push(olga, "Пригласить менеджера", self.type(olga, "/team"))
            new = await self.until(lambda known=known: set(self.invitations(olga)) - known)
            person = self.telegram.person(name, staff=True)
            self.telegram.start(self.desk, person, new.pop())
            await self.until(lambda person=person: self.sent(person))
            self.team.append(person)
        self.shop = self.telegram.create_bot("Кофейня", "coffee_bot")
        asked = self.type(olga, "/connect")
        await self.push(olga, "Telegram", asked)
        await self.sees(olga, "BotFather")
        self.type(olga, self.shop.token)
        await self.push(olga, "Подключить", asked)
        await self.sees(olga, "Жду первое сообщение")


@contextlib.asynccontextmanager
async def settled(folder: Path, template: Path, *managers: str, module: Sequence[str]) -> AsyncIterator[House]:
    """A team at work with a service in a process of its own."""
    path = folder / "pult.sqlite3"
    path.write_bytes(template.read_bytes())
    (folder / "clock").write_text("0")
    port = free_port()
    async with emulated(clock=lambda: time.time() + process.ahead) as telegram:
        telegram.hosts[HOST] = f"http://127.0.0.1:{port}"
        desk = telegram.create_bot("Пульт", "pult_bot", control=True)
        api: str = telegram.base  # type: ignore[attr-defined]
        environment = demo.environment(desk.token, api.removesuffix("/telegram"), port, str(folder))
        environment["PULT_CLOCK_OFFSET_FILE"] = str(folder / "clock")
        process = Process(environment, folder, module)
        try:
            await process.start()
            house = House(telegram, desk, port, process, path)
            await telegram.wait_for(lambda: telegram.calls("deleteWebhook"), PATIENCE)
            await house.assemble(*managers)
            yield house
        finally:
            await process.end()


@pytest.fixture
async def house(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[House]:
    async with settled(tmp_path, sqlite_template, "Олег", "Мария", module=["tests.e2e.lifted"]) as running:
        yield running


async def test_what_was_written_down_and_not_handled_at_a_kill_is_handled_after_it_in_order(house: House) -> None:
    olga = house.team[0]
    anna = house.customer("Анна")
    house.say(anna, "слушаю")
    card = await house.sees(olga, "слушаю")
    stuck = house.telegram.fault("timeout", bot=house.desk, person=olga, method="sendMessage", times=None, seconds=60)
    house.type(olga, "/help")
    words = [f"часть {number}" for number in range(8)]
    for one in words:
        house.type(olga, one, reply_to=card)
    waiting = "SELECT id FROM control_updates WHERE state = 'received'"
    await house.stored(lambda: len(house.rows(waiting)) == len(words) + 1)
    house.process.kill()
    assert house.answers(anna) == []
    house.telegram.world.faults.remove(stuck.id)
    await house.process.again()
    await house.until(lambda: [one for one in house.answers(anna) if one.text == words[-1]], PATIENCE)
    assert [one.text for one in house.answers(anna)] == words
    await house.idle()
    assert house.rows(waiting) == []
