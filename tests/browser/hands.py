"""What a person's hands do on a phone of the page; shared by the browser tests."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any

from PIL import Image
from playwright.async_api import Locator, Page, expect

expect.set_options(timeout=15_000)

Phone = Callable[[Page, str], Locator]
MakeBot = Callable[..., Awaitable[Any]]
OpenPage = Callable[..., Awaitable[Page]]


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(out, "JPEG")
    return out.getvalue()


async def write(phone: Locator, text: str) -> None:
    await phone.get_by_test_id("input").fill(text)
    await phone.get_by_test_id("input").press("Enter")


def bubble(phone: Locator, text: str) -> Locator:
    return phone.get_by_test_id("message").filter(has_text=text).last


async def choose(page: Page, phone: Locator, text: str, action: str) -> None:
    """Open the menu of the message with this text and choose an entry."""
    await bubble(phone, text).locator(".bubble").click(button="right")
    await page.locator(f"[data-testid=menu-item][data-action={action}]").click()


async def started(phone: Locator) -> Locator:
    await phone.get_by_test_id("start").click()
    await expect(bubble(phone, "/start")).to_be_visible()
    return phone


async def echo(bot: Any, update: dict[str, Any]) -> None:
    message = update.get("message", {})
    if text := message.get("text"):
        await bot("sendMessage", chat_id=message["chat"]["id"], text=f"Вы написали: {text}")
