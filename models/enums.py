"""The closed sets of words that columns hold. Old migrations import them: never rename or move one."""

from enum import IntEnum, StrEnum


class Role(StrEnum):
    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    MANAGER = "manager"


class ChannelState(StrEnum):
    CONNECTING = "connecting"
    ACTIVE = "active"
    BROKEN = "broken"
    DISCONNECTED = "disconnected"


class Receiving(StrEnum):
    WEBHOOK = "webhook"
    POLLING = "polling"


class InquiryState(StrEnum):
    NEW = "new"
    ACTIVE = "active"
    DONE = "done"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Author(StrEnum):
    CUSTOMER = "customer"
    MEMBER = "member"
    AUTOMATION = "automation"
    OUTSIDE = "outside"


class MessageState(StrEnum):
    EARLY = "early"
    """An edit of it came before the message itself."""
    RECEIVED = "received"
    QUEUED = "queued"
    WAITING_KEY = "waiting_key"
    SENT = "sent"
    DELIVERED = "delivered"
    SEEN = "seen"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


class PartState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"


class CopyKind(StrEnum):
    CARD = "card"
    COPY = "copy"
    OWN = "own"
    LINE = "line"


class EventState(StrEnum):
    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"


class UpdateState(StrEnum):
    RECEIVED = "received"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    REFUSED = "refused"


class Priority(IntEnum):
    """The order in which jobs of one lane are taken; lower goes first."""

    ANSWER = 10
    COPY = 20
    CARD = 30
    TICK = 40
    AUTOMATION = 50
    BROADCAST = 60


class FileState(StrEnum):
    WAITING = "waiting"
    STORED = "stored"
    FAILED = "failed"
    GONE = "gone"


class Cards(StrEnum):
    """How a member hears of new inquiries."""

    SOUND = "sound"
    SILENT = "silent"
    LIST = "list"
