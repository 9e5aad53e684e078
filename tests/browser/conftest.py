"""The page of phones in a real Chromium, over a real sandbox server with a cast of people.

`sandbox_url` is a fresh sandbox with a control bot and people; `browser_page` is the page opened on it, wide enough
for several phones; `open_page` opens it again in another size; `scripted_bot` answers as a bot of this test.
A script error, or anything that the page's content policy refuses, fails the test.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright

from sandbox.server import API, create_app, serving
from sandbox.stage import find_stages

STAFF = ("Олег", "Мария")
CUSTOMERS = ("Анна", "Борис")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
UPDATES = json.dumps(["message", "edited_message", "callback_query", "message_reaction"])
PATIENCE = 15_000

Update = dict[str, Any]
Answer = Callable[["ScriptedBot", Update], Awaitable[None]]


class ScriptedBot:
    """A bot on long polling, by plain HTTP: `on` answers each update, `updates` keeps them for the test."""

    def __init__(self, session: aiohttp.ClientSession, base: str, bot: dict[str, Any], on: Answer | None) -> None:
        self.base = f"{base}/telegram/bot{bot['token']}"
        self.id, self.username, self.name = bot["id"], bot["username"], bot["name"]
        self.updates: list[Update] = []
        self._session = session
        self._on = on
        self._came = asyncio.Condition()

    async def __call__(self, method: str, **params: Any) -> Any:
        async with self._session.post(f"{self.base}/{method}", json=params) as response:
            return self._result(await response.json())

    async def upload(self, method: str, files: dict[str, tuple[str, bytes, str]], **params: Any) -> Any:
        form = aiohttp.FormData(quote_fields=False)
        for name, value in params.items():
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
        for name, (filename, data, mime) in files.items():
            form.add_field(name, data, filename=filename, content_type=mime)
        async with self._session.post(f"{self.base}/{method}", data=form) as response:
            return self._result(await response.json())

    @staticmethod
    def _result(body: dict[str, Any]) -> Any:
        assert body["ok"], body
        return body["result"]

    async def poll(self) -> None:
        offset = 0
        while True:
            for update in await self("getUpdates", offset=offset, timeout=20, allowed_updates=json.loads(UPDATES)):
                offset = update["update_id"] + 1
                async with self._came:
                    self.updates.append(update)
                    self._came.notify_all()
                if self._on is not None:
                    await self._on(self, update)

    async def got(self, kind: str, suits: Callable[[Update], bool] = lambda _: True) -> Update:
        """The first update of this kind that suits, when it has come."""

        def found() -> Update | None:
            return next((one[kind] for one in self.updates if kind in one and suits(one[kind])), None)

        async with self._came, asyncio.timeout(PATIENCE / 1000):
            await self._came.wait_for(lambda: found() is not None)
        update = found()
        assert update is not None
        return update


@pytest.fixture
async def sandbox_url() -> AsyncIterator[str]:
    """The address of a sandbox with the control bot @pult_bot, two of the team and two customers."""
    stages = find_stages()
    app = create_app(stages)
    telegram = next(stage for stage in stages if stage.id == "telegram")
    telegram.create_bot("Пульт", "pult_bot", True)
    for number, name in enumerate((*STAFF, *CUSTOMERS)):
        app[API].add_person(name, None, "ru", number < len(STAFF))
    async with serving(app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def scripted_bot(
    sandbox_url: str, session: aiohttp.ClientSession
) -> AsyncIterator[Callable[..., Awaitable[ScriptedBot]]]:
    """await scripted_bot(name, username, on=…): a customers' bot; with username "pult_bot" the control bot itself."""
    tasks: list[asyncio.Task[None]] = []

    async def make(name: str = "Цветы", username: str = "flowers_bot", on: Answer | None = None) -> ScriptedBot:
        async with session.get(f"{sandbox_url}/api/state") as response:
            bots = (await response.json())["bots"]
        bot = next((one for one in bots if one["username"] == username), None)
        if bot is None:
            async with session.post(f"{sandbox_url}/api/bots", json={"name": name, "username": username}) as response:
                bot = await response.json()
        scripted = ScriptedBot(session, sandbox_url, bot, on)
        tasks.append(asyncio.create_task(scripted.poll()))
        return scripted

    yield make
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(scope="session")
def devtools(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Chromium for the session, since starting it takes longer than most tests; the address to reach it."""
    profile = tmp_path_factory.mktemp("chromium")
    command = [chromium, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", *FLAGS]
    with subprocess.Popen([*command, "about:blank"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next((line.split()[-1] for line in process.stderr if line.startswith("DevTools listening")), None)
        if address is None:
            pytest.fail("Chromium was found, but it does not start.", pytrace=False)
        threading.Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would stop it
        yield address
        process.terminate()


@pytest.fixture
async def browser(devtools: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(devtools)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser, sandbox_url: str) -> AsyncIterator[Callable[..., Awaitable[Page]]]:
    """await open_page(width=…, height=…, color_scheme=…): the page in a browser profile of its own."""
    troubles: list[str] = []

    async with AsyncExitStack() as stack:

        async def opened(width: int = 1600, height: int = 900, **options: Any) -> Page:
            context = await browser.new_context(viewport={"width": width, "height": height}, **options)
            stack.push_async_callback(context.close)
            await context.grant_permissions(["clipboard-read", "clipboard-write"])
            page = await context.new_page()
            page.set_default_timeout(PATIENCE)
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on(
                "console",
                lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None,
            )
            await page.goto(sandbox_url)
            await page.get_by_test_id("phone").first.wait_for(state="attached")
            await page.locator("[data-testid=connection][data-state=online]").wait_for(state="attached")
            return page

        yield opened
    assert troubles == []


@pytest.fixture
async def browser_page(open_page: Callable[..., Awaitable[Page]]) -> Page:
    return await open_page()


@pytest.fixture
def phone() -> Callable[[Page, str], Locator]:
    """phone(page, "Анна"): the phone of that person."""

    def of(page: Page, name: str) -> Locator:
        return page.locator("[data-testid=phone]", has=page.locator("[data-testid=phone-owner] b", has_text=name))

    return of
