"""Text with entities: UTF-16 lengths, clean-up, checks of explicit entities, and those that Telegram finds itself."""

from __future__ import annotations

import re
from typing import Any

from .errors import bad
from .model import Json

FORMATTING = frozenset(
    [
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "date_time",
    ]
)
DETECTED = frozenset(["mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"])

_CONTROL = {code: " " for code in range(32) if code not in (10, 13)} | {13: None, 0x7F: None, 0x2028: " ", 0x202E: None}
_FOUND = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"]+|\b(?:[a-z0-9-]+\.)+(?:com|org|net|ru|me|io|test|dev|info|biz|рф)\b(?:/[^\s<>\"]*)?)"
    r"|(?P<email>\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<mention>(?<![\w@/])@[a-zA-Z]\w{3,31}\b)"
    r"|(?P<bot_command>(?<![\w/@<>])/[a-zA-Z0-9_]{1,64}(?:@\w{3,32})?(?![\w/]))"
    r"|(?P<hashtag>(?<![\w#])#\w*[^\W\d]\w*)",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def units(text: str) -> int:
    """The length in UTF-16 code units, in which Telegram counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, offset: int, length: int) -> str:
    raw = text.encode("utf-16-le", "surrogatepass")
    return raw[offset * 2 : (offset + length) * 2].decode("utf-16-le", "replace")


def clean(text: str) -> str:
    """Control characters become spaces or vanish, lone surrogates are replaced."""
    if text.isprintable():
        return text
    return text.translate(_CONTROL).encode("utf-8", "replace").decode()


def tidy(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Trim the text as Telegram does, and the entities with it; find links, mentions and commands."""
    trimmed = text.rstrip()
    start = len(trimmed) - len(trimmed.lstrip())
    trimmed = trimmed[start:]
    if entities:
        entities = _clip(entities, units(text[:start]), units(trimmed))
    if any(sign in trimmed for sign in "/@#."):
        entities = _merge(entities, detect(trimmed))
    return trimmed, entities


def _clip(entities: list[Json], shift: int, end: int) -> list[Json]:
    kept = []
    for entity in entities:
        begin = max(0, entity["offset"] - shift)
        stop = min(end, entity["offset"] + entity["length"] - shift)
        if stop > begin:
            kept.append({**entity, "offset": begin, "length": stop - begin})
    return sorted(kept, key=lambda entity: (entity["offset"], -entity["length"]))


def _merge(given: list[Json], found: list[Json]) -> list[Json]:
    """Found ones give way to links and code that the sender marked."""
    closed = [e for e in given if e["type"] in ("code", "pre", "text_link", "text_mention")]

    def free(entity: Json) -> bool:
        begin, stop = entity["offset"], entity["offset"] + entity["length"]
        return all(stop <= e["offset"] or begin >= e["offset"] + e["length"] for e in closed)

    fresh = [entity for entity in found if free(entity)]
    if not fresh:
        return given
    return sorted(given + fresh, key=lambda entity: (entity["offset"], -entity["length"]))


def detect(text: str) -> list[Json]:
    found = []
    for match in _FOUND.finditer(text):
        kind = str(match.lastgroup)
        value = match[0].rstrip(".,:;!?)'") if kind == "url" else match[0]
        begin = match.start()
        if kind == "url" and text[begin - 1 : begin] == "@":
            continue
        found.append({"offset": units(text[:begin]), "length": units(value), "type": kind})
    return found


def explicit(data: Any, text: str, people: dict[int, Json]) -> list[Json]:
    """Entities that came as a list. Kinds that Telegram finds itself are ignored, as it does."""
    if data is None:
        return []
    if not isinstance(data, list):
        raise bad("can't parse entities: expected an Array of MessageEntity")
    raw = text.encode("utf-16-le", "replace")
    entities = []
    for item in data:
        entity = _entity(item, raw, people)
        if entity is not None:
            entities.append(entity)
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _entity(item: Any, raw: bytes, people: dict[int, Json]) -> Json | None:
    if not isinstance(item, dict):
        raise bad("can't parse MessageEntity: expected an Object")
    kind, offset, length = item.get("type"), item.get("offset"), item.get("length")
    for name, value in (("offset", offset), ("length", length)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise bad(f'can\'t parse MessageEntity: field "{name}" must be a valid Number')
    if not isinstance(kind, str):
        raise bad("can't parse MessageEntity: unsupported type specified")
    if kind in DETECTED:
        return None
    if kind not in FORMATTING:
        raise bad("can't parse MessageEntity: unsupported type specified")
    assert isinstance(offset, int)
    assert isinstance(length, int)
    if offset < 0 or length <= 0:
        return None
    _check_bounds(raw, offset, length)
    return _with_fields({"offset": offset, "length": length, "type": kind}, item, people)


def _check_bounds(raw: bytes, offset: int, length: int) -> None:
    total = len(raw) // 2
    if offset > total:
        raise bad(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if offset + length > total:
        raise bad(f"entity beginning at UTF-16 offset {offset} ends after the end of the text")
    for edge, word in ((offset, "begins"), (offset + length, "ends")):
        if edge < total and 0xDC00 <= int.from_bytes(raw[edge * 2 : edge * 2 + 2], "little") <= 0xDFFF:
            raise bad(f"entity {word} in a middle of a UTF-16 symbol at UTF-16 offset {edge}")


def _with_fields(entity: Json, item: Json, people: dict[int, Json]) -> Json | None:
    kind = entity["type"]
    if kind == "text_link":
        url = item.get("url")
        if not isinstance(url, str) or not url:
            raise bad("can't parse MessageEntity: can't find field \"url\"")
        return link(entity, url, people)
    if kind == "text_mention":
        user = item.get("user")
        known = people.get(user["id"]) if isinstance(user, dict) and isinstance(user.get("id"), int) else None
        return {**entity, "user": known} if known else None
    if kind == "pre" and isinstance(item.get("language"), str):
        entity["language"] = item["language"]
    if kind == "custom_emoji":
        number = item.get("custom_emoji_id")
        if not str(number).isdigit():
            raise bad("invalid custom emoji identifier specified")
        entity["custom_emoji_id"] = str(number)
    if kind == "date_time":
        if not isinstance(item.get("unix_time"), int):
            raise bad("can't parse MessageEntity: can't find field \"unix_time\"")
        entity["unix_time"] = item["unix_time"]
    return entity


def link(entity: Json, url: str, people: dict[int, Json]) -> Json | None:
    """A link that Telegram would make of this address; an address it cannot use leaves plain text."""
    mention = re.fullmatch(r"tg://user/?\?id=(\d{1,18})", url)
    if mention:
        known = people.get(int(mention[1]))
        return {**entity, "type": "text_mention", "user": known} if known else None
    address = good_url(url)
    return {**entity, "type": "text_link", "url": address} if address else None


def good_url(url: str) -> str | None:
    """The address in Telegram's normal form, or None if it would call it wrong."""
    url = url.strip()
    if re.match(r"(?i)(tg|ton|tonsite|mailto|tel):", url):
        return url
    match = re.fullmatch(r"(?i)(?:(https?)://)?([^\s/?#:@]+)(:\d{1,5})?([/?#]\S*)?", url)
    if match is None or "." not in match[2].strip("."):
        return None
    return f"{(match[1] or 'http').lower()}://{match[2].lower()}{match[3] or ''}{match[4] or '/'}"
