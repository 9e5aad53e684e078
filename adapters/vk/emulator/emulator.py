"""The emulator as tests and the sandbox hold it: make communities and people, act as they do, look at what they see."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import web

from . import actions
from .actions import NotPossible
from .calls import METHODS
from .delivery import PAUSES, STOPPED_AFTER, Delivery
from .faults import Fault
from .model import RIGHTS, Community, Dialog, Json, Message, Person, label_of
from .oauth import APP_ID, APP_SECRET, OAuth
from .server import Server
from .world import Call, World, new_token

T = TypeVar("T")
CommunityLike = Community | int | str
PersonLike = Person | int | str


class VkEmulator:
    """VK, with any number of communities and people.

    `hosts` maps the host of a callback server's https address to a local base address. `clock` gives Unix seconds and
    rules dates, the 24 hours of editing, the hour of random_id and the budgets; pauses go by the event loop.
    """

    def __init__(
        self,
        *,
        hosts: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        budgets: bool = False,
        seed: int = 1,
        pauses: Sequence[float] = PAUSES,
        webhook_timeout: float = 10.0,
        stopped_after: int = STOPPED_AFTER,
        log: int = 20_000,
    ) -> None:
        self.world = World(clock, seed, budgets, log)
        self.world.hosts.update(hosts or {})
        self.server = Server(self.world)
        self.oauth = OAuth(self.world)
        self.delivery = Delivery(self.world, pauses, webhook_timeout, stopped_after)
        self.world.wake = self.delivery.wake

    @property
    def hosts(self) -> dict[str, str]:
        return self.world.hosts

    # Serving

    def mount(self, app: web.Application, prefix: str = "/vk") -> None:
        self.server.mount(app, prefix)
        self.oauth.mount(app, prefix)

        async def cleanup(_: web.Application) -> None:
            await self.delivery.close()

        app.on_cleanup.append(cleanup)

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Listen on a port of its own; the address for PULT_VK_API."""
        app = web.Application(client_max_size=256 * 1024 * 1024)
        self.mount(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            self.world.base = f"http://{host}:{runner.addresses[0][1]}/vk"
            yield self.world.base
        finally:
            await runner.cleanup()

    def settings(self, base: str) -> dict[str, str]:
        """What an installation is told to speak with this emulator, logins included."""
        return {
            "PULT_VK_API": base,
            "PULT_VK_LOGIN": f"{base}/id",
            "PULT_VK_OAUTH": f"{base}/oauth",
            "PULT_VK_APP_ID": APP_ID,
            "PULT_VK_APP_SECRET": APP_SECRET,
        }

    def reset(self) -> None:
        """Forget everything: communities, people, messages, faults."""
        for community in self.world.communities.values():
            community.servers.clear()
        self.world.clear()
        self.world.faults.clear()
        self.world.changes.touch()

    # The cast

    def create_community(
        self, name: str, screen_name: str, *, rights: Sequence[str] = tuple(RIGHTS), closed: int = 0,
        deactivated: str | None = None, administered: bool = True, age_limits: int = 1,
    ) -> Community:  # fmt: skip
        """A community with a key that has these rights."""
        if any(one.screen_name == screen_name for one in self.world.communities.values()):
            raise NotPossible(f"vk.com/{screen_name} is taken.")
        community = self.world.create_community(name, screen_name)
        community.rights, community.closed, community.age_limits = set(rights), closed, age_limits
        community.deactivated, community.administered = deactivated, administered
        return community

    def revoke(self, community: CommunityLike) -> str:
        """The key is deleted and a new one made."""
        return self.world.revoke(self.community(community))

    def personal_key(self, person: Person) -> str:
        """The key of a personal page, which cannot be connected."""
        token = new_token()
        self.world.personal[token] = person
        return token

    def new_code(self, community: CommunityLike) -> str:
        """VK changes the confirmation code from time to time."""
        found = self.community(community)
        found.code = f"{int(found.code, 16) ^ 0xFFFFFFFF:08x}"
        return found.code

    def new_long_poll_key(self, community: CommunityLike) -> None:
        found = self.community(community)
        found.long_poll_key = found.long_poll_key[::-1] + "0"

    def forget_history(self, community: CommunityLike) -> None:
        """What was not polled is lost, as after some time in life."""
        found = self.community(community)
        found.long_poll_base += len(found.history) + 1
        found.history.clear()

    def person(
        self, name: str, *, username: str | None = None, language: str | None = "ru", staff: bool = False,
        last_name: str | None = None, person_id: int | None = None,
    ) -> Person:  # fmt: skip
        number = person_id or self.world.new_person_id()
        return self.world.add_person(Person(number, name, username, language, staff, last_name))

    def community(self, community: CommunityLike) -> Community:
        """A community by itself, its id or its short name."""
        return actions.community_of(self.world, community)

    def who(self, person: PersonLike) -> Person:
        if isinstance(person, Person):
            return person
        known = self.world.people.get(int(person)) if str(person).isdigit() else None
        if known is None:
            raise NotPossible(f"There is no person {person}.")
        return known

    def dialog(self, community: CommunityLike, person: PersonLike) -> Dialog:
        """The conversation as it stands on the person's phone."""
        return self.world.dialog(self.community(community), self.who(person))

    # What people do

    def start(self, community: CommunityLike, person: PersonLike, ref: str | None = None) -> Message:
        """Press the start button, perhaps after a link with a ref."""
        source = {"ref": ref, "ref_source": "link"} if ref else {}
        dialog = self.dialog(community, person)
        return actions.write(self.world, dialog, text="Начать", payload='{"command":"start"}', **source)

    def say(
        self, community: CommunityLike, person: PersonLike, text: str, *, reply_to: Message | int | None = None,
        ref: str | None = None, payload: str | None = None, forwarded: list[Json] | None = None,
        cropped: bool = False,
    ) -> Message:  # fmt: skip
        """`cropped`: the event of it has only its beginning, as of a message that is too large for one."""
        number = reply_to.cmid if isinstance(reply_to, Message) else reply_to
        return actions.write(
            self.world, self.dialog(community, person), text=text, reply_to=number, ref=ref, payload=payload,
            forwarded=forwarded or [], cropped=cropped,
        )  # fmt: skip

    def send_media(
        self, community: CommunityLike, person: PersonLike, *items: tuple[str, bytes], caption: str = "",
        name: str = "", mime: str = "", duration: int = 1, reply_to: int | None = None,
    ) -> Message:  # fmt: skip
        """Items are (kind, bytes), kind one of photo, document, voice, audio, video, animation, sticker."""
        who = self.who(person)
        files = [actions.keep(self.world, who, kind, data, name, mime, duration) for kind, data in items]
        dialog = self.dialog(community, who)
        return actions.write(self.world, dialog, text=caption, attachments=files, reply_to=reply_to)

    def send_attachments(self, community: CommunityLike, person: PersonLike, *items: Json, text: str = "") -> Message:
        """Anything else: these objects of `attachments` as they are."""
        return actions.write(self.world, self.dialog(community, person), text=text, attachments=list(items))

    def send_raw(
        self, community: CommunityLike, person: PersonLike, raw: Json, *, event: Json | None = None
    ) -> Message:
        """Any message: these fields of it as they are on the wire; `event`: those that its event has instead."""
        dialog = self.dialog(community, person)
        return actions.write(self.world, dialog, text=str(raw.get("text", "")), raw=raw, event=event or {})

    def edit_raw(self, message: Message, raw: Json) -> Message:
        """The same for an edit."""
        message.raw = raw
        return actions.edit(self.world, message, str(raw.get("text", "")))

    def send_location(
        self, community: CommunityLike, person: PersonLike, latitude: float, longitude: float, **more: Any
    ) -> Message:
        return actions.place(self.world, self.dialog(community, person), latitude, longitude, **more)

    def edit(self, message: Message, text: str) -> Message:
        return actions.edit(self.world, message, text)

    def delete(self, message: Message) -> None:
        actions.delete(self.world, message)

    def react(self, message: Message, number: int | None) -> Message:
        return actions.react(self.world, message, number)

    def read(self, community: CommunityLike, person: PersonLike) -> None:
        actions.read(self.world, self.dialog(community, person))

    async def press(
        self, message: Message, button: str | tuple[int, int], *, timeout: float = actions.PRESS_SECONDS
    ) -> Json | None:
        """Press a button by its label or by (row, column); {"text", "alert", "url"}, or None if nobody answered."""
        row, column = button if isinstance(button, tuple) else place_of(message, button)
        return await actions.press(self.world, message, row, column, timeout)

    def block(self, community: CommunityLike, person: PersonLike, blocked: bool = True) -> None:
        actions.allow(self.world, self.dialog(community, person), not blocked)

    def blacklist(self, community: CommunityLike, person: PersonLike, blocked: bool = True) -> None:
        actions.blacklist(self.world, self.dialog(community, person), blocked)

    def answer_in_vk(
        self, community: CommunityLike, person: PersonLike, text: str, *, admin: int | None = 99001, random_id: int = 0
    ) -> Message:
        """An administrator answers in VK itself; without `admin` another app does."""
        return actions.answer_in_vk(self.world, self.dialog(community, person), text, admin, random_id)

    # Faults, the log, waiting

    def fault(
        self, kind: str, *, where: str = "api", community: CommunityLike | None = None,
        person: PersonLike | None = None, method: str = "*", times: int | None = 1, retry_after: int = 1,
        seconds: float = 1.0, probability: float = 1.0, code: int | None = None,
    ) -> Fault:  # fmt: skip
        """Order a failure; `times=None` keeps it until it is removed. `code`: another error than the kind's usual."""
        number = None if community is None else self.community(community).id
        who = None if person is None else self.who(person).id
        words = None if code is None else str(code)
        return self.world.faults.add(
            Fault("", kind, where, number, who, method, times, retry_after, seconds, probability, words)
        )

    def calls(self, method: str | None = None, community: CommunityLike | None = None) -> list[Call]:
        """What communities called, oldest first."""
        number = None if community is None else self.community(community).id
        return [
            call
            for call in self.world.calls
            if (method is None or call.method.lower() == method.lower()) and number in (None, call.bot)
        ]

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:
        """The first true value of `predicate`, asked again whenever anything changes; TimeoutError otherwise."""
        return await self.world.changes.wait_for(predicate, timeout)


def place_of(message: Message, label: str) -> tuple[int, int]:
    for row, buttons in enumerate(message.buttons):
        for column, button in enumerate(buttons):
            if label == label_of(button):
                return row, column
    raise NotPossible(f"Message {message.cmid} has no button «{label}», only {message.labels()}.")


def methods() -> list[str]:
    """The names of all methods that the emulator answers."""
    return sorted(method.name for method in METHODS.values())
