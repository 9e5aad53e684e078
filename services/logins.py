"""Connecting by login: begun in the chat, carried through in a browser, chosen from in the chat.

The chat's link carries a key: random, kept as a hash, good for a quarter of an hour and for one return. The page there
says for whom one signs in; the press of its button gives the browser something of its own (`services.login_keys`), of
which the `state` is made that goes through the platform: only the browser in which the page was read can come back.
What is found there (accounts with their keys) is kept encrypted, an hour at most.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from adapters.base import Adapter, CanLogin, Credentials, LoginAccount, Trip
from models import fields
from services import clock, login_keys
from services.access import Actor, Denied, Gone, Refusal
from services.channel_rows import ChannelView
from services.channels import Channels
from services.connecting import Proposal, allowed, platform_words, receiving_of
from services.notices import notice
from services.sql import Row, Steps, from_json, run, to_json, transact, when
from services.texts import N_

log = structlog.get_logger(__name__)

LIFETIME: Final = timedelta(minutes=15)
KEPT: Final = timedelta(hours=1)
"""How long one may choose from what was found."""
PATIENCE: Final = timedelta(minutes=2)
"""After that a return that has neither found nor failed was cut off by a crash."""

NO_APP = N_("This installation has no app at {platform}, so one cannot sign in there. Paste a key instead.")
NO_WAY_BACK = N_(
    "{platform} leads back only to a public https address, and this installation has none: its administrator sets"
    " PULT_PUBLIC_URL. Until then paste a key instead."
)
STALE = N_(
    "This sign-in was used already, or took longer than 15 minutes. Go back to Telegram and begin anew with /connect."
)
UNKNOWN = N_("This link leads nowhere. Go back to Telegram and begin anew with /connect.")
OTHER_BROWSER = N_(
    "This is not the browser in which the sign-in was begun, or it keeps no cookies. Press the button in Telegram again"
    " and stay in the browser that it opens."
)
NO_RIGHT_ANY_MORE = N_("Whoever began this sign-in may not connect channels any more.")
CAME_TO_NOTHING = N_("That sign-in came to nothing. Begin anew with /connect.")
SORRY = N_("Something went wrong here. Go back to Telegram and begin anew with /connect.")
TOO_LATE = N_("That was too long ago. Begin anew with /connect.")
NOTHING = N_(
    "{platform} shows no account that you manage. Only an administrator can connect one; an account with limits of age"
    " or country is not shown either."
)
NO_KEY = N_("{platform} gave no key for {name}. Only its administrator can connect it.")
NOT_THERE = N_("This account is not in the list any more. Begin anew with /connect.")


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that waits for its browser. name: the account whose key is asked for, if it is for one."""

    id: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An account of whoever signed in. barred: it cannot be connected, and choosing it says why."""

    id: str
    name: str
    barred: bool


Outcome = Proposal | ChannelView | tuple[Found, ...]
"""One account proposed, a channel that has its new key, or what to choose from."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a browser is shown. refusal: what went wrong (a message id), if anything did.

    language, bot: of the member who began. project and who: for whom the browser signs in. url: the platform's page to
    go on to, and browser: what to keep meanwhile; where the button was pressed.
    """

    language: str
    bot: str
    title: str
    project: str
    who: str
    account: str | None = None
    url: str | None = field(default=None, repr=False)
    browser: str | None = field(default=None, repr=False)
    refusal: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)


class Logins:
    """Functions that take a person raise Denied for whoever may not change the project's channels, and Gone for a login
    that is somebody else's or too old."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    # In the chat

    def available(self, platform: str) -> bool:
        """Whether one can sign in there: the installation has an app, and an address to come back to."""
        adapter = self._channels.adapter(platform)
        return isinstance(adapter, CanLogin) and adapter.can_login() and self._channels.public_url is not None

    async def begin(self, person_id: int, project_id: int, platform: str) -> Begun:
        """Begin a login. Raises Refusal where this installation cannot."""
        who = await run(allowed(person_id, project_id))
        return await self._begin(who, platform, None, None)

    async def renew(self, person_id: int, project_id: int, channel_id: int) -> Begun:
        """Begin the login that asks for a new key of a connected channel. Raises Refusal where this installation
        cannot."""
        who, channel, _adapter = await self._channels.own(person_id, project_id, channel_id)
        return await self._begin(who, channel.platform, channel.external_id, channel.name)

    async def _begin(self, who: Actor, platform: str, account: str | None, name: str | None) -> Begun:
        adapter = self._able(platform)
        receiving_of(adapter, self._channels.public_url)
        key = login_keys.made()
        return Begun(await transact(partial(_begun, who, platform, key, account, name)), name)

    def _able(self, platform: str) -> Adapter:
        adapter = self._channels.adapter(platform)
        if not isinstance(adapter, CanLogin) or not adapter.can_login():
            raise Refusal(NO_APP, platform=adapter.title)
        if self._channels.public_url is None:
            raise Refusal(NO_WAY_BACK, platform=adapter.title)
        return adapter

    async def address(self, person_id: int, project_id: int, login_id: int) -> str | None:
        """The page of this service to open in a browser; None once it was used or is too old."""
        who = await run(allowed(person_id, project_id))
        login = await run(_own(who, login_id))
        if login["key"] is None or not _live(login):
            return None
        return f"{self._redirect(login['platform'])}/{fields.unseal(login['key'])}"

    async def platform(self, person_id: int, project_id: int, login_id: int) -> str:
        """What the login's platform is called."""
        who = await run(allowed(person_id, project_id))
        login = await run(_own(who, login_id))
        return self._channels.adapter(login["platform"]).title

    async def outcome(self, person_id: int, project_id: int, login_id: int) -> Outcome | None:
        """What came of it; None while the browser is away. Where one account was asked for that is connected to this
        project already, its new key is in use now. Raises Refusal where it came to nothing, or as `Channels` does."""
        who = await run(allowed(person_id, project_id))
        login = await run(_own(who, login_id))
        accounts = _accounts(login)
        if not accounts or login["account"] is None:
            return _found(login)
        key = Credentials(accounts[0]["credentials"])
        channel_id = await run(_connected(who, login))
        if channel_id is not None:
            return await self._channels.replace_credentials(person_id, project_id, channel_id, key)
        return await self._channels.identify(person_id, project_id, login["platform"], key)

    async def found(self, person_id: int, project_id: int, login_id: int) -> tuple[Found, ...]:
        """What the person can choose from."""
        who = await run(allowed(person_id, project_id))
        return _found(await run(_own(who, login_id))) or ()

    async def choose(self, person_id: int, project_id: int, login_id: int, account_id: str) -> Proposal | Begun:
        """Propose one of the accounts, as `Channels.identify` does for a pasted key; or begin the login that asks for
        its key, where the platform has not given it yet. The choice can be made again."""
        who = await run(allowed(person_id, project_id))
        login = await run(_own(who, login_id))
        chosen = next((one for one in _accounts(login) or () if one["id"] == account_id), None)
        if chosen is None:
            raise Gone(NOT_THERE)
        if chosen["refusal"]:
            raise Refusal(chosen["refusal"], **chosen["params"])
        if chosen["credentials"] is None:
            return await self._begin(who, login["platform"], chosen["id"], chosen["name"])
        key = Credentials(chosen["credentials"])
        return await self._channels.identify(person_id, project_id, login["platform"], key)

    async def project_of(self, person_id: int, login_id: int) -> int:
        """The project for which the person began it."""
        rows = await run(_of_person(person_id, login_id))
        if not rows:
            raise Gone(TOO_LATE)
        return int(rows[0]["project_id"])

    # In the browser

    @property
    def origin(self) -> str:
        """Of this service's own pages, as browsers name it."""
        parts = urlsplit(self._channels.public_url or "")
        return f"{parts.scheme}://{parts.netloc}"

    async def opened(self, platform: str, key: str) -> Visit:
        """The browser came from the chat with its key. Raises Refusal for a key that is none."""
        return self._visit(await run(_arrived(platform, key)))

    async def pressed(self, platform: str, key: str) -> Visit:
        """Whoever read the page goes on to the platform. Raises as `opened` does."""
        login = await run(_arrived(platform, key))
        visit = self._visit(login)
        if visit.refusal is not None:
            return visit
        adapter = self._able(platform)
        assert isinstance(adapter, CanLogin)
        browser = login_keys.pressed(key)
        return replace(visit, url=adapter.login_url(self._trip(login, browser)), browser=browser)

    async def returned(self, platform: str, browser: str | None, query: Mapping[str, str]) -> Visit:
        """The platform led the browser back. Raises Refusal where the browser kept nothing, or something else than the
        state was made of: nothing is used up by that."""
        key = login_keys.key_of(browser)
        if browser is None or key is None:
            raise Refusal(OTHER_BROWSER)
        login = await run(_arrived(platform, key))
        visit, trip = self._visit(login), self._trip(login, browser)
        if not hmac.compare_digest(query.get("state", "").encode(), trip.state.encode()):
            raise Refusal(OTHER_BROWSER)
        if visit.refusal is not None or not await transact(partial(_use, login)):
            return _refused(visit, Refusal(visit.refusal or STALE))
        try:
            await self._finish(login, trip, query)
        except Refusal as refusal:
            log.info("a login came to nothing", platform=platform, reason=refusal.message)
            await transact(partial(_failed, login, refusal))
            return _refused(visit, refusal)
        except Exception:
            await transact(partial(_failed, login, Refusal(SORRY)))
            raise
        return visit

    async def _finish(self, login: Row, trip: Trip, query: Mapping[str, str]) -> None:
        adapter = self._able(login["platform"])
        assert isinstance(adapter, CanLogin)
        with platform_words(adapter.title):
            accounts = await adapter.exchange(trip, query)
        if trip.account is not None:
            accounts = [one for one in accounts if one.id == trip.account]
            if accounts and accounts[0].refusal:
                raise Refusal(accounts[0].refusal, **accounts[0].params)
            if not accounts or accounts[0].credentials is None:
                raise Refusal(NO_KEY, platform=adapter.title, name=login["name"])
        if not accounts:
            raise Refusal(NOTHING, platform=adapter.title)
        await transact(partial(_succeeded, login, adapter.title, accounts))

    def _redirect(self, platform: str) -> str:
        """The one address to which a platform leads back; to be entered in its app's settings."""
        return f"{self._channels.public_url}/login/{platform}"

    def _trip(self, login: Row, browser: str) -> Trip:
        state, secret = login_keys.derived(browser, "state"), login_keys.derived(browser, "secret")
        return Trip(self._redirect(login["platform"]), state, secret, login["account"])

    def _visit(self, login: Row) -> Visit:
        return Visit(
            language=login["language"], bot=login["bot"], title=self._channels.adapter(login["platform"]).title,
            project=login["project"], who=login["who"], account=login["name"],
            refusal=login["denied"] or (None if _live(login) else STALE),
        )  # fmt: skip


