"""Whose key it is, whether the page may be connected, and how it is subscribed.

Sources: Graph API, "Debugging access tokens" (debug_token), Page; Messenger Platform, "Webhooks" (subscribed_apps),
"Messenger Profile" (get_started, without which a first visit carries no ref).
"""

from __future__ import annotations

from typing import Any

from adapters.base import (
    Channel,
    ChannelId,
    ChannelProfile,
    ChannelSuspended,
    ConnectRefused,
    Credentials,
    CredentialsRevoked,
    Health,
    HealthState,
    NotFound,
    PlatformError,
    Refused,
    Rejected,
    Temporary,
)
from adapters.facebook import connecting, limits
from adapters.facebook.api import TOKEN, Api, node
from adapters.facebook.refusals import NotAllowed, WrongProof
from adapters.facebook.settings import FacebookSettings
from adapters.facebook.wire import GET_STARTED
from adapters.reading import integer, items, section, string

_FIELDS = "id,name,username,link,category,is_published,picture{url}"
_PERSON = "nonexisting field"


async def identify(api: Api, options: FacebookSettings, credentials: Credentials) -> ChannelProfile:
    """Who the key belongs to, with every reason against connecting as a sentence."""
    if not TOKEN.fullmatch(credentials.get("token", "")):
        raise ConnectRefused(connecting.WRONG_SHAPE)
    me = await _me(api, credentials)
    if not options.complete:
        raise ConnectRefused(connecting.NO_APP)
    page = string(me, "id")
    if page is None:
        raise Temporary("the answer is not the Graph API's")
    name = string(me, "name") or page
    told = await _judged(api, credentials, page, name)
    missing = _missing(told, page)
    warnings = (*_lasting(told), *await _warnings(api, me))
    if not missing:
        others = await _apps(api, credentials, page, name)
        warnings += (connecting.OTHERS_TOO,) if others - {api.app.id} else ()
    username = string(me, "username")
    return ChannelProfile(
        id=ChannelId(page),
        name=name,
        username=username,
        link=string(me, "link") or f"https://www.facebook.com/{username or page}",
        picture=string(section(section(me, "picture"), "data"), "url"),
        missing=missing,
        warnings=warnings,
    )


async def _me(api: Api, credentials: Credentials) -> Any:
    """The page that the key speaks for. A person's account has no category, which is how it is told apart."""
    try:
        me = await api.read(credentials, "me", fields=_FIELDS)
    except WrongProof:
        raise await _other_app(api, credentials) from None
    except CredentialsRevoked:
        raise ConnectRefused(connecting.REVOKED) from None
    except ChannelSuspended:
        raise ConnectRefused(connecting.RESTRICTED) from None
    except NotFound:
        raise ConnectRefused(connecting.NOT_SHOWN) from None
    except Refused as refused:
        if _PERSON in refused.reason:
            raise await _person(api, credentials) from None
        raise ConnectRefused(connecting.REFUSED, reason=refused.params.get("reason", refused.reason)) from None
    return me


async def _person(api: Api, credentials: Credentials) -> ConnectRefused:
    try:
        name = string(await api.read(credentials, "me", fields="id,name"), "name")
    except Refused:
        name = None
    return ConnectRefused(connecting.USER_TOKEN, name=name or "…")


async def _other_app(api: Api, credentials: Credentials) -> ConnectRefused:
    """The key is another app's: both are named, as far as Facebook tells (/app is whatever app made the key)."""
    own = await _own_name(api)
    try:
        other = string(await api.read(credentials, "app", proof=False, fields="id,name"), "name")
    except Refused:
        other = None
    if other is None:
        return ConnectRefused(connecting.SOME_OTHER_APP, own=own)
    return ConnectRefused(connecting.OTHER_APP, own=own, other=other)


async def _own_name(api: Api) -> str:
    try:
        return string(await api.own("GET", node(api.app.id), fields="name"), "name") or api.app.id
    except Refused:
        return api.app.id


async def _judged(api: Api, credentials: Credentials, page: str, name: str) -> dict[str, Any]:
    """What debug_token tells of the key. Raises ConnectRefused for what is no living key of our app."""
    try:
        answer = await api.own("GET", "debug_token", input_token=credentials["token"])
    except CredentialsRevoked:
        raise ConnectRefused(connecting.WRONG_APP_SECRET) from None
    except Refused as refused:
        if "did not match" in refused.reason:
            raise await _other_app(api, credentials) from None
        raise ConnectRefused(connecting.REFUSED, reason=refused.params.get("reason", refused.reason)) from None
    told = section(answer, "data")
    if told.get("is_valid") is False:
        raise ConnectRefused(connecting.REVOKED)
    app = told.get("app_id")
    if isinstance(app, str | int) and str(app) != api.app.id:
        raise await _other_app(api, credentials)
    if (kind := string(told, "type")) is not None and kind != "PAGE":
        raise ConnectRefused(connecting.USER_TOKEN, name=name)
    return told


def _lasting(told: dict[str, Any]) -> tuple[str, ...]:
    """A page's key made with a long-lived key of its maker never expires (0); any other dies within hours or weeks."""
    return (connecting.EXPIRES,) if (integer(told, "expires_at") or 0) > 0 else ()


