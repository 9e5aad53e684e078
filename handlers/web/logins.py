"""The two pages of a login: one that leads to the platform, one to which it leads back and that leads on to Telegram.

The first has to be read: what a browser is known by at its return is set by the press of that page's button alone, so
that nobody can be led to the platform in somebody else's name past the words that say in whose.
The code, the state and the key are in addresses and a cookie: nothing here logs them, and no page passes them on.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from html import escape
from typing import Final

import structlog
from aiohttp import web

from handlers.web.context import WEB
from services.access import Refusal
from services.logins import LIFETIME, SORRY, Logins, Visit
from services.texts import N_, _, best_locale, current_locale, filled, use_locale

log = structlog.get_logger(__name__)
routes = web.RouteTableDef()
FROM_ELSEWHERE: Final = N_("Another page pressed this button. Press the one in Telegram again and go on from there.")
Render = Callable[[Visit], web.Response]

STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:17px/1.55 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;"
    "background:#f2f3f7;color:#1d2433}"
    "main{max-width:25rem;margin:1rem;padding:2rem;border-radius:1rem;background:#fff;overflow-wrap:anywhere;"
    "box-shadow:0 1px 3px #1d243320}"
    "h1{font-size:1.3rem;line-height:1.3;margin:0 0 .8rem}p{margin:0 0 .8rem}small{color:#6a7183}"
    "a,button{display:block;box-sizing:border-box;width:100%;margin:1.4rem 0 0;padding:.7em 1.2em;border:0;"
    "border-radius:.6rem;background:#4a4fd0;color:#fff;font:inherit;text-align:center;text-decoration:none;"
    "font-weight:600;cursor:pointer}a:focus-visible,button:focus-visible{outline:3px solid #9a9df0}"
    "@media(prefers-color-scheme:dark){body{background:#14161d;color:#e7e9f0}main{background:#1f222c}"
    "small{color:#9aa1b4}}"
)
_DIGEST: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; frame-ancestors 'none'"


@routes.get("/login/{platform}/{key}", allow_head=False)
async def opened(request: web.Request) -> web.Response:
    """From the chat: whose page this is and where the button leads."""
    logins, platform = _served(request)
    with use_locale(_language(request)):
        try:
            visit = await logins.opened(platform, request.match_info["key"])
        except Refusal as refusal:
            return _refused(_(refusal.message, **refusal.params), None)
    response = _shown(visit, _invitation)
    # Otherwise the button's press would not name its origin. The platform's page is not told it (`pressed`).
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@routes.post("/login/{platform}/{key}")
async def pressed(request: web.Request) -> web.Response:
    """The button of that page: on to the platform. The browser is known by a cookie from now on."""
    logins, platform = _served(request)
    with use_locale(_language(request)):
        if not _same_origin(request, logins.origin):
            return _refused(_(FROM_ELSEWHERE), None, 403)
        try:
            visit = await logins.pressed(platform, request.match_info["key"])
        except Refusal as refusal:
            return _refused(_(refusal.message, **refusal.params), None)
    if visit.url is None or visit.browser is None:
        return _shown(visit, _invitation)
    response = web.Response(status=303, headers={"Location": visit.url})
    home = _at_home(request)
    response.set_cookie(
        _cookie(platform, home), visit.browser, max_age=int(LIFETIME.total_seconds()), path="/", httponly=True,
        secure=not home, samesite="Lax",
    )  # fmt: skip
    return response


@routes.get("/login/{platform}", allow_head=False)
async def returned(request: web.Request) -> web.Response:
    """From the platform, with a code and the state."""
    logins, platform = _served(request)
    home = _at_home(request)
    cookie = _cookie(platform, home)
    with use_locale(_language(request)):
        try:
            visit = await logins.returned(platform, request.cookies.get(cookie), request.query)
        except Refusal as refusal:
            return _refused(_(refusal.message, **refusal.params), None)
        except Exception:
            log.exception("a login could not be finished", platform=platform)
            return _refused(_(SORRY), None, 503)
    response = _shown(visit, _done)
    response.del_cookie(cookie, path="/", httponly=True, secure=not home, samesite="Lax")
    return response


def _served(request: web.Request) -> tuple[Logins, str]:
    logins, platform = request.app[WEB].logins, request.match_info["platform"]
    if logins is None or platform not in request.app[WEB].adapters:
        raise web.HTTPNotFound
    return logins, platform


def _cookie(platform: str, home: bool) -> str:
    """Its prefix has browsers take it from this very host alone, over https, and from no neighbour's."""
    return f"{'' if home else '__Host-'}pult_login_{platform}"


