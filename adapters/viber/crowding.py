"""Viber says "too many requests" without saying of whom: one person's hour is full, or the whole bot is too fast."""

from __future__ import annotations

import time
from collections import OrderedDict

from adapters.base import ChannelId, Scope, UserId
from adapters.viber.refusals import CHANNEL_PAUSE, TooMany

WITHIN = 2.0
REMEMBERED = 1000


class Crowding:
    """The last refusal of each channel, for seconds. A second person refused right after the first means the channel.

    A hint and no more: what is forgotten costs one more refusal.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[ChannelId, tuple[UserId, float]] = OrderedDict()

    def weighed(self, refused: TooMany, channel: ChannelId, user: UserId) -> TooMany:
        """The refusal with the scope that it seems to have."""
        now = time.monotonic()
        other, at = self._last.pop(channel, (user, -WITHIN))
        self._last[channel] = user, now
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        if other != user and now - at < WITHIN:
            return TooMany(refused.reason, CHANNEL_PAUSE, Scope.CHANNEL)
        return refused
