"""The Bot API's refusals as errors that say what to do.

The API documents codes but not descriptions ("Making requests"); the words are those of its open server and of the
errors that reach bots. The first row that matches counts.
"""

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
)
from adapters.texts import N_


class WrongFile(Rejected):
    """A file_id that this bot cannot use (any more): the bytes must be uploaded."""


class NoPhoto(Rejected):
    """Bytes that Telegram cannot show as a photo; as a file they can be sent."""


class FileTooBig(Rejected):
    """getFile hands over 20 MB at most."""


class NotModified(Rejected):
    """An edit that changes nothing: the message is as it should be."""


class NoText(Rejected):
    """An edit of the text of a message that has a caption."""


class NoTopic(NotFound):
    """The topic is gone, or the bot has none (any more)."""


class QueryExpired(Rejected):
    """A button's press that waited too long for its answer."""


BLOCKED = N_("The person has blocked the bot.")
DELETED = N_("The person's Telegram account was deleted.")
NEVER_STARTED = N_("The person has not started the bot, so it may not write first.")
TOO_LARGE = N_("The file is larger than Telegram takes from bots.")
TOO_LONG = N_("The text is longer than Telegram takes.")
NOT_DELETABLE = N_("Telegram lets bots delete a message only within 48 hours.")
NOT_EDITABLE = N_("Telegram no longer allows this message to be edited.")
REACTION = N_("Telegram does not allow bots this reaction.")
NO_VOICE = N_("The person does not accept voice and video messages.")
FROZEN = N_("Telegram has restricted the bot's account.")
MESSAGE_GONE = N_("The message does not exist any more.")
TOO_OLD = N_("The Bot API server of this installation is too old for this.")

# Words of a description, in lower case → the error, with a message id where people can be told more than the words.
_WORDS: tuple[tuple[str, type[PlatformError], str | None], ...] = (
    ("bot was blocked by the user", RecipientGone, BLOCKED),
    ("user_is_blocked", RecipientGone, BLOCKED),
    ("user is deactivated", RecipientGone, DELETED),
    ("input_user_deactivated", RecipientGone, DELETED),
    ("can't initiate conversation", RecipientGone, NEVER_STARTED),
    ("chat not found", RecipientGone, NEVER_STARTED),
    ("peer_id_invalid", RecipientGone, NEVER_STARTED),
    ("user not found", RecipientGone, NEVER_STARTED),
    ("bot was kicked", RecipientGone, None),
    ("bot is not a member", RecipientGone, None),
    ("logged out", Temporary, None),
    ("frozen_method_invalid", ChannelSuspended, FROZEN),
    ("bot_frozen", ChannelSuspended, FROZEN),
    ("message is not modified", NotModified, None),
    ("no text in the message to edit", NoText, None),
    ("message can't be edited", Rejected, NOT_EDITABLE),
    ("message can't be deleted", Rejected, NOT_DELETABLE),
    ("message to edit not found", NotFound, MESSAGE_GONE),
    ("message to delete not found", NotFound, MESSAGE_GONE),
    ("message to react not found", NotFound, MESSAGE_GONE),
    ("message to be replied not found", NotFound, MESSAGE_GONE),
    ("message thread not found", NoTopic, MESSAGE_GONE),
    ("topic_deleted", NoTopic, MESSAGE_GONE),
    ("topic_closed", NoTopic, MESSAGE_GONE),
    ("message not found", NotFound, MESSAGE_GONE),
    ("message_id_invalid", NotFound, MESSAGE_GONE),
    ("reaction_invalid", Rejected, REACTION),
    ("voice_messages_forbidden", Rejected, NO_VOICE),
    ("query is too old", QueryExpired, None),
    ("query_id_invalid", QueryExpired, None),
    ("query id is invalid", QueryExpired, None),
    ("file is too big", FileTooBig, TOO_LARGE),
    ("request entity too large", Rejected, TOO_LARGE),
    ("wrong file identifier", WrongFile, None),
    ("wrong file_id", WrongFile, None),
    ("wrong remote file", WrongFile, None),
    ("invalid file_id", WrongFile, None),
    ("file_reference_", WrongFile, None),
    ("can't use file of type", WrongFile, None),
    ("type of file mismatch", WrongFile, None),
    ("image_process_failed", NoPhoto, None),
    ("photo_invalid_dimensions", NoPhoto, None),
    ("photo_save_file_invalid", NoPhoto, None),
    ("photo_ext_invalid", NoPhoto, None),
    ("caption is too long", Rejected, TOO_LONG),
    ("caption_too_long", Rejected, TOO_LONG),
    ("message is too long", Rejected, TOO_LONG),
    ("message_too_long", Rejected, TOO_LONG),
)
# A gateway that gives up waiting does not know what became of the call that it passed on.
_GATEWAYS = frozenset({502, 504})
# 500 with these words is the server's own report that a message left and its trace was lost.
_LOST = "sent message not found"
# A server of one's own that is older than the method says so; the token is fine.
_NO_METHOD = "method not found"
_CONFLICT_PAUSE = 10.0


def refusal(
    status: int, description: str, *, retry_after: float | None = None, once: bool, recipient: bool
) -> PlatformError:
    """The error for an answer with `ok: false`.

    once: the call must not take effect twice (it sends something), so that a gateway's 502 or 504 is Ambiguous; 500
    and 503 come from the API itself, which has not done what it was asked, and are Temporary. recipient: the call
    concerns one chat, which alone must wait after a 429; other calls are limited by method.
    """
    if status == 429:
        scope = Scope.RECIPIENT if recipient else Scope.METHOD
        return Throttled(description, 1.0 if retry_after is None else retry_after, scope)
    if status >= 500:
        lost = status in _GATEWAYS or _LOST in description.lower()
        return Ambiguous(description) if once and lost else Temporary(description, retry_after)
    if status == 404 and _NO_METHOD in description.lower():
        return Rejected(TOO_OLD)
    if status in (401, 404):
        return CredentialsRevoked(description)
    if status == 409:
        return Temporary(description, _CONFLICT_PAUSE)
    return _described(status, description)


def _described(status: int, description: str) -> PlatformError:
    words = description.lower()
    for part, error, message in _WORDS:
        if part in words:
            return error(message or description)
    if status == 403:
        return RecipientGone(description)
    return Rejected(TOO_LARGE if status == 413 else description)
