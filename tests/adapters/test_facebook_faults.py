"""Whatever goes wrong on the way to Facebook, as the error that says what to do next; no secret in any of them."""

from __future__ import annotations

import asyncio
import traceback
from pathlib import Path

import aiohttp
import pytest

from adapters.base import (
    Ambiguous,
    Attachment,
    AttachmentKind,
    ChannelId,
    ChannelSuspended,
    Content,
    CredentialsRevoked,
    OperatorEcho,
    PlatformError,
    RecipientGone,
    Rejected,
    Scope,
    Temporary,
    Throttled,
    WindowClosed,
)
from adapters.facebook import refusals, usage
from adapters.facebook.adapter import FacebookAdapter
from adapters.facebook.emulator import APP_SECRET
from adapters.facebook.refusals import refusal
from adapters.facebook.usage import Usage
from adapters.http import Http
from tests.adapters.pages import ENVELOPE, Facebook, own_settings, subscribed

HELLO = Content(text="Hello")

TABLE: tuple[tuple[int, int | None, type[PlatformError]], ...] = (
    (190, None, CredentialsRevoked), (190, 459, CredentialsRevoked), (190, 460, CredentialsRevoked),
    (190, 463, CredentialsRevoked), (190, 467, CredentialsRevoked), (102, None, CredentialsRevoked),
    (10, 2018278, WindowClosed), (10, 2534022, WindowClosed), (10, 1545041, WindowClosed),
    (10, 2018065, WindowClosed), (10, 2018108, RecipientGone), (10, None, Rejected), (200, None, Rejected),
    (200, 2018028, Rejected), (200, 2018027, Rejected), (200, 2018021, Rejected),
    (200, 1545041, RecipientGone), (10, 1893063, ChannelSuspended), (368, None, ChannelSuspended),
    (100, None, Rejected), (100, 2018001, RecipientGone), (100, 2018109, Rejected), (100, 2018015, Rejected),
    (100, 2018040, Rejected), (100, 2018041, Rejected), (100, 2018053, Rejected), (551, None, RecipientGone),
    (551, 1545041, RecipientGone), (4, 2018022, Throttled), (4, None, Throttled), (17, None, Throttled),
    (32, None, Throttled), (613, None, Throttled), (80001, None, Throttled), (80006, None, Throttled),
    (2200, None, Rejected), (100, 1893061, Rejected), (31337, None, Rejected),
    (1, 1357046, Ambiguous), (10, 2018321, Temporary), (1, None, Temporary), (2, None, Temporary),
    (1200, None, Temporary), (10303, None, Rejected),
)  # fmt: skip


async def error_of(facebook: Facebook, content: Content = HELLO) -> PlatformError:
    with pytest.raises(PlatformError) as raised:
        await facebook.send(content)
    error = raised.value
    shown = "".join(traceback.format_exception(error)) + error.reason + repr(error.params)
    assert facebook.page.token not in shown
    assert APP_SECRET not in shown
    assert error.reason.format(**error.params)
    return error


@pytest.mark.parametrize(("code", "subcode", "expected"), TABLE)
async def test_every_code_says_what_to_do(code: int, subcode: int | None, expected: type[PlatformError]) -> None:
    async with subscribed() as facebook:
        description = f"{code}/{subcode}" if subcode else str(code)
        facebook.emulator.fault("refused", method="messages", description=description)
        error = await error_of(facebook)
        assert isinstance(error, expected)
        if isinstance(error, Throttled):
            scope = Scope.PLATFORM if (code, subcode) == (4, None) else Scope.CHANNEL
            assert (error.retry_after, error.scope) == (usage.LIMIT_SECONDS, scope)


@pytest.mark.parametrize(
    ("code", "subcode", "expected"),
    [
        (2018300, None, refusals.ThreadTaken), (10, 2018300, refusals.ThreadTaken),
        (2018321, None, Temporary), (100, 2018321, Temporary), (1, 1357046, Ambiguous),
    ],
)  # fmt: skip
def test_what_comes_as_a_code_or_as_a_subcode_is_the_same(
    code: int, subcode: int | None, expected: type[PlatformError]
) -> None:
    error = {"code": code, "error_subcode": subcode, "message": "words"}
    assert type(refusal(400, error, {}, once=True)) is expected


