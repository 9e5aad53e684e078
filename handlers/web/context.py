"""What the web server's routes work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from aiohttp import web

from adapters.base import Adapter
from services.channel_rows import Known
from services.files import Files
from services.inbox import Inbox
from services.links import Links
from services.logins import Logins

ControlHook = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]
"""Takes a webhook of a control bot (key, headers, body) and gives the HTTP status to answer with."""
Probe = Callable[[], Awaitable[bool]]

LOCAL: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"""A reverse proxy on this machine."""


@dataclass(frozen=True, slots=True)
class Web:
    """What the routes work with.

    known: channels by their webhooks' keys. control: the control bot's webhook, where it has one. probes: what must be
    well for this process to be ready, by name. proxies: whose word about a request's origin is believed.
    """

    adapters: Mapping[str, Adapter]
    known: Known
    inbox: Inbox
    files: Files
    links: Links
    control: ControlHook | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict)
    proxies: tuple[IPv4Network | IPv6Network, ...] = LOCAL
    logins: Logins | None = None


WEB: Final = web.AppKey("web", Web)
