"""Where customers write: channels, and the journal of everything that arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from models.enums import ChannelState, EventState, Receiving, UpdateState
from models.fields import SecretField, UtcField
from models.people import ControlBot, Member, Project


class Channel(Model):
    """One connected page, bot or community. (platform, external_id) is unique while it is not disconnected."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="channels", on_delete=fields.RESTRICT
    )
    platform = fields.CharField(max_length=32)
    external_id = fields.CharField(max_length=128)
    state = fields.CharEnumField(ChannelState, description="ChannelState", max_length=32)
    name = fields.CharField(max_length=255)
    username = fields.CharField(max_length=128, null=True)
    link = fields.CharField(max_length=512, null=True)
    picture = fields.CharField(max_length=1024, null=True)
    credentials = SecretField(null=True)
    """JSON object of the adapter's secrets; null once disconnected."""
    receiving = fields.CharEnumField(Receiving, description="Receiving", max_length=32)
    hook_key = fields.CharField(max_length=64, unique=True)
    cursor = fields.CharField(max_length=255, null=True)
    """Where polling stands."""
    connected_by: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name="channels", null=True, on_delete=fields.SET_NULL
    )
    created_at = UtcField()
    confirmed_at = UtcField(null=True)
    """When the first event or «Проверить» showed that it works."""
    last_event_at = UtcField(null=True)
    checked_at = UtcField(null=True)
    trouble = fields.CharField(max_length=32, null=True)
    """The HealthState that the team was last told of; null while it works."""
    trouble_detail = fields.TextField(null=True)
    settings: fields.JSONField[dict[str, str]] = fields.JSONField(null=True)
    """What the team has switched on for it, by the names in its adapter's `capabilities.options`."""

    if TYPE_CHECKING:
        project_id: int
        connected_by_id: int | None

    class Meta:
        table = "channels"
        table_description = " "
        indexes = (("project_id", "state"),)


class Event(Model):
    """The raw journal: what a platform delivered, once per key, encrypted."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="events", on_delete=fields.RESTRICT
    )
    channel: fields.ForeignKeyRelation[Channel] = fields.ForeignKeyField(
        "models.Channel", related_name="events", on_delete=fields.RESTRICT
    )
    key = fields.CharField(max_length=255)
    kind = fields.CharField(max_length=32)
    payload = SecretField(null=True)
    state = fields.CharEnumField(EventState, description="EventState", max_length=32)
    error = fields.TextField(null=True)
    at = UtcField()
    received_at = UtcField()

    if TYPE_CHECKING:
        project_id: int
        channel_id: int

    class Meta:
        table = "events"
        table_description = " "
        unique_together = (("channel", "key"),)
        indexes = (("received_at",),)


class AppBody(Model):
    """What came for a whole app, with its signature, and could not be read: whose it is nobody knows. Encrypted."""

    id = fields.BigIntField(primary_key=True)
    platform = fields.CharField(max_length=32)
    key = fields.CharField(max_length=64)
    """The hash of its bytes."""
    payload = SecretField()
    error = fields.TextField()
    received_at = UtcField()

    class Meta:
        table = "app_bodies"
        table_description = " "
        unique_together = (("platform", "key"),)
        indexes = (("received_at",),)


class ControlUpdate(Model):
    """The journal of a control bot. The payload is blanked once it is done: it may hold a pasted token."""

    id = fields.BigIntField(primary_key=True)
    control_bot: fields.ForeignKeyRelation[ControlBot] = fields.ForeignKeyField(
        "models.ControlBot", related_name="updates", on_delete=fields.RESTRICT
    )
    update_id = fields.BigIntField()
    chat_id = fields.BigIntField(null=True)
    payload = SecretField(null=True)
    state = fields.CharEnumField(UpdateState, description="UpdateState", max_length=32)
    attempts = fields.IntField(default=0)
    error = fields.TextField(null=True)
    received_at = UtcField()

    if TYPE_CHECKING:
        control_bot_id: int

    class Meta:
        table = "control_updates"
        table_description = " "
        unique_together = (("control_bot", "update_id"),)
        indexes = (("received_at",),)
