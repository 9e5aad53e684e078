"""Inputs on which the product once failed: each is played over the whole service, and ends as it should."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.player import OnFacebook, OnTelegram, OnVk, Played, cases
from tests.e2e import test_facebook as pages
from tests.e2e import vk_shop as communities
from tests.e2e.conftest import Office, lite, sqlite_copy, telegram  # noqa: F401 - fixtures
from tests.e2e.test_facebook import shop as page  # noqa: F401 - a fixture
from tests.e2e.vk_shop import shop as community  # noqa: F401 - a fixture


def on(platform: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in cases(platform)])


@on("telegram")
async def test_case_of_telegram_ends_as_it_should(lite: Office, case: dict[str, Any]) -> None:  # noqa: F811
    [olga] = await lite.company()
    await Played(lite, olga, OnTelegram(lite)).play(case)


@on("vk")
async def test_case_of_vk_ends_as_it_should(community: communities.Shop, case: dict[str, Any]) -> None:  # noqa: F811
    customers = OnVk(community.office, community.vk, community.community)
    await Played(community.office, community.olga, customers).play(case)


@on("facebook")
async def test_case_of_facebook_ends_as_it_should(page: pages.Shop, case: dict[str, Any]) -> None:  # noqa: F811
    customers = OnFacebook(page.office, page.facebook, page.page)
    await Played(page.office, page.olga, customers).play(case)
