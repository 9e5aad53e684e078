"""Viber emulated in memory: any number of bots and people, as strict as the real one."""

from .emulator import ViberEmulator
from .faults import Fault
from .model import Bot, Call, Chat, Message, NotPossible, Person
from .stage import ViberStage, create_stage

__all__ = [
    "Bot",
    "Call",
    "Chat",
    "Fault",
    "Message",
    "NotPossible",
    "Person",
    "ViberEmulator",
    "ViberStage",
    "create_stage",
]
