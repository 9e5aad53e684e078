"""What somebody is reminded of, until it is dealt with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from models.conversations import Inquiry
from models.fields import UtcField
from models.people import Member, Person


class Reminder(Model):
    """An inquiry in a person's digest. One that is settled has no row any more."""

    id = fields.BigIntField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="reminders", on_delete=fields.RESTRICT
    )
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name="reminders", on_delete=fields.RESTRICT
    )
    inquiry: fields.ForeignKeyRelation[Inquiry] = fields.ForeignKeyField(
        "models.Inquiry", related_name="reminders", on_delete=fields.RESTRICT
    )
    what = fields.CharField(max_length=16)
    """"untaken", "unread" or "left": unread, and those in the dialog are away."""
    shown_at = UtcField(null=True)
    """When the digest first named it; null: that is still to be heard."""

    if TYPE_CHECKING:
        person_id: int
        member_id: int
        inquiry_id: int

    class Meta:
        table = "reminders"
        table_description = " "
        unique_together = (("inquiry", "member"),)
        indexes = (("person_id",), ("member_id",))
