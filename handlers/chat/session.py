"""How the control bots call Telegram: one connection pool for all of them, our errors, and the budgets of direct calls.

Jobs have paid for their call before they make it. What answers an update (`direct`) goes at once: it draws on the same
budget here, and waits out one short 429, since a person is looking at the screen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeVar, cast

import aiohttp
import orjson
import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import ClientDecodeError, TelegramNetworkError
from aiogram.methods import AnswerCallbackQuery, GetUpdates, Response, SendMessage, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import Message
from pydantic import ValidationError

from adapters.errors import Rejected, Temporary, Throttled
from adapters.http import describe
from adapters.lenient import loads
from handlers.chat import odd
from handlers.chat.telegram_errors import NotModified, QueryExpired, mapped
from services import trace
from services.control import ControlBot

T = TypeVar("T")
log = structlog.get_logger(__name__)

POOL = 200
_JSON: Final = {"Content-Type": "application/json"}
SHORT_WAIT = 3.0
"""The longest 429, in seconds, that is waited out while a person looks on."""


class Budget(Protocol):
    """The rates of Telegram, shared with the jobs."""

    async def take(self, lane: str, target: str | None, *, stranger: bool) -> None:
        """Wait for the next place of the lane, and of one chat in it; strangers have a small part of them."""
        ...


class _Direct:
    """What the handling of one update has called so far. `stranger`: as far as is known the person is in no project."""

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self.stranger = True


_direct: ContextVar[_Direct | None] = ContextVar("pult_direct", default=None)


@contextmanager
def direct() -> Iterator[_Direct]:
    """Calls made inside answer an update; gives what was answered."""
    state = _Direct()
    token = _direct.set(state)
    try:
        yield state
    finally:
        _direct.reset(token)


def known() -> None:
    """Whoever is being answered belongs to a project."""
    state = _direct.get()
    if state is not None:
        state.stranger = False


@contextmanager
def _noted(method: TelegramMethod[Any]) -> Iterator[None]:
    """A note of the call, for whoever follows a message."""
    began, outcome = time.perf_counter(), "ok"
    try:
        yield
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        spent = round((time.perf_counter() - began) * 1000)
        trace.note("platform call", platform="control", method=method.__api_method__, outcome=outcome, ms=spent)


class DeskBot(Bot):
    """A control bot that knows its row."""

    def __init__(self, row: ControlBot, session: Session) -> None:
        super().__init__(row.token, session=session)
        self._over = session
        self.control_bot_id = row.id
        self.username = row.username

    def __repr__(self) -> str:
        return f"DeskBot({self.control_bot_id}, @{self.username})"

    async def say(self, method: SendMessage) -> int:
        """Send a text; returns the number of its message. Raises `adapters.errors`."""
        return await self._over.say(self, method)


class Session(AiohttpSession):
    """The shared pool. `base` is Telegram's address, an emulator's or a local Bot API server's."""

    def __init__(self, base: str | None = None, *, proxy: str | None = None, budget: Budget | None = None) -> None:
        super().__init__(limit=POOL, json_loads=loads)
        if base:
            self.api = TelegramAPIServer.from_base(base)
        self._through = proxy
        self._budget = budget

    async def create_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(**self._connector_init), proxy=self._through
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None and not self._session.closed:
            await self._session.close()

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        """Raises `adapters.errors` alone. An edit that changes nothing succeeds, as does an answer that is too late."""
        if method.__api_method__ == GetUpdates.__api_method__:
            return await self._call(bot, method, timeout)
        return await self._paid(bot, method, partial(self._call, bot, method, timeout))

    async def say(self, bot: Bot, method: SendMessage) -> int:
        """Send a text; returns the number of its message, the only part of the answer that is read.

        Texts are most of what is sent. As JSON, and without a model of the answer, they cost half of what any other
        call does. Raises `adapters.errors`.
        """
        return await self._paid(bot, method, partial(self._say, bot, method))

    async def _paid(self, bot: Bot, method: TelegramMethod[Any], call: Callable[[], Awaitable[T]]) -> T:
        """Make the call; one that answers an update pays for itself, and waits out a short 429."""
        state = _direct.get()
        if state is None:
            return await call()
        if isinstance(method, AnswerCallbackQuery):
            state.answered.add(method.callback_query_id)
        await self._pay(bot, method, stranger=state.stranger)
        try:
            return await call()
        except Throttled as error:
            if error.retry_after > SHORT_WAIT:
                raise
            log.info("waiting out a 429", method=method.__api_method__, seconds=error.retry_after)
            await asyncio.sleep(error.retry_after)
        return await call()

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """An answer that the models refuse for a part of it still says that the call was carried out."""
        try:
            return super().check_response(bot, method, status_code, content)
        except ClientDecodeError as error:
            if not isinstance(error.original, ValidationError):
                raise
            model = Response[method.__returning__]  # type: ignore[name-defined]
            validate = partial(model.model_validate, context={"bot": bot})
            try:
                _, mended = odd.without_odd(error.data, validate)
            except ValidationError:
                raise error from None
            log.warning("an answer of Telegram is odd", method=method.__api_method__)
            return super().check_response(bot, method, status_code, orjson.dumps(mended).decode())

    async def _say(self, bot: Bot, method: SendMessage) -> int:
        url = self.api.api_url(token=bot.token, method=method.__api_method__)
        body = method.model_dump_json(exclude_unset=True, exclude_none=True)
        limit = aiohttp.ClientTimeout(total=self.timeout)
        with _noted(method), mapped():
            session = await self.create_session()
            try:
                async with session.post(url, data=body, headers=_JSON, timeout=limit) as response:
                    status, answer = response.status, await response.read()
            except TimeoutError as error:
                raise TelegramNetworkError(method=method, message="Request timeout error") from error
            except aiohttp.ClientError as error:
                raise TelegramNetworkError(method=method, message=f"{type(error).__name__}: {error}") from error
            number = _message_id(answer) if status == HTTPStatus.OK else None
            if number is not None:
                return number
            text = answer.decode(errors="replace")
            return cast(Message, self.check_response(bot, method, status, text).result).message_id

    async def _pay(self, bot: Bot, method: TelegramMethod[Any], *, stranger: bool) -> None:
        chat_id = getattr(method, "chat_id", None)
        if self._budget is None or chat_id is None or not isinstance(bot, DeskBot):
            return
        lane = f"control:{bot.control_bot_id}"
        await self._budget.take(lane, f"{lane}:{chat_id}", stranger=stranger)

    async def _call(self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None) -> TelegramType:
        try:
            with _noted(method), mapped():
                return await super().make_request(bot, method, timeout)
        except NotModified:
            return cast(TelegramType, True)  # as Telegram answers for messages that are not its own
        except QueryExpired:
            if isinstance(method, AnswerCallbackQuery):
                return cast(TelegramType, True)
            raise

    async def stream_content(
        self, url: str, headers: dict[str, Any] | None = None, timeout: int = 30, chunk_size: int = 65536,
        raise_for_status: bool = True,
    ) -> AsyncGenerator[bytes, None]:  # fmt: skip
        """A file's content. Reading changes nothing, so that what fails can be tried again; its address is a secret."""
        session = await self.create_session()
        limit = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=timeout)
        try:
            async with session.get(url, timeout=limit, headers=headers) as response:
                if raise_for_status and response.status >= 400:
                    raise _of_file(response.status)
                async for chunk in response.content.iter_chunked(chunk_size):
                    yield chunk
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Temporary(describe(error)) from None


