"""Where in a chat the customer wrote last is kept, one by one and for many at once, and forgotten outside of all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.base import Profile
from services.sql import fetch
from tests.services.conftest import Company, company, conversations  # noqa: F401


@pytest.mark.parametrize("many", [1, 5])
async def test_the_latest_topic_counts(company: Company, many: int) -> None:  # noqa: F811
    people = [f"{number}" for number in range(many)]
    for client in ("", "700", "", "701", "701"):
        said = [replace(company.said(who), profile=Profile(name=who, client=client)) for who in people]
        await company.inbox.accept(company.channel, said)
        rows = await fetch("SELECT client FROM identities")
        assert {row["client"] for row in rows} == {client or None}
