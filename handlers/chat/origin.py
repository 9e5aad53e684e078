"""Where a customer came from, in words."""

from __future__ import annotations

import re
from typing import Final

from services.texts import _

_NUMBERED: Final = re.compile("(ad|product)_([0-9]+)")


def came_by(code: str) -> str:
    """The code of the link, or in words what has a number alone: an advertisement, a product of the shop."""
    if (numbered := _NUMBERED.fullmatch(code)) is None:
        return _("Source: {source}", source=code)
    words = _("Source: advertisement No. {number}") if numbered[1] == "ad" else _("Source: product No. {number}")
    return words.format(number=numbered[2])
