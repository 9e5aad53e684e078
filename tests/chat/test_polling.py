"""How long the poller waits after what goes wrong, and that it goes on."""

from __future__ import annotations

import json

import pytest
from aiogram.methods import SendMessage

from adapters.errors import Ambiguous, CredentialsRevoked, Rejected, Temporary, Throttled
from handlers.chat.polling import CONFLICT_PAUSE, OtherPoller, pause_after
from handlers.chat.polling import _error as error_of
from handlers.chat.telegram_errors import mapped
from tests.chat.office import Office


@pytest.mark.parametrize(
    ("error", "failures", "pause"),
    [
        (Ambiguous("reset"), 0, 1.0),
        (Ambiguous("reset"), 3, 10.0),
        (Ambiguous("reset"), 99, 30.0),
        (Throttled("slow down", 7.0), 0, 7.0),
        (Temporary("502"), 1, 2.0),
        (OtherPoller("twice", CONFLICT_PAUSE), 0, 10.0),
        (OtherPoller("twice", CONFLICT_PAUSE), 9, 30.0),
        (OSError("the disk"), 0, 1.0),
    ],
)
def test_pauses_grow_and_keep_to_what_was_asked(error: Exception, failures: int, pause: float) -> None:
    assert pause_after(error, failures) == pause


@pytest.mark.parametrize("fault", ["500", "reset_before", "reset_after", "429"])
async def test_polling_goes_on_after_a_fault_and_loses_nothing(office: Office, fault: str) -> None:
    oleg = await office.owner()
    office.emulator.fault(fault, method="getUpdates", times=1)
    for command in ("/menu", "/team"):
        office.emulator.say(office.account, oleg, command)
    await office.rest()
    texts = office.texts(oleg)
    assert "Команда проекта «Олег»" in texts[-1]
    assert sum("Команда проекта «Олег»" in text for text in texts) == 1


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (401, "Unauthorized", CredentialsRevoked),
        (404, "Not Found", CredentialsRevoked),
        (404, "Not Found: method not found", Temporary),
        (400, "Logged out", Temporary),
    ],
)
def test_only_a_refused_token_ends_polling(status: int, words: str, kind: type[Exception]) -> None:
    assert type(error_of(status, {"ok": False, "description": words})) is kind


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (404, "Not Found: method not found", Rejected),
        (404, "Not Found", CredentialsRevoked),
        (400, "Logged out", Temporary),
    ],
)
async def test_a_call_that_a_server_does_not_know_condemns_no_token(
    office: Office, status: int, words: str, kind: type[Exception]
) -> None:
    body = {"ok": False, "error_code": status, "description": words}
    with pytest.raises(kind), mapped():
        office.bots.session.check_response(office.bot, SendMessage(chat_id=1, text="x"), status, json.dumps(body))
