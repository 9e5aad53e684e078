from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot import messages
from services import texts
from services.texts import N_, Texts, _, __, best_locale, n_, use_locale

COUNTED = {1: "1 письмо", 2: "2 письма", 5: "5 писем", 11: "11 писем", 21: "21 письмо", 102: "102 письма"}


@pytest.fixture
def russian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of two texts in the place of the real one."""
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "words.py").write_text('_("Hello, {name}"); n_("{count} letter", "{count} letters", 1)')
    messages.update(tmp_path)
    path = messages.Paths(tmp_path).po("ru")
    text = path.read_text()
    text = text.replace('msgid "Hello, {name}"\nmsgstr ""', 'msgid "Hello, {name}"\nmsgstr "Привет, {name}"')
    for number, word in enumerate(("{count} письмо", "{count} письма", "{count} писем")):
        text = text.replace(f'msgstr[{number}] ""', f'msgstr[{number}] "{word}"')
    path.write_text(text)
    messages.compile_all(tmp_path)
    monkeypatch.setattr(texts, "LOCALES_DIR", tmp_path / "locales")
    texts._catalogue.cache_clear()
    monkeypatch.setattr(texts, "_catalogue", texts._catalogue.__wrapped__)


@pytest.mark.usefixtures("russian")
def test_a_text_is_in_the_language_in_use() -> None:
    with use_locale("ru"):
        assert _("Hello, {name}", name="Аня") == "Привет, Аня"
        with use_locale("en"):
            assert _("Hello, {name}", name="Ann") == "Hello, Ann"
        assert _("Not translated") == "Not translated"


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(("count", "text"), COUNTED.items())
def test_russian_plurals(count: int, text: str) -> None:
    assert Texts("ru").ngettext("{count} letter", "{count} letters", count) == text


def test_english_plurals_need_no_catalogue() -> None:
    with use_locale("en"):
        assert [n_("{count} x", "{count} xs", n) for n in (1, 2)] == ["1 x", "2 xs"]


@pytest.mark.usefixtures("russian")
def test_a_lazy_text_is_looked_up_when_it_is_shown() -> None:
    title = __("Hello, {name}")
    with use_locale("ru"):
        assert title.format(name="Аня") == "Привет, Аня"
    with use_locale("en"):
        assert str(title) == "Hello, {name}"


def test_marking_changes_nothing_and_braces_without_values_are_safe() -> None:
    assert N_("Hello") == "Hello"
    assert _("{not a placeholder}") == "{not a placeholder}"
    assert _("") == ""


async def test_tasks_do_not_disturb_each_other() -> None:
    async def speak(locale: str) -> str:
        with use_locale(locale):
            await asyncio.sleep(0)
            return texts.current_locale()

    assert await asyncio.gather(speak("ru"), speak("en")) == ["ru", "en"]


@pytest.mark.parametrize(
    ("wanted", "spoken"), [("en-GB", "en"), ("ru", "ru"), ("uk", "ru"), (None, "ru"), ("EN_us", "en")]
)
def test_the_language_of_a_client(wanted: str | None, spoken: str) -> None:
    assert best_locale(wanted) == spoken


def test_a_text_of_ours_is_told_from_a_platforms_words() -> None:
    assert texts.ours("Your key") is False
    assert texts.ours("") is False
    assert texts.ours("The channel is disconnected.")


def test_reasons_and_rights_are_said_in_the_language_too() -> None:
    with use_locale("ru"):
        said = texts.filled("VK refused the key: {reason}", {"reason": "The channel is disconnected."})
        assert said.endswith(_("The channel is disconnected."))
        assert "disconnected" not in said
        told = texts.filled("VK refused the key: {reason}", {"reason": "no such chat"})
        assert "no such chat" not in told
        assert told.endswith(_(texts.IN_LOG))


def test_a_platforms_own_words_are_nobodys_to_read() -> None:
    with use_locale("ru"):
        assert texts.because("no such chat", {}) == _(texts.UNTOLD)
        assert texts.because("The file is over {limit} MB.", {"limit": "20"}) == "Файл больше 20 МБ."
        lacking = "The key lacks these rights: {rights}. Make a key that has them and paste it here."
        assert "управление сообществом, файлы" in texts.filled(
            lacking, {"rights": ("management of the community", "files")}
        )
        assert texts.filled("You are in the team of “{project}” already.", {"project": "photos"}).count("photos") == 1
