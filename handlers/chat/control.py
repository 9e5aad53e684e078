"""The control bots' updates on their way in: polled or pushed, written down, then handled.

An update is confirmed to Telegram when it is in the journal, and leaves the journal when it has been handled. Those of
one chat are handled in order, chats side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from itertools import chain, repeat
from typing import Any

import structlog
from aiogram import Dispatcher

from adapters.errors import CredentialsRevoked, PlatformError
from adapters.lenient import NoJson, loads
from adapters.redaction import told
from handlers.chat import odd
from handlers.chat.errors import Again
from handlers.chat.hand import Hand, Queues
from handlers.chat.polling import Poller
from handlers.chat.session import Bots, DeskBot, direct
from handlers.chat.storage import DatabaseStorage
from handlers.chat.strangers import Later
from handlers.chat.waiting import LIMITED, Waiting
from services import control, trace
from services.control import ControlBot, Entry
from services.driving import out_of_reach
from services.sql import Grouped, Make

log = structlog.get_logger(__name__)

KINDS = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member", "managed_bot"]
"""The kinds of updates that Telegram is asked for; message_reaction is in no default."""
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105
SIDE_BY_SIDE = 64
"""Chats whose updates are handled at the same time."""
PAUSES = (0.3, 2.0)
"""Seconds before an update is tried again whose handling met a passing trouble."""
AWAY_PAUSE = 5.0
"""Seconds between further tries while the database cannot be used: no update is given up for that."""
LOOK_EVERY = 0.3
"""Seconds between looks at what came by webhook to other processes."""
LOOK_THROUGH = 20.0
"""Seconds between looks at everything that was written down and is in nobody's hand: an acknowledgement of the database
may have been lost, or a task cut off."""
ASKING = {"message", "callback_query"}
"""What is worth an answer late: edits and reactions of strangers are not."""
MARGIN = 0.02
"""Seconds by which a stranger's turn is missed rather than come too early for."""
END_TRIES = 3
STOP_WITHIN = 20.0


class Way(StrEnum):
    """How updates come."""

    POLLING = "polling"
    WEBHOOK = "webhook"


