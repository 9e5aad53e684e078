"""What an adapter once read wrongly. A payload, or several: `says` stands in the events, `never` does not, each event
has a key of its own. A platform's refusal: the error that it `raises`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.base import PlatformError
from adapters.facebook import refusals as facebook
from tests.contract.subjects import SUBJECTS
from tests.contract.told import told

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


def facebooks(given: dict[str, Any]) -> PlatformError:
    return facebook.refusal(given["http"], given["error"], {}, once=True)


REFUSALS = {"facebook": facebooks}


@pytest.mark.parametrize("case", ERRORS)
def test_a_refusal_says_what_to_do(case: dict[str, Any]) -> None:
    assert type(REFUSALS[case["platform"]](case["input"])).__name__ == case["raises"]
