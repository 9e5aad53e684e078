"""What lies elsewhere: the messengers, the control bot, each channel's webhook, the public address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Set
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiogram.types import User, WebhookInfo

from adapters.base import Adapter, CredentialsRevoked, Health, HealthState, PlatformError, Unprepared
from adapters.http import Http, describe
from adapters.redaction import told
from adapters.registry import build, discover
from bot import keys
from bot.check.lines import Line, Mark, bad, good, note
from bot.check.logins import offered
from bot.check.place import reached
from bot.database import close_database, open_database
from bot.settings import Settings, Updates
from handlers.chat.session import DeskBot, Session
from models.fields import use_cipher
from services.channel_rows import COLUMNS, LIVE, Connected, connected
from services.connecting import foreign_host
from services.control import ControlBot
from services.sql import fetch, marks

WITHIN: Final = aiohttp.ClientTimeout(total=10)
AT_ONCE: Final = 16
SHOWN: Final = 20
"""Channels in trouble that are named one by one."""


async def used(settings: Settings, usable: bool) -> set[str]:
    """The messengers that this installation works with: the control bot's, those of connected channels and of logins.

    usable: the database can be read.
    """
    names = {"telegram", *(platform for platform, _ in offered())}
    if usable:
        async with _opened(settings):
            rows = await fetch(f"SELECT DISTINCT platform FROM channels WHERE state IN ({marks(LIVE)})", *LIVE)
            names |= {row["platform"] for row in rows}
    return names


async def messengers(needed: Set[str]) -> AsyncIterator[tuple[str, Line]]:
    """Whether each messenger's API, or the proxy to it, can be reached, by the platform's name.

    What is not needed is no trouble yet.
    """
    for platform, kind in discover().items():
        settings = kind.settings()
        api, proxy = getattr(settings, "api", None), getattr(settings, "proxy", None)
        if proxy:
            advice = f": is PULT_{platform.upper()}_PROXY right, and does it run?"
            line = await reached(f"{platform} (proxy)", proxy, 3128, advice)
        elif api:
            advice = f": where it is blocked, set PULT_{platform.upper()}_PROXY"
            line = await reached(platform, api, 443 if api.startswith("https:") else 80, advice)
        else:
            continue
        if line.mark is Mark.BAD and platform not in needed:
            line = note(line.what, f"{line.told} (not used here)")
        yield platform, line


async def control_bot(settings: Settings) -> AsyncIterator[Line]:
    """Whether its token is right, how its updates come, and what it is able to do."""
    if settings.bot_token is None:
        yield bad("control bot", "PULT_BOT_TOKEN is missing: the control bot's token, from @BotFather")
        return
    token = settings.bot_token.get_secret_value()
    telegram: Any = discover()["telegram"].settings()
    session = Session(telegram.api, proxy=telegram.proxy)
    bot = DeskBot(ControlBot(0, int(token.split(":")[0]), "", "", token, "", ""), session)
    try:
        me, hook = await bot.get_me(), await bot.get_webhook_info()
    except CredentialsRevoked:
        yield bad("control bot", "Telegram refuses PULT_BOT_TOKEN: take the right one from @BotFather (/mybots)")
        return
    except PlatformError as error:
        yield bad("control bot", f"Telegram does not say who it is ({told(error)}): try again in a minute")
        return
    finally:
        await session.close()
    yield good("control bot", f"@{me.username}")
    yield _updates(settings, hook)
    yield _abilities(me)


def _updates(settings: Settings, hook: WebhookInfo) -> Line:
    """Polling and a webhook exclude each other; which of them is meant is put right at the start."""
    waiting = f", {hook.pending_update_count} wait" if hook.pending_update_count else ""
    if settings.updates is Updates.POLLING:
        if hook.url:
            return note(
                "updates", f"a webhook is set at {urlsplit(hook.url).hostname}: the start takes it away{waiting}"
            )
        return good("updates", f"polled{waiting}")
    stranger = foreign_host(hook.url, settings.public_url)
    if stranger or not hook.url:
        return note("updates", f"no webhook of ours is set ({stranger or 'none'}): the start sets it{waiting}")
    if hook.last_error_message:
        return bad("updates", f"Telegram could not deliver ({hook.last_error_message}): see public address{waiting}")
    return good("updates", f"webhook{waiting}")


def _abilities(me: User) -> Line:
    able = {
        "topics in private chats": me.has_topics_enabled,
        "inline mode for quick answers": me.supports_inline_queries,
        "managing bots": me.can_manage_bots,
    }
    missing = [name for name, there in able.items() if not there]
    if missing:
        return note("abilities", f"switched off at @BotFather: {', '.join(missing)}")
    return good("abilities", ", ".join(able))


async def public_address(url: str | None) -> Line:
    """Whether our own health page is found under the address that the messengers are given."""
    what = "public address"
    if url is None:
        return note(what, "PULT_PUBLIC_URL is not set: Telegram and VK are polled, the others cannot be connected")
    try:
        async with (
            aiohttp.ClientSession(timeout=WITHIN) as client,
            client.head(f"{url}/health/live", allow_redirects=False) as answer,
        ):
            status, server = answer.status, answer.headers.get("Server", "")
    except aiohttp.ClientConnectorCertificateError as error:
        return bad(what, f"the certificate is not trusted ({error.certificate_error}): messengers refuse it as well")
    except aiohttp.ClientConnectorDNSError:
        return bad(what, f"the name {urlsplit(url).hostname} is not known: set its DNS record")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return bad(what, f"{url} cannot be reached ({describe(error)}): see firewall and reverse proxy")
    if status == 200 and server.startswith("Pult"):
        return good(what, f"{url} leads here")
    if status in (502, 503, 504):
        return note(what, f"{url} answers {status}: the proxy is there, Pult does not run behind it now")
    return bad(what, f"{url}/health/live answers {status}: the proxy does not lead to PULT_HOST:PULT_PORT")


async def channels(settings: Settings, able: set[str]) -> AsyncIterator[Line]:
    """Each connected channel as its messenger sees it; those that work are counted. For a database that is readable."""
    pools: list[Http] = []
    async with _opened(settings):
        try:
            adapters = build(lambda platform: _pool(platform, pools))
            rows = await fetch(f"SELECT {COLUMNS} FROM channels WHERE state IN ({marks(LIVE)}) ORDER BY id", *LIVE)
            lines = await _looked_at([connected(row) for row in rows], adapters, settings.public_url, able)
        finally:
            for pool in pools:
                await pool.close()
    troubled = [line for line in lines if line.mark is not Mark.GOOD]
    for line in troubled[:SHOWN]:
        yield line
    if lines:
        well = len(lines) - len(troubled)
        yield (note if troubled else good)("channels", f"{well} of {len(lines)} work")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[None]:
    """The database, open for reading what it says of channels."""
    found = keys.known(settings)
    if found:
        use_cipher(keys.cipher(found))
    await open_database(settings.database_url)
    try:
        yield
    finally:
        await close_database()


def _pool(platform: str, made: list[Http]) -> Http:
    made.append(Http(proxy=getattr(discover()[platform].settings(), "proxy", None)))
    return made[-1]


async def _looked_at(
    found: list[Connected], adapters: Mapping[str, Adapter], public_url: str | None, able: set[str]
) -> list[Line]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(channel: Connected) -> Line:
        name = f"channel {channel.id} ({channel.platform}, {channel.name})"
        adapter = adapters.get(channel.platform)
        if adapter is None:
            return bad(name, "this version does not know its messenger")
        if channel.platform not in able:
            return note(name, "not looked at: its messenger cannot be reached")
        async with room:
            try:
                return _channel(name, await adapter.inspect(channel.channel(public_url)), public_url)
            except CredentialsRevoked:
                return _channel(name, Health(HealthState.REVOKED), public_url)
            except Unprepared as error:
                return bad(name, f"settings are missing: {told(error)}")
            except PlatformError as error:
                return note(name, f"its messenger does not say how it is ({told(error)})")

    return await asyncio.gather(*(one(channel) for channel in found))


def _channel(name: str, health: Health, public_url: str | None) -> Line:
    match health.state:
        case HealthState.REVOKED:
            return bad(name, "its token is dead: the owner presses «Новый токен» on the channel's card")
        case HealthState.WEBHOOK_LOST:
            host = foreign_host(health.webhook, public_url)
            whose = f"leads to {host}" if host else "is not set"
            return bad(name, f"its webhook {whose}: Pult puts it back within 15 minutes of running")
        case HealthState.UNREACHABLE:
            return bad(name, f"its messenger cannot deliver ({health.detail or 'no reason given'}): see public address")
    return good(name, "works")
