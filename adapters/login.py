"""Connecting by login: a person signs in at the platform, and it tells which accounts are theirs, with their keys.

The browser goes there and back once or twice: where signing in does not give the keys yet
(`LoginAccount.credentials` is None), one more trip asks for the key of the account that was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from adapters.channel import Credentials


@dataclass(frozen=True, slots=True)
class Trip:
    """One way of the browser to the platform and back.

    redirect: where the platform leads back to, the same at every trip. state: goes with the browser and comes back.
    secret: stays here until the exchange (43 characters of A-Z, a-z, 0-9, - and _, as PKCE wants its verifier).
    account: whose key the trip is for; None where it is to find out what there is.
    """

    redirect: str
    state: str = field(repr=False)
    secret: str = field(repr=False)
    account: str | None = None


@dataclass(frozen=True, slots=True)
class LoginAccount:
    """A page or a community of whoever has signed in.

    credentials: what connects it; None where another trip must ask for them. refusal: why it cannot be connected (a
    message id, with its placeholders in params), if it cannot.
    """

    id: str
    name: str
    credentials: Credentials | None = None
    refusal: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class CanLogin(Protocol):
    """For platforms on which this installation may have an app of its own."""

    def can_login(self) -> bool:
        """Whether the settings hold the app."""
        ...

    def login_url(self, trip: Trip) -> str:
        """The platform's page for the trip. Pure."""
        ...

    async def exchange(self, trip: Trip, query: Mapping[str, str]) -> Sequence[LoginAccount]:
        """The accounts behind what the platform added to `trip.redirect`; the one of `trip.account`, with credentials,
        where the trip was for it.

        Raises ConnectRefused (denied, expired, the app's secret is wrong), Temporary or Throttled.
        """
        ...
