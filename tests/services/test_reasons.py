"""Why an answer was not sent: whatever a platform says, its words are for the log and a sentence of ours for people."""

from __future__ import annotations

import pytest

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
from services.delivery import reason_of, reason_of_change
from services.jobs import describe
from services.texts import ours

WORDS = "unknown error: files .sh are not allowed"
ERRORS = (
    Ambiguous, ChannelSuspended, CredentialsRevoked, NotFound, RecipientGone, Rejected, Temporary, Throttled,
    WindowClosed,
)  # fmt: skip


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("words", [WORDS, ""])
def test_people_are_told_in_sentences_of_ours(kind: type[PlatformError], words: str) -> None:
    for reason in (reason_of(kind(words)), reason_of_change(kind(words))):
        assert ours(reason.message)
        assert WORDS not in str(reason.params)


def test_the_log_has_the_platforms_words_beside_ours() -> None:
    error = Rejected("VK did not take the file.", {"reason": WORDS})
    assert WORDS in describe(error)
    assert reason_of(error).message == "VK did not take the file."
