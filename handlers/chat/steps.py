"""What /help says of the step that one is in: each place of a menu or wizard has its sentence."""

from __future__ import annotations

from typing import Final

from aiogram.fsm.state import State

from handlers.chat import states
from services.texts import N_

_ASKS_NAME = N_("I am waiting for a name, written as a message.")

STEPS: Final[dict[State, str]] = {
    states.Menu.main: N_("The menu is open: press a section. Nothing that you type goes to it."),
    states.Menu.switch: N_("Press the project that you want to see; the others go on as they are."),
    states.Welcome.offer: N_(
        "Your desk is ready. “Keep” takes name and time zone as they are; both can be changed later."
    ),
    states.Welcome.channel: N_("Connect the first channel, or look around in the menu and do it later with /connect."),
    states.ProjectMenu.main: N_("The project's settings: each button changes one of them at once."),
    states.ProjectMenu.reopen: N_(
        "Press how long after “Done” a customer's message continues the old inquiry instead of beginning a new one."
    ),
    states.ProjectName.ask: _ASKS_NAME,
    states.ProjectZone.pick: N_("Press a time zone, or write a city or the difference to UTC, like +5."),
    states.NewProject.ask: _ASKS_NAME,
    states.Profile.main: N_(
        "Your profile. “Away” stops new inquiries and reminders for you; the other buttons say how new ones are"
        " announced."
    ),
    states.Profile.name: _ASKS_NAME,
    states.TeamMenu.list: N_("The team: press somebody to see what you can do, or invite with a link for one person."),
    states.TeamMenu.member: N_("One of the team. What your role allows stands on the buttons."),
    states.TeamMenu.remove: N_("“Yes” takes the person out of the team; open dialogs return to the new ones."),
    states.TeamMenu.leave: N_("“Yes” takes you out of the project; your open dialogs return to the new ones."),
    states.TeamMenu.invitations: N_("Links that nobody has used yet. Press one to make it useless."),
    states.Connect.platform: N_("Press the messenger that your customers write to."),
    states.Connect.key: N_(
        "I am waiting for the key, as a message; I delete it at once. Where to find it stands in the message above."
    ),
    states.Connect.confirm: N_("Look whether it is the right one. Nothing is connected before you press “Connect”."),
    states.Connect.waiting: N_("It is connected. Write to it from another account, or press “Check”."),
    states.SignIn.go: N_(
        "Sign in in the browser; afterwards this chat goes on by itself, or press “I have signed in”."
    ),
    states.SignIn.accounts: N_("Press what is to be connected. Nothing else of your account is touched."),
    states.ChannelsMenu.list: N_("Your channels. Press one for its state, a new key or to disconnect it."),
    states.ChannelsMenu.card: N_("A channel. “Check” asks the messenger right now whether everything works."),
    states.ChannelsMenu.key: N_(
        "I am waiting for the channel's new key, as a message; I delete it at once. Answers that wait go out with it."
    ),
    states.ChannelsMenu.disconnect: N_(
        "“Yes” stops the messages of this channel. The history stays, and it can come back."
    ),
    states.SettingsMenu.list: N_("Press what is to be changed at the messenger itself."),
    states.SettingsMenu.text: N_("I am waiting for the new text, as a message. It is seen by customers."),
    states.SettingsMenu.switch: N_("The button switches it on or off, at once."),
    states.SettingsMenu.choices: N_("Press a choice to read what it means; nothing changes before “Choose it”."),
    states.SettingsMenu.choice: N_("Read what it means; nothing changes before you press “Choose it”."),
    states.ChannelPicture.ask: N_("I am waiting for a picture, sent as a photo."),
}
