"""What has the shape of a secret, taken out of a text: for logs, and for every error that is stored or shown.

Errors of libraries quote what they were given. Secrets that are known by value are hidden by `bot.redaction`, too.
"""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "<hidden>"

_SHAPES: Final = (
    # A Telegram token, also behind the "bot" of an address.
    (re.compile(r"\d{6,16}:[A-Za-z0-9_-]{30,}"), HIDDEN),
    # Keys of Facebook, VK (new and old) and Viber.
    (re.compile(r"\bEAA[A-Za-z0-9_-]{20,}"), HIDDEN),
    (re.compile(r"\bvk1\.a\.[A-Za-z0-9_-]{16,}|\b[0-9a-f]{85}\b"), HIDDEN),
    (re.compile(r"\b[0-9A-Za-z]{12,20}(?:-[0-9A-Za-z]{12,20}){2}\b"), HIDDEN),
    # An invitation, a webhook's address, a link to a file, a key that encrypts.
    (re.compile(r"\binv_[A-Za-z0-9_-]{16,}"), f"inv_{HIDDEN}"),
    (re.compile(r"(/hooks/[a-z]+/|/media/)[A-Za-z0-9_-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}=(?![A-Za-z0-9_=-])"), HIDDEN),
    # The password of an address, and what stands in its query or in a header by a telling name.
    (re.compile(r"(?<=://)([^\s/:@]{0,100}):[^\s/@]{1,200}(?=@)"), rf"\1:{HIDDEN}"),
    (re.compile(r"(?i)((?<=[?&])(?:secret|password|token|key|code|state)|\b(?:access_token|appsecret_proof|client_secret"
                r"|hub\.verify_token))=[^&\s\"'<>,;)\]}]+"), rf"\1={HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic) [A-Za-z0-9._~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    # What pydantic and PostgreSQL quote of the data they refuse: it may be what a customer wrote.
    (re.compile(r"input_value=.{0,1000}?, input_type=", re.S), f"input_value={HIDDEN}, input_type="),
    (re.compile(r"(Failing row contains|Key \([^()]{0,200}\)=) ?\(.*", re.S), rf"\1 {HIDDEN}"),
)  # fmt: skip


def without_secrets(text: str) -> str:
    """The text with everything hidden that looks like a secret or quotes refused data."""
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def told(error: BaseException) -> str:
    """An error in a line that may be kept: its kind and its words without secrets."""
    words = without_secrets(str(error))
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
