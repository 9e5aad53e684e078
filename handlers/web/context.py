"""What the web server's routes work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from adapters.base import Adapter
from services.channel_rows import Known
from services.files import Files
from services.inbox import Inbox
from services.links import Links

ControlHook = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]
"""Takes a webhook of a control bot (key, headers, body) and gives the HTTP status to answer with."""
Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Web:
    """What the routes work with.

    known: channels by their webhooks' keys. control: the control bot's webhook, where it has one. probes: what must be
    well for this process to be ready, by name.
    """

    adapters: Mapping[str, Adapter]
    known: Known
    inbox: Inbox
    files: Files
    links: Links
    control: ControlHook | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict)


WEB: Final = web.AppKey("web", Web)
