from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from bot import logging as logs
from bot.redaction import HIDDEN, Redaction
from services import trace

TOKEN = "7654321:AAGIkdcDPqyN0OeGEeTuH3RxWxSGVnJXbfU"
SECRET = 'viber "key" of 2026'


@pytest.fixture
def log() -> Iterator[Callable[[str], io.StringIO]]:
    """Sets the logs up as the service does, onto a stream of the test's own."""
    root = logging.getLogger()
    before, level, hook = root.handlers, root.level, sys.excepthook

    def configure(form: str) -> io.StringIO:
        stream = io.StringIO()
        logs.hide([SECRET])
        logs.configure("debug", form, stream)
        return stream

    yield configure
    root.handlers, sys.excepthook = before, hook
    root.setLevel(level)
    structlog.reset_defaults()


def fail(text: str) -> None:
    raise ValueError(f"refused: {text}")


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_way_of_logging_shows_a_secret(log: Callable[[str], io.StringIO], form: str) -> None:
    stream = log(form)
    ours, foreign = structlog.get_logger("ours"), logging.getLogger("aiogram.session")
    for secret in (TOKEN, SECRET):
        ours.info("called", url=f"https://api.telegram.org/bot{secret}/getMe", nested={"list": [secret, (secret,)]})
        ours.info(f"in the event {secret}")
        foreign.error("calling %s with %r", secret, {"token": secret})
        try:
            fail(secret)
        except ValueError:
            ours.exception("broke")
            foreign.exception("broke as well")

    written = stream.getvalue()

    assert len(written) > 1000
    assert TOKEN not in written
    assert SECRET not in written
    assert json.dumps(SECRET)[1:-1] not in written
    assert HIDDEN in written
    assert "refused" in written


def test_json_lines_are_json_with_level_logger_and_time(log: Callable[[str], io.StringIO]) -> None:
    stream = log("json")
    structlog.get_logger("bot.app").warning("привет", channel=3)
    logging.getLogger("aiohttp.server").info("hello %s", "there")

    ours, foreign = (json.loads(line) for line in stream.getvalue().splitlines())

    assert (ours["event"], ours["level"], ours["logger"], ours["channel"]) == ("привет", "warning", "bot.app", 3)
    assert (foreign["event"], foreign["logger"]) == ("hello there", "aiohttp.server")
    assert ours["timestamp"].endswith("Z")


async def test_the_request_id_is_on_all_lines_of_its_task(log: Callable[[str], io.StringIO]) -> None:
    stream = log("json")

    async def work(name: str) -> None:
        with trace.following(name):
            await asyncio.sleep(0)
            logging.getLogger("deep").info("step of %s", name)

    await asyncio.gather(work("a"), work("b"))

    lines = [json.loads(line) for line in stream.getvalue().splitlines() if "step of" in line]
    assert sorted((line["event"], line["request"]) for line in lines) == [("step of a", "a"), ("step of b", "b")]


@pytest.mark.parametrize("name", ["tortoise.db_client", "aiosqlite", "aiohttp.access"])
def test_loggers_that_write_values_are_quiet_even_at_debug(log: Callable[[str], io.StringIO], name: str) -> None:
    stream = log("text")

    logging.getLogger(name).debug("INSERT INTO messages VALUES ('private words')")

    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "told",
    [
        "text\n  Input should be an integer [type=int_type, input_value='private words', input_type=str]",
        "null value violates a constraint\nDETAIL:  Failing row contains (1, private words, null).",
        "duplicate key\nDETAIL:  Key (name)=(private words) already exists.",
        "cannot connect to postgres://pult:private words@db/pult".replace(" words", ""),
    ],
)
def test_what_others_quote_of_refused_data_is_hidden(told: str) -> None:
    assert "private" not in Redaction().text(told)


def test_many_secrets_cost_no_more_than_few() -> None:
    redaction = Redaction(f"secret-number-{n}-of-many" for n in range(20_000))

    assert redaction.text("x secret-number-19999-of-many y") == f"x {HIDDEN} y"
    assert redaction.value({"a": ["secret-number-7-of-many"], "b": 1}) == {"a": [HIDDEN], "b": 1}


def test_short_words_are_not_taken_for_secrets() -> None:
    text: Any = Redaction(["abc", ""]).text("abc is short")

    assert text == "abc is short"
