"""What a team can choose for a page: late answers of people, and which of the sixteen kinds its broadcasts are.

The kinds are those of 2019. Their tags were withdrawn (Messenger Platform, "Send a Message", 2026-05-05), so that a
kind decides what may be said and to whom, and never stands on the wire.
"""

from __future__ import annotations

from typing import Final

from adapters.options import Choice, Option
from adapters.texts import N_

HUMAN_AGENT: Final = "human_agent"
"""The channel's setting that allows late answers of people ("on")."""
BROADCAST_TYPE: Final = "broadcast_type"
DEFAULT_TYPE: Final = "business_productivity"

_WITHIN = N_("It goes to those who wrote within the last 24 hours. For anybody later Facebook has no way.")
_TEMPLATE = N_(
    "It goes to those who wrote within the last 24 hours. For anybody later Facebook asks for a template that it has"
    " approved."
)
_PERSON = N_(
    "It goes to those who wrote within the last 24 hours. For up to 7 days a person may still answer by hand, where"
    " late answers are switched on; after that Facebook asks for a template that it has approved."
)
_PERMISSION = N_(
    "Facebook grants this permission no more. Without it, it goes to those who wrote within the last 24 hours."
)

TYPES: Final = (
    Choice(
        "subscription", N_("Periodic broadcasts, permitted"), N_("For pages whose request Facebook has approved."),
        N_("News of the week."), _PERMISSION,
    ),
    Choice(
        DEFAULT_TYPE, N_("Business productivity"),
        N_("Useful notes for those who use your service: something is due, a report, advice. No advertising."),
        N_("Your report for October is ready."), _TEMPLATE,
    ),
    Choice(
        "event_reminder", N_("Event reminder"), N_("About an event that the person is going to attend."),
        N_("The webinar begins in an hour."), _TEMPLATE,
    ),
    Choice(
        "event_change", N_("Change of an event"), N_("About an event that the person has a ticket for."),
        N_("The concert has been moved to the small hall."), _TEMPLATE,
    ),
    Choice(
        "shipping", N_("Delivery of an order"), N_("How the delivery of an order stands."),
        N_("The courier is 15 minutes late."), _TEMPLATE,
    ),
    Choice(
        "application", N_("State of an application"), N_("How an application stands that the person has made."),
        N_("Your application has been approved."), _TEMPLATE,
    ),
    Choice(
        "pairing", N_("A match was found"), N_("Something was found that the person had asked for."),
        N_("A parking place near you is free."), _WITHIN,
    ),
    Choice(
        "issue", N_("An existing deal"), N_("About a payment or a deal that is under way."),
        N_("The goods are out of stock: shall we return the money?"), _PERSON,
    ),
    Choice(
        "payment", N_("Payments and finance"), N_("Reminders of payments, and movements of money."),
        N_("Your transfer has arrived."), _TEMPLATE,
    ),
    Choice(
        "reservation", N_("Booking"), N_("How a booking stands."),
        N_("Your booking is confirmed: a car from the 5th to the 9th."), _TEMPLATE,
    ),
    Choice(
        "appointment", N_("Appointment"), N_("Changes of an appointment."),
        N_("Your appointment has been moved to 12:00."), _TEMPLATE,
    ),
    Choice(
        "game", N_("Games and sport"), N_("What happens in a game or a match that the person follows."),
        N_("The match begins in half an hour."), _WITHIN,
    ),
    Choice(
        "transport", N_("Transport"), N_("Timetables, and changes of a route."),
        N_("Your flight is 40 minutes late."), _TEMPLATE,
    ),
    Choice(
        "community", N_("Notice of a community"), N_("Emergencies and routine of a community."),
        N_("Please confirm that you are safe."), _WITHIN,
    ),
    Choice(
        "account", N_("Change of an account"), N_("Changes in the person's account with you."),
        N_("Your password has been changed."), _TEMPLATE,
    ),
    Choice(
        "features", N_("News of the bot"), N_("What is new in your bot."),
        N_("Orders can now be placed right in this chat."), _WITHIN,
    ),
)  # fmt: skip

OPTIONS: Final = (
    Option(
        BROADCAST_TYPE, N_("Type of broadcasts"),
        N_(
            "A page has one type of broadcasts. It says what they are about; advertising is forbidden in all of them."
            " Breaking Facebook's rules can block the page's messages for 7 to 30 days."
        ),
        choices=TYPES, default=DEFAULT_TYPE,
    ),
    Option(
        HUMAN_AGENT, N_("Late answers"),
        N_(
            "Lets people answer for up to 7 days after the customer's last message, instead of 24 hours. Switch it on"
            " only if Facebook has approved the feature “Human Agent” for your app: else such answers are refused."
        ),
    ),
)  # fmt: skip
