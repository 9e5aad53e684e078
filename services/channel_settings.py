"""«Настройки бота» and «Тип рассылок»: what is chosen for a channel and kept here, and the texts kept by its platform.

Every function raises Denied for whoever may not change the project's channels, Gone for a channel that is not connected
any more, and Refusal for what its platform does not have.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from adapters.base import Adapter, CanEditProfile, Option
from adapters.options import ON
from services import connecting
from services.access import Refusal
from services.channel_rows import ChannelView, Connected
from services.channels import Channels
from services.connecting import platform_words
from services.sql import LOCK, Steps, from_json, to_json, transact
from services.texts import N_

NO_SUCH_TEXT = N_("{platform} has no such text.")
NO_SUCH_CHOICE: Final = N_("There is no such choice any more. Open the list again.")
TOO_LONG = N_("{platform} takes up to {limit} characters here, and these are {length}.")


class ChannelSettings:
    """Settings of connected channels."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    async def text(self, person_id: int, project_id: int, channel_id: int, name: str) -> str:
        """A text as it is now: an option that is kept here, or what the platform shows. Empty where there is none."""
        _, channel, adapter = await self._channels.own(person_id, project_id, channel_id)
        if any(option.name == name and option.limit for option in adapter.capabilities.options):
            return channel.settings.get(name, "")
        if name not in adapter.capabilities.profile_texts or not isinstance(adapter, CanEditProfile):
            raise Refusal(NO_SUCH_TEXT, platform=adapter.title)
        with platform_words(adapter.title):
            return await adapter.profile_text(channel.channel(self._channels.public_url), name)

    async def write(self, person_id: int, project_id: int, channel_id: int, name: str, text: str) -> ChannelView:
        """Change a text; an empty one is taken away. Refusal names the limit where it is too long."""
        _, channel, adapter = await self._channels.own(person_id, project_id, channel_id)
        text = text.strip()
        option = next((one for one in adapter.capabilities.options if one.name == name and one.limit), None)
        limit = option.limit if option else adapter.capabilities.profile_texts.get(name)
        if limit is None:
            raise Refusal(NO_SUCH_TEXT, platform=adapter.title)
        if len(text) > limit:
            raise Refusal(TOO_LONG, platform=adapter.title, limit=limit, length=len(text))
        if option is not None:
            return await self._keep(person_id, channel, name, text)
        await self._tell(adapter, channel, name, text)
        return await self._channels.card(person_id, project_id, channel_id)

    async def _tell(self, adapter: Adapter, channel: Connected, name: str, text: str) -> None:
        if not isinstance(adapter, CanEditProfile):
            raise Refusal(NO_SUCH_TEXT, platform=adapter.title)
        with platform_words(adapter.title):
            await adapter.edit_profile(channel.channel(self._channels.public_url), name, text)
        if name == "name" and text:
            await transact(partial(connecting.renamed, channel.id, text))
            self._channels.changed(channel.id)

    async def switch(self, person_id: int, project_id: int, channel_id: int, name: str, *, on: bool) -> ChannelView:
        """Switch an option on or off."""
        channel, option = await self._option(person_id, project_id, channel_id, name)
        if not option.switch:
            raise Refusal(NO_SUCH_CHOICE)
        return await self._keep(person_id, channel, name, ON if on else "")

    async def choose(self, person_id: int, project_id: int, channel_id: int, name: str, choice: str) -> ChannelView:
        """Choose one of several."""
        channel, option = await self._option(person_id, project_id, channel_id, name)
        if option.choice(choice) is None:
            raise Refusal(NO_SUCH_CHOICE)
        return await self._keep(person_id, channel, name, choice)

    async def _option(self, person_id: int, project_id: int, channel_id: int, name: str) -> tuple[Connected, Option]:
        _, channel, adapter = await self._channels.own(person_id, project_id, channel_id)
        found = next((one for one in adapter.capabilities.options if one.name == name), None)
        if found is None:
            raise Refusal(NO_SUCH_CHOICE)
        return channel, found

    async def _keep(self, person_id: int, channel: Connected, name: str, value: str) -> ChannelView:
        project_id = channel.row.project_id
        await transact(partial(_put, project_id, channel.id, name, value))
        self._channels.changed(channel.id)
        return await self._channels.card(person_id, project_id, channel.id)


def _put(project_id: int, channel_id: int, name: str, value: str) -> Steps[None]:
    rows = yield (
        f"SELECT settings FROM channels WHERE id = ? AND project_id = ? {LOCK}",
        (channel_id, project_id),
    )
    if not rows:
        return
    others = {key: kept for key, kept in (from_json(rows[0]["settings"]) or {}).items() if key != name}
    settings = others | {name: value} if value else others
    yield (
        "UPDATE channels SET settings = ? WHERE id = ? AND project_id = ?",
        (to_json(settings), channel_id, project_id),
    )
