"""What of VK's attachments can only be told: a title or text, and the page where it can be seen ("Attachments")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.reading import integer, items, section, string

_TITLES = ("title", "text", "question", "name", "caption")
_ADDRESSES = ("url", "view_url")
_PAGES = {
    "video": "video{owner}_{id}", "clip": "clip{owner}_{id}", "wall": "wall{owner}_{id}",
    "wall_reply": "wall{owner}_{id}", "poll": "poll{owner}_{id}", "story": "story{owner}_{id}",
    "market": "product{owner}_{id}", "market_album": "market{owner}?section=album_{id}",
    "narrative": "narrative{owner}_{id}", "podcast": "podcast{owner}_{id}", "album": "album{owner}_{id}",
    "video_playlist": "video/playlist/{owner}_{id}", "audio_playlist": "music/playlist/{owner}_{id}",
}  # fmt: skip
_OWNERS = ("owner_id", "to_id", "from_id")
"""Whose page it is: `from_id` is its author alone, which is another where somebody writes on a wall of others."""


def of(kind: str, body: dict[str, Any]) -> Iterator[str]:
    """What can be told of a kind without bytes: title or text, and where it can be seen."""
    told = next((found for name in _TITLES if (found := string(body, name))), None)
    if told:
        yield told
    yield from _details(kind, body)
    if link := next((found for name in _ADDRESSES if (found := string(body, name))), None) or page(kind, body):
        yield link


def _details(kind: str, body: dict[str, Any]) -> Iterator[str]:
    """What a person would look for first: a price, the choices, what is on the cards."""
    if (price := string(section(body, "price"), "text")) is not None:
        yield price
    if kind == "event" and (address := string(body, "address")) is not None:
        yield address
    yield from (f"– {option}" for item in items(body, "answers") if (option := string(item, "text")))
    for item in items(body, "cards"):
        yield from filter(None, (string(item, "title"), string(item, "link_url")))


def page(kind: str, body: dict[str, Any]) -> str | None:
    """The page of something that has an owner and a number, with its access key where VK names one."""
    if kind in ("app", "mini_app"):
        number = integer(body, "id") or integer(section(body, "app"), "id")
        return f"https://vk.com/app{number}" if number else None
    owner = next((found for name in _OWNERS if (found := integer(body, name))), None)
    number = integer(body, "post_id") if kind == "wall_reply" else integer(body, "id")
    if kind not in _PAGES or owner is None or number is None:
        return None
    key = string(body, "access_key")
    return f"https://vk.com/{_PAGES[kind].format(owner=owner, id=number)}" + (
        f"_{key}" if key and kind == "video" else ""
    )