async def test_a_limit_lasts_as_long_as_its_headers_say() -> None:
    async with subscribed() as facebook:
        for wanted in (7, 300):
            facebook.emulator.fault("429", retry_after=wanted)
            error = await error_of(facebook)
            assert isinstance(error, Throttled)
            assert error.retry_after == wanted
    for headers in (
        {"X-Business-Use-Case-Usage": "nonsense"}, {"X-Business-Use-Case-Usage": '{"1":[{"type":"messenger"}]}'},
        {"X-Business-Use-Case-Usage": "[]"}, {"Retry-After": "soon"}, {},
    ):  # fmt: skip
        assert usage.block(613, 0, headers) == (usage.LIMIT_SECONDS, Scope.CHANNEL)
    told = '{"1":[{"estimated_time_to_regain_access":3},{"estimated_time_to_regain_access":19}],"2":"?"}'
    assert usage.block(80001, 0, {"X-Business-Use-Case-Usage": told}) == (19 * 60, Scope.CHANNEL)


async def test_a_limit_of_the_app_is_every_pages_and_one_of_a_page_its_own() -> None:
    for code, subcode, headers, scope in (
        (4, 0, {}, Scope.PLATFORM), (341, 0, {}, Scope.PLATFORM), (4, 2018022, {}, Scope.CHANNEL),
        (32, 0, {}, Scope.CHANNEL), (80006, 0, {}, Scope.CHANNEL), (None, 0, {}, Scope.CHANNEL),
        (613, 0, {"X-App-Usage": '{"call_count":100,"total_time":3}'}, Scope.PLATFORM),
        (613, 0, {"X-App-Usage": '{"call_count":99}'}, Scope.CHANNEL),
    ):  # fmt: skip
        assert usage.block(code, subcode, headers) == (usage.LIMIT_SECONDS, scope)


async def test_what_answers_tell_of_usage_slows_the_page_or_all_of_them() -> None:
    async with subscribed() as facebook:
        tea = facebook.emulator.create_page("Tea", "tea.club")
        facebook.emulator.usage(facebook.page, 90)
        await facebook.send(HELLO)
        error = await error_of(facebook)
        assert isinstance(error, Throttled)
        assert (error.scope, 0 < error.retry_after <= 2.5) == (Scope.CHANNEL, True)
        assert len(facebook.emulator.calls("messages")) == 1, "what must wait is not even tried"
        facebook.adapter._api.usage.check(ChannelId(tea.id))
        facebook.emulator.usage(None, 100)
        await facebook.adapter.inspect(facebook.channel)
        with pytest.raises(Throttled) as held:
            facebook.adapter._api.usage.check(ChannelId(tea.id))
        assert held.value.scope is Scope.PLATFORM


def test_the_nearer_the_limit_the_slower() -> None:
    now = [0.0]
    seen = Usage(lambda: now[0])
    page = ChannelId("1")
    for told, pause in (
        ('{"1":[{"call_count":80}]}', 0), ('{"1":[{"call_count":7,"total_cputime":84}]}', 1),
        ('{"1":[{"total_time":100}]}', 60), ('{"2":[{"total_time":100}]}', 0), ("nonsense", 0), ("[]", 0),
        ('{"1":[{"call_count":1,"estimated_time_to_regain_access":5}]}', 300), ('{"1":[{"call_count":"?"}]}', 0),
    ):  # fmt: skip
        seen.heard({"X-Business-Use-Case-Usage": told})
        if pause:
            with pytest.raises(Throttled) as held:
                seen.check(page)
            assert held.value.retry_after == pause
        now[0] += pause
        seen.check(page)


