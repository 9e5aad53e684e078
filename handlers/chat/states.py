"""The places of menus and wizards. Stored with open menus: renaming one closes them (with a friendly line)."""

from aiogram.fsm.state import State, StatesGroup


class Menu(StatesGroup):
    main = State()
    switch = State()


class Welcome(StatesGroup):
    offer = State()
    channel = State()


class ProjectMenu(StatesGroup):
    main = State()
    reopen = State()


class ProjectName(StatesGroup):
    ask = State()


class ProjectZone(StatesGroup):
    pick = State()


class NewProject(StatesGroup):
    ask = State()


class Profile(StatesGroup):
    main = State()
    name = State()


class TeamMenu(StatesGroup):
    list = State()
    member = State()
    remove = State()
    leave = State()
    invitations = State()


class Connect(StatesGroup):
    platform = State()
    key = State()
    confirm = State()
    waiting = State()


class SignIn(StatesGroup):
    go = State()
    accounts = State()


class ChannelsMenu(StatesGroup):
    list = State()
    card = State()
    key = State()
    disconnect = State()


class SettingsMenu(StatesGroup):
    list = State()
    text = State()
    switch = State()
    choices = State()
    choice = State()


class ChannelPicture(StatesGroup):
    ask = State()