def _missing(told: dict[str, Any], page: str) -> tuple[str, ...]:
    """Rights that were not given, or not for this page; nothing where Facebook does not say."""
    scopes = told.get("scopes")
    if not isinstance(scopes, list):
        return ()
    missing = {right for right in limits.RIGHTS if right not in scopes}
    for granular in items(told, "granular_scopes"):
        targets = granular.get("target_ids")
        if isinstance(targets, list) and targets and page not in [str(target) for target in targets]:
            missing.add(string(granular, "scope") or "")
    return tuple(right for right in limits.RIGHTS if right in missing)


async def _apps(api: Api, credentials: Credentials, page: str, name: str) -> set[str]:
    """The apps that the page is subscribed to. An editor's key may not even look."""
    try:
        answer = await api.read(credentials, f"{node(page)}/subscribed_apps", fields="id,name,subscribed_fields")
    except NotAllowed:
        raise ConnectRefused(connecting.EDITOR, name=name) from None
    except ChannelSuspended:
        raise ConnectRefused(connecting.RESTRICTED) from None
    except Refused as refused:
        raise ConnectRefused(connecting.REFUSED, reason=refused.params.get("reason", refused.reason)) from None
    return {found for app in items(answer, "data") if (found := string(app, "id"))}


async def _warnings(api: Api, me: Any) -> tuple[str, ...]:
    found = [connecting.NOT_PUBLISHED] if me.get("is_published") is False else []
    try:
        granted = await api.own("GET", f"{node(api.app.id)}/permissions")
    except PlatformError:
        return tuple(found)
    states = {string(one, "permission"): string(one, "status") for one in items(granted, "data")}
    if states and states.get("pages_messaging") != "live":
        found.append(connecting.LIMITED_ACCESS)
    return tuple(found)


# Subscribing


async def subscribe(api: Api, options: FacebookSettings, channel: Channel) -> None:
    """The app's webhook if it is not ours yet, then the page, then the button that lets links carry their code."""
    page = node(channel.id)
    if (callback := callback_of(channel)) and options.complete and not _delivers(await _hooks(api), callback):
        await api.own(
            "POST", f"{node(api.app.id)}/subscriptions",
            {
                "object": "page", "callback_url": callback, "verify_token": options.verify,
                "fields": ",".join(limits.FIELDS), "include_values": True,
            },
        )  # fmt: skip
    wanted = {"subscribed_fields": ",".join(limits.FIELDS)}
    await api.ask(channel.credentials, "POST", f"{page}/subscribed_apps", wanted)
    await _get_started(api, channel, page)


async def _get_started(api: Api, channel: Channel, page: str) -> None:
    """Left alone where the page has one; without it links of new people lose their code, and nothing else."""
    try:
        profile = await api.read(channel.credentials, f"{page}/messenger_profile", fields="get_started")
        if not any(section(one, "get_started") for one in items(profile, "data")):
            wanted = {"get_started": {"payload": GET_STARTED}}
            await api.ask(channel.credentials, "POST", f"{page}/messenger_profile", wanted)
    except Rejected:
        return


async def unsubscribe(api: Api, channel: Channel) -> None:
    try:
        await api.ask(channel.credentials, "DELETE", f"{node(channel.id)}/subscribed_apps")
    except CredentialsRevoked:
        return


async def inspect(api: Api, options: FacebookSettings, channel: Channel) -> Health:
    """Whether the page is subscribed to us with every kind of event, and the app delivers to us."""
    try:
        answer = await api.read(
            channel.credentials, f"{node(channel.id)}/subscribed_apps", fields="id,name,subscribed_fields"
        )
    except (CredentialsRevoked, NotAllowed) as revoked:
        # Whoever made the key has lost the role on the page: it is as good as dead.
        return Health(HealthState.REVOKED, detail=revoked.params.get("reason", revoked.reason))
    callback = callback_of(channel)
    mine = [app for app in items(answer, "data") if not options.app_id or string(app, "id") == options.app_id]
    if not mine:
        return Health(HealthState.WEBHOOK_LOST, detail="the page is not subscribed")
    if not any(_all_wanted(app.get("subscribed_fields")) for app in mine):
        return Health(HealthState.WEBHOOK_LOST, webhook=callback, detail="the page lacks kinds of events")
    if callback and options.complete:
        hooks = await _hooks(api)
        if not _delivers(hooks, callback):
            webhook = next((string(one, "callback_url") for one in hooks), None)
            return Health(HealthState.WEBHOOK_LOST, webhook=webhook, detail="the app delivers elsewhere")
    return Health(HealthState.WORKS, webhook=callback)


def callback_of(channel: Channel) -> str | None:
    """Facebook delivers to the app's one address: the channel's own without its key."""
    return channel.hook.rpartition("/")[0] if channel.hook else None


async def _hooks(api: Api) -> list[dict[str, Any]]:
    """What the app has set up for pages."""
    answer = await api.own("GET", f"{node(api.app.id)}/subscriptions")
    return [one for one in items(answer, "data") if string(one, "object") == "page"]


def _delivers(hooks: list[dict[str, Any]], callback: str) -> bool:
    return any(
        string(one, "callback_url") == callback and one.get("active") is not False and _all_wanted(one.get("fields"))
        for one in hooks
    )


def _all_wanted(fields: Any) -> bool:
    """Fields come as names, or as objects with a name and a version."""
    if not isinstance(fields, list):
        return False
    names = {string(one, "name") if isinstance(one, dict) else one for one in fields if isinstance(one, dict | str)}
    return set(limits.FIELDS) <= names
