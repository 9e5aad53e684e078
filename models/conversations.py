"""What is said: contacts, identities, inquiries, messages and where each stands in members' chats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.models import Model

from models.channels import Channel
from models.enums import Author, CopyKind, Direction, FileState, InquiryState, MessageState, PartState
from models.fields import UtcField
from models.people import ControlBot, Member, Person, Project


class Contact(Model):
    """The customer card."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="contacts", on_delete=fields.RESTRICT
    )
    number = fields.IntField()
    name = fields.CharField(max_length=255)
    phone = fields.CharField(max_length=32, null=True)
    email = fields.CharField(max_length=255, null=True)
    source = fields.CharField(max_length=128, null=True)
    """The code of the link that first led here."""
    spam = fields.BooleanField(default=False)
    created_at = UtcField()

    if TYPE_CHECKING:
        project_id: int

    class Meta:
        table = "contacts"
        table_description = " "
        unique_together = (("project", "number"),)


class Identity(Model):
    """A contact on one channel."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="identities", on_delete=fields.RESTRICT
    )
    channel: fields.ForeignKeyRelation[Channel] = fields.ForeignKeyField(
        "models.Channel", related_name="identities", on_delete=fields.RESTRICT
    )
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name="identities", on_delete=fields.RESTRICT
    )
    external_id = fields.CharField(max_length=255)
    name = fields.CharField(max_length=255, null=True)
    username = fields.CharField(max_length=128, null=True)
    language = fields.CharField(max_length=16, null=True)
    link = fields.CharField(max_length=512, null=True)
    client = fields.CharField(max_length=255, null=True)
    """What the person's app can show, in the words of the platform's adapter."""
    subscribed = fields.BooleanField(default=True)
    subscribed_at = UtcField(null=True)
    """The platform's time of the event that last said so."""
    opted_out_at = UtcField(null=True)
    """When the person wrote «стоп»; personal replies go on."""
    last_inbound_at = UtcField(null=True)
    """The platform's time of the latest message: what is older arrived late."""
    window_until = UtcField(null=True)
    created_at = UtcField()

    if TYPE_CHECKING:
        project_id: int
        channel_id: int
        contact_id: int

    class Meta:
        table = "identities"
        table_description = " "
        unique_together = (("channel", "external_id"),)
        indexes = (("contact_id",),)


class Inquiry(Model):
    """One numbered case. An identity has at most one that is not done."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="inquiries", on_delete=fields.RESTRICT
    )
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="inquiries", on_delete=fields.RESTRICT
    )
    number = fields.IntField()
    state = fields.CharEnumField(InquiryState, description="InquiryState", max_length=32)
    assignee: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name="inquiries", null=True, on_delete=fields.SET_NULL
    )
    opened_at = UtcField()
    last_at = UtcField()
    """Newest activity of either side."""
    waiting_since = UtcField(null=True)
    """The customer's first message that nobody has answered yet."""
    inbound = fields.IntField(default=0)
    """How many messages the customer wrote in it."""
    claimed_at = UtcField(null=True)
    done_at = UtcField(null=True)
    snoozed_until = UtcField(null=True)

    if TYPE_CHECKING:
        project_id: int
        identity_id: int
        assignee_id: int | None

    class Meta:
        table = "inquiries"
        table_description = " "
        unique_together = (("project", "number"),)
        indexes = (("project_id", "state", "last_at"), ("identity_id", "id"), ("assignee_id", "state"))


