"""getUpdates and the webhook's settings: the two ways in which a bot is given its updates."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from itertools import islice
from urllib.parse import urlsplit

from .calls import Described, Ready, method
from .errors import bad, conflict
from .model import DEFAULT_KINDS, KINDS, BotAccount, Json, Webhook
from .params import Params
from .world import World

_PORTS = (80, 88, 443, 8443)
_LOCAL_IP = "149.154.167.50"
# Endings that lead nowhere on the internet (RFC 2606, RFC 6762).
_NOWHERE = frozenset({"test", "example", "invalid", "localhost", "local"})


@method("getUpdates")
async def get_updates(world: World, bot: BotAccount, params: Params) -> Ready:
    if bot.webhook is not None:
        raise conflict(
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        )
    _interrupt(bot, "terminated by other getUpdates request; make sure that only one bot instance is running")
    _remember_kinds(bot, params)
    _confirm(bot, params.integer("offset"))
    limit = params.integer("limit", 100)
    limit = limit if 1 <= limit <= 100 else 100
    timeout = min(50, max(0, params.integer("timeout")))
    known = receiving(world, bot) == "polling"
    bot.polled_at = world.clock()
    if not known:
        world.changes.tell("bot", bot)
    if not bot.pending and timeout:
        await _wait(world, bot, timeout)
    return Ready("[" + ",".join(update.body.decode() for update in islice(bot.pending.values(), limit)) + "]")


def _confirm(bot: BotAccount, offset: int) -> None:
    """A positive offset forgets everything below it, a negative one everything but the newest."""
    if offset > 0:
        while bot.pending and next(iter(bot.pending)) < offset:
            bot.pending.popitem(last=False)
    elif offset < 0:
        while len(bot.pending) > -offset:
            bot.pending.popitem(last=False)


async def _wait(world: World, bot: BotAccount, timeout: float) -> None:
    poll: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    bot.poll = poll
    world.changes.touch()
    try:
        async with asyncio.timeout(timeout):
            reason = await poll
    except TimeoutError:
        reason = None
    finally:
        if bot.poll is poll:
            bot.poll = None
            bot.polled_at = world.clock()
    if reason is not None:
        raise conflict(reason)


def _interrupt(bot: BotAccount, reason: str) -> None:
    poll, bot.poll = bot.poll, None
    if poll is not None and not poll.done():
        poll.set_result(reason)


def release(bot: BotAccount) -> None:
    """Answer a waiting poll with what there is."""
    if bot.poll is not None and not bot.poll.done():
        bot.poll.set_result(None)


def _remember_kinds(bot: BotAccount, params: Params) -> None:
    """The last list given stays in force, for updates made from now on; an empty list means the usual kinds."""
    data = params.data("allowed_updates", "allowed_updates")
    if data is None:
        return
    if not isinstance(data, list):
        raise bad("can't parse allowed updates: expected an Array of String")
    names = [item for item in data if isinstance(item, str)]
    if len(names) < len(data):
        raise bad("can't parse allowed updates: expected an Array of String")
    kinds = frozenset(name.lower() for name in names) & KINDS
    bot.kinds = kinds or DEFAULT_KINDS
    bot.kinds_named = sorted(kinds) if kinds and kinds != DEFAULT_KINDS else None


@method("setWebhook")
async def set_webhook(world: World, bot: BotAccount, params: Params) -> Described:
    url = params.text("url").strip()
    if not url:
        return delete_webhook(world, bot, params)
    address = _checked_url(url)
    secret = params.text("secret_token")
    if len(secret) > 256:
        raise bad("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad("secret token contains unallowed characters")
    connections = params.integer("max_connections", 40)
    wanted = Webhook(address, secret, connections if 1 <= connections <= 100 else 40, params.text("ip_address"))
    _remember_kinds(bot, params)
    await _resolve(world, urlsplit(address).hostname or "")
    if params.boolean("drop_pending_updates"):
        bot.pending.clear()
    old = bot.webhook
    if old is not None and (old.url, old.secret, old.max_connections) == (url, secret, wanted.max_connections):
        return Described(True, "Webhook is already set")
    bot.webhook = wanted
    _interrupt(bot, "terminated by setWebhook request")
    for update in bot.pending.values():
        update.not_before = 0.0
    world.changes.tell("bot", bot)
    world.wake(bot)
    return Described(True, "Webhook was set")


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port, host = parts.port or 443, parts.hostname or ""
    except ValueError:
        raise bad("bad webhook: invalid URL specified") from None
    if parts.scheme.lower() != "https":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if port not in _PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if "." not in host.strip(".") or " " in url or len(url) > 2048:
        raise bad("bad webhook: Failed to resolve host: Name or service not known")
    try:
        if not ipaddress.ip_address(host).is_global:
            raise bad(f"bad webhook: IP address {host} is reserved")
    except ValueError:
        pass  # a name, not an address
    return url


async def _resolve(world: World, host: str) -> None:
    """Telegram asks for the address of a webhook's host at once: of the table of hosts, else of the network."""
    if host in world.hosts or _is_address(host):
        return
    try:
        if host.rpartition(".")[2] in _NOWHERE:
            raise OSError("the name is reserved")
        await asyncio.get_running_loop().getaddrinfo(host, 443)
    except OSError:
        raise bad("bad webhook: Failed to resolve host: Name or service not known") from None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@method("deleteWebhook")
def delete_webhook(world: World, bot: BotAccount, params: Params) -> Described:
    if params.boolean("drop_pending_updates"):
        bot.pending.clear()
    if bot.webhook is None:
        return Described(True, "Webhook is already deleted")
    bot.webhook = None
    world.wake(bot)
    world.changes.tell("bot", bot)
    return Described(True, "Webhook was deleted")


@method("getWebhookInfo")
def get_webhook_info(world: World, bot: BotAccount, params: Params) -> Json:
    hook = bot.webhook
    info: Json = {
        "url": hook.url if hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(bot.pending),
    }
    if bot.kinds_named is not None:
        info["allowed_updates"] = bot.kinds_named
    if hook is not None:
        info["max_connections"] = hook.max_connections
        info["ip_address"] = hook.ip_address or _LOCAL_IP
        if hook.last_error_date:
            info["last_error_date"] = hook.last_error_date
            info["last_error_message"] = hook.last_error_message
    return info


def receiving(world: World, bot: BotAccount) -> str:
    if bot.webhook is not None:
        return "webhook"
    recent = bot.polled_at and world.clock() - bot.polled_at < 60
    return "polling" if bot.poll is not None or recent else "nothing"