async def sweep() -> None:
    """Forget logins that nobody can choose from any more."""
    await transact(_sweep)


def _sweep() -> Steps[None]:
    yield "DELETE FROM logins WHERE expires_at < ?", (clock.now() - KEPT,)


def _refused(visit: Visit, refusal: Refusal) -> Visit:
    return replace(visit, refusal=refusal.message, params=refusal.params)


def _live(login: Row) -> bool:
    return login["used_at"] is None and clock.now() < when(login["expires_at"])


def _begun(who: Actor, platform: str, key: str, account: str | None, name: str | None) -> Steps[int]:
    now = clock.now()
    rows = yield (
        "INSERT INTO logins (key_hash, key, platform, account, name, member_id, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            login_keys.hashed(key),
            fields.seal(key),
            platform,
            account,
            name and name[:255],
            who.member_id,
            now,
            now + LIFETIME,
        ),
    )
    return int(rows[0]["id"])


def _arrived(platform: str, key: str) -> Steps[Row]:
    """The login of a key, with whom it is for. `denied`: why that member may not go on with it."""
    rows = yield (
        "SELECT l.id, l.platform, l.account, l.name, l.member_id, l.used_at, l.expires_at, m.person_id, m.project_id,"
        " m.name AS who, p.language, b.username AS bot, j.name AS project FROM logins l"
        " JOIN members m ON m.id = l.member_id JOIN people p ON p.id = m.person_id"
        " JOIN control_bots b ON b.id = p.control_bot_id JOIN projects j ON j.id = m.project_id"
        " WHERE l.key_hash = ? AND l.platform = ?",
        (login_keys.hashed(key), platform),
    )
    if not rows:
        raise Refusal(UNKNOWN)
    try:
        yield from allowed(rows[0]["person_id"], rows[0]["project_id"])
    except Denied:
        return rows[0] | {"denied": NO_RIGHT_ANY_MORE}
    return rows[0] | {"denied": None}


