"""Signing in with VK takes two trips: VK ID says which communities are the person's, VK gives the key of one.

Sources: VK ID, "Authorization without SDK" (id.vk.ru/authorize, oauth2/auth: OAuth 2.1 with PKCE); dev.vk.com,
"Authorization Code Flow for a community's access token" (oauth.vk.ru/authorize with group_ids), "groups.get". The
secrets go in bodies: an address ends up in logs.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from adapters.base import Ambiguous, ConnectRefused, Credentials, LoginAccount, Refused, Temporary, Trip
from adapters.http import Answer, Http
from adapters.lenient import NoJson, loads
from adapters.reading import integer, items, string
from adapters.texts import N_
from adapters.vk import connecting
from adapters.vk.api import Api, foreign
from adapters.vk.community import CLOSED, PRIVATE
from adapters.vk.limits import API_VERSION, RIGHTS
from adapters.vk.settings import VkSettings

SCOPE: Final = "groups"
BATCH: Final = 200
BATCHES: Final = 50
"""How many times two hundred communities are asked for at most."""
ADMINISTRATOR: Final = 3
"""admin_level of somebody who may give away a community's key ("Objects: group")."""
WORDS: Final = 200
"""Characters of VK's own words that are passed on."""

DENIED: Final = N_("VK was not allowed to show the communities. Sign in again and agree to everything that it asks.")
DENIED_KEY: Final = N_("VK was not allowed to give the community's key. Choose it again and agree to what VK asks.")
EXPIRED: Final = N_("VK does not accept this sign-in any more: it was used or took too long. Sign in again.")
REFUSED: Final = N_("VK did not let you sign in: {reason}")
WRONG_APP: Final = N_(
    "VK does not take the id and key of this installation's app. Its administrator compares PULT_VK_APP_ID and "
    "PULT_VK_APP_SECRET with the app's settings, and there the trusted redirect address with {redirect}."
)
NO_KEY: Final = N_("VK gave no key for this community. Only its administrator can connect it.")
NOT_ADMINISTRATOR: Final = N_(
    "You are not an administrator of {name}: editors and moderators cannot connect it. Ask its administrator to "
    "connect it, or to make you one."
)

CLOSED_IN_LIST: Final = N_(
    "The community {name} is closed: strangers cannot write to it. Open it in its settings (Manage → Settings → "
    "Type of community), then sign in again."
)
PRIVATE_IN_LIST: Final = N_(
    "The community {name} is private: only those invited see it. Open it in its settings (Manage → Settings → "
    "Type of community), then sign in again."
)
_BY_OPENNESS: Final = {CLOSED: CLOSED_IN_LIST, PRIVATE: PRIVATE_IN_LIST}


def url(settings: VkSettings, trip: Trip) -> str:
    """The page of the trip."""
    query = {
        "client_id": settings.app_id or "",
        "redirect_uri": trip.redirect,
        "state": trip.state,
        "response_type": "code",
    }
    if trip.account is None:
        challenge = urlsafe_b64encode(hashlib.sha256(trip.secret.encode()).digest()).rstrip(b"=").decode()
        query |= {"scope": SCOPE, "code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{settings.login}/authorize?{urlencode(query)}"
    query |= {"group_ids": trip.account, "scope": ",".join(RIGHTS), "display": "page", "v": API_VERSION}
    return f"{settings.oauth}/authorize?{urlencode(query)}"


async def accounts(
    http: Http, api: Api, settings: VkSettings, trip: Trip, query: Mapping[str, str]
) -> list[LoginAccount]:
    """What comes back with a code: the person's communities, or the key of the one that was chosen."""
    if error := query.get("error"):
        if error == "access_denied":
            raise ConnectRefused(DENIED if trip.account is None else DENIED_KEY)
        raise ConnectRefused(REFUSED, reason=(query.get("error_description") or error)[:WORDS])
    if not query.get("code"):
        raise ConnectRefused(EXPIRED)
    if trip.account is None:
        return await _communities(api, await _person(http, settings, trip, query))
    return [await _key(http, settings, trip, trip.account, query["code"])]


async def _person(http: Http, settings: VkSettings, trip: Trip, query: Mapping[str, str]) -> str:
    """The key of the person, good for an hour and forgotten at once."""
    form = {
        "grant_type": "authorization_code",
        "code": query["code"],
        "code_verifier": trip.secret,
        "client_id": settings.app_id or "",
        "device_id": query.get("device_id", ""),
        "redirect_uri": trip.redirect,
        "state": trip.state,
    }
    answer = await _exchanged(http, f"{settings.login}/oauth2/auth", form, trip)
    token = string(answer, "access_token")
    if token is None:
        raise Temporary("the answer holds no key")
    return token


async def _key(http: Http, settings: VkSettings, trip: Trip, group: str, code: str) -> LoginAccount:
    form = {
        "client_id": settings.app_id or "",
        "client_secret": settings.secret,
        "redirect_uri": trip.redirect,
        "code": code,
    }
    answer = await _exchanged(http, f"{settings.oauth}/access_token", form, trip)
    token = next(
        (string(one, "access_token") for one in items(answer, "groups") if str(one.get("group_id")) == group),
        # Before the list came, the key stood under the community's own name.
        string(answer, f"access_token_{group}"),
    )
    if token is None:
        raise ConnectRefused(NO_KEY)
    return LoginAccount(group, group, Credentials(token=token))


async def _exchanged(http: Http, address: str, form: Mapping[str, str], trip: Trip) -> dict[str, Any]:
    """What an exchange returned; a refusal is an `error` by name, whatever the status."""
    try:
        answer = await http.call("POST", address, data=dict(form))
    except Ambiguous as lost:
        raise Temporary(lost.reason) from None
    return _read(answer, trip)


def _read(answer: Answer, trip: Trip) -> dict[str, Any]:
    try:
        data = loads(answer.body)
    except NoJson:
        data = None
    if not isinstance(data, dict):
        raise foreign(answer, once=False)
    error = string(data, "error")
    if error in ("invalid_client", "unauthorized_client", "redirect_uri_mismatch"):
        raise ConnectRefused(WRONG_APP, redirect=trip.redirect)
    if error is not None:
        raise ConnectRefused(EXPIRED)
    if answer.status != 200:
        raise foreign(answer, once=False)
    return data


async def _communities(api: Api, token: str) -> list[LoginAccount]:
    """groups.get: all that the person has a role in, so that those of editors can be named with the reason."""
    found: list[LoginAccount] = []
    offset = 0
    for _ in range(BATCHES):
        params = {"filter": "moder", "extended": True, "count": BATCH, "offset": offset}
        try:
            answer = await api.as_person(token, "groups.get", params)
        except Refused as refused:
            raise ConnectRefused(REFUSED, reason=refused.reason) from None
        batch = items(answer, "items")
        found += [_account(group) for group in batch if integer(group, "id")]
        offset += len(batch)
        if not batch or offset >= (integer(answer, "count") or 0):
            break
    return found


def _account(group: dict[str, Any]) -> LoginAccount:
    """Without a key: another trip asks for it. A role that is not told counts as given: VK finds out."""
    number = str(group["id"])
    name = string(group, "name") or string(group, "screen_name") or number
    return LoginAccount(number, name, None, _why_not(group), {"name": name})


def _why_not(group: dict[str, Any]) -> str | None:
    if string(group, "deactivated"):
        return connecting.BLOCKED
    level = integer(group, "admin_level")
    if level is not None and level < ADMINISTRATOR:
        return NOT_ADMINISTRATOR
    return _BY_OPENNESS.get(integer(group, "is_closed") or 0)
