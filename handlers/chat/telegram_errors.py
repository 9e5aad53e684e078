"""What aiogram raises, in the terms of `adapters.errors`: the one table for everything that control bots call.

    with mapped():
        await bot.send_message(...)

The Bot API documents codes but not descriptions ("Making requests"); the words are those of its open server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiogram import exceptions as aiogram_errors

from adapters.errors import (
    Ambiguous,
    CredentialsRevoked,
    NotFound,
    PlatformError,
    RecipientGone,
    Rejected,
    Scope,
    Temporary,
    Throttled,
)
from adapters.redaction import without_secrets


class NotModified(Rejected):
    """An edit that changes nothing: the message is as it should be."""


class NoText(Rejected):
    """An edit of the text of a message that has a caption."""


class NoCaption(Rejected):
    """An edit of the caption of a message that has none: text, or a medium without."""


class WrongFile(Rejected):
    """A file_id that this bot cannot use (any more): the bytes must be uploaded."""


class Unshowable(Rejected):
    """Bytes that Telegram takes as a file, but not in the kind that was asked for."""


class QueryExpired(Rejected):
    """A button's press that waited too long for its answer."""


# Words of a description in lower case → the error. The first row that matches counts.
_WORDS: tuple[tuple[str, type[PlatformError]], ...] = (
    ("logged out", Temporary),
    ("bot was blocked by the user", RecipientGone),
    ("user is deactivated", RecipientGone),
    ("can't initiate conversation", RecipientGone),
    ("chat not found", RecipientGone),
    ("peer_id_invalid", RecipientGone),
    ("user not found", RecipientGone),
    ("message is not modified", NotModified),
    ("no text in the message to edit", NoText),
    ("no caption in the message to edit", NoCaption),
    ("message to edit not found", NotFound),
    ("message to delete not found", NotFound),
    ("message to react not found", NotFound),
    ("message to pin not found", NotFound),
    ("message to unpin not found", NotFound),
    ("message to be replied not found", NotFound),
    ("message not found", NotFound),
    ("message_id_invalid", NotFound),
    ("query is too old", QueryExpired),
    ("query id is invalid", QueryExpired),
    ("query_id_invalid", QueryExpired),
    ("wrong file identifier", WrongFile),
    ("wrong file_id", WrongFile),
    ("wrong remote file", WrongFile),
    ("invalid file_id", WrongFile),
    ("file_reference_", WrongFile),
    ("can't use file of type", WrongFile),
    ("type of file mismatch", WrongFile),
    ("image_process_failed", Unshowable),
    ("photo_invalid_dimensions", Unshowable),
    ("photo_ext_invalid", Unshowable),
    ("too big for a photo", Unshowable),
    ("voice_messages_forbidden", Unshowable),
    ("failed to get http url content", Unshowable),
    ("wrong type of the web page content", Unshowable),
)
# A gateway that gives up waiting does not know what became of the call that it passed on.
_GATEWAY = ("bad gateway", "gateway timeout", "gateway time-out", "sent message not found")
# A server of one's own that is older than the method says so; the token is fine.
_NO_METHOD = "method not found"
_CONFLICT_PAUSE = 10.0


@contextmanager
def mapped() -> Iterator[None]:
    """Raise the tree of `adapters.errors` and nothing else of what a call can end with."""
    try:
        yield
    except aiogram_errors.ClientDecodeError as error:
        # A proxy's page instead of an answer: the call may have been carried out.
        raise Ambiguous(f"the answer cannot be read: {type(error.original).__name__}") from None
    except aiogram_errors.TelegramAPIError as error:
        raise of(error) from None


def of(error: aiogram_errors.TelegramAPIError) -> PlatformError:
    """The error for one of aiogram's."""
    text = without_secrets(error.message)
    match error:
        case aiogram_errors.TelegramRetryAfter():
            return Throttled(text, float(error.retry_after), Scope.RECIPIENT)
        case aiogram_errors.TelegramEntityTooLarge():
            return Rejected(text)
        case aiogram_errors.TelegramNetworkError():
            return _network(error, text)
        case aiogram_errors.TelegramNotFound() if _NO_METHOD in text.lower():
            return Rejected(text)
        case aiogram_errors.TelegramUnauthorizedError() | aiogram_errors.TelegramNotFound():
            return CredentialsRevoked(text)
        case aiogram_errors.TelegramConflictError():
            return Temporary(text, _CONFLICT_PAUSE)
        case aiogram_errors.TelegramServerError():
            lost = any(words in text.lower() for words in _GATEWAY)
            return Ambiguous(text) if lost else Temporary(text)
    return _described(error, text)


def _network(error: aiogram_errors.TelegramNetworkError, text: str) -> PlatformError:
    """Whether the request can have left is what the HTTP library's own error tells."""
    if isinstance(error.__cause__, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Temporary(text)
    return Ambiguous(text)


def _described(error: aiogram_errors.TelegramAPIError, text: str) -> PlatformError:
    words = text.lower()
    for part, kind in _WORDS:
        if part in words:
            return kind(text)
    if isinstance(error, aiogram_errors.TelegramForbiddenError):
        return RecipientGone(text)
    if isinstance(error, aiogram_errors.TelegramBadRequest):
        return Rejected(text)
    return Temporary(text)