def _message_id(answer: bytes) -> int | None:
    """The number of the message that was sent; None where the answer says anything else."""
    try:
        data = loads(answer)
        number = data["result"]["message_id"] if data["ok"] is True else None
    except (ValueError, TypeError, KeyError):
        return None
    return number if type(number) is int else None


def _of_file(status: int) -> Temporary | Rejected:
    if status == 429 or status >= 500:
        return Temporary(f"the file could not be read: HTTP {status}")
    return Rejected(f"the file could not be read: HTTP {status}")


class Bots:
    """The control bots by the id of their row, all over one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._bots: dict[int, DeskBot] = {}
        self._rows: dict[int, ControlBot] = {}

    def add(self, row: ControlBot) -> DeskBot:
        """Use this row's bot from now on, with the token that it has now."""
        self._rows[row.id] = row
        self._bots[row.id] = DeskBot(row, self.session)
        return self._bots[row.id]

    def __getitem__(self, control_bot_id: int) -> DeskBot:
        return self._bots[control_bot_id]

    def row(self, control_bot_id: int) -> ControlBot:
        return self._rows[control_bot_id]

    def rows(self) -> list[ControlBot]:
        return list(self._rows.values())

    def by_hook(self, hook_key: str) -> ControlBot | None:
        """The bot whose webhook has this key."""
        return next((row for row in self._rows.values() if row.hook_key == hook_key), None)

    async def close(self) -> None:
        await self.session.close()
