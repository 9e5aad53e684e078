"""Which rates a lane has, also for channels connected while the service runs, here or in another process."""

from __future__ import annotations

import asyncio

from adapters.http import Http
from adapters.registry import build
from bot.rates import CONTROL, LaneRates
from tests.services.conftest import Company, company, conversations

__all__ = ["company", "conversations"]


async def test_a_channel_connected_later_has_its_platforms_rates(company: Company) -> None:
    adapters = build(lambda _: Http())
    rates = LaneRates(adapters)
    lane = f"channel:{company.channel.id}"
    careful = min((one.capabilities.rates for one in adapters.values()), key=lambda one: one.per_second)
    assert rates(lane) == careful
    async with asyncio.timeout(5):
        await rates.learned()
    assert rates(lane) == adapters["telegram"].capabilities.rates


async def test_control_bots_have_telegrams_rates_and_files_none(company: Company) -> None:
    rates = LaneRates(build(lambda _: Http()))
    assert rates("control:1") == CONTROL
    assert rates(f"files:channel:{company.channel.id}") is None
