"""Signing in at a platform to connect its accounts: one row for each time that the browser is sent there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from models.fields import SecretField, UtcField
from models.people import Member


class Login(Model):
    """Begun by a member, good for a quarter of an hour, used once."""

    id = fields.BigIntField(primary_key=True)
    key_hash = fields.CharField(max_length=64, unique=True)
    """By which the browser's key is found."""
    key = SecretField(null=True)
    """The key itself, for the button in the chat; null once it was used."""
    platform = fields.CharField(max_length=32)
    account = fields.CharField(max_length=64, null=True)
    """Whose key is asked for, by the platform's id; null where it is to find out what there is."""
    name = fields.CharField(max_length=255, null=True)
    """What that account is called."""
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name="logins", on_delete=fields.CASCADE
    )
    created_at = UtcField()
    expires_at = UtcField()
    used_at = UtcField(null=True)
    """When the platform led back."""
    failed_at = UtcField(null=True)
    """When it came to nothing."""
    accounts = SecretField(null=True)
    """What was found there, keys included: a JSON list; null before."""

    if TYPE_CHECKING:
        member_id: int

    class Meta:
        table = "logins"
        table_description = " "
        indexes = (("expires_at",),)
