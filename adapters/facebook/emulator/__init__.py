"""Facebook emulated in memory: the Graph API as far as pages and Messenger go, and the app's webhooks."""

from .emulator import APP_ID, APP_SECRET, VERIFY_TOKEN, FacebookEmulator
from .errors import GraphError
from .faults import Fault
from .model import PAGE_INBOX, App, Call, File, Key, Message, Page, Person, Thread
from .stage import FacebookStage, create_stage
from .world import NotPossible

__all__ = [
    "APP_ID",
    "APP_SECRET",
    "PAGE_INBOX",
    "VERIFY_TOKEN",
    "App",
    "Call",
    "FacebookEmulator",
    "FacebookStage",
    "Fault",
    "File",
    "GraphError",
    "Key",
    "Message",
    "NotPossible",
    "Page",
    "Person",
    "Thread",
    "create_stage",
]
