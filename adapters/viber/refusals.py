"""Viber's statuses as errors that say what to do. Source: REST Bot API, "Error codes"; 21 to 24 from its partners.

HTTP says 200 whatever happens; what counts is `status` in the answer.
"""

from __future__ import annotations

from collections.abc import Callable

from adapters.base import (
    Ambiguous,
    ChannelSuspended,
    CredentialsRevoked,
    PlatformError,
    RecipientGone,
    Rejected,
    Scope,
    Temporary,
    Throttled,
)
from adapters.texts import N_
from adapters.viber import connecting

OK = 0
WEBHOOK_NOT_SET = 10
RECIPIENT_PAUSE = 60.0
CHANNEL_PAUSE = 10.0
NOT_VIBERS = "the answer is not Viber's"


class WebhookNotSet(Temporary):
    """Viber has lost the webhook: it takes no message before it is set again."""


class OldClient(Rejected):
    """The person's Viber is too old for this message; a plainer one may do."""


class TooMany(Throttled):
    """Too many messages, to this person or in all: Viber does not say which."""


INVALID_URL = N_(
    "Viber could not open the address of this installation. It must be a public https address with a certificate "
    "of a known authority."
)
NOT_REGISTERED = N_("The person does not use Viber any more.")
NOT_SUBSCRIBED = N_("The person is not subscribed to the bot: it may write again once the person has written.")
NO_DEVICE = N_("The person's device cannot show messages of bots.")
OLD_CLIENT = N_("The person's Viber is too old to show this message.")
COUNTRY = N_("Viber does not let bots write to the person's country.")
FREE_OVER = N_("The bot's free messages are used up. See its balance with Viber.")
NO_BALANCE = N_("The bot's balance with Viber is empty: top it up, then try again.")
NOT_TAKEN = N_("Viber did not take the message.")
NOT_ALLOWED = N_("Viber does not let this bot do that. Ask Viber or the partner that the bot was made with.")
TOO_LARGE = N_("The message is over {limit} KB, the most that Viber takes.")

Make = Callable[[str], PlatformError]


def _says(kind: Callable[[str], PlatformError], message: str | None = None) -> Make:
    """The error with a message id of ours, or with Viber's own words."""
    return lambda words: kind(message or words)


def _quotes(message: str) -> Make:
    """A sentence of ours with Viber's own words in it."""
    return lambda words: Rejected(message, {"reason": words})


_STATUSES: dict[int, Make] = {
    1: _says(Rejected, INVALID_URL),
    2: _says(CredentialsRevoked),
    3: _quotes(NOT_TAKEN),
    4: _quotes(NOT_TAKEN),
    5: _says(RecipientGone, NOT_REGISTERED),
    6: _says(RecipientGone, NOT_SUBSCRIBED),
    7: _says(ChannelSuspended, connecting.BLOCKED),
    8: _says(ChannelSuspended, connecting.UNKNOWN_BOT),
    9: _says(ChannelSuspended, connecting.SUSPENDED),
    10: lambda words: WebhookNotSet(words),
    11: _says(Rejected, NO_DEVICE),
    12: lambda words: TooMany(words, RECIPIENT_PAUSE, Scope.RECIPIENT),
    13: _says(OldClient, OLD_CLIENT),
    14: _quotes(NOT_TAKEN),
    15: _says(ChannelSuspended, connecting.NOT_AUTHORISED),
    16: _quotes(NOT_ALLOWED),
    17: _quotes(NOT_ALLOWED),
    18: _quotes(NOT_ALLOWED),
    19: _quotes(NOT_ALLOWED),
    20: _quotes(NOT_ALLOWED),
    21: _says(Rejected, COUNTRY),
    22: _quotes(NOT_ALLOWED),
    23: _says(Rejected, FREE_OVER),
    24: _says(Rejected, NO_BALANCE),
}
# A gateway that gives up waiting does not know what became of the call that it passed on.
_GATEWAYS = frozenset({502, 504})


def refusal(status: int, words: str) -> PlatformError:
    """The error for an answer whose status is not 0; one that is unknown will not be taken the next time either."""
    return _STATUSES.get(status, _quotes(NOT_TAKEN))(words or f"status {status}")


def foreign(http_status: int, retry_after: float | None, *, once: bool, json: bool) -> PlatformError:
    """The error for an answer without a status: a proxy's, a gateway's. A page condemns no token.

    once: the call must not take effect twice (it sends something).
    """
    reason = f"HTTP {http_status}: {NOT_VIBERS}"
    if http_status == 429:
        return Throttled(reason, CHANNEL_PAUSE if retry_after is None else retry_after)
    if http_status == 401 and json:
        return CredentialsRevoked(reason)
    if http_status == 413:
        return Rejected(reason)
    unclear = http_status < 300 or http_status in _GATEWAYS
    return Ambiguous(reason) if once and unclear else Temporary(reason, retry_after)
