"""A community's own settings at VK: whose key it is, the callback server, the long poll, which events are sent."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.base import (
    Channel,
    ChannelId,
    ChannelProfile,
    ChannelSuspended,
    ConnectRefused,
    Credentials,
    CredentialsRevoked,
    Health,
    HealthState,
    Refused,
    Rejected,
    Unprepared,
)
from adapters.reading import integer, items, section, string
from adapters.texts import N_
from adapters.vk import connecting, limits
from adapters.vk.api import TOKEN, Api
from adapters.vk.refusals import NoAccess, WrongParameter

TITLE: Final = "Pult"
"""Of our callback server in the community's settings."""
CONFIRMED: Final = "ok"
FAILED: Final = "failed"
CHECKS: Final = (0.1, 0.3, 0.6, 1.0, 1.5, 2.0)
"""Seconds between looks at whether VK has got our confirmation."""
CLOSED, PRIVATE = 1, 2
DELIVERY_FAILS = N_("VK's deliveries failed again and again, so it has stopped them.")
NOT_CONFIRMED = N_("VK has not asked this service for its confirmation yet.")
ADULT = 1


async def identify(api: Api, credentials: Credentials) -> ChannelProfile:
    """groups.getById without an id answers with the key's own community; a person's key has none."""
    if not TOKEN.fullmatch(credentials.get("token", "")):
        raise ConnectRefused(connecting.WRONG_SHAPE)
    try:
        group = await own(api, credentials)
        name = string(group, "name") or string(group, "screen_name") or str(group["id"])
        _open_to_all(group, name)
        missing = await _missing(api, credentials)
        warnings = () if missing else await _warnings(api, credentials, group)
    except CredentialsRevoked:
        raise ConnectRefused(connecting.REVOKED) from None
    except NoAccess:
        raise ConnectRefused(connecting.NOT_ADMINISTERED) from None
    except ChannelSuspended:
        raise ConnectRefused(connecting.NOT_ADMINISTERED) from None
    except Refused as refused:
        raise ConnectRefused(connecting.REFUSED, reason=refused.reason) from None
    screen_name = string(group, "screen_name") or f"club{group['id']}"
    return ChannelProfile(
        id=ChannelId(str(group["id"])),
        name=name,
        username=screen_name,
        link=f"https://vk.com/{screen_name}",
        picture=string(group, "photo_200"),
        missing=missing,
        warnings=warnings,
    )


async def own(api: Api, credentials: Credentials) -> dict[str, Any]:
    """The community of a key. Raises ConnectRefused for the key of a person or an app."""
    fields = "photo_200,screen_name,is_closed,deactivated,age_limits"
    try:
        answer = await api.ask(credentials, "groups.getById", {"fields": fields})
    except WrongParameter:
        raise ConnectRefused(connecting.NOT_A_COMMUNITY) from None
    # An object since 5.139, a bare list before.
    groups = items(answer, "groups") or items({"groups": answer}, "groups")
    group = next((found for found in groups if integer(found, "id")), None)
    if group is None:
        raise ConnectRefused(connecting.NOT_A_COMMUNITY)
    return group


def _open_to_all(group: dict[str, Any], name: str) -> None:
    if string(group, "deactivated"):
        raise ConnectRefused(connecting.BLOCKED, name=name)
    if integer(group, "is_closed") == CLOSED:
        raise ConnectRefused(connecting.CLOSED, name=name)
    if integer(group, "is_closed") == PRIVATE:
        raise ConnectRefused(connecting.PRIVATE, name=name)
    if integer(group, "is_admin") == 0:
        raise ConnectRefused(connecting.NOT_ADMINISTERED)


async def _missing(api: Api, credentials: Credentials) -> tuple[str, ...]:
    answer = await api.ask(credentials, "groups.getTokenPermissions")
    given = {string(right, "name") for right in items(answer, "permissions")}
    return tuple(words for right, words in limits.RIGHTS.items() if right not in given)


async def _warnings(api: Api, credentials: Credentials, group: dict[str, Any]) -> tuple[str, ...]:
    """What the person should know. The look at the servers shows as well whether the key may manage."""
    others = [server for server in await _servers(api, credentials, str(group["id"])) if _works(server)]
    warnings = [connecting.AGE_LIMIT] if (integer(group, "age_limits") or 0) > ADULT else []
    return (
        (*warnings, connecting.SHARED)
        if any(string(server, "title") != TITLE for server in others)
        else tuple(warnings)
    )


def _works(server: dict[str, Any]) -> bool:
    return string(server, "status") == CONFIRMED


async def confirmation(api: Api, credentials: Credentials, group: str) -> str:
    """The text with which VK wants its next "confirmation" answered. It changes from time to time."""
    answer = await api.ask(credentials, "groups.getCallbackConfirmationCode", {"group_id": group})
    if (code := string(answer, "code")) is None:
        raise Rejected(N_("VK gave no confirmation code. Try again in a minute."))
    return code


async def switch_on(api: Api, channel: Channel) -> None:
    """Community messages, and the abilities of bots, without which VK takes no buttons; no chats of several people."""
    wanted = {"messages": True, "bots_capabilities": True, "bots_start_button": True, "bots_add_to_chat": False}
    await api.ask(channel.credentials, "groups.setSettings", {"group_id": channel.id, **wanted})