class Control:
    """All control bots of this process.

    way: how updates come; public_url: the https address for webhooks. handles: False in a process that only takes
    webhooks in, for `run` of another process to handle. on_stopped is told of a bot whose token Telegram refuses:
    nothing works until a new one is set, and only people can do that.
    """

    def __init__(
        self,
        bots: Bots,
        dispatcher: Dispatcher,
        *,
        way: Way = Way.POLLING,
        public_url: str | None = None,
        handles: bool = True,
        base: str | None = None,
        proxy: str | None = None,
        on_stopped: Callable[[ControlBot], Awaitable[None]] | None = None,
    ) -> None:
        if way is Way.WEBHOOK and public_url is None:
            raise ValueError("a webhook needs the public address")
        self._bots = bots
        self._dispatcher = dispatcher
        self._way = way
        self._public_url = (public_url or "").rstrip("/")
        self._handles = handles
        self._base = base
        self._proxy = proxy
        self._on_stopped = on_stopped
        self._hand = Hand()
        self._queues = Queues(SIDE_BY_SIDE, self._hand.drop)
        self._waiting = Waiting(self._hand.drop)
        self._ends = Grouped()

    async def run(self, control_bot_id: int) -> None:
        """Take up what was left over and receive, until cancelled. Returns where Telegram refuses the token."""
        bot = self._bots[control_bot_id]
        self._queues.open()
        await self.take_over(control_bot_id)
        looking = asyncio.create_task(self._look_through(control_bot_id))
        try:
            if self._way is Way.WEBHOOK:
                await self._subscribe(bot)
                await self._pick_up(control_bot_id)
            else:
                await self._poll(bot)
        except CredentialsRevoked:
            log.error(
                "Telegram refuses the control bot's token: set PULT_BOT_TOKEN to what BotFather shows, and restart",
                bot=bot.username,
            )
            if self._on_stopped is not None:
                await self._on_stopped(self._bots.row(control_bot_id))
        finally:
            looking.cancel()
            # Another process may take over: what has not begun is in the journal for it.
            self._queues.clear(control_bot_id)
            self._waiting.clear(control_bot_id)

    async def take_over(self, control_bot_id: int) -> None:
        """Handle, in order, what was written down and not finished before this start."""
        storage = self._dispatcher.storage
        if isinstance(storage, DatabaseStorage):
            storage.forget()
        await self._take_up(control_bot_id)

    async def _take_up(self, control_bot_id: int) -> None:
        left = await control.waiting(control_bot_id, self._hand.held)
        if left:
            log.info("taking up updates that were not finished", count=len(left))
        self._enqueue(control_bot_id, left)

    async def _look_through(self, control_bot_id: int) -> None:
        """Written down is not yet handled: what nobody has in hand is taken up, however it came to that."""
        while True:
            await asyncio.sleep(LOOK_THROUGH)
            try:
                await self._take_up(control_bot_id)
            except Exception as error:
                log.warning("the journal of the control bot could not be read", error=repr(error))

    async def receive(self, control_bot_id: int, updates: Sequence[object]) -> None:
        """Write updates down and have them handled. Returns when they may be confirmed."""
        with trace.following(trace.current() or trace.new()):
            stored = await control.receive(control_bot_id, updates)
            for entry in stored:
                trace.note("update stored", bot=control_bot_id, update=entry.update_id)
        if self._handles:
            self._enqueue(control_bot_id, stored)

    async def _pick_up(self, control_bot_id: int) -> None:
        """Handle what other processes took in, and what this one took in itself at once."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                found = await control.recent(control_bot_id)
            except Exception:
                log.exception("the journal of the control bot could not be read")
                continue
            self._enqueue(control_bot_id, found)

    async def receive_webhook(self, hook_key: str, headers: Mapping[str, str], body: bytes) -> int:
        """POST /hooks/control/{hook_key}: the HTTP status to answer with.

        403 without the secret, 404 for an unknown key; what is no JSON is answered 200, or it would come for a day.
        Database trouble is raised: answer 503, and Telegram brings it again.
        """
        row = self._bots.by_hook(hook_key)
        if row is None:
            return 404
        if not hmac.compare_digest(headers.get(SECRET_HEADER, "").encode(), row.hook_secret.encode()):
            return 403
        try:
            update = loads(body)
        except NoJson:
            log.warning("a webhook of the control bot is no JSON", bot=row.username)
            return 200
        await self.receive(row.id, [update])
        return 200

    async def stop(self) -> None:
        """Finish what is being handled, within 20 seconds; the rest stays in the journal for the next start."""
        self._waiting.clear()
        await self._queues.drain(STOP_WITHIN)
        self._waiting.clear()

    async def idle(self) -> None:
        """Until nothing waits for its turn and nothing is being handled."""
        await self._queues.idle()

    async def _poll(self, bot: DeskBot) -> None:
        poller = Poller(bot, KINDS, base=self._base, proxy=self._proxy)
        try:
            await poller.run(partial(self.receive, bot.control_bot_id))
        finally:
            await poller.close()

    async def _subscribe(self, bot: DeskBot) -> None:
        row = self._bots.row(bot.control_bot_id)
        pause = 1.0
        while True:
            try:
                await bot.set_webhook(
                    f"{self._public_url}/hooks/control/{row.hook_key}",
                    secret_token=row.hook_secret,
                    allowed_updates=KINDS,
                    drop_pending_updates=False,
                )
            except CredentialsRevoked:
                raise
            except PlatformError as error:
                log.warning("the control bot's webhook could not be set", error=str(error), again_in=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 60.0)
            else:
                log.info("the control bot's webhook is set", bot=bot.username)
                return

    def _enqueue(self, control_bot_id: int, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if self._hand.take(entry.id):
                self._queue(control_bot_id, entry)

    def _queue(self, control_bot_id: int, entry: Entry) -> None:
        work = partial(self._carry_out, control_bot_id, entry)
        self._queues.put((control_bot_id, entry.chat_id), entry.id, work)

    async def _carry_out(self, control_bot_id: int, entry: Entry) -> None:
        """Handle one update and record its end; whatever happens, the next of its chat goes on."""
        with trace.following(entry.request):
            await self._see_through(control_bot_id, entry)
            trace.note("update handled", bot=control_bot_id, update=entry.update_id)

    async def _see_through(self, control_bot_id: int, entry: Entry) -> None:
        if entry.left_over:
            try:
                await self._ends.submit(partial(control.begin, entry.id))
            except Exception:
                log.exception("an update's beginning could not be recorded", update=entry.update_id)
        try:
            reason = await self._handle(self._bots[control_bot_id], entry)
        except Later as later:
            await self._put_off(control_bot_id, entry, later)
            return
        except Exception as error:
            log.exception("an update could not be handled", update=entry.update_id)
            problem = told(error)
            end = partial(control.fail, entry.id, problem)
        else:
            end = partial(control.skip, entry.id, reason) if reason else partial(control.finish, entry.id)
        await self._record(entry, end)
        if entry.payload.keys() & ASKING and (outrun := self._waiting.take((control_bot_id, entry.chat_id))):
            await self._leave_out(control_bot_id, outrun)

    async def _put_off(self, control_bot_id: int, entry: Entry, later: Later) -> None:
        """Of what a stranger asks for beyond the share, the last is handled when the share allows, the rest never."""
        older: Entry | None = entry
        if entry.payload.keys() & ASKING:
            # Its beginning is recorded, if it has to be.
            entry = replace(entry, left_over=False)
            due = partial(self._queue, control_bot_id)
            key = (control_bot_id, entry.chat_id)
            older = self._waiting.put(key, entry, later.after.total_seconds() + MARGIN, due)
        if older is not None:
            await self._leave_out(control_bot_id, older)

    async def _leave_out(self, control_bot_id: int, entry: Entry) -> None:
        """Something newer was asked in its stead. No button spins for ever."""
        LIMITED.labels("left out").inc()
        await self._answer(self._bots[control_bot_id], odd.press_of(entry.payload))
        await self._record(entry, partial(control.finish, entry.id))

    async def _record(self, entry: Entry, end: Make[None]) -> None:
        """Commit the update's end, for as long as the database is away: it would be handled again."""
        failures = 0
        while True:
            try:
                await self._ends.submit(end)
            except Exception as error:
                log.warning("an update's end could not be recorded", update=entry.update_id, error=repr(error))
                failures += not out_of_reach(error)
                if failures == END_TRIES:
                    # It stays in the journal and is handled again after the next start, where it changes nothing.
                    log.exception("an update's end cannot be recorded", update=entry.update_id)
                    break
                await asyncio.sleep(PAUSES[-1] if failures else AWAY_PAUSE)
            else:
                break
        self._hand.done(entry.id)

    async def _handle(self, bot: DeskBot, entry: Entry) -> str | None:
        """The reason why the update is left out, None where it was handled."""
        reading = odd.read(_without_menu(entry.payload), bot)
        if reading.update is None:
            log.warning("an update cannot be understood and is left out", update=entry.update_id)
            await self._answer(bot, odd.press_of(entry.payload))
            return reading.reason
        if reading.reason:
            log.warning("an update is odd", update=entry.update_id, unread=reading.unread, reason=reading.reason)
        await self._insist(bot, reading)
        return reading.reason if reading.unread else None

    async def _insist(self, bot: DeskBot, reading: odd.Reading) -> None:
        """Handle the update; what met a passing trouble is tried again, as long as the database is away."""
        started_over = False
        for planned in chain(PAUSES, repeat(None)):
            pause = planned
            try:
                await self._feed(bot, reading, last_try=pause is None)
            except Again:
                if started_over:
                    raise
                started_over = True
                await self._feed(bot, reading, last_try=True)
            except Exception as error:
                if pause is None and out_of_reach(error):
                    pause = AWAY_PAUSE
                if pause is None or not control.passing(error):
                    raise
                log.warning("handling an update met a passing trouble", error=str(error), again_in=pause)
                await asyncio.sleep(pause)
                continue
            return

    async def _feed(self, bot: DeskBot, reading: odd.Reading, *, last_try: bool) -> None:
        update = reading.update
        assert update is not None
        with direct() as calls:
            await self._dispatcher.feed_update(bot, update, last_try=last_try, unread=reading.unread)
            press = update.callback_query
            if press is not None and press.id not in calls.answered:
                # No button spins forever, whatever its handler forgot.
                await self._answer(bot, press.id)

    @staticmethod
    async def _answer(bot: DeskBot, press_id: str | None) -> None:
        if press_id is not None:
            with contextlib.suppress(PlatformError):
                await bot.answer_callback_query(press_id)


def _without_menu(payload: dict[str, Any]) -> dict[str, Any]:
    """The update without the buttons of the message that it replies to.

    aiogram-dialog would take a reply to an old menu for a press in it and refuse it as out of date.
    """
    message = payload.get("message")
    replied = message.get("reply_to_message") if isinstance(message, dict) else None
    if not isinstance(replied, dict) or "reply_markup" not in replied:
        return payload
    bare = {name: value for name, value in replied.items() if name != "reply_markup"}
    return payload | {"message": {**payload["message"], "reply_to_message": bare}}
