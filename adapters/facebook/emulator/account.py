"""What an app asks about keys, pages and itself, and how it subscribes: everything of the Graph API but sending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .delivery import Delivery
from .errors import GraphError, bad, dead, not_allowed, unknown
from .model import FIELDS, App, Json, Key, Page
from .world import World

GREETING = 160
_PAGE_FIELDS = frozenset({"id", "name", "username", "link", "category", "is_published", "picture", "access_token"})
_USER_FIELDS = frozenset({"id", "name", "first_name", "last_name", "picture", "email"})
_PROFILE = frozenset({"get_started", "greeting", "persistent_menu", "ice_breakers", "whitelisted_domains"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a key of a page or a person, or the app itself."""

    app: App
    key: Key | None = None

    @property
    def page(self) -> Page:
        """Raises for whoever is no page."""
        if self.key is None or self.key.page is None:
            raise GraphError("(#210) A page access token is required to request this resource.", 210)
        return self.key.page

    def require(self, scope: str, task: str, page_id: str) -> Page:
        """The page, if the key may do this to it."""
        page = self.page
        if page.id != page_id:
            raise unknown(page_id)
        assert self.key is not None
        if scope not in self.key.scopes:
            raise not_allowed(f"Requires {scope} permission to manage the object")
        if not self.key.tasks & {task, "MANAGE"}:
            raise not_allowed("User does not have sufficient administrative permission for this action on this page")
        return page


def caller_of(world: World, token: str, proof: str | None, expected: Callable[[App, str], str]) -> Caller:
    """Judge a token and the proof that goes with it."""
    if not token:
        raise GraphError("An active access token must be used to query information about the current user.", 2500)
    app = next((one for one in world.apps.values() if one.token == token), None)
    key = world.keys.get(token)
    if app is None and (key is None or key.dead):
        raise dead()
    caller = Caller(app or key.app, key) if key is not None or app is not None else None  # type: ignore[union-attr]
    assert caller is not None
    if proof is None and caller.app.strict:
        raise GraphError("API calls from the server require an appsecret_proof argument", 100)
    if proof is not None and proof != expected(caller.app, token):
        raise GraphError("Invalid appsecret_proof provided in the API argument", 100)
    return caller


def fields_of(query: Json, known: frozenset[str], default: str, kind: str) -> list[str]:
    asked = [name.split("{")[0] for name in _split(str(query.get("fields") or default))]
    for name in asked:
        if name not in known:
            raise bad(f"Tried accessing nonexisting field ({name}) on node type ({kind})")
    return asked


def _split(text: str) -> list[str]:
    """The names between commas, those inside braces left together."""
    names, depth = [""], 0
    for char in text:
        depth += (char == "{") - (char == "}")
        if char == "," and not depth:
            names.append("")
        else:
            names[-1] += char
    return names


def me(world: World, caller: Caller, query: Json) -> Json:
    if caller.key is None:
        raise GraphError("An active access token must be used to query information about the current user.", 2500)
    page = caller.key.page
    if page is None:
        asked = fields_of(query, _USER_FIELDS, "id,name", "User")
        told: Json = {"id": "10" + caller.app.id, "name": caller.key.owner, "first_name": caller.key.owner}
    else:
        if page.hidden:
            raise unknown(page.id)
        asked = fields_of(query, _PAGE_FIELDS, "id,name", "Page")
        told = {
            "id": page.id, "name": page.name, "username": page.username, "category": "Café",
            "link": f"https://www.facebook.com/{page.username}", "is_published": page.published,
            "picture": {"data": {"height": 50, "width": 50, "is_silhouette": False,
                                 "url": f"https://scontent.xx.fbcdn.net/{page.id}.png"}},
        }  # fmt: skip
    return {name: told[name] for name in dict.fromkeys(["id", *asked]) if name in told}


def debug_token(world: World, caller: Caller, query: Json) -> Json:
    if caller.key is not None:
        raise bad("You must provide an app access token, or a user access token that is an owner of the app")
    key = world.keys.get(str(query.get("input_token")))
    if key is None or key.dead:
        error = {"code": 190, "message": "Error validating access token", "subcode": 460}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    if key.app is not caller.app:
        raise bad("The App_id in the input_token did not match the Viewing App")
    scopes = sorted(key.scopes)
    data: Json = {
        "app_id": key.app.id, "application": key.app.name, "type": "PAGE" if key.page else "USER", "is_valid": True,
        "expires_at": key.expires_at, "data_access_expires_at": 0, "scopes": scopes,
    }  # fmt: skip
    if key.page is not None:
        data["profile_id"] = key.page.id
        data["granular_scopes"] = [{"scope": scope, "target_ids": [key.page.id]} for scope in scopes]
    return {"data": data}


def app_itself(world: World, caller: Caller, query: Json) -> Json:
    return {"id": caller.app.id, "name": caller.app.name, "link": "https://www.facebook.com/games/"}


def permissions(world: World, caller: Caller, app_id: str) -> Json:
    _own(caller, app_id)
    status = "live" if caller.app.advanced else "unapproved"
    return {"data": [{"permission": "pages_messaging", "status": status}, {"permission": "email", "status": "live"}]}


def _own(caller: Caller, app_id: str) -> App:
    if caller.key is not None or caller.app.id != app_id:
        raise GraphError("(#15) This method must be called with an app access_token.", 15)
    return caller.app