class InquiryMember(Model):
    """Who is in a dialog."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="dialogs", on_delete=fields.RESTRICT
    )
    inquiry: fields.ForeignKeyRelation[Inquiry] = fields.ForeignKeyField(
        "models.Inquiry", related_name="members", on_delete=fields.RESTRICT
    )
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name="dialogs", on_delete=fields.RESTRICT
    )
    joined_at = UtcField()

    if TYPE_CHECKING:
        project_id: int
        inquiry_id: int
        member_id: int

    class Meta:
        table = "inquiry_members"
        table_description = " "
        unique_together = (("inquiry", "member"),)
        indexes = (("member_id",),)


class Message(Model):
    """One message of an identity, in either direction."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="messages", on_delete=fields.RESTRICT
    )
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="messages", on_delete=fields.RESTRICT
    )
    inquiry: fields.ForeignKeyNullableRelation[Inquiry] = fields.ForeignKeyField(
        "models.Inquiry", related_name="messages", null=True, on_delete=fields.RESTRICT
    )
    direction = fields.CharEnumField(Direction, description="Direction", max_length=32)
    author = fields.CharEnumField(Author, description="Author", max_length=32)
    member: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name="messages", null=True, on_delete=fields.SET_NULL
    )
    author_name = fields.CharField(max_length=255, null=True)
    external_id = fields.CharField(max_length=255, null=True)
    """The platform's id of an inbound message; outbound ones have theirs in `platform_messages`."""
    origin = fields.CharField(max_length=128, null=True, unique=True)
    """"control bot:chat:message" that an answer was typed as: the same update twice makes one answer."""
    content: fields.Field[dict[str, Any]] = fields.JSONField()
    album = fields.CharField(max_length=128, null=True)
    state = fields.CharEnumField(MessageState, description="MessageState", max_length=32)
    reason = fields.TextField(null=True)
    """Why it was refused, in the platform's words."""
    repeated = fields.BooleanField(default=False)
    """It may have gone out twice."""
    at = UtcField()
    sequence = fields.BigIntField(default=0)
    received_at = UtcField()
    late = fields.BooleanField(default=False)
    edited_at = UtcField(null=True)
    edited_sequence = fields.BigIntField(null=True)
    """The platform's number of the last edit, among those of one second."""
    before_edit: fields.Field[dict[str, Any]] = fields.JSONField(null=True)
    """What the customer still sees while an edit of an answer is on its way."""
    edit_refused = fields.BooleanField(default=False, db_default=False)
    """The last edit of an answer did not get through."""
    deleted_at = UtcField(null=True)
    reaction = fields.CharField(max_length=64, null=True)
    reaction_at = UtcField(null=True)
    reply_to: fields.ForeignKeyNullableRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name="replies", null=True, on_delete=fields.SET_NULL
    )

    if TYPE_CHECKING:
        project_id: int
        identity_id: int
        inquiry_id: int | None
        member_id: int | None
        reply_to_id: int | None

    class Meta:
        table = "messages"
        table_description = " "
        unique_together = (("identity", "external_id"),)
        indexes = (("identity_id", "at", "sequence", "id"), ("inquiry_id", "at", "sequence", "id"))


class MessagePart(Model):
    """One platform call of an outbound message. `sending` is committed before the call, so that a crash shows."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="parts", on_delete=fields.RESTRICT
    )
    message: fields.ForeignKeyRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name="parts", on_delete=fields.RESTRICT
    )
    position = fields.IntField()
    content: fields.Field[dict[str, Any]] = fields.JSONField()
    state = fields.CharEnumField(PartState, description="PartState", max_length=32)
    token = fields.CharField(max_length=64, unique=True)
    number = fields.IntField()
    """A random non-zero int32 for platforms that drop repeats by it."""
    doubts = fields.IntField(default=0)
    """How often a call ended without an answer."""
    sent_at = UtcField(null=True)

    if TYPE_CHECKING:
        project_id: int
        message_id: int

    class Meta:
        table = "message_parts"
        table_description = " "
        unique_together = (("message", "position"),)


class PlatformMessage(Model):
    """Every id under which the platform may name an outbound message of ours."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="platform_messages", on_delete=fields.RESTRICT
    )
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="platform_messages", on_delete=fields.RESTRICT
    )
    message: fields.ForeignKeyRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name="platform_messages", on_delete=fields.RESTRICT
    )
    part: fields.ForeignKeyRelation[MessagePart] = fields.ForeignKeyField(
        "models.MessagePart", related_name="platform_messages", on_delete=fields.RESTRICT
    )
    external_id = fields.CharField(max_length=255)
    alias = fields.BooleanField(default=False)

    if TYPE_CHECKING:
        project_id: int
        identity_id: int
        message_id: int
        part_id: int

    class Meta:
        table = "platform_messages"
        table_description = " "
        unique_together = (("identity", "external_id"),)
        indexes = (("message_id",),)


