"""The samples of the Bot API, judged by an independent reader of it (aiogram) and counted against its lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiogram.enums import ContentType, MessageEntityType
from aiogram.types import Message, MessageOriginUnion, ReactionTypeUnion, Update

import adapters.telegram
from adapters.telegram.limits import UPDATES
from adapters.telegram.messages import SERVICE

SAMPLES = Path(adapters.telegram.__file__).parent / "samples"
PAYLOADS: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text())["payload"]
    for file in sorted(SAMPLES.glob("*.json"))
    if file.stem not in ("credentials", "hook")
}
MESSAGES = [payload[kind] for payload in PAYLOADS.values() for kind in ("message", "edited_message") if kind in payload]
# No field of a message but a name for "all of them" or "none that is known".
NOT_KINDS = {ContentType.UNKNOWN, ContentType.ANY}


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_sample_is_an_update_of_the_bot_api(name: str) -> None:
    update = Update.model_validate(PAYLOADS[name])
    (kind,) = set(PAYLOADS[name]) - {"update_id"}
    assert getattr(update, kind) is not None
    assert kind in Update.model_fields


def test_every_kind_of_update_has_a_sample() -> None:
    wanted = {field.alias or name for name, field in Update.model_fields.items()} - {"update_id"}
    assert wanted <= {kind for payload in PAYLOADS.values() for kind in payload}
    assert set(UPDATES) <= wanted


def test_every_kind_of_message_has_a_sample_or_is_known_as_service() -> None:
    wanted = {kind.value for kind in set(ContentType) - NOT_KINDS}
    assert wanted <= {field for message in MESSAGES for field in message} | SERVICE


def test_every_service_message_is_one_of_the_bot_api() -> None:
    assert {field.alias or name for name, field in Message.model_fields.items()} >= SERVICE


def test_every_kind_of_markup_origin_and_reaction_has_a_sample() -> None:
    entities = {entity["type"] for message in MESSAGES for entity in message.get("entities", ())}
    entities |= {entity["type"] for message in MESSAGES for entity in message.get("caption_entities", ())}
    assert {kind.value for kind in MessageEntityType} <= entities
    origins = {message["forward_origin"]["type"] for message in MESSAGES if "forward_origin" in message}
    assert len(origins) == len(MessageOriginUnion.__args__[0].__args__)
    changes = [payload["message_reaction"] for payload in PAYLOADS.values() if "message_reaction" in payload]
    reactions = {reaction["type"] for change in changes for reaction in change["new_reaction"]}
    assert len(reactions) == len(ReactionTypeUnion.__args__[0].__args__)