# Subscribing


def subscriptions(caller: Caller, app_id: str) -> Json:
    app = _own(caller, app_id)
    if app.callback is None:
        return {"data": []}
    fields = [{"name": name, "version": "v25.0"} for name in app.fields]
    return {"data": [{"object": "page", "callback_url": app.callback, "active": True, "fields": fields}]}


async def set_subscription(world: World, delivery: Delivery, caller: Caller, app_id: str, data: Json) -> Json:
    app = _own(caller, app_id)
    callback, token = str(data.get("callback_url", "")), str(data.get("verify_token", ""))
    fields = _fields(data.get("fields"))
    if data.get("object") != "page":
        raise bad("Param object must be one of {page}")
    if not callback.startswith("https://") or not token:
        raise GraphError("(#2200) callback_url must be a secure address, verify_token is required", 2200)
    if not await delivery.verifies(app, callback, token):
        raise GraphError("(#2200) Callback verification failed: the response does not match the challenge", 2200)
    app.callback, app.verify_token, app.fields = callback, token, fields
    world.changed("app", app)
    return {"success": True}


def subscribed_apps(world: World, caller: Caller, page_id: str) -> Json:
    page = caller.require("pages_manage_metadata", "MODERATE", page_id)
    apps = [(world.apps.get(number), fields) for number, fields in page.subscribed.items()]
    return {
        "data": [
            {"id": app.id, "name": app.name, "subscribed_fields": list(fields)}
            for app, fields in apps
            if app is not None
        ]
    }


def subscribe(world: World, caller: Caller, page_id: str, data: Json) -> Json:
    page = caller.require("pages_manage_metadata", "MODERATE", page_id)
    page.subscribed[caller.app.id] = _fields(data.get("subscribed_fields"))
    world.changed("bot", page)
    return {"success": "true"}


def unsubscribe(world: World, caller: Caller, page_id: str) -> Json:
    page = caller.require("pages_manage_metadata", "MODERATE", page_id)
    page.subscribed.pop(caller.app.id, None)
    world.changed("bot", page)
    return {"success": True}


def _fields(value: Any) -> list[str]:
    names = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    if not names:
        raise bad("Parameter subscribed_fields is required")
    for name in names:
        if name not in FIELDS:
            raise bad(f"Param subscribed_fields[0] must be one of {{{', '.join(sorted(FIELDS))}}} - got {name!r}")
    return list(names)


# The page's Messenger profile


def profile(caller: Caller, page_id: str, query: Json) -> Json:
    page = caller.require("pages_messaging", "MESSAGING", page_id)
    asked = fields_of(query, _PROFILE, "get_started", "MessengerProfile")
    told: Json = {}
    if page.get_started is not None and "get_started" in asked:
        told["get_started"] = {"payload": page.get_started}
    if page.greeting and "greeting" in asked:
        told["greeting"] = page.greeting
    return {"data": [told] if told else []}


def set_profile(world: World, caller: Caller, page_id: str, data: Json) -> Json:
    page = caller.require("pages_messaging", "MESSAGING", page_id)
    if not data or set(data) - _PROFILE:
        raise bad("Requires one of the params: get_started, greeting, persistent_menu, ice_breakers")
    if (started := data.get("get_started")) is not None:
        if not isinstance(started, dict) or not 0 < len(str(started.get("payload", ""))) <= 1000:
            raise bad("get_started[payload] is required")
        page.get_started = str(started["payload"])
    if (greeting := data.get("greeting")) is not None:
        if not isinstance(greeting, list) or not any(one.get("locale") == "default" for one in greeting):
            raise bad("You must set a default locale", 2018063)
        if any(not 0 < len(str(one.get("text", ""))) <= GREETING for one in greeting):
            raise bad("Length of param greeting[0][text] must be less than or equal to 160")
        page.greeting = greeting
    world.changed("bot", page)
    return {"result": "success"}


def drop_profile(world: World, caller: Caller, page_id: str, data: Json) -> Json:
    page = caller.require("pages_messaging", "MESSAGING", page_id)
    names = data.get("fields")
    if not isinstance(names, list) or not names or set(names) - _PROFILE:
        raise bad("Requires fields")
    if "greeting" in names:
        page.greeting = []
    if "get_started" in names:
        page.get_started = None
    return {"result": "success"}


def person(world: World, caller: Caller, psid: str, query: Json) -> Json:
    """The profile of somebody who wrote to the page."""
    thread = world.by_psid(caller.page, psid)
    if thread is None or thread.person.phone_only:
        raise unknown(psid)
    if not thread.person.consent:
        raise GraphError("(#230) Requires pages_messaging permission and the user's consent", 230)
    known = frozenset({"id", "name", "first_name", "last_name", "profile_pic", "locale", "timezone", "gender"})
    asked = fields_of(query, known, "first_name,last_name,profile_pic", "User")
    first, _, last = thread.person.name.partition(" ")
    told = {
        "first_name": first, "last_name": last, "name": thread.person.name,
        "profile_pic": f"https://platform-lookaside.fbsbx.com/platform/profilepic/?psid={psid}",
    }  # fmt: skip
    return {"id": psid} | {name: told[name] for name in asked if told.get(name)}
