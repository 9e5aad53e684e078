"""What a person is asked and told when connecting a Facebook page."""

from __future__ import annotations

from adapters.base import ConnectForm, FormField, Guide
from adapters.facebook.api import TOKEN
from adapters.texts import N_

WRONG_SHAPE = N_(
    "This does not look like a page key. A page key is one long word of Latin letters and digits that begins with EAA. "
    "Copy it whole from the app's Messenger settings."
)
REVOKED = N_(
    "Facebook does not take this key: it was revoked, has expired, or was not copied whole. "
    "Make a new one for the page in the app's Messenger settings and paste it here."
)
NO_APP = N_(
    "This installation has no Facebook app yet. Its administrator makes one at developers.facebook.com and sets "
    "PULT_FACEBOOK_APP_ID, PULT_FACEBOOK_APP_SECRET and PULT_FACEBOOK_VERIFY_TOKEN."
)
USER_TOKEN = N_(
    "This is a key of a person's own account ({name}), not of a page. Personal accounts cannot be connected: "
    "in the app's Messenger settings choose the page and copy the key that is made for it."
)
OTHER_APP = N_(
    "This key was made by the app “{other}”, but this installation works with the app “{own}”. "
    "Make a key for the page in the Messenger settings of “{own}” and paste it here."
)
SOME_OTHER_APP = N_(
    "This key was made by another Facebook app, but this installation works with the app “{own}”. "
    "Make a key for the page in the Messenger settings of “{own}” and paste it here."
)
EDITOR = N_(
    "The person who made this key may not manage messages of “{name}”: editors cannot connect a page. "
    "Ask its administrator to make the key, or to give you full control in the page's settings under “Page access”."
)
NOT_SHOWN = N_(
    "Facebook does not show this page to apps. Usually it has age or country limits, or is not published: "
    "look into the page's settings under “Audience and visibility”, lift the limits and try again."
)
RESTRICTED = N_(
    "Facebook has restricted this page, so it cannot be connected now. "
    "Its owner sees why and until when in the page's settings under “Page quality”."
)
REFUSED = N_("Facebook refused the key: {reason}")
WRONG_APP_SECRET = N_(
    "Facebook does not take the id and secret of this installation's app. "
    "Its administrator compares PULT_FACEBOOK_APP_ID and PULT_FACEBOOK_APP_SECRET with the app's basic settings."
)

EXPIRES = N_(
    "This key dies by itself within hours or weeks. Better generate one in the app's Messenger settings:"
    " that one lasts."
)
NOT_PUBLISHED = N_("The page is not published: until it is, only its own team can write to it.")
LIMITED_ACCESS = N_(
    "The Facebook app has no advanced access yet: only people with a role in the app get through. "
    "Its administrator asks for it in the app's review."
)
OTHERS_TOO = N_(
    "Other services are connected to this page too. They go on receiving its messages and may answer them. "
    "To be safe, make this app the default one in the page's settings under “Advanced messaging”."
)

FORM = ConnectForm(
    fields=(
        FormField(
            name="token",
            label=N_("Page key"),
            hint=N_("Paste the key of the page. The message with it is deleted from the chat at once."),
            pattern=TOKEN,
        ),
    ),
    guides=(
        Guide(
            N_("Connect a page, about 5 minutes"),
            (
                N_("You need to be the page's administrator: editors cannot connect it."),
                N_("Open developers.facebook.com, your company's app, and in it the settings of Messenger."),
                N_("Add the page there: sign in with your personal account and choose the page."),
                N_("Press “Generate” beside the page and copy the key: a very long word that begins with EAA."),
                N_("Paste the key here."),
            ),
        ),
        Guide(
            N_("If the page is not in the list"),
            (
                N_("Look whether you are its administrator: the page's settings, “Page access”."),
                N_("Look whether the page has age or country limits: lift them."),
                N_("Sign in again and allow the app all pages, not only some."),
            ),
        ),
        Guide(
            N_("If Facebook is blocked where you are"),
            (
                N_("On your own phone or computer: switch a VPN on."),
                N_("For this installation: its administrator sets a proxy in PULT_FACEBOOK_PROXY."),
            ),
        ),
    ),
    check=N_(
        "Write anything to the page now: the message will appear here. "
        "While the app has no advanced access, write from an account that has a role in it."
    ),
)
