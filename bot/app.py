"""Starting and stopping the service: what runs in this process, in which order, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import structlog
from aiohttp import web

from adapters.errors import CredentialsRevoked, PlatformError
from bot.assembly import Parts, assemble
from bot.database import close_database
from bot.settings import Role, Settings, SettingsError
from bot.start import open_for
from bot.ticks import Ticks
from handlers.chat import commands
from handlers.chat.session import DeskBot
from handlers.web.app import build_app, build_inside
from handlers.web.server import Runner
from services import backlog, control, jobs, leases, sql
from services.control import ControlBot
from services.wake import Everywhere, Here, Wakes

log = structlog.get_logger("bot")

LAST_REQUESTS = 5.0
"""Seconds that requests under way have to end when all else has ended."""
YOUNG = 10_000
"""New objects after which the collector looks through them: a commit of many messages makes thousands that go by
themselves."""
ASK_AGAIN = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds between questions who the control bot is, while Telegram does not answer."""


async def run(settings: Settings, role: Role = Role.RUN) -> None:
    """Serve until SIGTERM or SIGINT. Raises what `bot.start.EXPECTED` lists."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with serving(settings, role):
        settle()
        await stop.wait()
        log.info("stopping")


def settle() -> None:
    """Take all that starting has made out of the garbage collector's sight.

    It lasts as long as the process; to look through it again and again would stop everything for a fifth of a second,
    every few seconds under load.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


@contextlib.asynccontextmanager
async def serving(settings: Settings, role: Role = Role.RUN) -> AsyncIterator[Parts]:
    """The running service; everything is given back at the end."""
    if settings.bot_token is None:
        raise SettingsError(["PULT_BOT_TOKEN is missing: the control bot's token, from @BotFather"])
    keys = await open_for(settings)
    parts = assemble(settings, keys, role)
    try:
        async with contextlib.AsyncExitStack() as stack:
            await _start(settings, role, parts, stack)
            yield parts
    finally:
        await parts.close()
        await close_database()


async def _start(settings: Settings, role: Role, parts: Parts, stack: contextlib.AsyncExitStack) -> None:
    """Start the parts of this role; the stack stops them in the opposite order."""
    works = role in (Role.RUN, Role.WORKER)
    redis = settings.redis_url.get_secret_value() if settings.redis_url else None
    wake = parts.runner.wake if works else None
    wakes: Wakes = Everywhere(redis, wake) if redis else Here(wake)
    await stack.enter_async_context(wakes)
    sql.on_commit(wakes.made)
    stack.callback(sql.on_commit, None)
    parts.probes["database"] = backlog.reachable
    await parts.rates.load()
    await _known_bot(settings, parts)
    if role in (Role.RUN, Role.WEB):
        # First in and last out: until all else has ended, what arrives is stored for whoever comes next.
        await stack.enter_async_context(_listening(build_app(parts.web), settings.host, settings.port))
    if settings.watch_port is not None:
        await stack.enter_async_context(_listening(build_inside(parts.web), settings.host, settings.watch_port))
    if role is Role.RUN and settings.sqlite:
        # The port is ours, so that whoever had jobs under way is dead: nobody need wait for the end of its leases.
        await sql.transact(jobs.disown)
    if works:
        await stack.enter_async_context(_runner(parts))
    tasks = await stack.enter_async_context(_tasks())
    tasks(_control_bot(settings, role, parts))
    if works:
        holder = leases.new_holder()
        tasks(parts.channels.start(alone=role is Role.RUN))
        tasks(leases.while_held("poll channels", parts.polling.run, holder=holder))
        tasks(leases.while_held("tick", Ticks(settings, parts).run, holder=holder))
    if works and not settings.sqlite:
        tasks(parts.crew.run())
    if role is Role.WORKER and redis is None:
        log.warning("PULT_REDIS_URL is not set: workers find what webs have taken in by looking, once a second")
    stack.push_async_callback(_turn_away, parts, 0 if role is Role.WORKER else settings.drain_seconds)


async def _turn_away(parts: Parts, drain: float) -> None:
    """The end begins: whoever shares out the requests is told to ask others, then no more jobs are begun."""

    async def stays() -> bool:
        return False

    parts.probes["stays"] = stays
    await asyncio.sleep(drain)
    parts.runner.stop()


@contextlib.asynccontextmanager
async def _runner(parts: Parts) -> AsyncIterator[None]:
    running = asyncio.create_task(parts.runner.run())

    async def alive() -> bool:
        return not running.done()

    parts.probes["jobs"] = alive
    try:
        yield
    finally:
        parts.runner.stop()
        await asyncio.gather(running, return_exceptions=True)


@contextlib.asynccontextmanager
async def _listening(app: web.Application, host: str, port: int) -> AsyncIterator[None]:
    runner = Runner(app, shutdown_timeout=LAST_REQUESTS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        log.info("listening", address=f"http://{host}:{port}")
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _tasks() -> AsyncIterator[Callable[[Awaitable[None]], None]]:
    """Background work that is cancelled at the end; what fails says so."""
    running: set[asyncio.Future[None]] = set()

    def ended(task: asyncio.Future[None]) -> None:
        running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a background task failed", exc_info=error)

    def start(work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        running.add(task)
        task.add_done_callback(ended)

    try:
        yield start
    finally:
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _control_bot(settings: Settings, role: Role, parts: Parts) -> None:
    """Find out who the control bot is, then receive what is written to it."""
    row = await identify(settings, parts)
    bot = parts.bots.add(row)
    log.info("the control bot is ready", link=f"https://t.me/{row.username}")
    with contextlib.suppress(PlatformError):
        await commands.register_defaults(bot)

    async def receive() -> None:
        try:
            await parts.control.run(row.id)
        finally:
            await parts.control.stop()

    if role is Role.RUN:
        await receive()
    elif role is Role.WORKER:
        await leases.while_held(f"control bot {row.id}", receive)


async def _known_bot(settings: Settings, parts: Parts) -> None:
    """Make the control bot ready before anything runs: jobs wait for it from the last time, and Telegram may be away.

    Without its bot a card or copy would count as tried, and be given up after a few tries.
    """
    token = settings.bot_token.get_secret_value() if settings.bot_token else ""
    for row in await control.bots():
        if str(row.telegram_id) == token.split(":")[0]:
            parts.bots.add(replace(row, token=token))


async def identify(settings: Settings, parts: Parts) -> ControlBot:
    """The control bot's row, with the token of the settings. Waits for Telegram where it has never answered yet."""
    if settings.bot_token is None:
        raise SettingsError(["PULT_BOT_TOKEN is missing"])
    token = settings.bot_token.get_secret_value()
    known = next((row for row in await control.bots() if str(row.telegram_id) == token.split(":")[0]), None)
    attempt = 0
    while True:
        stranger = ControlBot(0, int(token.split(":")[0]), "", "", token, "", "")
        try:
            me = await DeskBot(stranger, parts.session).get_me()
            return await control.register_bot(token, me.id, me.username or "", me.full_name)
        except CredentialsRevoked:
            log.error("Telegram refuses PULT_BOT_TOKEN: take the right one from @BotFather and restart")
            raise
        except PlatformError as error:
            log.warning("Telegram does not say who the control bot is", error=str(error))
            if known is not None:
                return await control.register_bot(token, known.telegram_id, known.username, known.name)
            await asyncio.sleep(ASK_AGAIN[min(attempt, len(ASK_AGAIN) - 1)])
            attempt += 1
