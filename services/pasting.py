"""A connect form being filled in: what is asked for next, what was pasted so far (encrypted between two messages)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.fernet import InvalidToken

from adapters.base import Adapter, Credentials, FormField
from models import fields
from services.access import Refusal
from services.sql import from_json, to_json
from services.texts import N_

NOT_THAT = N_("This does not look like what I am waiting for: {label}. {hint} To leave, press /cancel")
WAITING = N_("I am waiting for this here: {label}. To leave, press /cancel")


@dataclass(frozen=True, slots=True)
class Asked:
    """The field that is asked for now; given: what was pasted before, encrypted. number of total, from 1."""

    field: FormField
    number: int
    total: int
    given: str | None


def asked(adapter: Adapter, given: str | None = None) -> Asked:
    """What the form asks for next; at its end the first field again."""
    form, filled = adapter.connect.fields, _opened(given)
    place = next((place for place, one in enumerate(form) if one.name not in filled), 0)
    return Asked(form[place], place + 1, len(form), given if place else None)


def secret_in(field: FormField, text: str) -> bool:
    """Whether a message may hold what must not stay in a chat: the field's value, or a try at it, but no sentence."""
    return field.secret and (field.pattern.search(text) is not None or len(text.split()) == 1)


def take(adapter: Adapter, given: str | None, text: str) -> Asked | Credentials:
    """Put a message into the form: what it asks for then, or all it asked for.

    The value is found inside of more words, as BotFather sends it. Raises NotThere where there is none.
    """
    now = asked(adapter, given)
    found = now.field.pattern.search(text)
    if found is None:
        raise NotThere(now.field)
    filled = {**_opened(now.given), now.field.name: found[0]}
    if now.number == now.total:
        return Credentials(filled)
    return asked(adapter, fields.seal(to_json(filled)))


class NotThere(Refusal):
    """The message holds no value for the field. Its label and hint are message ids, to be translated first."""

    def __init__(self, field: FormField) -> None:
        super().__init__(NOT_THAT, label=field.label, hint=field.hint)


def _opened(given: str | None) -> dict[str, str]:
    if not given:
        return {}
    try:
        found: dict[str, str] = from_json(fields.unseal(given))
    except InvalidToken:
        # The installation's key was changed meanwhile: the form begins anew.
        return {}
    return found
