"""Signing in, on every platform that has it: what the browser is given, and whatever the platform answers."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from adapters.base import CanLogin, LoginAccount, PlatformError
from adapters.http import Http
from tests.contract.subjects import SUBJECTS, TRIP
from tests.contract.test_contract_failures import served

ABLE = [name for name, subject in SUBJECTS.items() if issubclass(subject.kind, CanLogin)]
TRIPS = (TRIP, replace(TRIP, account="1"))
TOKEN = "EAA" + "a" * 40
NAMES = ("access_token", "access_token_1", "data", "groups", "group_id", "response", "items", "count", "error", "id",
         "name", "tasks", "paging", "cursors", "after", "next", "is_closed", "admin_level", "deactivated")  # fmt: skip
LEAVES = (None, True, 0, 1, 3, -1, 2**70, 1.5, "", "1", TOKEN, "\ud800", "x" * 300)


def odd(luck: random.Random, depth: int = 4) -> Any:
    """Any JSON made of the names that answers have."""
    if depth == 0 or luck.random() < 0.25:
        return luck.choice(LEAVES)
    if luck.random() < 0.4:
        return [odd(luck, depth - 1) for _ in range(luck.randint(0, 3))]
    return {luck.choice(NAMES): odd(luck, depth - 1) for _ in range(luck.randint(0, 5))}


@pytest.mark.parametrize("name", ABLE)
def test_the_browser_is_given_the_state_and_never_the_secret(name: str) -> None:
    adapter = SUBJECTS[name].adapter()
    assert isinstance(adapter, CanLogin)
    for trip in TRIPS:
        url = adapter.login_url(trip)
        query = parse_qs(urlsplit(url).query)
        assert query["state"] == [trip.state]
        assert query["redirect_uri"] == [trip.redirect]
        assert trip.secret not in url + repr(trip)
        assert adapter.login_url(trip) == url


@pytest.mark.parametrize("name", ABLE)
async def test_whatever_comes_back_is_accounts_or_an_error_of_the_tree(name: str) -> None:
    luck = random.Random(name)
    # A key among it, so that what follows the exchange is asked too.
    bodies = [{**(body if isinstance(body := odd(luck), dict) else {}), "access_token": TOKEN} for _ in range(50)]
    bodies += [odd(luck) for _ in range(15)]
    left: list[Any] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=json.dumps(luck.choice(left)).encode(), content_type="application/json")

    async with served(answer) as api, Http() as http:
        adapter = SUBJECTS[name].adapter(http, api)
        assert isinstance(adapter, CanLogin)
        for body in bodies:
            left[:] = [body, {"access_token": TOKEN}, {"access_token": TOKEN, "response": body, "data": odd(luck)}]
            for trip in TRIPS:
                try:
                    found = await adapter.exchange(trip, {"code": "c" * 20, "state": trip.state})
                except PlatformError:
                    continue
                assert all(isinstance(one, LoginAccount) and one.id and one.name for one in found)