async def listen(api: Api, channel: Channel, hook: str) -> None:
    """Make `hook` a callback server, and stay until VK has had its confirmation.

    Raises Unprepared where VK has changed the confirmation code since `prepare`.
    """
    servers = await _servers(api, channel.credentials, channel.id)
    ours = next((server for server in servers if _is(server, channel, hook) and _works(server)), None)
    for stale in servers:
        if stale is not ours and _stale(stale, channel, hook):
            await _remove(api, channel, stale)
    if ours is None:
        number = await _add(api, channel, hook)
    else:
        number = integer(ours, "id") or 0
    switches = dict.fromkeys(limits.EVENTS, True)
    params = {"group_id": channel.id, "server_id": number, "api_version": limits.API_VERSION, **switches}
    await api.ask(channel.credentials, "groups.setCallbackSettings", params)
    await _confirmed(api, channel, number, hook)


async def _add(api: Api, channel: Channel, hook: str) -> int:
    code = await confirmation(api, channel.credentials, channel.id)
    if code != channel.credentials.get("confirmation"):
        raise Unprepared("VK has another confirmation code by now")
    params = {"group_id": channel.id, "url": hook, "title": TITLE, "secret_key": channel.credentials["hook_secret"]}
    answer = await api.ask(channel.credentials, "groups.addCallbackServer", params)
    return integer(answer, "server_id") or 0


async def _confirmed(api: Api, channel: Channel, number: int, hook: str) -> None:
    """VK asks for the confirmation by itself, some moments later. Still waiting at the end, the health watch looks."""
    for pause in CHECKS:
        for server in await _servers(api, channel.credentials, channel.id):
            if integer(server, "id") != number:
                continue
            if _works(server):
                return
            if string(server, "status") == FAILED:
                raise Rejected(connecting.UNREACHABLE, {"address": urlsplit(hook).hostname or hook})
        await asyncio.sleep(pause)


async def unlisten(api: Api, channel: Channel) -> None:
    """Take our callback server away, known by its address or, where there is none any more, by its secret."""
    for server in await _servers(api, channel.credentials, channel.id):
        if _ours(server, channel):
            await _remove(api, channel, server)


async def poll_instead(api: Api, channel: Channel) -> None:
    """Switch the long poll on, with the events that Pult wants."""
    await unlisten(api, channel)
    params = {"group_id": channel.id, "enabled": True, "api_version": limits.API_VERSION}
    params |= dict.fromkeys(limits.EVENTS, True)
    await api.ask(channel.credentials, "groups.setLongPollSettings", params)


async def health(api: Api, channel: Channel) -> Health:
    """Compare the callback server, or the long poll, with what was set."""
    if channel.hook is None:
        settings = await api.ask(channel.credentials, "groups.getLongPollSettings", {"group_id": channel.id})
        on = integer(settings, "is_enabled") == 1 or (isinstance(settings, dict) and settings.get("is_enabled") is True)
        return Health(HealthState.WORKS if on and _all_wanted(settings) else HealthState.WEBHOOK_LOST)
    server = next(
        (one for one in await _servers(api, channel.credentials, channel.id) if _is(one, channel, channel.hook)), None
    )
    if server is None:
        return Health(HealthState.WEBHOOK_LOST)
    if not _works(server):
        detail = DELIVERY_FAILS if string(server, "status") == FAILED else NOT_CONFIRMED
        return Health(HealthState.WEBHOOK_LOST, webhook=channel.hook, detail=detail)
    params = {"group_id": channel.id, "server_id": integer(server, "id") or 0}
    settings = await api.ask(channel.credentials, "groups.getCallbackSettings", params)
    state = HealthState.WORKS if _all_wanted(settings) else HealthState.WEBHOOK_LOST
    return Health(state, webhook=channel.hook)


def _all_wanted(settings: Any) -> bool:
    """Whether events come in the form that is read here, and nothing that Pult wants is switched off.

    VK does not tell of every kind ("message_event"). An administrator can choose another version in the settings.
    """
    if string(settings, "api_version") not in (None, limits.API_VERSION):
        return False
    events = section(settings, "events")
    return bool(events) and all(events.get(name, 1) in (1, True) for name in limits.EVENTS)


async def _servers(api: Api, credentials: Credentials, group: str) -> list[dict[str, Any]]:
    return items(await api.ask(credentials, "groups.getCallbackServers", {"group_id": group}), "items")


async def _remove(api: Api, channel: Channel, server: dict[str, Any]) -> None:
    params = {"group_id": channel.id, "server_id": integer(server, "id") or 0}
    await api.ask(channel.credentials, "groups.deleteCallbackServer", params)


def _is(server: dict[str, Any], channel: Channel, hook: str) -> bool:
    return string(server, "url") == hook and string(server, "secret_key") == channel.credentials.get("hook_secret")


def _stale(server: dict[str, Any], channel: Channel, hook: str) -> bool:
    """One of this installation's earlier addresses: a community belongs to one channel, whose address is `hook`.

    The last piece of the address is the channel's own key, whatever host the service had.
    """
    url = string(server, "url") or ""
    folder, _, key = hook.rpartition("/")
    return url.startswith(f"{folder}/") or url.rpartition("/")[2] == key or _ours(server, channel)


def _ours(server: dict[str, Any], channel: Channel) -> bool:
    if channel.hook is not None and string(server, "url") == channel.hook:
        return True
    secret = channel.credentials.get("hook_secret")
    return secret is not None and string(server, "secret_key") == secret
