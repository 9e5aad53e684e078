"""What is to be done and who does it: jobs, their order, paused lanes, leases; and the control bot's wizard state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.models import Model

from models.enums import JobState
from models.fields import SecretField, UtcField
from models.people import Project


class Job(Model):
    """Something that leaves, or happens later. Made in the transaction of its cause; deleted when done."""

    id = fields.BigIntField(primary_key=True)
    project: fields.ForeignKeyNullableRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="jobs", null=True, on_delete=fields.RESTRICT
    )
    kind = fields.CharField(max_length=32)
    lane = fields.CharField(max_length=64)
    """The platform's budget it draws on: "control:<bot>" or "channel:<id>"."""
    target = fields.CharField(max_length=96, null=True)
    """The narrower budget within the lane: a chat."""
    order_key = fields.CharField(max_length=96, null=True)
    seq = fields.BigIntField(default=0)
    head = fields.BooleanField(default=True, db_default=True)
    """It may be next in its order key; of what is behind another no claim reads anything. True of all without a key."""
    turn = fields.BigIntField(default=0, db_default=0)
    """In which order claims look at jobs of a priority, see `services.shares`."""
    timed = fields.BooleanField(default=True, db_default=True)
    """It was given no turn: it goes by `run_at`, which was later than the moment at which it was made or put back."""
    cancel_key = fields.CharField(max_length=96, null=True)
    """One waiting job at most has it; kept while the job runs, so that it can be joined again if it is put back."""
    priority = fields.IntField()
    due_at = UtcField()
    """When it was first to run: from then on it holds its place in its order key."""
    run_at = UtcField()
    state = fields.CharEnumField(JobState, description="JobState", max_length=32)
    attempts = fields.IntField(default=0)
    suspect = fields.BooleanField(default=False)
    """An earlier attempt may have taken effect."""
    lease_token = fields.CharField(max_length=64, null=True)
    lease_until = UtcField(null=True)
    payload: fields.Field[dict[str, Any]] = fields.JSONField()
    last_error = fields.TextField(null=True)
    created_at = UtcField()

    if TYPE_CHECKING:
        project_id: int | None

    class Meta:
        table = "jobs"
        table_description = " "
        # Its indexes are partial, in the migration: what waits, runs and was refused are looked for differently.


class OrderKey(Model):
    """The counter behind `jobs.seq`; its row lock makes the order of commits the order of numbers."""

    key = fields.CharField(max_length=96, primary_key=True)
    number = fields.BigIntField()
    """At least the microsecond of its last use: an idle counter can be forgotten, and a new one goes on above it."""

    class Meta:
        table = "order_keys"
        table_description = " "


class LanePause(Model):
    """A lane, or one target in it, that the platform asked to wait."""

    lane = fields.CharField(max_length=96, primary_key=True)
    until = UtcField()
    reason = fields.CharField(max_length=255)

    class Meta:
        table = "lane_pauses"
        table_description = " "


class Lease(Model):
    """Who polls a bot, who ticks: one holder at a time, over all processes."""

    name = fields.CharField(max_length=96, primary_key=True)
    holder = fields.CharField(max_length=64)
    until = UtcField()

    class Meta:
        table = "leases"
        table_description = " "


class Moment(Model):
    """A moment that outlives the process: the last tick, up to when things were deleted."""

    name = fields.CharField(max_length=64, primary_key=True)
    at = UtcField()

    class Meta:
        table = "moments"
        table_description = " "


class WizardState(Model):
    """The control bot's conversation state (aiogram's FSM) by its storage key, encrypted."""

    key = fields.CharField(max_length=255, primary_key=True)
    state = fields.CharField(max_length=255, null=True)
    data = SecretField(null=True)
    updated_at = UtcField()

    class Meta:
        table = "wizard_states"
        table_description = " "
