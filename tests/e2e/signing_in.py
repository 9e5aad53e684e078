"""The office with Facebook and VK beside it, and a browser: what tests of connecting by login play with."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.facebook.emulator import FacebookEmulator
from adapters.telegram.emulator import Message, Person, TelegramEmulator
from adapters.vk.emulator import VkEmulator
from services import clock
from tests.e2e.browser import Browser, Page, with_query
from tests.e2e.conftest import HOST, Office, opened

TITLES = {"facebook": "Facebook", "vk": "VK"}


class Desk:
    """The office, both platforms and the owner's browser."""

    def __init__(self, office: Office, facebook: FacebookEmulator, vk: VkEmulator, olga: Person) -> None:
        self.office = office
        self.facebook = facebook
        self.vk = vk
        self.olga = olga
        self.browser = self.another_browser()

    def another_browser(self) -> Browser:
        return Browser({HOST: f"http://127.0.0.1:{self.office.port}"})

    def back(self, platform: str, **query: str) -> str:
        """The address to which a platform leads back."""
        return with_query(f"https://{HOST}/login/{platform}", **query)

    def accounts(self, platform: str, *names: str, **more: Any) -> list[Any]:
        """Pages or communities."""
        if platform == "facebook":
            return [self.facebook.create_page(name, f"page{number}") for number, name in enumerate(names)]
        return [self.vk.create_community(name, f"club_{number}", **more) for number, name in enumerate(names)]

    # The chat

    def _with(self, label: str, person: Person) -> Message | None:
        found = (one for one in reversed(self.office.sent(person)) if any(label in each for each in one.labels()))
        return next(found, None)

    async def click(self, label: str, person: Person | None = None) -> str:
        """Press the newest button whose caption holds this; what pops up."""
        person = person or self.olga
        await self.office.until(lambda: self._with(label, person))
        message = self._with(label, person)
        assert message is not None
        whole = next(each for each in message.labels() if label in each)
        answer = await self.office.press(message, whole)
        return str((answer or {}).get("text") or "")

    async def sees(self, text: str, person: Person | None = None) -> Message:
        return await self.office.sees(person or self.olga, text)

    def link(self, person: Person | None = None) -> str:
        """Where «Открыть браузер» leads."""
        message = self._with("Открыть браузер", person or self.olga)
        assert message is not None
        return str(next(one["url"] for row in message.buttons for one in row if "url" in one))

    async def begin(self, platform: str, person: Person | None = None) -> str:
        """By the buttons of the connect guide up to the link for the browser."""
        before = len(self.office.holding(person or self.olga, "Вход через"))
        self.office.type(person or self.olga, "/connect")
        await self.click(TITLES[platform], person)
        await self.click(f"Войти через {TITLES[platform]}", person)
        await self.office.until(lambda: len(self.office.holding(person or self.olga, "Вход через")) > before)
        return self.link(person)

    # The browser

    async def consent(self, link: str) -> Page:
        """From the chat's link over the page of this service to the platform's."""
        invitation = await self.browser.open(link)
        assert invitation.status == 200, invitation.text
        return await self.browser.press(invitation)

    @staticmethod
    def state(consent: Page) -> str:
        """What went through the platform."""
        return parse_qs(urlsplit(consent.url).query)["state"][0]

    async def signed_in(self, platform: str) -> Page:
        """The whole way of the browser; the page on which it ends."""
        return await self.browser.decide(await self.consent(await self.begin(platform)))


@asynccontextmanager
async def desk_of(
    telegram: TelegramEmulator, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **more: str
) -> AsyncIterator[Desk]:
    facebook = FacebookEmulator(pauses=(0.05, 0.1, 0.2), clock=lambda: clock.now().timestamp())
    vk = VkEmulator(pauses=(0.05, 0.1, 0.2), clock=lambda: clock.now().timestamp())
    async with contextlib.AsyncExitStack() as stack:
        settings = facebook.settings(await stack.enter_async_context(facebook.serve()))
        settings |= vk.settings(await stack.enter_async_context(vk.serve()))
        office = await stack.enter_async_context(opened(telegram, url, folder, monkeypatch, **settings | more))
        for hosts in (facebook.hosts, vk.hosts):
            hosts[HOST] = f"http://127.0.0.1:{office.port}"
        yield Desk(office, facebook, vk, await office.owner())
    clock.reset()
