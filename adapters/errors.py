"""Why a platform did not do what it was asked, in terms of what to do next.

PlatformError
├── Temporary(retry_after)          try again later: 5xx, connection refused before anything left
├── Throttled(retry_after, scope)   too fast: wait, and everything in that scope with it
├── Ambiguous(retry_after)          the answer was lost after the request left: the message may be out
└── Refused                         trying again changes nothing
    ├── RecipientGone               blocked, deactivated, never started
    ├── WindowClosed                the platform's reply window is over
    ├── CredentialsRevoked          the token is dead: the channel needs a new one
    ├── ChannelSuspended            the page, bot or community is blocked
    ├── NotFound                    the message to act upon is gone
    └── Rejected                    anything else the platform will not take
Forbidden                           a webhook that failed its check (not about sending)

`services.jobs` alone decides what follows from each.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Scope(StrEnum):
    """How much of a lane a `Throttled` pauses."""

    RECIPIENT = "recipient"
    METHOD = "method"
    CHANNEL = "channel"
    PLATFORM = "platform"
    """Every channel of the platform: they share one app's limit (Facebook)."""


class PlatformError(Exception):
    """Base of everything that a platform answers instead of success.

    `reason` is an English message id, whose {placeholders} are in `params`, or the words of the platform, every secret
    taken out: these are for the log, and nobody is shown them. Words in whose place a sentence of ours stands are in
    `params["reason"]`.
    """

    def __init__(self, reason: str = "", params: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.params: dict[str, str] = dict(params or {})

    def __str__(self) -> str:
        """For logs: with the platform's own words, which a sentence of ours leaves out."""
        said = self.params.get("reason")
        return f"{self.reason} ({said})" if said else self.reason


class Temporary(PlatformError):
    """Nothing happened on the platform; the same call may succeed later. `retry_after` in seconds, if told."""

    def __init__(self, reason: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Throttled(PlatformError):
    """Too many calls. `retry_after` in seconds; `scope` says what else must wait."""

    def __init__(self, reason: str = "", retry_after: float = 1.0, scope: Scope = Scope.CHANNEL) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.scope = scope


class Ambiguous(PlatformError):
    """The request left and no answer came back: it may or may not have taken effect.

    retry_after: for how many seconds a sign of it may still come (Facebook's echo), if one may.
    """

    def __init__(self, reason: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Refused(PlatformError):
    """Final: the same call will be refused again."""


class RecipientGone(Refused):
    """The person blocked the channel, deleted the account or never allowed messages."""


class WindowClosed(Refused):
    """The platform's time for replying is over until the person writes again."""


class CredentialsRevoked(Refused):
    """The token no longer works."""


class ChannelSuspended(Refused):
    """The platform restricts or blocks the channel itself."""


class NotFound(Refused):
    """The message or chat to act upon does not exist any more."""


class Rejected(Refused):
    """The platform will not take this content or this call."""


class Forbidden(Exception):
    """A webhook request that is not from the platform: answered 403, nothing stored."""
