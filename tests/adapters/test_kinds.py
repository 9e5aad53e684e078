"""The tables of kinds against the code, and against what others know of the messengers."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import viberbot.api.messages as viber_messages
from pymsgr.types import events as messenger
from viberbot.api.event_type import EventType
from viberbot.api.messages.message import Message as ViberMessage
from viberbot.api.messages.message_type import MessageType
from viberbot.api.user_profile import UserProfile
from vkbottle_types import objects as vk_objects
from vkbottle_types.events.enums import GroupEventType

from adapters.base import Content, MessageReceived, Unsupported
from adapters.facebook import limits as facebook_limits
from adapters.vk import limits as vk_limits
from tests.adapters import kinds_facebook, kinds_viber, kinds_vk
from tests.adapters.kinds import Carried, Fate, Fields, Named, Silent, check_field, payload, read_by_a_member
from tests.contract.subjects import SUBJECTS

UNKNOWN_TO_THE_SCHEMA = {"NOT_SUPPORTED"}


def rows(*tables: Fields) -> list[Any]:
    return [
        pytest.param(fields, name, fate, id=f"{fields.platform}-{fields.of}-{name}")
        for fields in tables
        for name, fate in fields.fates.items()
    ]


def kinds_of(platform: str, **tables: dict[str, Fate]) -> list[Any]:
    return [
        pytest.param(platform, where, kind, fate, id=f"{platform}-{where}-{kind}")
        for where, table in tables.items()
        for kind, fate in table.items()
    ]


@pytest.mark.parametrize(
    ("fields", "name", "fate"), rows(*kinds_vk.FIELDS, *kinds_viber.FIELDS, *kinds_facebook.FIELDS)
)
def test_a_field_is_carried_or_silent_as_its_table_says(fields: Fields, name: str, fate: Fate) -> None:
    check_field(fields, name, fate)


EVENTS = kinds_of("vk", events=dict(kinds_vk.EVENTS)) + kinds_of("viber", events=dict(kinds_viber.EVENTS))


@pytest.mark.parametrize(("platform", "where", "kind", "fate"), EVENTS)
def test_an_event_is_read_or_left_aside_as_its_table_says(platform: str, where: str, kind: str, fate: Fate) -> None:
    adapter, field = SUBJECTS[platform].adapter(), {"vk": "type", "viber": "event"}[platform]
    given = payload(platform, fate.sample if isinstance(fate, Carried) else "text")
    if isinstance(fate, Carried):
        assert given[field] == kind
    given[field] = kind
    found = adapter.parse(given)
    assert all(isinstance(event, Unsupported) for event in found) is isinstance(fate, Silent)


@pytest.mark.parametrize("kind", kinds_facebook.EVENTS)
def test_an_event_of_messenger_is_read_or_left_aside(kind: str) -> None:
    fate = kinds_facebook.EVENTS[kind]
    sample = fate.sample if isinstance(fate, Carried) else kind
    given = payload("facebook", sample)
    assert kind in given["entry"][0]["messaging"][0]
    (event, *_) = SUBJECTS["facebook"].adapter().parse(given)
    assert isinstance(event, Unsupported) is isinstance(fate, Silent)


def vk_message(kind: str, where: str) -> Any:
    body: dict[str, Any] = {"type": kind, kind: {"id": 3, "owner_id": -5}}
    if where == "on_posts":
        body = {"type": "wall", "wall": {"id": 1, "owner_id": -1, "attachments": [body]}}
    given = payload("vk", "text")
    given["object"]["message"] |= {"text": "", "attachments": [body]}
    return given


def viber_message(kind: str, where: str) -> Any:
    given = payload("viber", "text")
    given["message"] = {"type": kind}
    return given


def facebook_message(kind: str, where: str) -> Any:
    given = payload("facebook", "text")
    given["entry"][0]["messaging"][0]["message"] = {"mid": "m_1", "attachments": [{"type": kind, "payload": {}}]}
    return given


MADE = {"vk": vk_message, "viber": viber_message, "facebook": facebook_message}
KINDS = (
    kinds_of("vk", attachments=dict(kinds_vk.ATTACHMENTS), on_posts=dict(kinds_vk.ON_POSTS))
    + kinds_of("viber", messages=dict(kinds_viber.MESSAGES))
    + kinds_of("facebook", attachments=dict(kinds_facebook.ATTACHMENTS))
)


@pytest.mark.parametrize(("platform", "where", "kind", "fate"), KINDS)
def test_a_kind_is_carried_or_named_in_the_readers_language(platform: str, where: str, kind: str, fate: Fate) -> None:
    if isinstance(fate, Carried):
        content = content_of(platform, payload(platform, fate.sample))
        assert content.attachments or content.text or content.location or content.contact
        assert content.unsupported is None
        return
    (said, *_) = read_by_a_member(content_of(platform, MADE[platform](kind, where))).splitlines()
    assert kind not in said
    if isinstance(fate, Named):
        assert fate.words in said


def content_of(platform: str, given: Any) -> Content:
    (event,) = SUBJECTS[platform].adapter().parse(given)
    assert isinstance(event, MessageReceived)
    return event.content


# The tables know everything that others know


def test_vks_tables_know_every_kind_of_the_schema() -> None:
    attachments = {kind.value for kind in vk_objects.MessagesMessageAttachmentType} - UNKNOWN_TO_THE_SCHEMA
    assert attachments <= kinds_vk.ATTACHMENTS.keys()
    on_posts = {kind.value for kind in vk_objects.WallWallpostAttachmentType} - UNKNOWN_TO_THE_SCHEMA
    assert on_posts <= kinds_vk.ON_POSTS.keys()
    assert {kind.value for kind in GroupEventType} - UNKNOWN_TO_THE_SCHEMA == kinds_vk.EVENTS.keys()


@pytest.mark.parametrize("fields", kinds_vk.FIELDS, ids=lambda fields: str(fields.of))
def test_vks_tables_know_every_field_of_the_schema(fields: Fields) -> None:
    assert set(getattr(vk_objects, fields.of).model_fields) == fields.fates.keys()


def test_what_vk_is_asked_for_is_what_is_carried() -> None:
    assert set(vk_limits.EVENTS) == {kind for kind, fate in kinds_vk.EVENTS.items() if isinstance(fate, Carried)}


def test_vibers_tables_know_every_kind_and_field_of_its_library() -> None:
    assert words_of(EventType) == kinds_viber.EVENTS.keys()
    assert words_of(MessageType) <= kinds_viber.MESSAGES.keys()
    messages = [
        kind for _, kind in inspect.getmembers(viber_messages, inspect.isclass) if issubclass(kind, ViberMessage)
    ]
    assert messages
    fields = {name for kind in messages for name, _ in inspect.getmembers(kind, lambda one: isinstance(one, property))}
    assert fields <= kinds_viber.MESSAGE.fates.keys()
    person = {name for name, _ in inspect.getmembers(UserProfile, lambda one: isinstance(one, property))}
    assert person == kinds_viber.PERSON.fates.keys()


def words_of(kinds: type) -> set[str]:
    return {value for name, value in vars(kinds).items() if name.isupper()}


def test_messengers_tables_know_every_field_of_a_wrapper() -> None:
    for model, fields in (
        (messenger.IncomingMessage, kinds_facebook.MESSAGE), (messenger.Postback, kinds_facebook.POSTBACK),
        (messenger.Referral, kinds_facebook.REFERRAL), (messenger.Reaction, kinds_facebook.REACTION),
    ):  # fmt: skip
        assert set(model.model_fields) <= fields.fates.keys()
    known = kinds_facebook.EVENT.fates.keys() | kinds_facebook.EVENTS.keys()
    assert set(messenger.RawMessagingEvent.model_fields) <= known


@pytest.mark.parametrize("platform", ["facebook", "viber", "vk"])
def test_the_tables_know_whatever_occurs_in_samples(platform: str) -> None:
    fields, kinds = occurring(platform)
    odd = {"hologram", "attachment", "future_kind"}
    assert kinds - odd <= {
        "facebook": kinds_facebook.ATTACHMENTS, "viber": kinds_viber.MESSAGES, "vk": kinds_vk.ATTACHMENTS,
    }[platform].keys()  # fmt: skip
    assert fields <= {
        "facebook": kinds_facebook.MESSAGE, "viber": kinds_viber.MESSAGE, "vk": kinds_vk.MESSAGE,
    }[platform].fates.keys()  # fmt: skip


def occurring(platform: str) -> tuple[set[str], set[str]]:
    """The fields of messages in all samples, and the kinds of what hangs on them."""
    fields: set[str] = set()
    kinds: set[str] = set()
    for case in SUBJECTS[platform].cases.values():
        for message in messages_of(platform, case["payload"]):
            fields |= message.keys()
            hanging = message.get("attachments", [message] if platform == "viber" else [])
            kinds |= {item["type"] for item in hanging if "type" in item}
    return fields, kinds


def messages_of(platform: str, given: Any) -> list[dict[str, Any]]:
    if platform == "facebook":
        events = [
            event for entry in given["entry"] for event in (*entry.get("messaging", ()), *entry.get("standby", ()))
        ]
        return [event["message"] for event in events if "message" in event]
    body = given.get("object", {}) if platform == "vk" else given
    return [body["message"]] if "message" in body else []


def test_messengers_subscriptions_are_what_its_table_carries() -> None:
    assert "messages" in facebook_limits.FIELDS
    assert {"message_reactions", "message_edits", "standby"} <= set(facebook_limits.FIELDS)
    assert [fate for fate in kinds_facebook.EVENTS.values() if isinstance(fate, Named)] == []
