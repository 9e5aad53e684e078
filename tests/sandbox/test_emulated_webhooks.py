"""How the emulated Telegram delivers to webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.telegram.emulator import BotAccount, TelegramEmulator


class Service:
    """A receiver of webhooks, whose answers are set by the test."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[web.Response | Callable[[], Awaitable[web.Response]]] = []
        self.address = ""

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.seen]

    async def receive(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        self.seen.append(await request.json())
        answer = self.answers.pop(0) if self.answers else web.Response()
        return answer if isinstance(answer, web.Response) else await answer()


@pytest.fixture
async def service(emulator: TelegramEmulator) -> AsyncIterator[Service]:
    service = Service()
    app = web.Application()
    app.router.add_post("/hooks/{name}", service.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    emulator.hosts["pult.test"] = service.address
    yield service
    await runner.cleanup()


@pytest.fixture
async def hooked(call: Any, chat: int, service: Service) -> int:
    await call.ok("setWebhook", url="https://pult.test/hooks/one?a=b", secret_token="s3cret")
    return chat


async def delivered(emulator: TelegramEmulator, shop: BotAccount) -> None:
    await emulator.wait_for(lambda: not shop.pending)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"url": "http://pult.test/x"}, "An HTTPS URL must be provided for webhook"),
        ({"url": "https://pult.test:8080/x"}, "only on ports 80, 88, 443 or 8443"),
        ({"url": "https://127.0.0.1/x"}, "is reserved"),
        ({"url": "https://localhost/x"}, "Failed to resolve host"),
        ({"url": "https://nobody.test/x"}, "Failed to resolve host: Name or service not known"),
        ({"url": "https://pult.test/x", "secret_token": "with space"}, "unallowed characters"),
        ({"url": "https://pult.test/x", "secret_token": "x" * 257}, "secret token is too long"),
        ({"url": "https://pult.test/x", "allowed_updates": "{}"}, "can't parse allowed updates"),
    ],
)
async def test_a_wrong_webhook_is_refused(call: Any, params: dict[str, Any], words: str) -> None:
    assert words in await call.refused("setWebhook", **params)


async def test_updates_arrive_in_order_with_the_secret_as_through_a_proxy(
    emulator: TelegramEmulator, shop: BotAccount, hooked: int, service: Service
) -> None:
    for text in "abc":
        emulator.say(shop, hooked, text)
    await delivered(emulator, shop)
    assert service.texts() == ["a", "b", "c"]
    headers = service.headers[0]
    assert headers["X-Telegram-Bot-Api-Secret-Token"] == "s3cret"
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["Host"] == "pult.test"


