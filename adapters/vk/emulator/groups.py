"""Methods about the community itself: who it is, rights, settings, callback servers, the long poll."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .calls import method
from .errors import VkError, wrong
from .model import EVENTS, RIGHTS, UNTOLD, CallbackServer, Community, Json
from .params import Params
from .wire import community_wire
from .world import World

SERVERS = 10
_SECRET = re.compile(r"[A-Za-z0-9]{0,50}")
_ALL = " ".join(sorted(EVENTS))


def own(community: Community, params: Params) -> None:
    """group_id must be the community of the key, and the key's maker one of its administrators."""
    if params.number("group_id", required=True) != community.id:
        raise VkError(15, "group access denied")
    if not community.administered:
        raise VkError(15, "you should be group admin")


@method("groups.getById", None, "group_id group_ids fields")
def get_by_id(world: World, community: Community, params: Params) -> Json:
    return {"groups": [community_wire(world, community)], "profiles": []}


@method("groups.getTokenPermissions", None, "")
def permissions(world: World, community: Community, params: Params) -> Json:
    given = [{"name": name, "setting": RIGHTS[name]} for name in sorted(community.rights)]
    return {"mask": sum(right["setting"] for right in given), "permissions": given}


@method("groups.setSettings", "manage", "group_id messages bots_capabilities bots_start_button bots_add_to_chat")
def set_settings(world: World, community: Community, params: Params) -> int:
    own(community, params)
    for name in ("messages", "bots_capabilities", "bots_start_button", "bots_add_to_chat"):
        if (value := params.flag(name)) is not None:
            community.settings[name] = value
    return 1


@method("groups.enableOnline", "manage", "group_id")
def enable_online(world: World, community: Community, params: Params) -> int:
    own(community, params)
    return 1


@method("groups.getCallbackConfirmationCode", "manage", "group_id")
def confirmation_code(world: World, community: Community, params: Params) -> Json:
    own(community, params)
    return {"code": community.code}


@method("groups.getCallbackServers", "manage", "group_id server_ids")
def servers(world: World, community: Community, params: Params) -> Json:
    own(community, params)
    items = [
        {"id": one.id, "title": one.title, "creator_id": 1, "url": one.url, "secret_key": one.secret,
         "status": one.status}
        for one in community.servers.values()
    ]  # fmt: skip
    return {"count": len(items), "items": items}


@method("groups.addCallbackServer", "manage", "group_id url title secret_key")
def add_server(world: World, community: Community, params: Params) -> Json:
    own(community, params)
    if len(community.servers) >= SERVERS:
        raise VkError(2000)
    number = community.next_server
    community.next_server += 1
    community.servers[number] = CallbackServer(number, *_described(params))
    world.wake(community)
    return {"server_id": number}


@method("groups.editCallbackServer", "manage", "group_id server_id url title secret_key")
def edit_server(world: World, community: Community, params: Params) -> int:
    own(community, params)
    server = _server(community, params)
    server.title, server.url, server.secret = _described(params)
    server.status = "wait"
    world.wake(community)
    return 1


def _described(params: Params) -> tuple[str, str, str]:
    url = params.text("url", required=True)
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or "." not in parts.hostname:
        raise wrong("url", "should be a public https address")
    title = params.text("title", required=True, limit=14)
    secret = params.text("secret_key")
    if not _SECRET.fullmatch(secret):
        raise wrong("secret_key", "should have up to 50 letters and digits")
    return title, url, secret


@method("groups.deleteCallbackServer", "manage", "group_id server_id")
def delete_server(world: World, community: Community, params: Params) -> int:
    own(community, params)
    del community.servers[_server(community, params).id]
    world.changes.tell("bot", community)
    return 1


def _server(community: Community, params: Params) -> CallbackServer:
    found = community.servers.get(params.number("server_id", required=True) or 0)
    if found is None:
        raise wrong("server_id", "is invalid")
    return found


@method("groups.setCallbackSettings", "manage", f"group_id server_id api_version {_ALL}")
def set_callback_settings(world: World, community: Community, params: Params) -> int:
    own(community, params)
    server = _server(community, params)
    server.version = params.text("api_version") or server.version
    _switch(server.events, params)
    return 1


@method("groups.getCallbackSettings", "manage", "group_id server_id")
def callback_settings(world: World, community: Community, params: Params) -> Json:
    own(community, params)
    server = _server(community, params)
    return {"api_version": server.version, "events": _told(server.events)}


@method("groups.setLongPollSettings", "manage", f"group_id enabled api_version {_ALL}")
def set_long_poll(world: World, community: Community, params: Params) -> int:
    own(community, params)
    enabled = params.flag("enabled")
    community.long_poll = community.long_poll if enabled is None else enabled
    community.long_poll_version = params.text("api_version") or community.long_poll_version
    _switch(community.long_poll_events, params)
    return 1


@method("groups.getLongPollSettings", "manage", "group_id")
def long_poll_settings(world: World, community: Community, params: Params) -> Json:
    own(community, params)
    return {
        "is_enabled": community.long_poll,
        "api_version": community.long_poll_version,
        "events": _told(community.long_poll_events),
    }


def _told(events: set[str]) -> Json:
    return {name: int(name in events) for name in EVENTS - UNTOLD}


@method("groups.getLongPollServer", "manage", "group_id")
def long_poll_server(world: World, community: Community, params: Params) -> Json:
    own(community, params)
    if not community.long_poll:
        raise VkError(100, "longpoll for this group is not enabled")
    return {"key": community.long_poll_key, "server": f"{world.base}/lp/{community.id}", "ts": str(community.ts)}


def _switch(events: set[str], params: Params) -> None:
    for name in EVENTS:
        if (on := params.flag(name)) is not None:
            (events.add if on else events.discard)(name)
