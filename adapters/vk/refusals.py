"""VK's error codes as errors that say what to do. Sources: dev.vk.com, "Error codes", and the page of each method."""

from __future__ import annotations

from adapters.base import (
    Ambiguous,
    ChannelSuspended,
    CredentialsRevoked,
    NotFound,
    PlatformError,
    RecipientGone,
    Rejected,
    Scope,
    Temporary,
    Throttled,
    WindowClosed,
)
from adapters.texts import N_
from adapters.vk.limits import RIGHTS, SERVERS


class UploadFailed(Rejected):
    """The upload did not hold: a new address for it may."""


class BotsOff(Rejected):
    """Keyboards need the community's setting "bot abilities", which somebody has switched off."""


class WrongParameter(Rejected):
    """A parameter is missing or wrong; an attachment sent earlier may be gone."""


class NoAccess(Rejected):
    """The key lacks a right, or whoever made it administers the community no more."""


NOT_TAKEN = N_("VK did not take the file.")
BLACKLISTED = N_("The person is on the community's blacklist.")
NOT_ALLOWED = N_("The person has not allowed messages from the community.")
PRIVACY = N_("The person's privacy settings do not let the community write.")
DELETED = N_("The person's VK page was deleted or blocked.")
NO_DIALOG = N_("VK does not let the community write into this dialog.")
REPLY_OVER = N_("VK's time for answering this person is over until they write again.")
NOT_EDITABLE = N_("VK lets a community edit a message only within 24 hours.")
NOT_DELETABLE = N_("VK no longer lets this message be deleted at the customer's side.")
TOO_LONG = N_("The message is longer than VK takes.")
KEYBOARD = N_("VK does not take these buttons.")
REACTION = N_("VK does not have this reaction.")
CAPTCHA = N_("VK asks the community for a captcha, which only people can solve. Try again later.")
SPAM = N_("VK restricts the community for mass mailing. Look into its messages from VK's support.")
NO_COMMUNITY_ACCESS = N_("VK does not give access to the community: it is blocked, or the key's maker left its team.")
SERVERS_FULL = N_(
    "The community has {limit} callback servers, the most that VK allows. Delete one in the community's settings: "
    "Manage → API usage → Callback API. Then connect again."
)
MISSING_RIGHT = N_(
    "The community's key lacks the right “{right}”. Make a key that has it and enter it by “New key” in /channels."
)
MESSAGE_GONE = N_("The message does not exist any more.")

# Code → seconds to wait and what waits with it.
_THROTTLED: dict[int, tuple[float, Scope]] = {
    6: (0.5, Scope.CHANNEL),
    9: (120.0, Scope.RECIPIENT),
    29: (3600.0, Scope.METHOD),
    32: (1.0, Scope.METHOD),
    1105: (60.0, Scope.CHANNEL),
}
_TEMPORARY = frozenset({1, 10, 43})
_CUT_OFF = 36
"""The method was interrupted: it may have done its work."""
_FINAL: dict[int, tuple[type[PlatformError], str | None]] = {
    **dict.fromkeys((5, 27, 28, 1114, 1116, 1117, 3609, 3610), (CredentialsRevoked, None)),
    **dict.fromkeys((14, 17, 3300), (Rejected, CAPTCHA)),
    **dict.fromkeys((18, 113), (RecipientGone, DELETED)),
    **dict.fromkeys((22, 105, 118, 119, 121, 122, 129), (UploadFailed, NOT_TAKEN)),
    **dict.fromkeys((19, 203), (ChannelSuspended, NO_COMMUNITY_ACCESS)),
    **dict.fromkeys((917, 922, 925, 927, 932, 935, 936, 945, 946, 985, 1012), (RecipientGone, NO_DIALOG)),
    **dict.fromkeys((901, 987, 988), (RecipientGone, NOT_ALLOWED)),
    **dict.fromkeys((909, 920, 949), (Rejected, NOT_EDITABLE)),
    **dict.fromkeys((910, 914), (Rejected, TOO_LONG)),
    **dict.fromkeys((1009, 1010), (Rejected, REACTION)),
    100: (WrongParameter, None),
    104: (NotFound, MESSAGE_GONE),
    900: (RecipientGone, BLACKLISTED),
    902: (RecipientGone, PRIVACY),
    911: (Rejected, KEYBOARD),
    912: (BotsOff, None),
    924: (Rejected, NOT_DELETABLE),
    950: (WindowClosed, REPLY_OVER),
    984: (ChannelSuspended, SPAM),
}
_NO_RIGHT = frozenset({7, 15, 20})
_SERVERS_LIMIT = 2000


def refusal(code: int, words: str, *, method: str, once: bool) -> PlatformError:
    """The error for an answer with `error`.

    once: the call must not take effect twice (it sends something), so that a call cut off in the middle is Ambiguous.
    """
    if code in _THROTTLED:
        seconds, scope = _THROTTLED[code]
        return Throttled(words, seconds, scope)
    if code == _CUT_OFF:
        return Ambiguous(words) if once else Temporary(words)
    if code in _TEMPORARY:
        return Temporary(words)
    if code in _NO_RIGHT:
        return NoAccess(MISSING_RIGHT, {"right": right_for(method)})
    if code == _SERVERS_LIMIT:
        return Rejected(SERVERS_FULL, {"limit": str(SERVERS)})
    error, message = _FINAL.get(code, (Rejected, None))
    return error(message, {"reason": words}) if message else error(words)


def right_for(method: str) -> str:
    """The right that a method needs, in the words of the page where keys are made."""
    section = method.partition(".")[0]
    return RIGHTS.get("manage" if section == "groups" else section, section)
