"""Every field of a Telegram message, kind of update, mark and block has its fate in the table, and meets it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiogram.enums import MessageEntityType, RichBlockType, RichTextType
from aiogram.types import ExternalReplyInfo, Message, Update

from adapters import kinds
from adapters.base import Event, MessageReceived, Unsupported
from adapters.telegram.limits import UPDATES
from adapters.telegram.messages import SERVICE
from adapters.telegram.wire import parse
from tests.adapters import kinds_telegram as table
from tests.adapters.kinds import NamedWith, Says, Silent, read_by_a_member
from tests.contract.told import told


def fields(model: Any) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def received(content: dict[str, Any]) -> Event:
    around = {"message_id": 7, "date": 1_790_000_000, "chat": {"id": 5, "type": "private"}, "from": table.USER}
    return parse({"update_id": 1, "message": around | content})[0]


def said(content: dict[str, Any]) -> str:
    return json.dumps(told(received(content)), ensure_ascii=False)


def having(kind: type) -> list[str]:
    return [name for name, fate in table.MESSAGE.items() if isinstance(fate, kind)]


def test_the_table_knows_every_field_of_a_message() -> None:
    assert set(table.MESSAGE) == fields(Message) | table.NEWER
    assert fields(ExternalReplyInfo) - {"origin"} <= set(table.MESSAGE)


def test_the_table_knows_every_kind_of_update_mark_and_block() -> None:
    assert set(table.UPDATES) == (fields(Update) | table.NEWER_UPDATES) - {"update_id"}
    assert {name for name, fate in table.UPDATES.items() if fate is None} == set(UPDATES)
    assert set(table.ENTITIES) == {kind.value for kind in MessageEntityType}
    assert set(table.BLOCKS) == {kind.value for kind in RichBlockType}
    assert set(table.TEXTS) == {kind.value for kind in RichTextType}


@pytest.mark.parametrize("name", having(Says))
def test_what_is_carried_stands_in_the_event(name: str) -> None:
    fate = table.MESSAGE[name]
    assert isinstance(fate, Says)
    assert name in fate.fields or name in ("message_id", "date", "chat", "from")
    words = said(fate.fields)
    assert [one for one in fate.words if one not in words] == []


@pytest.mark.parametrize("name", having(NamedWith))
def test_what_has_no_form_is_named_with_its_words(name: str) -> None:
    fate = table.MESSAGE[name]
    assert isinstance(fate, NamedWith)
    event = received(fate.fields)
    assert isinstance(event, MessageReceived)
    assert event.content.unsupported == name
    assert fate.name in read_by_a_member(event.content)
    words = said(fate.fields)
    assert [one for one in fate.words if one not in words] == []


@pytest.mark.parametrize("name", having(Silent))
def test_what_is_silent_changes_nothing_and_says_why(name: str) -> None:
    fate = table.MESSAGE[name]
    assert isinstance(fate, Silent)
    assert fate.reason
    if name in SERVICE:
        assert isinstance(received({name: {"id": 1}}), Unsupported)
    else:
        assert said(table.TEXT | {name: {"id": 1}}) == said(table.TEXT)


@pytest.mark.parametrize("name", table.ENTITIES)
def test_a_mark_is_carried_as_the_table_says(name: str) -> None:
    event = received({"text": "Words", "entities": [{"type": name, "offset": 0, "length": 5, "url": "https://a.test"}]})
    assert isinstance(event, MessageReceived)
    fate, marks = table.ENTITIES[name], [span.kind.value for span in event.content.spans]
    assert marks == ([] if isinstance(fate, Silent) else [fate])


@pytest.mark.parametrize("name", table.BLOCKS)
def test_a_block_says_what_it_holds(name: str) -> None:
    body, says = table.BLOCKS[name]
    words = said({"rich_message": {"blocks": [{"type": name} | body]}})
    assert [one for one in says if one not in words] == []
    newer = said({"rich_message": {"blocks": [{"type": "newer"} | body]}})
    assert [one for one in says if one in ("words", "inner", "x^2", "caption", "HANDLE") and one not in newer] == []


@pytest.mark.parametrize("name", table.TEXTS)
def test_a_text_of_a_rich_message_says_what_it_holds(name: str) -> None:
    body, says = table.TEXTS[name]
    words = said(
        {"rich_message": {"blocks": [{"type": "paragraph", "text": ["before ", {"type": name} | body, " after"]}]}}
    )
    assert [one for one in (*says, "before ", " after") if one not in words] == []


def test_a_kind_that_nobody_knew_of_is_told_without_its_code() -> None:
    event = received({"hologram": {"id": 1}})
    assert isinstance(event, MessageReceived)
    assert kinds.names(event.content.unsupported or "") == (kinds.UNKNOWN,)


def test_a_hidden_sender_is_no_code() -> None:
    assert "hidden_user" not in said(table.TEXT | {"forward_origin": {"type": "hidden_user", "date": 1}})


def test_a_rich_message_as_deep_or_as_long_as_it_can_be_does_no_harm() -> None:
    deep: Any = "words"
    for _ in range(3000):
        deep = {"type": "bold", "text": [deep]}
    received({"rich_message": {"blocks": [{"type": "paragraph", "text": deep}]}})
    blocks: Any = [{"type": "paragraph", "text": "words"}]
    for _ in range(3000):
        blocks = [{"type": "details", "summary": "s", "blocks": blocks}]
    received({"rich_message": {"blocks": blocks}})
    many = [{"type": "paragraph", "text": "word " * 50}] * 5000
    assert len(said({"rich_message": {"blocks": many}})) < 60_000
