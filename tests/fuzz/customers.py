"""What customers do: write short and long, send pictures, albums and places, edit, move, take back, block."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from adapters.telegram.emulator import picture
from tests.fuzz.promises import CUSTOMERS, VISITORS, Played

ANYBODY = (*CUSTOMERS, *CUSTOMERS, *VISITORS)


class Customers(Played):
    """Their rules."""

    @rule(customer=st.sampled_from(ANYBODY), times=st.integers(1, 3), long=st.sampled_from([False] * 4 + [True]))
    def some_texts(self, customer: str, times: int, long: bool) -> None:
        self.write(customer, times, long=long)

    def write(self, customer: str, times: int, *, long: bool = False) -> None:
        if customer in self.blocking:
            return
        for _ in range(times):
            self._said(customer, self._say(customer, self.text(long)))
        self.play(self._rest())

    def _say(self, customer: str, text: str, **more: Any) -> Any:
        if customer in VISITORS:
            return self.vk.say(self.community, self.people[customer], text, **more)
        return self.office.emulator.say(self.shop.bot, self.people[customer], text)

    def _said(self, customer: str, *messages: Any) -> None:
        self.said[customer] += messages

    @rule(customer=st.sampled_from(VISITORS), long=st.booleans())
    def a_text_that_vk_cuts(self, customer: str, long: bool) -> None:
        """The event has the beginning alone; the rest is fetched."""
        self._said(customer, self._say(customer, self.text(long), cropped=True))
        self.play(self._rest())

    def _picture(self) -> bytes:
        self.numbers += 1
        return picture(40 + self.numbers, 40)

    @rule(customer=st.sampled_from(CUSTOMERS), caption=st.booleans())
    def a_picture(self, customer: str, caption: bool) -> None:
        if customer not in self.blocking:
            place, text = (self.shop.bot, self.people[customer]), self.text() if caption else ""
            self._said(customer, self.office.emulator.send_media(*place, "photo", self._picture(), caption=text))
            self.play(self._rest())

    @rule(customer=st.sampled_from(CUSTOMERS), parts=st.integers(2, 4), caption=st.booleans())
    def an_album(self, customer: str, parts: int, caption: bool) -> None:
        if customer not in self.blocking:
            items, text = [("photo", self._picture()) for _ in range(parts)], self.text() if caption else ""
            place = (self.shop.bot, self.people[customer])
            self._said(customer, *self.office.emulator.send_album(*place, items, caption=text))
            self.play(self._rest())

    @rule(customer=st.sampled_from(CUSTOMERS), live=st.booleans())
    def a_place(self, customer: str, live: bool) -> None:
        if customer not in self.blocking:
            self.numbers += 1
            place = {"latitude": 50.0 + self.numbers / 100, "longitude": 30.0}
            content = {"location": place | ({"live_period": 900} if live else {})}
            emulator = self.office.emulator
            self._said(customer, emulator.send_content(self.shop.bot, self.people[customer], content))
            self.play(self._rest())

    @rule(customer=st.sampled_from(ANYBODY), which=st.integers(0, 5), long=st.sampled_from([False, False, True]))
    def edit(self, customer: str, which: int, long: bool) -> None:
        """A text or a caption; captions stay short."""
        there = [one for one in self.said[customer] if self._stands(customer, one) and self._has_words(one)]
        if customer in self.blocking or not there:
            return
        message = there[-1 - which % len(there)]
        emulator = self.vk if customer in VISITORS else self.office.emulator
        emulator.edit(message, self.text(long and not getattr(message, "wire", {}).get("photo")))
        self.play(self._rest())

    @rule(customer=st.sampled_from(CUSTOMERS), which=st.integers(0, 2))
    def move(self, customer: str, which: int) -> None:
        """A live place moves on."""
        there = [one for one in self.said[customer] if "live_period" in one.wire.get("location", {})]
        if customer not in self.blocking and there:
            self.numbers += 1
            message = there[-1 - which % len(there)]
            world = self.office.emulator.world
            message.wire["location"] = message.wire["location"] | {"latitude": 50.0 + self.numbers / 100}
            message.wire["edit_date"] = world.now()
            world.changes.message(message)
            world.queue(self.shop.bot, "edited_message", message.wire, message.chat.id)
            self.play(self._rest())

    @rule(customer=st.sampled_from(ANYBODY), which=st.integers(0, 5))
    def take_back(self, customer: str, which: int) -> None:
        """Neither Telegram nor VK tells: what was said stands where it was shown."""
        there = [one for one in self.said[customer] if self._stands(customer, one)]
        if customer in self.blocking or not there:
            return
        message = there[-1 - which % len(there)]
        line = self.judge.lines[customer in VISITORS]
        person = str(self.people[customer].id)
        key = str(message.cmid if customer in VISITORS else message.id)
        phone = next(one for one in line.phones() if one.user == person)
        was = next(one for one in phone.messages if one.key == key)
        self.judge.deleted[(line.platform, line.external_id, person), key] = was
        (self.vk if customer in VISITORS else self.office.emulator).delete(message)
        self.play(self._rest())

    def _stands(self, customer: str, message: Any) -> bool:
        if customer in VISITORS:
            return message.cmid in message.dialog.messages
        return message.id in message.chat.messages

    @staticmethod
    def _has_words(message: Any) -> bool:
        return bool(message.text)

    @rule(customer=st.sampled_from(CUSTOMERS))
    def block_or_come_back(self, customer: str) -> None:
        blocks = customer not in self.blocking
        self.office.emulator.block(self.shop.bot, self.people[customer], blocks)
        (self.blocking.add if blocks else self.blocking.discard)(customer)
        self.play(self._rest())
