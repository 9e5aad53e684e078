"""Time zones as people look for them: by city in their language, or by the difference to UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location

DEFAULT = "UTC"
_BY_LANGUAGE = {
    "ru": "Europe/Moscow",
    "uk": "Europe/Kyiv",
    "be": "Europe/Minsk",
    "kk": "Asia/Almaty",
    "uz": "Asia/Tashkent",
    "ky": "Asia/Bishkek",
    "tg": "Asia/Dushanbe",
    "az": "Asia/Baku",
    "hy": "Asia/Yerevan",
    "ka": "Asia/Tbilisi",
    "ro": "Europe/Bucharest",
    "pl": "Europe/Warsaw",
    "de": "Europe/Berlin",
    "fr": "Europe/Paris",
    "es": "Europe/Madrid",
    "it": "Europe/Rome",
    "pt": "Europe/Lisbon",
    "tr": "Europe/Istanbul",
    "he": "Asia/Jerusalem",
    "en": "Europe/London",
}
# What the map of zones names otherwise than people do, or not at all.
_NAMES = {"Europe/Kyiv": {"ru": "Киев", "en": "Kyiv"}, "UTC": {"ru": "UTC", "en": "UTC"}}
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-−–])\s*(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone with its city in the reader's language, and what it is away from UTC at the given moment."""

    id: str
    city: str
    offset: timedelta

    @property
    def shift(self) -> str:
        minutes = int(self.offset.total_seconds()) // 60
        sign = "-" if minutes < 0 else "+"
        hours, rest = divmod(abs(minutes), 60)
        return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")

    @property
    def title(self) -> str:
        return f"{self.city} ({self.shift})" if self.id != DEFAULT else DEFAULT


def of_language(code: str | None) -> str:
    """The zone that somebody with this language most probably lives in ("pt-BR" → "Europe/Lisbon")."""
    return _BY_LANGUAGE.get((code or "").replace("_", "-").split("-")[0].lower(), DEFAULT)


def known(zone: str) -> bool:
    return zone in _ids()


@cache
def _ids() -> frozenset[str]:
    return frozenset(available_timezones())


def describe(zone: str, language: str, now: datetime) -> Zone:
    """One zone, also one that nobody looks for by city."""
    city = _cities(language).get(zone) or zone.rpartition("/")[2].replace("_", " ")
    return Zone(zone, city, _offset(zone, now))


def common(language: str, now: datetime) -> tuple[Zone, ...]:
    """The zones to offer before anything is typed, from west to east."""
    found = {describe(zone, language, now) for zone in (*_BY_LANGUAGE.values(), *_RUSSIAN, DEFAULT)}
    return tuple(sorted(found, key=lambda zone: (zone.offset, zone.city)))


_RUSSIAN = (
    "Europe/Kaliningrad",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Krasnoyarsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Magadan",
    "Asia/Kamchatka",
)


def search(text: str, language: str, now: datetime) -> tuple[Zone, ...]:
    """Zones by a part of the city's name in any of our languages, by "+5", "UTC+5:30", or by "Europe/Paris"."""
    wanted = text.strip().lower().replace("ё", "е")
    if not wanted:
        return ()
    if offset := _OFFSET.fullmatch(wanted):
        found = [zone for zone in _all(language, now) if zone.offset == _delta(offset)]
        familiar = {zone.id for zone in common(language, now)}
        return tuple(sorted(found, key=lambda zone: (zone.id not in familiar, zone.city)))
    names = {zone: f"{_cities('ru').get(zone, '')}\n{_cities('en').get(zone, '')}\n{zone}" for zone in _cities("en")}
    ids = [zone for zone, name in names.items() if wanted in name.lower().replace("ё", "е").replace("_", " ")]
    hits = [describe(zone, language, now) for zone in ids]
    return tuple(sorted(hits, key=lambda zone: (not zone.city.lower().replace("ё", "е").startswith(wanted), zone.city)))


def _delta(offset: re.Match[str]) -> timedelta:
    sign, hours, minutes = offset.groups()
    delta = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return delta if sign == "+" else -delta


def _all(language: str, now: datetime) -> list[Zone]:
    return [describe(zone, language, now) for zone in _cities(language)]


def _offset(zone: str, now: datetime) -> timedelta:
    return now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()


@cache
def _cities(language: str) -> dict[str, str]:
    """The zones that stand for a place today, with the place's name."""
    locale = Locale.parse(language)
    # Old names lead to new ones there; only zones of a territory are places.
    places = (zone for zone in get_global("zone_territories") if known(zone) and not zone.startswith("Etc/"))
    cities = {zone: get_timezone_location(zone, locale=locale, return_city=True) for zone in places}
    return cities | {zone: names[language] for zone, names in _NAMES.items() if language in names}


def local(moment: datetime, zone: str | None) -> datetime:
    """The moment as a clock shows it there."""
    return moment.astimezone(ZoneInfo(zone or DEFAULT))
