"""Connecting by login: on which platforms it is offered, and the address that their apps' settings must name."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.base import CanLogin
from adapters.http import Http
from adapters.registry import discover
from bot.check.lines import Line, note
from bot.settings import Settings


def logins(settings: Settings) -> Iterator[Line]:
    """A platform compares the address letter by letter, and says so to whoever signs in, not to us."""
    for platform, _ in offered():
        what = f"{platform} login"
        if settings.public_url is None:
            yield note(what, "not offered: it needs PULT_PUBLIC_URL, to which the browser comes back")
        else:
            yield note(what, f"offered; its app must name the redirect address {settings.public_url}/login/{platform}")


def offered() -> Iterator[tuple[str, CanLogin]]:
    """The platforms for which this installation has an app."""
    for platform, kind in discover().items():
        adapter = kind(Http(), kind.settings())
        if isinstance(adapter, CanLogin) and adapter.can_login():
            yield platform, adapter
