"""VK's API emulated in memory: any number of communities and people, as strict as the real one."""

from .actions import NotPossible, picture
from .emulator import VkEmulator, methods
from .faults import Fault
from .model import Community, Dialog, Message, Person
from .stage import VkStage, create_stage
from .world import Call

__all__ = [
    "Call",
    "Community",
    "Dialog",
    "Fault",
    "Message",
    "NotPossible",
    "Person",
    "VkEmulator",
    "VkStage",
    "create_stage",
    "methods",
    "picture",
]
