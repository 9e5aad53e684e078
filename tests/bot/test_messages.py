from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bot import messages

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "menu.py").write_text(
        '_("Menu"); __("Later"); N_("Marked"); n_("{count} day", "{count} days", 2); _("<b>{name}</b> wrote")\n'
    )
    (tmp_path / "handlers" / "card.jinja").write_text('{{ _("Card of %(name)s", name=name) }}')
    messages.update(tmp_path)
    return tmp_path


def translate(project: Path, **texts: str) -> None:
    """Fills the Russian catalogue; every text is translated by itself, but for `texts` by their first word."""
    path = messages.Paths(project).po("ru")
    catalog = messages._read(path, "ru")
    for message in catalog:
        if message.id:
            forms = [message.id] if isinstance(message.id, str) else [message.id[1]] * 3
            forms = [texts.get(form.strip("<{").split()[0], form) for form in forms]
            message.string = forms[0] if isinstance(message.id, str) else tuple(forms)
    messages._write(path, catalog)


def test_python_and_templates_are_collected(project: Path) -> None:
    pot = (project / "locales" / "pult.pot").read_text()

    for text in ("Menu", "Later", "Marked", "{count} day", "{count} days", "Card of %(name)s"):
        assert f'"{text}"' in pot


def test_a_complete_catalogue_passes(project: Path) -> None:
    translate(project)

    assert messages.check(project) == []


def test_a_missing_translation_is_named(project: Path) -> None:
    translate(project, Menu="")

    assert messages.check(project) == ["locales/ru/LC_MESSAGES/pult.po: no translation of 'Menu'"]


@pytest.mark.parametrize(
    ("word", "text", "problem"),
    [
        ("Card", "Карточка", "placeholders differ"),
        ("count}", "{days} дней", "placeholders differ"),
        ("b>{name}</b>", "{name} пишет", "HTML tags differ"),
        ("b>{name}</b>", "<b>{who}</b> пишет", "placeholders differ"),
    ],
)
def test_a_translation_must_keep_placeholders_and_tags(project: Path, word: str, text: str, problem: str) -> None:
    translate(project, **{word: text})

    assert any(problem in told for told in messages.check(project))


def test_a_fuzzy_translation_is_refused(project: Path) -> None:
    translate(project)
    path = messages.Paths(project).po("ru")
    path.write_text(path.read_text().replace('msgid "Menu"', '#, fuzzy\nmsgid "Menu"'))

    assert any("fuzzy" in told for told in messages.check(project))


def test_a_new_text_makes_the_template_out_of_date_until_it_is_updated(project: Path) -> None:
    translate(project)
    (project / "handlers" / "new.py").write_text('_("New")')
    assert any("out of date" in told for told in messages.check(project))

    messages.update(project)

    assert messages.check(project) == ["locales/ru/LC_MESSAGES/pult.po: no translation of 'New'"]
    assert 'msgstr "Menu"' in messages.Paths(project).po("ru").read_text()


def test_updating_twice_changes_nothing(project: Path) -> None:
    translate(project)
    messages.update(project)
    before = {path: path.read_bytes() for path in project.rglob("*.po*")}

    messages.update(project)

    assert {path: path.read_bytes() for path in project.rglob("*.po*")} == before


def test_every_text_that_the_code_marks_is_in_the_template() -> None:
    """What stands within an f-string is not seen by whoever collects texts, and would stay English."""
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in messages.extract(ROOT)}
    missing = [
        f"{path.relative_to(ROOT)}:{call.lineno}: {call.args[0].value}"
        for room in messages.ROOMS
        for path in (ROOT / room).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in messages.KEYWORDS
        and call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value not in known
    ]  # fmt: skip
    assert missing == []
