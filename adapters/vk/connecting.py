"""What a person is asked and told when connecting a VK community. Facts: dev.vk.com, "Community messages"."""

from __future__ import annotations

from adapters.base import ConnectForm, FormField, Guide
from adapters.texts import N_
from adapters.vk.api import TOKEN

WRONG_SHAPE = N_(
    "This does not look like a community's key. A key begins with vk1.a. and is about 200 characters long. "
    "Copy it whole from the community's settings."
)
REVOKED = N_(
    "VK does not know this key: it was deleted, has expired or was copied only in part. "
    "Make a new one in the community's settings: Manage → API usage → Create key."
)
NOT_A_COMMUNITY = N_(
    "This key belongs to a personal page or an app. Only communities can be connected: make a key in the community's "
    "settings, Manage → API usage → Create key."
)
NOT_ADMINISTERED = N_(
    "VK does not let this key manage the community: whoever made it is not among its administrators any more. "
    "Have an administrator make a new key."
)
BLOCKED = N_("VK has blocked or deleted the community {name}, so nobody can write to it. Ask VK's support.")
CLOSED = N_(
    "The community {name} is closed: strangers cannot write to it. Open it in its settings (Manage → Settings → "
    "Type of community), then paste the key again."
)
PRIVATE = N_(
    "The community {name} is private: only those invited see it. Open it in its settings (Manage → Settings → "
    "Type of community), then paste the key again."
)
REFUSED = N_("VK refused the key: {reason}")
UNREACHABLE = N_(
    "VK could not get an answer from {address}. See that the address can be reached from the internet, "
    "then connect again."
)
AGE_LIMIT = N_("The community has an age limit: younger people will not be able to write to it.")
SHARED = N_("Another service is connected to this community too: customers may get answers from both.")

FORM = ConnectForm(
    fields=(
        FormField(
            name="token",
            label=N_("Community's key"),
            hint=N_("Paste the community's key. The message with it is deleted from the chat at once."),
            pattern=TOKEN,
        ),
    ),
    guides=(
        Guide(
            N_("The key of a community, about 2 minutes"),
            (
                N_("Open your community in VK on a computer. You must be its administrator."),
                N_("Manage → Advanced → API usage → Create key."),
                N_("Tick all four: manage the community, messages, photos, files."),
                N_("Confirm, copy the long key and paste it here. The rest is set by itself."),
            ),
        ),
        Guide(
            N_("If it does not connect"),
            (
                N_("Personal pages cannot be connected: make a community first, it takes a minute."),
                N_("The community must be open, not closed or private, and not blocked by VK."),
                N_("A key made by somebody who left the team does not work: make a new one."),
            ),
        ),
        Guide(
            N_("If VK is blocked where you are"),
            (
                N_("On your own phone or computer: switch a VPN on."),
                N_("For this installation: its administrator sets a proxy in PULT_VK_PROXY."),
            ),
        ),
    ),
    check=N_("Write anything to the community now, not in its name but from your own page: it will appear here."),
)
