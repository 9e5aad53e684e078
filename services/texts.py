"""Texts for people, in their language: the one way from an English message id to what is shown.

    from services.texts import N_, _, __, n_, use_locale

    with use_locale(person.language):                       # once per update or job
        _("Hello")                                          # looked up now
        _("Hello, {name}", name=person.name)                # placeholders are filled with str.format
        n_("{count} message", "{count} messages", count)    # plural by count, which is also a placeholder
    TITLE = __("Inbox")                                     # module level: looked up when it is shown (str(TITLE))
    LABEL = N_("Inbox")                                     # marked only: a plain str, to be given to _() later

A placeholder's value is put in as it is: escape it first where the text is HTML. A text without values is returned
untouched, so that braces in it are safe. Without a translation the English message id is the text.
"""

from __future__ import annotations

import gettext as stdlib_gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

DOMAIN: Final = "pult"
LOCALES: Final = ("ru", "en")
LOCALES_DIR: Final = Path(__file__).resolve().parent.parent / "locales"

_TEXTS: Final = frozenset({"kind", "reason", "right", "rights"})
"""Values that may be texts of the catalogue, or several of them."""
_locale: ContextVar[str] = ContextVar("pult_locale", default=LOCALES[0])


@dataclass(frozen=True, slots=True)
class Texts:
    """The catalogue of one language. An unknown language gives English."""

    locale: str

    def gettext(self, message: str, /, **values: object) -> str:
        text = _catalogue(self.locale).gettext(message) if message else ""
        return text.format(**values) if values else text

    def ngettext(self, singular: str, plural: str, count: int, /, **values: object) -> str:
        text = _catalogue(self.locale).ngettext(singular, plural, count)
        return text.format(count=count, **values)


@dataclass(frozen=True, slots=True)
class LazyText:
    """A text that is looked up each time it is shown, in the language of that moment."""

    message: str

    def __str__(self) -> str:
        return _(self.message)

    def format(self, **values: object) -> str:
        return _(self.message, **values)


@cache
def _catalogue(locale: str) -> stdlib_gettext.NullTranslations:
    return stdlib_gettext.translation(DOMAIN, str(LOCALES_DIR), languages=[locale], fallback=True)


def best_locale(wanted: str | None, default: str = LOCALES[0]) -> str:
    """The language to speak with somebody whose client says `wanted` ("en-GB", "uk", None)."""
    language = (wanted or "").replace("_", "-").split("-")[0].lower()
    return language if language in LOCALES else default


def current_locale() -> str:
    return _locale.get()


@contextmanager
def use_locale(locale: str) -> Iterator[None]:
    """Speak `locale` inside the block, in this task and the tasks made in it."""
    token = _locale.set(locale)
    try:
        yield
    finally:
        _locale.reset(token)


def _(message: str, /, **values: object) -> str:
    return Texts(_locale.get()).gettext(message, **values)


def n_(singular: str, plural: str, count: int, /, **values: object) -> str:
    return Texts(_locale.get()).ngettext(singular, plural, count, **values)


def __(message: str, /) -> LazyText:
    return LazyText(message)


def N_(message: str, /) -> str:
    return message


def ours(text: str) -> bool:
    """Whether it is a text of the catalogue and not somebody else's words: Russian has all of them."""
    return Texts("ru").gettext(text) != text


UNTOLD: Final = N_("The messenger refused it; why is in the service's log.")
"""What is said in place of a platform's own words, which are English and for whoever runs the service."""
IN_LOG: Final = N_("why is in the service's log")
"""The same inside a sentence."""


def because(reason: str, values: Mapping[str, object]) -> str:
    """A reason as a sentence by itself: ours with its values, or, for a platform's own words, where they are kept."""
    return filled(reason, values) if ours(reason) else _(UNTOLD)


def filled(message: str, values: Mapping[str, object]) -> str:
    """A text with its values, of which kinds, reasons and rights may be texts of ours themselves.

    A reason that is none of ours is a platform's own words: nobody reads them but in the log.
    """
    return _(message, **{name: _in_words(name, value) if name in _TEXTS else value for name, value in values.items()})


def _in_words(name: str, value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_(str(one)) for one in value)
    text = str(value)
    return _(IN_LOG) if name == "reason" and not ours(text) else _(text)


gettext = _
ngettext = n_
