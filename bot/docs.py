"""The generated parts of README.md and docs/: what stands between `<!-- begin:NAME -->` and `<!-- end:NAME -->`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from adapters.base import Adapter, Capabilities
from adapters.registry import discover
from bot.settings import Settings, platform_settings

_SECTION: Final = re.compile(r"(<!-- begin:(?P<name>[\w-]+) -->\n).*?(<!-- end:(?P=name) -->)", re.S)


def update(root: Path) -> None:
    for path, text in _pages(root):
        path.write_text(_filled(text), "utf-8")


def check(root: Path) -> list[str]:
    """The pages that are out of date, one sentence each."""
    return [
        f"{path.relative_to(root)} is out of date: run `make docs`"
        for path, text in _pages(root)
        if _filled(text) != text
    ]


def _pages(root: Path) -> Iterator[tuple[Path, str]]:
    for path in (root / "README.md", *sorted((root / "docs").rglob("*.md"))):
        if path.exists():
            yield path, path.read_text("utf-8")


def _filled(text: str) -> str:
    return _SECTION.sub(lambda found: f"{found[1]}{_made(found['name'])}\n{found[3]}", text)


def _made(name: str) -> str:
    if name not in SECTIONS:
        raise ValueError(f"nothing makes the section {name!r}: there are {', '.join(SECTIONS)}")
    return SECTIONS[name]()


def settings_table() -> str:
    models: list[type[BaseSettings]] = [Settings, *platform_settings()]
    rows = [row for model in models for row in _settings_rows(model)]
    return _table(("Name", "Default", "Meaning"), rows)


def _settings_rows(model: type[BaseSettings]) -> Iterator[tuple[str, ...]]:
    prefix = str(model.model_config.get("env_prefix", ""))
    for name, field in model.model_fields.items():
        if field.description:
            yield f"`{prefix}{name.upper()}`", _default(field), field.description


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and (text := extra.get("default_text")):
        return str(text) if " " in str(text) else f"`{text}`"
    if field.default is None or field.default in ((), ""):
        return "–"
    if isinstance(field.default, bool):
        return "`on`" if field.default else "`off`"
    return f"`{field.default}`"


def capability_table() -> str:
    """A row for each ability, a column for each messenger."""
    found = list(discover().values())
    rows = [(label, *(tell(kind.capabilities) for kind in found)) for label, tell in _ABILITIES]
    return _table(("", *(_title(kind) for kind in found)), rows)


def _title(kind: type[Adapter]) -> str:
    return kind.title


def _attachments(can: Capabilities) -> str:
    by_size: dict[int, list[str]] = {}
    for kind, limit in can.attachments.items():
        by_size.setdefault(limit.max_bytes, []).append(str(kind.value))
    return (
        "; ".join(f"{', '.join(sorted(kinds))} up to {_size(size)}" for size, kinds in sorted(by_size.items())) or "–"
    )


def _buttons(can: Capabilities) -> str:
    if can.buttons is None:
        return "–"
    limits = can.buttons
    kinds = ", ".join(sorted(str(kind.value) for kind in limits.kinds))
    return f"{limits.total}, {limits.per_row} in a row, labels of {limits.label} characters ({kinds})"


def _receipts(can: Capabilities) -> str:
    return " and ".join(name for name, there in (("delivered", can.delivered), ("seen", can.seen)) if there) or "–"


def _rate(can: Capabilities) -> str:
    one = can.rates.per_recipient
    return f"{can.rates.per_second:g} a second" + (f", {one:g} to one person" if one else "")


_ABILITIES: Final[tuple[tuple[str, Callable[[Capabilities], str]], ...]] = (
    ("Text, characters", lambda can: str(can.text_limit)),
    ("Caption, characters", lambda can: str(can.caption_limit) if can.caption_limit else "–"),
    ("Formatting", lambda can: ", ".join(sorted(str(span.value) for span in can.spans)) or "–"),
    ("Attachments", _attachments),
    ("Album", lambda can: str(can.album_limit) if can.album_limit > 1 else "–"),
    ("Location, contact", lambda can: f"{_yes(can.location)}, {_yes(can.contact)}"),
    ("Buttons", _buttons),
    ("Edit, delete what was sent", lambda can: f"{_yes(can.edit)}, {_yes(can.delete)}"),
    ("Reactions", lambda can: _yes(can.react)),
    ("“Is typing”", lambda can: _yes(can.typing)),
    ("Receipts", _receipts),
    ("Time to answer", lambda can: f"{can.reply_window_hours} h" if can.reply_window_hours else "any"),
    ("Recipients of one call", lambda can: str(can.batch)),
    ("Inbound files", lambda can: f"up to {_size(can.fetch_limit)}"),
    ("Rate", _rate),
)


def command_table() -> str:
    from typer.main import get_command

    from bot.cli import app

    commands: dict[str, Any] = getattr(get_command(app), "commands", {})
    rows = [(f"`python -m bot {name}`", (command.help or "").split("\n")[0]) for name, command in commands.items()]
    return _table(("Command", "What it does"), rows)


SECTIONS: Final[dict[str, Callable[[], str]]] = {
    "settings": settings_table,
    "capabilities": capability_table,
    "commands": command_table,
}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _yes(there: bool) -> str:
    return "yes" if there else "–"


def _size(count: int) -> str:
    for unit, size in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if count >= size:
            return f"{count / size:g} {unit}" if count % size == 0 else f"{count / size:.1f} {unit}"
    return f"{count} bytes"
