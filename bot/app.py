"""Starting and stopping the service: what runs in this process, in which order, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from aiohttp import web

from adapters.errors import CredentialsRevoked, PlatformError
from bot.assembly import Parts, assemble
from bot.database import alone, close_database
from bot.ending import Ending, NoPlace, TokenRefused
from bot.settings import Role, Settings, SettingsError
from bot.start import open_for
from bot.ticks import Ticks
from handlers.chat import commands
from handlers.chat.session import DeskBot
from handlers.web.app import build_app, build_inside
from handlers.web.context import Probe
from handlers.web.server import Runner
from services import backlog, clock, clock_trust, control, jobs, leases, sql
from services.control import ControlBot
from services.texts import N_
from services.wake import Everywhere, Here, Wakes

log = structlog.get_logger("bot")

CONTROL = N_("The control bot receives nothing: it fails again and again, and is started anew each time. See the log.")
POLLING = N_("Channels that are polled receive nothing: it fails again and again, and is started anew. See the log.")
TICKS = N_("Health checks and cleaning fail again and again, and are started anew each time. See the log.")
JOBS = N_("Nothing is sent: the jobs fail again and again, and are started anew each time. See the log.")
LEFT = N_("Channels that were left half connected cannot be put right: it fails again and again. See the log.")
WORKERS = N_("The workers cannot be counted: it fails again and again, and is started anew each time. See the log.")

REFUSALS = 3
"""A token must be refused so often in a row: a messenger's word for a moment is not its last."""
REFUSED_PAUSE = 1.0
LAST_REQUESTS = 5.0
"""Seconds that requests under way have to end when all else has ended."""
YOUNG = 10_000
"""New objects after which the collector looks through them: a commit of many messages makes thousands that go by
themselves."""
ASK_AGAIN = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds between questions who the control bot is, while Telegram does not answer."""


async def run(settings: Settings, role: Role = Role.RUN) -> None:
    """Serve until SIGTERM or SIGINT. Raises what `bot.start.EXPECTED` lists."""
    ending = Ending()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ending.because)
    async with serving(settings, role, ending):
        settle()
        await ending.wait()
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
async def serving(settings: Settings, role: Role = Role.RUN, ending: Ending | None = None) -> AsyncIterator[Parts]:
    """The running service; everything is given back at the end. `ending` is told of what it cannot go on with."""
    if settings.bot_token is None:
        raise SettingsError(["PULT_BOT_TOKEN is missing: the control bot's token, from @BotFather"])
    async with contextlib.AsyncExitStack() as place:
        if settings.sqlite:
            await place.enter_async_context(alone(settings.database_url))
        keys = await open_for(settings)
        place.push_async_callback(close_database)
        parts = assemble(settings, keys, role)
        place.push_async_callback(parts.close)
        stack = await place.enter_async_context(contextlib.AsyncExitStack())
        await _start(settings, role, parts, stack, ending or Ending())
        yield parts


async def _start(
    settings: Settings, role: Role, parts: Parts, stack: contextlib.AsyncExitStack, ending: Ending
) -> None:
    """Start the parts of this role; the stack stops them in the opposite order."""
    works = role in (Role.RUN, Role.WORKER)
    began = clock.now()
    redis = settings.redis_url.get_secret_value() if settings.redis_url else None
    wake = parts.runner.wake if works else None
    wakes: Wakes = Everywhere(redis, wake) if redis else Here(wake)
    await stack.enter_async_context(wakes)
    sql.on_commit(wakes.made)
    stack.callback(sql.on_commit, None)
    parts.probes["database"] = backlog.reachable
    await parts.rates.load()
    await clock_trust.recall()
    await _known_bot(settings, parts)
    if role in (Role.RUN, Role.WEB):
        # First in and last out: until all else has ended, what arrives is stored for whoever comes next.
        await stack.enter_async_context(_listening(build_app(parts.web), settings.host, settings.port))
    if settings.watch_port is not None:
        await stack.enter_async_context(_listening(build_inside(parts.web), settings.host, settings.watch_port))
    if role is Role.RUN and settings.sqlite:
        # The database is ours alone: whoever had jobs under way is dead, nobody need wait for the end of its leases.
        await sql.transact(jobs.disown)
    if works:
        await stack.enter_async_context(_runner(parts))
    tasks = await stack.enter_async_context(_tasks(parts))
    tasks("control bot", _control_bot(settings, role, parts, ending))
    if works:
        holder = leases.new_holder()
        left = partial(parts.channels.start, before=began if role is Role.RUN else None)
        polls = partial(leases.while_held, "poll channels", parts.polling.run, holder=holder)
        ticks = partial(leases.while_held, "tick", Ticks(settings, parts).run, holder=holder)
        tasks("left channels", parts.supervisor.finish("left channels", left, LEFT))
        tasks("polling", parts.supervisor.keep("polling", polls, POLLING))
        tasks("ticks", parts.supervisor.keep("ticks", ticks, TICKS))
    if works and not settings.sqlite:
        tasks("workers", parts.supervisor.keep("workers", parts.crew.run, WORKERS))
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
    """Jobs are carried out until `runner.stop`; what is under way is then waited for."""
    running = asyncio.create_task(parts.supervisor.keep("jobs", parts.runner.run, JOBS, until=parts.runner.stopping))
    parts.probes["jobs"] = _alive(parts, "jobs", running)
    try:
        yield
    finally:
        parts.runner.stop()
        await asyncio.gather(running, return_exceptions=True)


def _alive(parts: Parts, name: str, task: asyncio.Future[None]) -> Probe:
    """Whether a part runs: 503 from `/health/ready` while it does not."""

    async def alive() -> bool:
        return parts.supervisor.well(name) and not (task.done() and (task.cancelled() or task.exception() is not None))

    return alive


@contextlib.asynccontextmanager
async def _listening(app: web.Application, host: str, port: int) -> AsyncIterator[None]:
    runner = Runner(app, shutdown_timeout=LAST_REQUESTS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise NoPlace(host, port, error) from None
        log.info("listening", address=f"http://{host}:{port}")
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _tasks(parts: Parts) -> AsyncIterator[Callable[[str, Coroutine[Any, Any, None]], None]]:
    """Parts that run in the background, each with its name for the health page; they are cancelled at the end."""
    running: set[asyncio.Task[None]] = set()

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a background task failed", exc_info=error)

    def start(name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        running.add(task)
        task.add_done_callback(ended)
        parts.probes[name] = _alive(parts, name, task)

    try:
        yield start
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _control_bot(settings: Settings, role: Role, parts: Parts, ending: Ending) -> None:
    """Find out who the control bot is, then receive what is written to it."""
    found: list[ControlBot] = []

    async def meet() -> None:
        found.append(await identify(settings, parts))

    try:
        await parts.supervisor.finish("control bot", meet, CONTROL, final=TokenRefused)
    except TokenRefused as error:
        if role is not Role.WEB:
            ending.because(error)
            return
        # What customers send is stored all the same, for the time when the token is right again.
        log.error(str(error))
        raise
    await _receive(role, parts, found[-1])


async def _receive(role: Role, parts: Parts, row: ControlBot) -> None:
    bot = parts.bots.add(row)
    log.info("the control bot is ready", link=f"https://t.me/{row.username}")
    with contextlib.suppress(Exception):
        await commands.register_defaults(bot)

    async def receive() -> None:
        try:
            await parts.control.run(row.id)
        finally:
            await parts.control.stop()

    if role is Role.RUN:
        await parts.supervisor.keep("control bot", receive, CONTROL)
    elif role is Role.WORKER:
        held = partial(leases.while_held, f"control bot {row.id}", receive)
        await parts.supervisor.keep("control bot", held, CONTROL)


async def _known_bot(settings: Settings, parts: Parts) -> None:
    """Make the control bot ready before anything runs: jobs wait for it from the last time, and Telegram may be away.

    Without its bot a card or copy would count as tried, and be given up after a few tries.
    """
    token = settings.bot_token.get_secret_value() if settings.bot_token else ""
    for row in await control.bots():
        if str(row.telegram_id) == token.split(":")[0]:
            parts.bots.add(replace(row, token=token))


async def identify(settings: Settings, parts: Parts) -> ControlBot:
    """The control bot's row, with the token of the settings. Waits for Telegram where it has never answered yet.

    Raises TokenRefused.
    """
    if settings.bot_token is None:
        raise SettingsError(["PULT_BOT_TOKEN is missing"])
    token = settings.bot_token.get_secret_value()
    known = next((row for row in await control.bots() if str(row.telegram_id) == token.split(":")[0]), None)
    attempt = refused = 0
    while True:
        stranger = ControlBot(0, int(token.split(":")[0]), "", "", token, "", "")
        try:
            me = await DeskBot(stranger, parts.session).get_me()
            row = await control.register_bot(token, me.id, me.username or "", me.full_name)
            # What waited because an earlier token was refused.
            await sql.transact(partial(control.let_go, row.id))
            return row
        except CredentialsRevoked:
            refused += 1
            if refused == REFUSALS:
                raise TokenRefused from None
            await asyncio.sleep(REFUSED_PAUSE)
        except PlatformError as error:
            log.warning("Telegram does not say who the control bot is", error=str(error))
            if known is not None:
                return await control.register_bot(token, known.telegram_id, known.username, known.name)
            await asyncio.sleep(ASK_AGAIN[min(attempt, len(ASK_AGAIN) - 1)])
            attempt += 1
