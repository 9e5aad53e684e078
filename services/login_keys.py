"""What a browser is known by between the page of a login and its return: made at the press of that page's button.

Whoever began the login knows its key, and could lead somebody else's browser past the page: the key alone therefore
neither goes with a browser nor makes a `state`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

_LENGTH: Final = 43
"""Characters of 32 random bytes."""


def made() -> str:
    """A new login's key, which the chat's link carries."""
    return secrets.token_urlsafe(32)


def hashed(key: str) -> str:
    """As which a key is kept."""
    return hashlib.sha256(key.encode()).hexdigest()


def pressed(key: str) -> str:
    """What the browser keeps whose person pressed the button: another one at each press."""
    return f"{key}.{secrets.token_urlsafe(32)}"


def key_of(browser: str | None) -> str | None:
    """The login's key in what a browser kept; None where no press made it."""
    key, _, own = (browser or "").partition(".")
    return key if len(key) == _LENGTH and len(own) == _LENGTH else None


def derived(browser: str, purpose: str) -> str:
    """43 characters that only who has what the browser keeps can make."""
    made = hmac.digest(browser.encode(), f"pult: login, {purpose}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
