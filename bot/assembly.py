"""Wiring: every part of the service is made here, once, and given the others that it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiogram import Dispatcher

from adapters.base import Rates
from adapters.http import Http
from adapters.registry import Registry, build, discover
from bot import operators
from bot.rates import CONTROL, LaneRates
from bot.settings import Role, Settings, Updates
from handlers.chat import app as chat
from handlers.chat import commands
from handlers.chat.context import Services
from handlers.chat.control import Control, Way
from handlers.chat.desk import AiogramDesk
from handlers.chat.revival import Revival
from handlers.chat.session import Bots, Session
from handlers.web.context import Probe, Web
from services.accounts import Accounts, Registration
from services.alarms import Alarm
from services.budget import Budget
from services.channel_health import Watch
from services.channel_rows import lanes_alike
from services.channels import Channels
from services.completing import Completing
from services.conversations import Conversations
from services.crew import Crew
from services.delivery import Delivery
from services.files import Files
from services.inbox import Inbox, shared_commits
from services.jobs import Kind
from services.links import Links
from services.naming import Naming
from services.polling import Polling
from services.projects import Projects
from services.reminding import Reminding
from services.runner import Runner
from services.showing import Showing, file_ready
from services.store import Store
from services.supervision import Supervisor
from services.team import Team
from services.withdrawing import Withdrawing

POLL_POOL = 10_000
"""Connections for long polls: each channel keeps one open."""


@dataclass(slots=True)
class Parts:
    """The assembled service. Nothing of it runs yet."""

    registry: Registry
    polled: Registry
    https: list[Http]
    session: Session
    bots: Bots
    budget: Budget
    crew: Crew
    rates: LaneRates
    services: Services
    channels: Channels
    watch: Watch
    files: Files
    polling: Polling
    dispatcher: Dispatcher
    control: Control
    runner: Runner
    web: Web
    probes: dict[str, Probe]
    supervisor: Supervisor
    revival: Revival
    alarm: Alarm

    async def close(self) -> None:
        """Give every connection back."""
        await self.revival.close()
        await self.session.close()
        for http in self.https:
            await http.close()
        await self.budget.close()
        await self.dispatcher.storage.close()


def assemble(
    settings: Settings, keys: Sequence[str], role: Role = Role.RUN, *, control_rates: Rates = CONTROL
) -> Parts:
    """Make every part. The database is open; `keys` are the secret keys, newest first."""
    https: list[Http] = []
    registry = build(_pools(https))
    polled = build(_pools(https, POLL_POOL))
    redis = settings.redis_url.get_secret_value() if settings.redis_url else None
    rates = LaneRates(registry, control_rates)
    crew = Crew()
    budget = Budget(rates, redis, crew.share)
    telegram: Any = registry["telegram"].options
    session = Session(telegram.api, proxy=telegram.proxy, budget=budget)
    bots = Bots(session)
    desk = AiogramDesk(bots.__getitem__)
    accounts = Accounts(Registration(settings.registration.value))
    channels = Channels(registry, settings.public_url)
    watch = Watch(channels)
    store = Store(settings.data_dir / "files")
    alarm = operators.alarm(settings.operators, bots)
    links = Links(keys, settings.public_url)
    files = Files(store, source=channels.source, desk=desk, on_ready=file_ready, alarm=alarm, links=links)
    services = Services(
        accounts=accounts, projects=Projects(), team=Team(), conversations=Conversations(registry), registry=registry,
        channels=channels, files=files, desk=desk, locale=settings.locale,
    )  # fmt: skip
    dispatcher = chat.build(services)
    control = Control(
        bots, dispatcher, way=Way(settings.updates.value), public_url=settings.public_url, base=telegram.api,
        proxy=telegram.proxy, handles=role is not Role.WEB,
    )  # fmt: skip
    delivery = Delivery(registry, files, settings.public_url)
    kinds = {
        **_shown(desk, registry, store),
        **delivery.kinds(),
        **files.kinds(),
        **_asked(channels),
        **watch.kinds(),
        **commands.kinds(bots, accounts),
        **operators.kinds(bots),
    }
    commits = shared_commits() if settings.sqlite else None
    revival = Revival(bots, lambda lane: runner.let_go(lane))

    def paused(lane: str, error: Exception) -> None:
        watch.paused(lane, error)
        revival.paused(lane, error)

    runner = Runner(
        kinds, postgres=not settings.sqlite, budget=budget, on_paused=paused, platform=rates.platform,
        alike=lanes_alike, commits=commits, worker=crew.name,
    )  # fmt: skip
    channels.on_change(lambda number: runner.let_go(f"channel:{number}", f"files:channel:{number}"))
    inbox = Inbox(alarm, commits)
    probes: dict[str, Probe] = {}
    web = Web(
        adapters=registry, known=channels.known, inbox=inbox, files=files, links=links,
        control=control.receive_webhook if settings.updates is Updates.WEBHOOK else None, probes=probes,
        proxies=settings.proxies, logins=services.logins,
    )  # fmt: skip
    polling = Polling(polled, channels, inbox, watch)
    return Parts(
        registry=registry, polled=polled, https=https, session=session, bots=bots, budget=budget, crew=crew,
        rates=rates, services=services, channels=channels, watch=watch, files=files, polling=polling,
        dispatcher=dispatcher, control=control, runner=runner, web=web, probes=probes,
        supervisor=Supervisor(alarm), revival=revival, alarm=alarm,
    )  # fmt: skip


def _shown(desk: AiogramDesk, registry: Registry, store: Store) -> dict[str, Kind]:
    """Jobs that show something in a member's chat."""
    titles = {name: adapter.title for name, adapter in registry.items()}
    return {**Showing(desk, titles, store).kinds(), **Withdrawing(desk).kinds(), **Reminding(desk, titles).kinds()}


def _asked(channels: Channels) -> dict[str, Kind]:
    """Jobs that ask a messenger for what its events lack."""
    return {**Naming(channels.source).kinds(), **Completing(channels.source).kinds()}


def _pools(made: list[Http], size: int | None = None) -> Callable[[str], Http]:
    """A pool of connections for each platform, through its proxy."""
    kinds = discover()

    def pool(platform: str) -> Http:
        proxy = getattr(kinds[platform].settings(), "proxy", None)
        http = Http(proxy=proxy) if size is None else Http(proxy=proxy, pool=size)
        made.append(http)
        return http

    return pool