async def test_a_cut_before_the_effect_and_after_it_look_the_same_and_the_echo_tells() -> None:
    async with subscribed() as facebook:
        for kind in ("reset_before", "reset_after"):
            facebook.emulator.fault(kind, method="messages")
            error = await error_of(facebook)
            assert isinstance(error, Ambiguous)
            assert error.retry_after == 60
        (echo,) = await facebook.received(OperatorEcho)
        assert echo.token == ENVELOPE.token
        assert len(facebook.emulator.chat(facebook.page, facebook.anna).sent()) == 1


async def test_a_time_out_is_unclear_and_slowness_is_waited_out() -> None:
    async with subscribed() as facebook, Http(timeout=aiohttp.ClientTimeout(total=0.3)) as hasty:
        facebook.emulator.fault("slow", method="messages", seconds=0.1)
        await facebook.send(HELLO)
        facebook.adapter = FacebookAdapter(hasty, own_settings(facebook.address))
        facebook.emulator.fault("timeout", method="messages", seconds=2)
        assert type(await error_of(facebook)) is Ambiguous
        await asyncio.sleep(0)


async def test_a_servers_mistake_is_temporary_and_a_gateways_unclear() -> None:
    async with subscribed() as facebook:
        facebook.emulator.fault("500", method="messages")
        assert type(await error_of(facebook)) is Temporary
        facebook.emulator.fault("502", method="messages")
        assert type(await error_of(facebook)) is Ambiguous


@pytest.mark.parametrize("kind", ["500", "502", "reset_before", "reset_after"])
async def test_an_upload_that_fails_makes_no_message_and_is_temporary(kind: str, tmp_path: Path) -> None:
    async with subscribed() as facebook:
        path = tmp_path / "file"
        path.write_bytes(b"bytes")
        content = Content(attachments=(Attachment(AttachmentKind.FILE, path=path, file_id=1),))
        facebook.emulator.fault(kind, method="message_attachments")
        assert type(await error_of(facebook, content)) is Temporary
        await facebook.send(content)
        assert len(facebook.emulator.chat(facebook.page, facebook.anna).sent()) == 1


async def test_people_who_cannot_be_written_to_are_told_apart() -> None:
    async with subscribed() as facebook:
        facebook.emulator.block(facebook.page, facebook.anna)
        assert isinstance(await error_of(facebook), RecipientGone)
        facebook.emulator.block(facebook.page, facebook.anna, blocked=False)
        facebook.emulator.app.advanced = False
        error = await error_of(facebook)
        assert error.reason == refusals.NO_PERMISSION
        facebook.anna.tester = True
        await facebook.send(HELLO)
        facebook.page.restricted = True
        assert isinstance(await error_of(facebook), ChannelSuspended)


async def test_a_dead_key_is_told() -> None:
    async with subscribed() as facebook:
        facebook.emulator.fault("refused", method="messages", description="190/460")
        assert isinstance(await error_of(facebook), CredentialsRevoked)


def test_an_error_without_a_code_is_judged_by_its_status() -> None:
    kinds = {
        status: type(refusal(status, {"message": "no"}, {}, once=True))
        for status in (400, 401, 403, 404, 413, 429, 500, 502, 503, 504)
    }
    assert kinds == {
        400: Rejected, 401: CredentialsRevoked, 403: Rejected, 404: Rejected, 413: Rejected, 429: Throttled,
        500: Temporary, 502: Ambiguous, 503: Temporary, 504: Ambiguous,
    }  # fmt: skip


async def test_a_page_that_cannot_be_reached_for_an_hour_is_unsubscribed_by_facebook() -> None:
    async with subscribed() as facebook:
        now = [facebook.emulator.world.clock()]
        facebook.emulator.world.clock = lambda: now[0]
        facebook.emulator.fault("drop", where="webhook", times=None)
        facebook.emulator.say(facebook.page, facebook.anna, "?")
        await asyncio.sleep(0.1)
        now[0] += 3700
        await facebook.emulator.wait_for(lambda: not facebook.page.subscribed)