def _use(login: Row) -> Steps[bool]:
    """True for one caller alone."""
    now = clock.now()
    rows = yield (
        "UPDATE logins SET used_at = ?, key = NULL WHERE id = ? AND used_at IS NULL AND expires_at > ? RETURNING id",
        (now, login["id"], now),
    )
    return bool(rows)


def _failed(login: Row, refusal: Refusal) -> Steps[None]:
    yield "UPDATE logins SET failed_at = ? WHERE id = ?", (clock.now(), login["id"])
    params = {"reason": refusal.message, "reason_params": dict(refusal.params)}
    yield from notice(login["member_id"], "login_failed", params)


def _succeeded(login: Row, title: str, accounts: Sequence[LoginAccount]) -> Steps[None]:
    kept = [
        {
            "id": one.id, "name": one.name, "refusal": one.refusal, "params": dict(one.params),
            "credentials": None if one.credentials is None else dict(one.credentials),
        }
        for one in accounts
    ]  # fmt: skip
    yield "UPDATE logins SET accounts = ? WHERE id = ?", (fields.seal(to_json(kept)), login["id"])
    if login["account"] is None:
        said: dict[str, object] = {"platform": title}
        yield from notice(login["member_id"], "login_done", said, buttons=(("login", login["id"]),))
    else:
        said = {"platform": title, "name": login["name"]}
        yield from notice(login["member_id"], "login_key", said, buttons=(("login_key", login["id"]),))