class OperatorCopy(Model):
    """What stands for an inquiry or a message in a member's chat: all replies, edits and reactions route through it."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="copies", on_delete=fields.RESTRICT
    )
    control_bot: fields.ForeignKeyRelation[ControlBot] = fields.ForeignKeyField(
        "models.ControlBot", related_name="copies", on_delete=fields.RESTRICT
    )
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name="copies", on_delete=fields.RESTRICT
    )
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="copies", on_delete=fields.RESTRICT
    )
    inquiry: fields.ForeignKeyRelation[Inquiry] = fields.ForeignKeyField(
        "models.Inquiry", related_name="copies", on_delete=fields.RESTRICT
    )
    message: fields.ForeignKeyNullableRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name="copies", null=True, on_delete=fields.RESTRICT
    )
    kind = fields.CharEnumField(CopyKind, description="CopyKind", max_length=32)
    chat_id = fields.BigIntField()
    thread_id = fields.BigIntField(null=True)
    telegram_id = fields.BigIntField()
    """The message's id in the member's chat."""
    placeholder = fields.BooleanField(default=False)
    """Its media had not come yet when it was shown."""
    suspect = fields.BooleanField(null=True)
    """It may stand in the chat twice, and says so whenever it is written anew."""
    shows: fields.Field[dict[str, Any] | None] = fields.JSONField(null=True)
    """What of the message stands there (`services.standings`); of an own one in an album, its part of the answer."""
    created_at = UtcField()

    if TYPE_CHECKING:
        project_id: int
        control_bot_id: int
        member_id: int
        person_id: int
        inquiry_id: int
        message_id: int | None

    class Meta:
        table = "operator_copies"
        table_description = " "
        unique_together = (("control_bot", "chat_id", "telegram_id"),)
        indexes = (("message_id", "member_id"), ("inquiry_id", "kind"), ("person_id", "created_at"))


class File(Model):
    """A medium: its bytes lie in the data folder, under a name that is made from its id."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="files", on_delete=fields.RESTRICT
    )
    channel: fields.ForeignKeyNullableRelation[Channel] = fields.ForeignKeyField(
        "models.Channel", related_name="files", null=True, on_delete=fields.SET_NULL
    )
    """Where it is fetched from, for inbound ones."""
    control_bot: fields.ForeignKeyNullableRelation[ControlBot] = fields.ForeignKeyField(
        "models.ControlBot", related_name="files", null=True, on_delete=fields.SET_NULL
    )
    """Where it is fetched from, for what members send."""
    message: fields.ForeignKeyNullableRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name="files", null=True, on_delete=fields.SET_NULL
    )
    kind = fields.CharField(max_length=32)
    handle = fields.TextField(null=True)
    name = fields.CharField(max_length=255, null=True)
    mime = fields.CharField(max_length=128, null=True)
    size = fields.BigIntField(null=True)
    state = fields.CharEnumField(FileState, description="FileState", max_length=32)
    error = fields.TextField(null=True)
    created_at = UtcField()
    stored_at = UtcField(null=True)

    if TYPE_CHECKING:
        project_id: int
        channel_id: int | None
        control_bot_id: int | None
        message_id: int | None

    class Meta:
        table = "files"
        table_description = " "
        indexes = (("created_at",), ("message_id",))


class FileHandle(Model):
    """A file as one bot knows it: uploaded once per bot, then sent by this handle."""

    id = fields.BigIntField(primary_key=True)
    file: fields.ForeignKeyRelation[File] = fields.ForeignKeyField(
        "models.File", related_name="handles", on_delete=fields.CASCADE
    )
    scope = fields.CharField(max_length=64)
    """"control:<id>" or "channel:<id>"."""
    handle = fields.TextField()

    if TYPE_CHECKING:
        file_id: int

    class Meta:
        table = "file_handles"
        table_description = " "
        unique_together = (("file", "scope"),)


class Held(Model):
    """What a member typed while it was unclear whom it is for; kept until a button says so."""

    id = fields.BigIntField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="held", on_delete=fields.RESTRICT
    )
    origin = fields.CharField(max_length=128, unique=True)
    content: fields.Field[dict[str, Any]] = fields.JSONField()
    telegram_ids: fields.Field[list[int]] = fields.JSONField()
    """The typed messages in the member's chat, several where it was an album."""
    created_at = UtcField()

    if TYPE_CHECKING:
        person_id: int

    class Meta:
        table = "held"
        table_description = " "
        indexes = (("created_at",),)
