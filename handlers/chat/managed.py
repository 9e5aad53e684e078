"""Bots that a control bot makes and manages: the button that asks for one, the token taken without copying.

The token goes from Telegram's answer into the encrypted ticket of the proposal; nobody is shown it.
"""

from __future__ import annotations

import re
from typing import Any

import structlog
from aiogram.methods import GetManagedBotToken, ReplaceManagedBotToken
from aiogram.types import CallbackQuery, KeyboardButton, KeyboardButtonRequestManagedBot, ReplyKeyboardMarkup, User
from aiogram_dialog import DialogManager
from aiogram_dialog.widgets.kbd import Button

from adapters.base import Credentials
from adapters.errors import PlatformError
from handlers.chat.session import DeskBot
from handlers.chat.states import ChannelsMenu
from handlers.chat.windows import given, press, say
from services import managed
from services.access import Refusal
from services.connecting import CONTROL_PLATFORM, Proposal, platform_words
from services.managed import Managed
from services.texts import N_, _

log = structlog.get_logger(__name__)

NAME_LIMIT = 64
USERNAME_LIMIT = 32
"""Characters of a bot's name and username ("setMyName", BotFather)."""
NOT_ALLOWED = N_(
    "This control bot may not create bots at the moment: its owner allows it in @BotFather. Paste a token instead."
)
HALF = N_("Telegram has made a new token for {name}, but it did not get through. Press the button once more.")

_LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ы": "y", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip


async def able(bot: DeskBot) -> bool:
    """Whether its owner lets this control bot manage others (getMe), asked anew each time: it can be taken away."""
    try:
        return bool((await bot.get_me()).can_manage_bots)
    except PlatformError as error:
        log.info("Telegram does not say what the control bot may do", error=str(error))
        return False


def button() -> Button:
    """«Создать бота одной кнопкой» of the guide; its window's data say with `managed` whether there is one."""
    return press(N_("Create a bot with one button"), "managed", _ask, "managed")


async def of_guide(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    """For the window of the guide: whether it offers the button."""
    telegram = dialog_manager.dialog_data.get("platform") == CONTROL_PLATFORM
    return {"managed": telegram and await able(dialog_manager.middleware_data["bot"])}


async def _ask(press_: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    """Only a reply keyboard can ask for a bot."""
    services, who = given(manager)
    bot: DeskBot = manager.middleware_data["bot"]
    await services.channels.may_connect(who.person_id, who.in_project(), CONTROL_PLATFORM)
    if not await able(bot):
        raise Refusal(NOT_ALLOWED)
    name = who.project or who.name
    wanted = KeyboardButtonRequestManagedBot(
        request_id=1, suggested_name=name[:NAME_LIMIT], suggested_username=username_for(name, who.in_project())
    )
    keyboard = ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=_("🤖 Create the bot"), request_managed_bot=wanted)]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )
    text = _("Press the button below the text field: Telegram creates the bot, and I take its token myself.")
    await say(bot, who.chat_id, text, reply_markup=keyboard)


def username_for(name: str, number: int) -> str:
    """A username to suggest: the name in Latin letters; the number where nothing of it can be written so."""
    latin = "".join(_LATIN.get(sign, sign) for sign in name.lower())
    words = re.sub(r"[^a-z0-9]+", "_", latin).strip("_")
    if not re.match(r"[a-z]", words):
        words = f"shop_{number}"
    return f"{words[: USERNAME_LIMIT - 4].rstrip('_')}_bot"


async def noted(bot: DeskBot, made: User, creator: int) -> Managed:
    """Remember whose bot it is."""
    found = Managed(made.id, made.full_name, made.username or "")
    await managed.made(bot.control_bot_id, found, creator)
    return found


async def proposed(manager: DialogManager, bot: Managed) -> Proposal:
    """The bot with the token that Telegram gives for it. Raises Denied, or Refusal saying what is wrong."""
    services, who = given(manager)
    await services.channels.may_connect(who.person_id, who.in_project(), CONTROL_PLATFORM)
    control: DeskBot = manager.middleware_data["bot"]
    with platform_words("Telegram"):
        token = await control(GetManagedBotToken(user_id=bot.telegram_id))
    credentials = Credentials(token=token)
    return await services.channels.identify(who.person_id, who.in_project(), CONTROL_PLATFORM, credentials)


# A new token


def replacing() -> Button:
    """The button of the window that waits for a new key."""
    return press(N_("Replace the token with one button"), "managed", _replace, "managed")


def _place(manager: DialogManager) -> tuple[int, int, int]:
    """The person, the project and the channel of a window of /channels."""
    _services, who = given(manager)
    data = manager.dialog_data
    return who.person_id, data.get("project") or who.in_project(), data["channel"]


async def of_channel(dialog_manager: DialogManager, **_kwargs: Any) -> dict[str, Any]:
    """For the window that waits for a new key: whether the button can make one."""
    found = await managed.is_managed(*_place(dialog_manager))
    return {"managed": found and await able(dialog_manager.middleware_data["bot"])}


async def _replace(press_: CallbackQuery, _button: Button, manager: DialogManager) -> None:
    services, _who = given(manager)
    person_id, project_id, channel_id = _place(manager)
    bot = await managed.of_channel(person_id, project_id, channel_id)
    control: DeskBot = manager.middleware_data["bot"]
    if not await able(control):
        raise Refusal(NOT_ALLOWED)
    with platform_words("Telegram"):
        token = await control(ReplaceManagedBotToken(user_id=bot.telegram_id))
    try:
        await services.channels.replace_credentials(person_id, project_id, channel_id, Credentials(token=token))
    except Refusal as error:
        # The old token is dead by now, whatever the refusal says of nothing having changed.
        log.warning("a replaced token could not be put to use", channel=channel_id, reason=error.message)
        raise Refusal(HALF, name=bot.name) from None
    await press_.answer(_("The token is replaced."))
    await manager.switch_to(ChannelsMenu.card)
