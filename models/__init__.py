"""The rows and their constraints. This package is what Tortoise loads; one file per subject."""

from models.channels import AppBody, Channel, ControlUpdate, Event
from models.conversations import (
    Contact,
    File,
    FileHandle,
    Held,
    Identity,
    Inquiry,
    InquiryMember,
    Message,
    MessagePart,
    OperatorCopy,
    PlatformMessage,
)
from models.logins import Login
from models.people import Account, ControlBot, Invitation, ManagedBot, Member, Person, Project
from models.reminders import Reminder
from models.work import Job, LanePause, Lease, Moment, OrderKey, WizardState

__all__ = [
    "Account",
    "AppBody",
    "Channel",
    "Contact",
    "ControlBot",
    "ControlUpdate",
    "Event",
    "File",
    "FileHandle",
    "Held",
    "Identity",
    "Inquiry",
    "InquiryMember",
    "Invitation",
    "Job",
    "LanePause",
    "Lease",
    "Login",
    "ManagedBot",
    "Member",
    "Message",
    "MessagePart",
    "Moment",
    "OperatorCopy",
    "OrderKey",
    "Person",
    "PlatformMessage",
    "Project",
    "Reminder",
    "WizardState",
]