def _same_origin(request: web.Request, origin: str) -> bool:
    """Whether a page of this service sent the form. Browsers older than Sec-Fetch-Site name the origin alone."""
    site = request.headers.get("Sec-Fetch-Site")
    return site == "same-origin" if site is not None else request.headers.get("Origin") == origin


def _at_home(request: web.Request) -> bool:
    """The sandbox: a browser on this very machine, without https. Not every browser would keep a secure cookie then."""
    return request.url.host in ("127.0.0.1", "::1", "localhost") and "X-Forwarded-Proto" not in request.headers


def _language(request: web.Request) -> str:
    """The browser's, until it is known who sits at it."""
    wanted = request.headers.get("Accept-Language", "").partition(",")[0].partition(";")[0]
    return best_locale(wanted.partition("-")[0].strip().lower() or None)


def _shown(visit: Visit, render: Render) -> web.Response:
    """A page in the language of whoever began it in the chat."""
    with use_locale(best_locale(visit.language)):
        if visit.refusal is not None:
            return _refused(filled(visit.refusal, visit.params), visit.bot)
        return render(visit)


def _invitation(visit: Visit) -> web.Response:
    names = {"who": visit.who, "project": visit.project, "title": visit.title}
    if visit.account is None:
        heading = _("Signing in with {title}", title=visit.title)
        told = _(
            "{who} connects channels to the project «{project}» in Pult. {title} will ask whether Pult may see what you"
            " manage there and answer its messages.",
            **names,
        )
    else:
        heading = _("The key of «{account}»", account=visit.account)
        told = _(
            "{who} connects «{account}» to the project «{project}» in Pult. {title} will ask whether Pult may answer"
            " the messages that come there.",
            account=visit.account,
            **names,
        )
    warning = _("Do you not know what this is about? Close this page: nothing happens then.")
    return _page(heading, told, _form(_("Continue with {title}", title=visit.title)), warning)


def _done(visit: Visit) -> web.Response:
    told = _("{title} has answered. Go back to Telegram: I wait there with the next step.", title=visit.title)
    return _page(_("Done"), told, _to_telegram(visit.bot))


def _refused(text: str, bot: str | None, status: int = 400) -> web.Response:
    return _page(_("It did not work out"), text, _to_telegram(bot) if bot else "", status=status)


def _to_telegram(bot: str) -> str:
    back = escape(_("Back to Telegram"))
    return f'<a href="{escape(f"https://t.me/{bot}")}">{back}</a>'


def _form(caption: str) -> str:
    """A button that posts to the page's own address."""
    return f'<form method="post"><button>{escape(caption)}</button></form>'


def _page(heading: str, text: str, button: str = "", small: str = "", *, status: int = 200) -> web.Response:
    below = f"<p><small>{escape(small)}</small></p>" if small else ""
    body = (
        f'<!doctype html><html lang="{current_locale()}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>Pult · {escape(heading)}</title><style>{STYLE}</style>"
        f"<main><h1>{escape(heading)}</h1><p>{escape(text)}</p>{below}{button}</main></html>"
    )
    return web.Response(text=body, status=status, content_type="text/html", headers={"Content-Security-Policy": POLICY})
