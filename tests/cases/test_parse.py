"""What an adapter once read wrongly. A payload, or several: `says` stands in the events, `never` does not, each event
has a key of its own. A platform's refusal: the error that it `raises`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.base import PlatformError
from adapters.http import Http
from tests.contract.subjects import ANNA, ENVELOPE, PART, SUBJECTS
from tests.contract.told import told
from tests.installation import serving

CASES = [json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "parse").glob("*.json"))]
ERRORS = [pytest.param(case, id=case["case"]) for case in CASES if "raises" in case]
READ = [pytest.param(case, id=case["case"]) for case in CASES if "says" in case]


@pytest.mark.parametrize("case", READ)
def test_a_payload_says_what_it_should(case: dict[str, Any]) -> None:
    adapter = SUBJECTS[case["platform"]].adapter()
    payloads = case["input"] if isinstance(case["input"], list) else [case["input"]]
    events = [event for payload in payloads for event in adapter.parse(payload)]
    said = json.dumps([told(event) for event in events], ensure_ascii=False)
    assert [words for words in case["says"] if words not in said] == []
    assert [words for words in case.get("never", ()) if words in said] == []
    assert len({event.key for event in events}) == len(events) >= len(payloads)


@pytest.mark.parametrize("case", ERRORS)
async def test_a_refusal_says_what_to_do(case: dict[str, Any]) -> None:
    """`input`: the status and the body (of Facebook: its `error`) with which a message that is sent is answered."""
    subject, app, answer = SUBJECTS[case["platform"]], web.Application(), case["input"]

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response(answer.get("body") or {"error": answer["error"]}, status=answer["http"])

    app.router.add_route("*", "/{any:.*}", refuse)
    async with serving(app) as address, Http() as http:
        with pytest.raises(PlatformError) as raised:
            await subject.adapter(http, address).send(subject.channel, ANNA, PART, ENVELOPE)
    assert type(raised.value).__name__ == case["raises"]
