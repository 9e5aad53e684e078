"""What the control bot's handlers are given to work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.base import Adapter
from services.accounts import Accounts
from services.channel_settings import ChannelSettings
from services.channels import Channels
from services.conversations import Conversations
from services.duty import Duty
from services.files import Files
from services.history import History
from services.logins import Logins
from services.ports import Desk
from services.projects import Projects
from services.team import Team
from services.texts import LOCALES


@dataclass(frozen=True, slots=True)
class Services:
    """The services by their names. registry: the platforms' adapters by id. locale: for people whose own is unknown."""

    accounts: Accounts
    projects: Projects
    team: Team
    conversations: Conversations
    registry: Mapping[str, Adapter]
    channels: Channels
    files: Files
    desk: Desk
    locale: str = LOCALES[0]

    @property
    def channel_settings(self) -> ChannelSettings:
        return ChannelSettings(self.channels)

    @property
    def history(self) -> History:
        return History(self.registry)

    @property
    def duty(self) -> Duty:
        return Duty()

    @property
    def logins(self) -> Logins:
        return Logins(self.channels)
