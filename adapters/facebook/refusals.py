"""What Facebook's error codes mean. Sources: Messenger, "Common Error Codes" (2026-06-25); Graph API, "Errors"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.base import (
    Ambiguous,
    ChannelSuspended,
    CredentialsRevoked,
    NotFound,
    PlatformError,
    RecipientGone,
    Rejected,
    Temporary,
    Throttled,
    WindowClosed,
)
from adapters.facebook import usage
from adapters.facebook.window import CLOSED
from adapters.reading import integer, string, true
from adapters.texts import N_


class ThreadTaken(Rejected):
    """Another app has the conversation; it can be taken over."""


class WrongProof(Rejected):
    """The token belongs to another app: the proof made with our app's secret does not fit it."""


class NotAllowed(Rejected):
    """A permission, or the person's role on the page, is missing."""


class RetiredTag(Rejected):
    """A tag that Facebook has withdrawn; none of these is sent from here."""


class NoConsent(Rejected):
    """The person has not allowed the page to see the profile yet."""


PERSON_GONE = N_("The person blocked the page, left Messenger, or never wrote to the page.")
CANNOT_RECEIVE = N_("The person cannot receive messages from the page at the moment.")
RESTRICTED = N_(
    "Facebook has restricted this page from sending messages for a while, usually 7 to 30 days. "
    "Its owner sees why in the page's settings under “Page quality”; only Facebook's support can shorten it."
)
ABUSE = N_(
    "Facebook took the page's messages for abuse and stopped them. "
    "Its owner sees why in the page's settings under “Page quality”; only Facebook's support can help."
)
NO_PERMISSION = N_(
    "Facebook does not let the app write to this person. Without advanced access it may write only to people "
    "with a role in the app."
)
NO_HUMAN_AGENT = N_(
    "Facebook has not approved late answers (the feature “Human Agent”) for this installation's app. Until it has,"
    " answer within 24 hours, and switch “Late answers” off in the page's settings here."
)
UNREACHABLE = N_(
    "Facebook could not open the address of this installation. It must be a public https address with a certificate of"
    " a known authority, and PULT_FACEBOOK_VERIFY_TOKEN must be the same in all its processes."
)
TAKEN = N_("Another service has this conversation and Facebook did not hand it over to Pult.")
TOO_LARGE = N_("Facebook did not take the file: it is too large, or of a kind that Messenger does not show.")
NOT_FETCHED = N_("Facebook could not fetch the file.")

_WINDOW = frozenset({(10, 2018065), (10, 2018278), (10, 2534022), (10, 1545041)})
_SENTENCES: dict[tuple[int, int], tuple[type[PlatformError], str | None]] = {
    **dict.fromkeys(_WINDOW, (WindowClosed, CLOSED)),
    (10, 1893063): (ChannelSuspended, RESTRICTED),
    (10, 2018108): (RecipientGone, CANNOT_RECEIVE),
    (100, 2018001): (RecipientGone, PERSON_GONE),
    (100, 1893061): (RetiredTag, None),
    (100, 2018109): (Rejected, TOO_LARGE),
    (100, 2018008): (Rejected, NOT_FETCHED),
    (200, 1545041): (RecipientGone, PERSON_GONE),
}
_CODES: dict[int, tuple[type[PlatformError], str | None]] = {
    102: (CredentialsRevoked, None),
    190: (CredentialsRevoked, None),
    368: (ChannelSuspended, ABUSE),
    551: (RecipientGone, PERSON_GONE),
    230: (NoConsent, None),
    803: (NotFound, None),
    2200: (Rejected, UNREACHABLE),
}
_PERMISSION = frozenset({3, 10, 200, 210, 283, 294, 298, 299})
_LIMITS = frozenset({4, 17, 32, 341, 613, 80000, 80001, 80002, 80004, 80006})
_PASSING = frozenset({1, 2, 1200})
THREAD = 2018300
"""Another app has the thread: a code, or a subcode, which Facebook has put under more than one code."""
FLOW = 2018321
"""A code or a subcode alike: Messenger itself is asking the person its questions, and nobody can write meanwhile."""
FLOW_SECONDS = 60.0
SENT = (1, 1357046)
"""The messages are out, though an error came: their echo tells."""
NO_OBJECT = 33
"""Subcode of 100: the object does not exist, or is not shown to this app."""
# A gateway that gives up waiting does not know what became of the call that it passed on.
_GATEWAYS = frozenset({502, 504})


def refusal(status: int, error: Mapping[str, Any], headers: Mapping[str, str], *, once: bool) -> PlatformError:
    """The error for an answer that is none of success. `once`: the call makes a message, so that a gateway's 502 or
    504 leaves it open whether it did."""
    told = dict(error)
    code, sub = integer(told, "code"), integer(told, "error_subcode") or 0
    words = string(told, "message") or f"HTTP {status}"
    if code is None:
        return _by_status(status, words, headers, once)
    if code in _LIMITS or status == 429:
        return Throttled(words, *usage.block(code, sub, headers))
    if (known := _SENTENCES.get((code, sub))) is not None:
        return known[0](known[1] or words)
    if THREAD in (code, sub):
        return ThreadTaken(TAKEN)
    if FLOW in (code, sub):
        return Temporary(words, FLOW_SECONDS)
    if (code, sub) == SENT:
        return Ambiguous(words)
    if code in _CODES:
        kind, sentence = _CODES[code]
        return kind(sentence or words)
    if code in _PASSING or true(told, "is_transient") or status >= 500:
        return Ambiguous(words) if once and status in _GATEWAYS else Temporary(words)
    if code in _PERMISSION or 200 <= code <= 299:
        return NotAllowed(NO_PERMISSION, {"reason": words})
    if code == 100 and sub == NO_OBJECT:
        return NotFound(words)
    return WrongProof(words) if code == 100 and "appsecret_proof" in words else Rejected(words)


def _by_status(status: int, words: str, headers: Mapping[str, str], once: bool) -> PlatformError:
    """An answer without a code of Facebook's."""
    if status == 429:
        return Throttled(words, *usage.block(None, 0, headers))
    if status >= 500:
        return Ambiguous(words) if once and status in _GATEWAYS else Temporary(words)
    if status == 401:
        return CredentialsRevoked(words)
    return Rejected(TOO_LARGE if status == 413 else words)
