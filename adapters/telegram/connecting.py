"""What a person is asked and told when connecting a Telegram bot. Facts: Telegram, "From BotFather to Hello World"."""

from __future__ import annotations

from adapters.base import ConnectForm, FormField, Guide
from adapters.telegram.api import TOKEN
from adapters.texts import N_

WRONG_SHAPE = N_(
    "This does not look like a bot key. A key has digits, a colon and about 35 letters, like 123456789:AAExample. "
    "Copy it whole from @BotFather."
)
REVOKED = N_(
    "Telegram does not know this key: it was revoked or mistyped. "
    "Send /token to @BotFather, choose the bot and copy the key again."
)
NOT_A_BOT = N_("This key belongs to a personal account. Only bots can be connected: create one at @BotFather.")
REFUSED = N_("Telegram refused the key: {reason}")

FORM = ConnectForm(
    fields=(
        FormField(
            name="token",
            label=N_("Bot key"),
            hint=N_("Paste the key from @BotFather. The message with it is deleted from the chat at once."),
            pattern=TOKEN,
        ),
    ),
    guides=(
        Guide(
            N_("A new bot, about 4 minutes"),
            (
                N_("Open @BotFather in Telegram and send /newbot."),
                N_("Type the name that customers will see. It can be changed later."),
                N_("Type a username in Latin letters that ends in “bot”."),
                N_("Copy the long key from the answer: digits, a colon and about 35 letters."),
                N_("Paste the key here."),
            ),
        ),
        Guide(
            N_("A bot that exists already, about 1 minute"),
            (
                N_("Open @BotFather in Telegram and send /token."),
                N_("Choose the bot and copy its key."),
                N_("Paste the key here."),
                N_("A bot works with one service at a time: connecting it here takes it from the previous one."),
            ),
        ),
        Guide(
            N_("If Telegram is blocked where you are"),
            (
                N_("On your own phone or computer: switch a VPN on."),
                N_("For this installation: its administrator sets a proxy in PULT_TELEGRAM_PROXY."),
            ),
        ),
    ),
    check=N_("Write anything to the bot now: the message will appear here."),
)
