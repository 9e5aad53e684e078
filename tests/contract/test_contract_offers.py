"""What a platform says of itself: capabilities, the connect form, settings, names."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import adapters.base
from adapters import content, errors, events
from adapters.base import (
    AttachmentKind,
    ButtonKind,
    CanAcknowledge,
    CanDelete,
    CanEdit,
    CanEditProfile,
    CanGreet,
    CanReact,
    CanType,
)
from adapters.registry import RegistryError, build, discover
from tests.contract.subjects import Subject, toy_platform

ABILITIES = {"edit": CanEdit, "delete": CanDelete, "react": CanReact, "typing": CanType}


def test_what_is_promised_is_there_and_the_other_way_round(subject: Subject) -> None:
    offered = subject.kind.capabilities
    for name, protocol in ABILITIES.items():
        assert getattr(offered, name) is issubclass(subject.kind, protocol), name
    assert bool(offered.profile_texts) is issubclass(subject.kind, CanEditProfile)
    if issubclass(subject.kind, CanAcknowledge):
        assert offered.buttons
        assert ButtonKind.PRESS in offered.buttons.kinds
    if offered.picture_limit is not None:
        assert offered.media_by_link
    greets = any(option.name == "greeting" and option.limit for option in offered.options)
    assert greets is issubclass(subject.kind, CanGreet)


def test_limits_make_sense(subject: Subject) -> None:
    offered = subject.kind.capabilities
    assert offered.text_limit > 0
    assert 0 <= offered.caption_limit <= offered.text_limit
    assert offered.album_limit >= 1
    assert offered.batch >= 1
    assert offered.fetch_limit > 0
    assert offered.rates.per_second > 0
    assert offered.reply_window_hours is None or offered.reply_window_hours > 0
    assert all(limit.max_bytes > 0 for limit in offered.attachments.values())
    assert set(offered.attachments) <= set(AttachmentKind)
    assert all(limit > 0 for limit in offered.profile_texts.values())
    for option in offered.options:
        assert option.limit is None or (option.limit > 0 and not option.choices)
        assert option.default == "" if not option.choices else option.choice(option.default) is not None
        assert len({choice.name for choice in option.choices}) == len(option.choices)
    if offered.buttons:
        assert offered.buttons.kinds
        assert min(offered.buttons.total, offered.buttons.per_row, offered.buttons.label) > 0


def test_names_are_usable(subject: Subject) -> None:
    assert re.fullmatch(r"[a-z]+", subject.kind.platform)
    assert subject.kind.title
    assert subject.kind.settings.model_config["env_prefix"] == f"PULT_{subject.kind.platform.upper()}_"
    assert "api" in subject.kind.settings.model_fields


def test_the_connect_form_can_be_shown_and_filled(subject: Subject) -> None:
    form = subject.kind.connect
    assert form.fields
    assert form.guides
    assert form.check
    for field in form.fields:
        assert field.label
        assert field.hint
        assert field.pattern.fullmatch(subject.credentials[field.name])
        assert not field.pattern.fullmatch("hello")
    for guide in form.guides:
        assert guide.title
        assert guide.steps


def test_texts_for_people_are_marked_for_the_catalogue(subject: Subject) -> None:
    form = subject.kind.connect
    texts = {
        form.check,
        *(guide.title for guide in form.guides),
        *(step for guide in form.guides for step in guide.steps),
    }
    texts |= {text for field in form.fields for text in (field.label, field.hint)}
    for option in subject.kind.capabilities.options:
        texts |= {option.title, option.text}
        texts |= {text for one in option.choices for text in (one.title, one.text, one.example, one.today)}
    assert texts <= marked(subject.samples.parent)


def marked(folder: Path) -> set[str]:
    """The texts inside N_() of a folder's own modules."""
    calls = (
        node
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_"
    )
    return {ast.literal_eval(call.args[0]) for call in calls}


def test_every_secret_is_named(subject: Subject) -> None:
    named = subject.adapter().secrets(subject.credentials)
    assert {subject.credentials[field.name] for field in subject.kind.connect.fields if field.secret} <= named
    assert set(subject.credentials.values()) <= named
    assert "" not in subject.adapter().secrets(adapters.base.Credentials(token=""))


def test_links_open_a_dialog_and_carry_a_code(subject: Subject) -> None:
    adapter = subject.adapter()
    plain, coded = adapter.link(subject.channel), adapter.link(subject.channel, "utm_42-a")
    assert plain.startswith("https://")
    assert coded.startswith(plain)
    assert "utm_42-a" in coded


def test_a_new_platform_is_one_new_folder() -> None:
    with toy_platform():
        assert "toy" in discover()
        assert "toy" in build(lambda platform: adapters.http.Http())
    assert "toy" not in discover()


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import nowhere_to_be_found", "cannot be imported"),
        ("", "exactly one"),
        ("from adapters.base import Adapter", "exactly one"),
    ],
)
def test_half_a_platform_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, complaint: str, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / f"broken{abs(hash(request.node.name))}"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "adapter.py").write_text(source)
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(tmp_path)])
    with pytest.raises(RegistryError, match=complaint):
        discover()


def test_the_public_names_of_the_contract_are_all_there() -> None:
    """Whoever writes an adapter or calls one imports from adapters.base alone."""
    public = adapters.base.__all__
    assert sorted(public) == sorted(set(public))
    assert all(hasattr(adapters.base, name) for name in public)
    for module in (adapters.base, content, errors, events):
        defined = {
            name
            for name, value in vars(module).items()
            if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_")
        }
        assert defined <= set(public), module.__name__


def test_every_public_class_says_what_it_is_for() -> None:
    undocumented = [
        name
        for name in (
            "Adapter",
            "Channel",
            "Capabilities",
            "Plan",
            "Sent",
            "Envelope",
            "Credentials",
            "Event",
            "Content",
        )
        if not (getattr(adapters.base, name).__doc__ or "").strip()
    ]
    assert undocumented == []
