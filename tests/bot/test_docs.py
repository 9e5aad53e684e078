from __future__ import annotations

from pathlib import Path

import pytest

from bot import docs
from bot.settings import Settings, platform_settings


@pytest.fixture
def page(tmp_path: Path) -> Path:
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- begin:settings -->\nold\n<!-- end:settings -->\nafter\n")
    return page


def test_what_is_out_of_date_is_told_and_put_right(page: Path) -> None:
    assert docs.check(page.parent) == ["README.md is out of date: run `make docs`"]

    docs.update(page.parent)

    assert docs.check(page.parent) == []
    assert page.read_text().startswith("before\n<!-- begin:settings -->\n| Name |")
    assert page.read_text().endswith("<!-- end:settings -->\nafter\n")


def test_an_unknown_section_is_refused(page: Path) -> None:
    page.write_text("<!-- begin:weather -->\n<!-- end:weather -->")

    with pytest.raises(ValueError, match="weather"):
        docs.check(page.parent)


def test_every_setting_is_in_the_table() -> None:
    table = docs.settings_table()

    names = [f"PULT_{name}" for name in Settings.model_fields if name != "clock_offset_file"]
    for model in platform_settings():
        names += [f"{model.model_config.get('env_prefix')}{name}" for name in model.model_fields]
    assert [name for name in names if f"`{name.upper()}`" not in table] == []


def test_every_messenger_has_a_column() -> None:
    from adapters.registry import discover

    head = docs.capability_table().splitlines()[0]
    assert all(kind.title in head for kind in discover().values())
