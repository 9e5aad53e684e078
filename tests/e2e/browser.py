"""A browser in small for logins: it keeps cookies by origin, follows redirects one by one and presses what it sees."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp

_LINK = re.compile(r'<a href="([^"]*)">([^<]*)</a>')
_FORM = re.compile(r'<form method="post"><button>([^<]*)</button></form>')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown, and under which address."""

    url: str
    status: int
    text: str
    headers: dict[str, str]

    @property
    def button(self) -> str:
        """Where the page's one link leads."""
        found = _LINK.findall(self.text)
        assert len(found) == 1, self.text
        return html.unescape(found[0][0])


class Browser:
    """hosts: where https://host really leads."""

    def __init__(self, hosts: dict[str, str]) -> None:
        self._hosts = hosts
        self.cookies: dict[str, dict[str, str]] = {}
        self.visited: list[str] = []

    async def open(self, url: str, language: str = "ru-RU,ru;q=0.9") -> Page:
        return await self._go("GET", url, {"Accept-Language": language})

    async def press(self, page: Page) -> Page:
        """The button of a page of this service: it posts to the page's own address, as browsers say of such a press."""
        assert len(_FORM.findall(page.text)) == 1, page.text
        # A page that sends no referrer to itself has its forms sent without an origin (Fetch, 3.2).
        own, named = self._origin(page.url), page.headers["Referrer-Policy"] == "same-origin"
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": own if named else "null"}
        return await self.post(own + urlsplit(page.url).path, headers)

    async def post(self, url: str, headers: dict[str, str]) -> Page:
        """An empty form, sent by whatever page these headers tell of."""
        return await self._go("POST", url, headers | {"Accept-Language": "ru"})

    async def decide(self, page: Page, decision: str = "yes") -> Page:
        """Press a button of a platform's consent page."""
        form = {html.unescape(name): html.unescape(value) for name, value in _HIDDEN.findall(page.text)}
        return await self._go("POST", page.url, {}, form | {"decision": decision})

    async def _go(self, method: str, url: str, headers: dict[str, str], form: dict[str, str] | None = None) -> Page:
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            for _ in range(5):
                url = self._local(url)
                ours = f"http://{urlsplit(url).netloc}" in self._hosts.values()
                proxy = {"X-Forwarded-Proto": "https"} if ours else {}
                kept = self.cookies.setdefault(urlsplit(url).netloc, {})
                cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())} if kept else {}
                self.visited.append(url)
                async with session.request(
                    method, url, data=form, headers=headers | cookie | proxy, allow_redirects=False
                ) as answer:
                    for name, morsel in answer.cookies.items():
                        self._keep(kept, name, morsel)
                    if answer.status not in (302, 303):
                        return Page(url, answer.status, await answer.text(), dict(answer.headers))
                    method, form, url = "GET", None, urljoin(url, answer.headers["Location"])
        raise AssertionError("redirected for ever")

    def _keep(self, kept: dict[str, str], name: str, morsel: object) -> None:
        assert morsel["httponly"], name  # type: ignore[index]
        if str(morsel["max-age"]) == "0":  # type: ignore[index]
            kept.pop(name, None)
        else:
            assert name.startswith("__Host-"), name
            assert morsel["path"] == "/", name  # type: ignore[index]
            assert not morsel["domain"], name  # type: ignore[index]
            assert morsel["secure"], name  # type: ignore[index]
            assert morsel["samesite"] == "Lax", name  # type: ignore[index]
            kept[name] = morsel.value  # type: ignore[attr-defined]

    def _origin(self, url: str) -> str:
        local = f"http://{urlsplit(url).netloc}"
        return next(f"https://{host}" for host, address in self._hosts.items() if address == local)

    def _local(self, url: str) -> str:
        parts = urlsplit(url)
        local = self._hosts.get(parts.netloc)
        return url if local is None else f"{local}{parts.path}{'?' + parts.query if parts.query else ''}"


def with_query(url: str, **query: str) -> str:
    return f"{url}?{urlencode(query)}"
