"""What a person is asked and told when connecting a Viber bot. Facts: Viber, "Get Started" and the FAQ."""

from __future__ import annotations

import re

from adapters.base import ConnectForm, FormField, Guide
from adapters.texts import N_

TOKEN = re.compile(r"[0-9A-Za-z]{12,20}(?:-[0-9A-Za-z]{12,20}){2}")

WRONG_SHAPE = N_(
    "This does not look like a Viber key. A key is three groups of about 16 letters and digits with hyphens between "
    "them. Copy it whole from the bot's settings."
)
REVOKED = N_(
    "Viber does not know this key: it was replaced or mistyped. Open the bot in Viber, then its settings, "
    "copy the key again and paste it here."
)
BLOCKED = N_("Viber has blocked this bot. Write to Viber's support from the account that the bot belongs to.")
UNKNOWN_BOT = N_("Viber has no bot for this key any more. Create a new bot at partners.viber.com and paste its key.")
SUSPENDED = N_("Viber has suspended this bot. Look for its reason at partners.viber.com, then try again.")
NOT_AUTHORISED = N_(
    "Viber has not authorised this bot yet: bots need a contract since February 2024. "
    "Ask Viber or the partner the bot was made with."
)
REFUSED = N_("Viber refused the key: {reason}")
NEEDS_ADDRESS = N_(
    "Viber delivers only to a public https address, and this installation has none: its administrator sets"
    " PULT_PUBLIC_URL."
)
COMMERCIAL = N_(
    "Bots made since February 2024 work on commercial terms: Viber asks a monthly fee, and messages that the bot sends "
    "first may cost money. Answers within 24 hours of a person's message are free."
)

FORM = ConnectForm(
    fields=(
        FormField(
            name="token",
            label=N_("Viber bot's key"),
            hint=N_("Paste the key from the bot's settings. The message with it is deleted from the chat at once."),
            pattern=TOKEN,
        ),
    ),
    guides=(
        Guide(
            N_("A new Viber bot, about 7 minutes"),
            (
                N_("Sign in at partners.viber.com with your country and phone number."),
                N_("Create a bot account: a picture of 400×400, every field, an address (URI) in English letters."),
                N_("Bots made since February 2024 need Viber's commercial terms: Viber will ask for them there."),
                N_("Open the bot in Viber on the phone, then its settings, then API: there is the key."),
                N_("Send the key to yourself and paste it here."),
            ),
        ),
        Guide(
            N_("A Viber bot that exists already, about 1 minute"),
            (
                N_("Open the bot in Viber on the phone, then its settings, then API: there is the key."),
                N_("Copy it and paste it here."),
                N_("A bot works with one service at a time: connecting it here takes it from the previous one."),
            ),
        ),
        Guide(
            N_("If the Viber bot does not connect"),
            (
                N_("Disconnect the bot on both sides: in the previous service and here."),
                N_("Paste the key here again, and do not press “Connect” yet."),
                N_("On the phone, open the bot's settings, then API, and leave that page open."),
                N_("Now press “Connect”, then write to the bot."),
                N_("If nothing helps, create the bot again: it gets a new key."),
            ),
        ),
        Guide(
            N_("If Viber is blocked where you are"),
            (
                N_("On your own phone or computer, switch a VPN on."),
                N_("For this installation, its administrator sets a proxy in PULT_VIBER_PROXY."),
            ),
        ),
    ),
    check=N_("Write anything to the Viber bot now: the message will appear here."),
)
