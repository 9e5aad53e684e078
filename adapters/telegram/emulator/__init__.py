"""Telegram's Bot API emulated in memory: any number of bots and people, as strict as the real one."""

from .emulator import TelegramEmulator, methods
from .faults import Fault
from .files import picture
from .model import BotAccount, Chat, Message, Person
from .people import NotPossible
from .stage import TelegramStage, create_stage
from .world import Call

__all__ = [
    "BotAccount",
    "Call",
    "Chat",
    "Fault",
    "Message",
    "NotPossible",
    "Person",
    "TelegramEmulator",
    "TelegramStage",
    "create_stage",
    "methods",
    "picture",
]
