"""Signing in with Facebook: the consent page, its code, and the pages of whoever signed in.

Sources: Facebook Login, "Manually Build a Login Flow" (dialog/oauth, oauth/access_token), "Access Tokens" (long-lived),
Graph API, "User Accounts" (/me/accounts). The secret goes in bodies: an address ends up in logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from adapters.base import (
    Ambiguous,
    ConnectRefused,
    Credentials,
    LoginAccount,
    PlatformError,
    Refused,
    Temporary,
    Trip,
)
from adapters.facebook.api import Api, result
from adapters.facebook.connecting import WRONG_APP_SECRET
from adapters.facebook.limits import VERSION
from adapters.facebook.settings import FacebookSettings
from adapters.http import Http
from adapters.reading import items, section, string
from adapters.texts import N_

SCOPES: Final = ("pages_show_list", "pages_messaging", "pages_manage_metadata", "pages_read_engagement")
TASKS: Final = ("MESSAGING", "MODERATE")
PAGE: Final = 100
PAGES: Final = 50
"""How many times a hundred pages are asked for at most."""
WORDS: Final = 200
"""Characters of Facebook's own words that are passed on."""

DENIED: Final = N_("Facebook was not allowed to show the pages. Sign in again and agree to everything that it asks.")
EXPIRED: Final = N_("Facebook does not accept this sign-in any more: it was used or took too long. Sign in again.")
REFUSED: Final = N_("Facebook did not let you sign in: {reason}")
NOT_ADMINISTRATOR: Final = N_(
    "You may not manage the messages of this page: editors cannot connect it. Ask its administrator to connect it, "
    "or to give you full control of it."
)


def url(settings: FacebookSettings, trip: Trip) -> str:
    """The consent page."""
    query = {
        "client_id": settings.app_id or "",
        "redirect_uri": trip.redirect,
        "state": trip.state,
        "response_type": "code",
    }
    # Facebook Login for Business has its scopes in a configuration of the app, and takes no others.
    if settings.login_config:
        query |= {"config_id": settings.login_config}
    else:
        # Whoever has declined something before is asked for it again.
        query |= {"scope": ",".join(SCOPES), "auth_type": "rerequest"}
    return f"{settings.login}/{VERSION}/dialog/oauth?{urlencode(query)}"


async def accounts(
    http: Http, api: Api, settings: FacebookSettings, trip: Trip, query: Mapping[str, str]
) -> list[LoginAccount]:
    """What comes back with a code, exchanged for the person's pages."""
    if error := query.get("error") or query.get("error_code"):
        words = query.get("error_description") or query.get("error_message") or error
        raise ConnectRefused(DENIED) if error == "access_denied" else ConnectRefused(REFUSED, reason=words[:WORDS])
    code = query.get("code", "")
    if not code:
        raise ConnectRefused(EXPIRED)
    short = await _token(http, settings, {"redirect_uri": trip.redirect, "code": code})
    token = await _token(http, settings, {"grant_type": "fb_exchange_token", "fb_exchange_token": short})
    return await _pages(api, Credentials(token=token))


async def _token(http: Http, settings: FacebookSettings, more: Mapping[str, str]) -> str:
    data = {"client_id": settings.app_id or "", "client_secret": settings.secret, **more}
    try:
        answer = result(await http.call("POST", f"{settings.api}/{VERSION}/oauth/access_token", data=data), once=False)
    except Ambiguous as lost:
        raise Temporary(lost.reason) from None
    except PlatformError as error:
        if "client secret" in error.reason.lower():
            raise ConnectRefused(WRONG_APP_SECRET) from None
        if isinstance(error, Refused):
            raise ConnectRefused(EXPIRED) from None
        # What the server said may repeat what it was told.
        error.reason = "the code was not exchanged"
        error.args = (error.reason,)
        raise error from None
    token = string(answer, "access_token")
    if not token:
        raise Temporary("the answer holds no token")
    return token


async def _pages(api: Api, person: Credentials) -> list[LoginAccount]:
    found: list[LoginAccount] = []
    asked = {"fields": "id,name,access_token,tasks", "limit": str(PAGE)}
    for _ in range(PAGES):
        answer = await api.read(person, "me/accounts", proof=True, **asked)
        found += [_account(one) for one in items(answer, "data") if string(one, "id")]
        cursor = string(section(section(answer, "paging"), "cursors"), "after")
        if not cursor or not string(section(answer, "paging"), "next"):
            break
        asked |= {"after": cursor}
    return found


def _account(page: Any) -> LoginAccount:
    """Tasks that are not told count as given: `identify` finds out."""
    number, token = string(page, "id") or "", string(page, "access_token") or ""
    tasks = page.get("tasks")
    allowed = not isinstance(tasks, list) or all(task in tasks for task in TASKS)
    return LoginAccount(
        id=number,
        name=string(page, "name") or number,
        credentials=Credentials(token=token),
        refusal=None if allowed and token else NOT_ADMINISTRATOR,
    )
