"""The catalogues in locales/: collects texts from the code, keeps the .po files in step, compiles and checks them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from services.texts import DOMAIN, LOCALES

ROOMS: Final = ("bot", "handlers", "services", "adapters")
METHODS: Final = [("**.py", "python"), ("**.jinja", "jinja2"), ("**.html", "jinja2")]
KEYWORDS: Final[dict[str, tuple[int, ...] | None]] = {
    "_": None,
    "__": None,
    "N_": None,
    "gettext": None,
    "n_": (1, 2),
    "ngettext": (1, 2),
}
MUST_BE_COMPLETE: Final = ("ru",)

_PLACEHOLDER = re.compile(r"\{[^{}]*\}|%\(\w+\)[a-z]")
_TAG = re.compile(r"</?[a-zA-Z][\w-]*")
_VOLATILE = re.compile(
    rb'^"(Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator'
    rb"|Language-Team):.*\n",
    re.M,
)


@dataclass(frozen=True, slots=True)
class Paths:
    root: Path

    @property
    def pot(self) -> Path:
        return self.root / "locales" / f"{DOMAIN}.pot"

    def po(self, locale: str) -> Path:
        return self.root / "locales" / locale / "LC_MESSAGES" / f"{DOMAIN}.po"

    def mo(self, locale: str) -> Path:
        return self.po(locale).with_suffix(".mo")


def extract(root: Path) -> Catalog:
    """Every text that the code marks, with the files it stands in."""
    catalog = Catalog(project="Pult", charset="utf-8", fuzzy=False)
    for room in ROOMS:
        if not (root / room).is_dir():
            continue
        found = extract_from_dir(
            root / room, METHODS, keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
        )
        for filename, _line, message, comments, context in found:
            if not message or message == ("", ""):
                continue
            catalog.add(message, locations=[(f"{room}/{filename}", 0)], auto_comments=comments, context=context)
    return catalog


def update(root: Path) -> None:
    """Writes the template, and brings every language to it: new texts empty, texts no longer used gone."""
    paths = Paths(root)
    template = extract(root)
    _write(paths.pot, template)
    for locale in LOCALES:
        catalog = _read(paths.po(locale), locale)
        catalog.update(template, no_fuzzy_matching=True)
        _write(paths.po(locale), catalog)


def compile_all(root: Path) -> None:
    paths = Paths(root)
    for locale in LOCALES:
        if not paths.po(locale).exists():
            continue
        out = BytesIO()
        write_mo(out, _read(paths.po(locale), locale))
        paths.mo(locale).write_bytes(out.getvalue())


def check(root: Path) -> list[str]:
    """What is wrong with the catalogues, one sentence each; nothing when all is well."""
    paths = Paths(root)
    template = extract(root)
    problems = []
    if _keys(_read(paths.pot, None)) != _keys(template):
        problems.append(f"{paths.pot.relative_to(root)} is out of date: run `make messages`")
    for locale in LOCALES:
        catalog = _read(paths.po(locale), locale)
        for message in template:
            if message.id:
                name = paths.po(locale).relative_to(root)
                problems += [f"{name}: {problem}" for problem in _faults(locale, catalog, message)]
    return problems


def _faults(locale: str, catalog: Catalog, wanted: Message) -> Iterator[str]:
    translated = catalog.get(wanted.id, wanted.context)
    singular, *plural = _forms(wanted.id)
    original = plural[0] if plural else singular
    texts = _forms(translated.string) if translated else ()
    complete = len(texts) == (catalog.num_plurals if plural else 1) and all(texts)
    if not complete:
        if locale in MUST_BE_COMPLETE or any(texts):
            yield f"no translation of {singular!r}"
        return
    assert translated is not None
    if translated.fuzzy:
        yield f"the translation of {singular!r} is marked as fuzzy"
    for text in texts:
        if set(_PLACEHOLDER.findall(text)) != set(_PLACEHOLDER.findall(original)):
            yield f"the placeholders differ in {text!r}, the translation of {singular!r}"
        if Counter(_TAG.findall(text)) != Counter(_TAG.findall(original)):
            yield f"the HTML tags differ in {text!r}, the translation of {singular!r}"


def _forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    if text is None:
        return ()
    return (text,) if isinstance(text, str) else tuple(text)


def _keys(catalog: Catalog) -> set[tuple[tuple[str, ...], str | None]]:
    return {(_forms(message.id), message.context) for message in catalog if message.id}


def _read(path: Path, locale: str | None) -> Catalog:
    if not path.exists():
        return Catalog(locale=locale, project="Pult", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def _write(path: Path, catalog: Catalog) -> None:
    """Writes what differs between two runs only when a text does: no dates, no line numbers."""
    catalog.fuzzy = False
    catalog.header_comment = "# Texts of Pult."
    out = BytesIO()
    write_po(out, catalog, width=0, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_VOLATILE.sub(b"", out.getvalue()))