def _of_person(person_id: int, login_id: int) -> Steps[list[Row]]:
    return (
        yield (
            "SELECT m.project_id FROM logins l JOIN members m ON m.id = l.member_id WHERE l.id = ?"
            " AND m.person_id = ? AND m.removed_at IS NULL",
            (login_id, person_id),
        )
    )


def _own(who: Actor, login_id: int) -> Steps[Row]:
    rows = yield "SELECT * FROM logins WHERE id = ? AND member_id = ?", (login_id, who.member_id)
    if not rows or clock.now() > when(rows[0]["expires_at"]) + KEPT:
        raise Gone(TOO_LATE)
    return rows[0]


def _connected(who: Actor, login: Row) -> Steps[int | None]:
    """The channel that the login's account is, in the same project."""
    rows = yield (
        "SELECT id FROM channels WHERE project_id = ? AND platform = ? AND external_id = ?"
        " AND state IN ('active', 'broken')",
        (who.project_id, login["platform"], login["account"]),
    )
    return int(rows[0]["id"]) if rows else None


def _accounts(login: Row) -> list[dict[str, Any]] | None:
    return None if login["accounts"] is None else from_json(fields.unseal(login["accounts"]))


def _found(login: Row) -> tuple[Found, ...] | None:
    """None while the browser is away. Raises Refusal where nothing will come of it."""
    accounts = _accounts(login)
    if accounts is not None:
        return tuple(Found(one["id"], one["name"], bool(one["refusal"])) for one in accounts)
    cut_off = login["used_at"] is not None and clock.now() > when(login["used_at"]) + PATIENCE
    if login["failed_at"] is not None or cut_off:
        raise Refusal(CAME_TO_NOTHING)
    if login["used_at"] is None and not _live(login):
        raise Refusal(STALE)
    return None
