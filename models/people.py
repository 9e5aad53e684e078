"""Who uses Pult: control bots, people, accounts, projects, members, invitations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from models.enums import Cards, Role
from models.fields import SecretField, UtcField


class ControlBot(Model):
    """A bot through which the team works. An installation may have several: each has its own 30 messages a second."""

    id = fields.BigIntField(primary_key=True)
    telegram_id = fields.BigIntField(unique=True)
    username = fields.CharField(max_length=64)
    name = fields.CharField(max_length=255)
    token = SecretField()
    hook_key = fields.CharField(max_length=64, unique=True)
    hook_secret = SecretField()
    cursor = fields.BigIntField(default=0)
    created_at = UtcField()

    class Meta:
        table = "control_bots"
        table_description = " "


class ManagedBot(Model):
    """A bot that somebody made through a control bot, which can therefore ask for its token."""

    id = fields.BigIntField(primary_key=True)
    control_bot: fields.ForeignKeyRelation[ControlBot] = fields.ForeignKeyField(
        "models.ControlBot", related_name="managed", on_delete=fields.CASCADE
    )
    telegram_id = fields.BigIntField(unique=True)
    creator = fields.BigIntField()
    """The Telegram user whose bot it is: nobody else may connect it."""
    name = fields.CharField(max_length=255)
    username = fields.CharField(max_length=64)
    created_at = UtcField()

    class Meta:
        table = "managed_bots"
        table_description = " "


class Account(Model):
    """What one owner has: projects and people."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=255)
    created_at = UtcField()

    class Meta:
        table = "accounts"
        table_description = " "


class Person(Model):
    """A Telegram user in the personal chat with one control bot."""

    id = fields.BigIntField(primary_key=True)
    control_bot: fields.ForeignKeyRelation[ControlBot] = fields.ForeignKeyField(
        "models.ControlBot", related_name="people", on_delete=fields.RESTRICT
    )
    telegram_id = fields.BigIntField()
    name = fields.CharField(max_length=255)
    username = fields.CharField(max_length=64, null=True)
    language = fields.CharField(max_length=8)
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="owners", null=True, on_delete=fields.RESTRICT
    )
    current_project: fields.ForeignKeyNullableRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="looking", null=True, on_delete=fields.SET_NULL
    )
    dialog_id = fields.BigIntField(null=True)
    """The inquiry that typed text goes to. No foreign key: inquiries lead back here, and migrations know no circles."""
    header_id = fields.BigIntField(null=True)
    """The pinned message that says so."""
    taken_id = fields.BigIntField(null=True)
    """An inquiry that was taken while the open dialog stayed: what is typed next may be meant for it."""
    digest_id = fields.BigIntField(null=True)
    """The message that names what the person is reminded of, or the last one that did."""
    digest_at = UtcField(null=True)
    """When it was sent; null where everything in it is settled."""
    wrote_at = UtcField(null=True)
    """When the person last wrote to the control bot: what came later may not have been seen."""
    reachable = fields.BooleanField(default=True)
    created_at = UtcField()

    if TYPE_CHECKING:
        control_bot_id: int
        account_id: int | None
        current_project_id: int | None

    class Meta:
        table = "people"
        table_description = " "
        unique_together = (("control_bot", "telegram_id"),)


class Project(Model):
    """Channels, team, customers and settings of one business."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="projects", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=128)
    time_zone = fields.CharField(max_length=64)
    language = fields.CharField(max_length=8)
    repeat_to_last = fields.BooleanField(default=True)
    """A repeat inquiry goes straight to the member who had the last one."""
    reopen_hours = fields.IntField(default=0)
    """A message this soon after «Готово» re-opens the inquiry; 0: never."""
    next_contact = fields.IntField(default=1)
    next_inquiry = fields.IntField(default=1)
    created_at = UtcField()

    if TYPE_CHECKING:
        account_id: int

    class Meta:
        table = "projects"
        table_description = " "


class Member(Model):
    """A person's place in a project."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="members", on_delete=fields.RESTRICT
    )
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="members", on_delete=fields.RESTRICT
    )
    role = fields.CharEnumField(Role, description="Role", max_length=32)
    name = fields.CharField(max_length=128)
    """The display name, which colleagues see."""
    denied: fields.Field[list[str]] = fields.JSONField(default=list)
    """Sections taken away from a manager."""
    on_duty = fields.BooleanField(default=True)
    cards = fields.CharEnumField(Cards, description="Cards", max_length=32, default=Cards.SOUND)
    keeps_dialog = fields.BooleanField(null=True)
    """«Взять» leaves the dialog that is open; else it opens the one with whoever was taken."""
    created_at = UtcField()
    removed_at = UtcField(null=True)

    if TYPE_CHECKING:
        project_id: int
        person_id: int

    class Meta:
        table = "members"
        table_description = " "
        unique_together = (("project", "person"),)


class Invitation(Model):
    """A one-time link into a project. Only a hash of its code is kept."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="invitations", on_delete=fields.RESTRICT
    )
    code_hash = fields.CharField(max_length=64, unique=True)
    role = fields.CharEnumField(Role, description="Role", max_length=32)
    created_by: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name="invitations", on_delete=fields.RESTRICT
    )
    created_at = UtcField()
    expires_at = UtcField()
    used_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="invitations", null=True, on_delete=fields.SET_NULL
    )
    used_at = UtcField(null=True)
    revoked_at = UtcField(null=True)

    if TYPE_CHECKING:
        project_id: int
        created_by_id: int
        used_by_id: int | None

    class Meta:
        table = "invitations"
        table_description = " "