async def test_a_refused_update_comes_again_before_the_next(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, hooked: int, service: Service
) -> None:
    service.answers = [web.Response(status=500), web.Response(status=503), web.Response()]
    emulator.say(shop, hooked, "a")
    emulator.say(shop, hooked, "b")
    await delivered(emulator, shop)
    assert service.texts() == ["a", "a", "a", "b"]
    info = await call.ok("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"
    assert info["pending_update_count"] == 0
    assert info["url"].startswith("https://pult.test/")


async def test_a_failing_chat_does_not_hold_up_the_others(
    emulator: TelegramEmulator, shop: BotAccount, hooked: int, service: Service
) -> None:
    boris = emulator.person("Борис")
    service.answers = [web.Response(status=500)]
    emulator.say(shop, hooked, "a")
    emulator.say(shop, boris, "b")
    await delivered(emulator, shop)
    assert service.texts() == ["a", "b", "a"]


async def test_updates_wait_while_the_service_is_away(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, hooked: int, service: Service
) -> None:
    emulator.hosts["pult.test"] = "http://127.0.0.1:1"
    emulator.say(shop, hooked, "a")
    await emulator.wait_for(lambda: shop.webhook is not None and shop.webhook.last_error_message)
    info = await call.ok("getWebhookInfo")
    assert (info["last_error_message"], info["pending_update_count"]) == ("Connection refused", 1)
    emulator.hosts["pult.test"] = service.address
    await delivered(emulator, shop)
    assert service.texts() == ["a"]


async def test_a_webhook_that_never_answers_is_given_up(shop: BotAccount) -> None:
    emulator = TelegramEmulator(pauses=(0.01,), webhook_timeout=0.05)
    bot = emulator.create_bot("Slow", "slow_bot")
    never = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", hang)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    emulator.hosts["slow.test"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with emulator.serve() as base:
        async with aiohttp.ClientSession() as http:
            await http.post(f"{base}/bot{bot.token}/setWebhook", json={"url": "https://slow.test/"})
        emulator.say(bot, emulator.person("Анна"), "a")
        await emulator.wait_for(lambda: bot.webhook is not None and bot.webhook.last_error_message)
    assert bot.webhook is not None
    assert bot.webhook.last_error_message == "Read timeout expired"
    never.set()
    await runner.cleanup()


async def test_a_method_in_the_answer_is_carried_out(
    emulator: TelegramEmulator, shop: BotAccount, hooked: int, service: Service
) -> None:
    service.answers = [web.json_response({"method": "sendMessage", "chat_id": hooked, "text": "from the answer"})]
    emulator.say(shop, hooked, "a")
    await emulator.wait_for(lambda: emulator.chat(shop, hooked).sent())
    assert emulator.chat(shop, hooked).last().text == "from the answer"


async def test_nonsense_in_the_answer_is_ignored(
    emulator: TelegramEmulator, shop: BotAccount, hooked: int, service: Service
) -> None:
    service.answers = [
        web.json_response({"method": "sendMessage", "chat_id": hooked}),
        web.json_response([1]),
        web.Response(body=b"{", content_type="application/json"),
        web.Response(text="ok"),
    ]
    for text in "abcd":
        emulator.say(shop, hooked, text)
    await delivered(emulator, shop)
    assert service.texts() == ["a", "b", "c", "d"]


async def test_updates_from_before_are_delivered_unless_dropped(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int, service: Service
) -> None:
    emulator.say(shop, chat, "kept")
    _, body = await call("setWebhook", url="https://pult.test/hooks/one")
    assert body["description"] == "Webhook was set"
    await delivered(emulator, shop)
    _, body = await call("setWebhook", url="https://pult.test/hooks/one")
    assert body["description"] == "Webhook is already set"
    await call.ok("deleteWebhook")
    emulator.say(shop, chat, "dropped")
    await call.ok("setWebhook", url="https://pult.test/hooks/one", drop_pending_updates=True)
    emulator.say(shop, chat, "next")
    await delivered(emulator, shop)
    assert service.texts() == ["kept", "next"]


async def test_the_kinds_and_connections_asked_for_are_remembered(call: Any) -> None:
    await call.ok(
        "setWebhook", url="https://pult.test/x", allowed_updates=["message", "message_reaction"], max_connections=7
    )
    info = await call.ok("getWebhookInfo")
    assert (info["allowed_updates"], info["max_connections"]) == (["message", "message_reaction"], 7)
    await call.ok("setWebhook", url="https://pult.test/y")
    assert (await call.ok("getWebhookInfo"))["allowed_updates"] == ["message", "message_reaction"]
    await call.ok("deleteWebhook")
    assert (await call.ok("getWebhookInfo"))["url"] == ""


async def test_a_duplicate_fault_delivers_three_times(
    emulator: TelegramEmulator, shop: BotAccount, hooked: int, service: Service
) -> None:
    emulator.fault("duplicate", where="webhook", times=1)
    emulator.say(shop, hooked, "a")
    emulator.say(shop, hooked, "b")
    await delivered(emulator, shop)
    assert service.texts() == ["a", "a", "a", "b"]


async def test_a_shuffle_fault_changes_the_order_and_loses_nothing(
    emulator: TelegramEmulator, shop: BotAccount, hooked: int, service: Service
) -> None:
    emulator.fault("shuffle", where="webhook", times=None, seconds=0.01)
    texts = [f"m{number}" for number in range(12)]
    for text in texts:
        emulator.say(shop, hooked, text)
    await delivered(emulator, shop)
    assert sorted(service.texts()) == sorted(texts)
    assert service.texts() != texts


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("drop", "Connection reset by peer"),
        ("500", "Wrong response from the webhook: 500 Internal Server Error"),
    ],
)
async def test_a_failed_delivery_is_repeated(
    emulator: TelegramEmulator, shop: BotAccount, hooked: int, service: Service, kind: str, problem: str
) -> None:
    emulator.fault(kind, where="webhook", times=2)
    emulator.say(shop, hooked, "a")
    await delivered(emulator, shop)
    assert service.texts() == ["a"]
    assert shop.webhook is not None
    assert shop.webhook.last_error_message == problem


async def test_parallel_delivery_keeps_the_order_of_each_chat() -> None:
    emulator = TelegramEmulator(pauses=(0.01,), parallel=8)
    bot = emulator.create_bot("Busy", "busy_bot")
    people = [emulator.person(name) for name in "ABCDEF"]
    seen: list[tuple[int, str]] = []
    at_once, most = 0, 0

    async def receive(request: web.Request) -> web.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        message = (await request.json())["message"]
        await asyncio.sleep(0)
        seen.append((message["chat"]["id"], message["text"]))
        at_once -= 1
        return web.Response()

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    emulator.hosts["busy.test"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with emulator.serve() as base:
        async with aiohttp.ClientSession() as http:
            await http.post(f"{base}/bot{bot.token}/setWebhook", json={"url": "https://busy.test/"})
        for text in "12345":
            for person in people:
                emulator.say(bot, person, text)
        await emulator.wait_for(lambda: not bot.pending)
    await runner.cleanup()
    for person in people:
        assert [text for who, text in seen if who == person.id] == list("12345")
    assert most > 1
