"""JSON that a strict reader refuses: odd words are mended, what stands beside them is read as it is."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.lenient import DEPTH, NoJson, loads, read, shallow

ROOT = Path(__file__).parents[2]
GOOD = '"good": "Здравствуйте 😀"'
ODD = {
    "first half of an emoji": (r'"\ud83d"', "\ufffd"),
    "second half of an emoji": (r'"\ude00 text"', "\ufffd text"),
    "two first halves": (r'"\ud83d\ud83d\ude00"', "\ufffd😀"),
    "a half behind a backslash": (r'"\\\ud83d"', "\\\ufffd"),
    "no half at all": (r'"\\ud83d"', r"\ud83d"),
    "a name of a half": (r'{"\ud83d": 1}', {"\ufffd": 1}),
    "not a number": ("NaN", None),
    "endless": ("[-Infinity, Infinity, 1e999, -1e999]", [None] * 4),
    "a number of 5,000 digits": ("1" * 5000, None),
    "a number of 20 digits": ("99999999999999999999", 1e20),
    "a number with a zero before it": ("007", None),
    "a word of another language": ("undefined", None),
    "a name twice": ('{"a": 1, "a": 2}', {"a": 2}),
    "an unknown escape": (r'"\x41"', r"\x41"),
    "a cut escape": (r'"\u12"', r"\u12"),
    "a bare line feed": ('"a\nb\tc"', "a\nb\tc"),
    "a bare NUL": ('"a\x00b"', "a\x00b"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_mended_and_hides_nothing_else(name: str) -> None:
    odd, mended = ODD[name]
    told = loads(f'{{"first": 1, "odd": {odd}, "list": [{odd}, "x"], {GOOD}}}')
    assert told == {"first": 1, "odd": mended, "list": [mended, "x"], "good": "Здравствуйте 😀"}
    assert loads(orjson.dumps(told)) == told


def test_bytes_that_are_no_text_are_marked() -> None:
    assert loads(b'{"a": "x\xffy", "b": "\xd0\x96"}') == {"a": "x\ufffdy", "b": "Ж"}
    assert loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert loads('["\ud83d"]') == ["\ufffd"]


@pytest.mark.parametrize("depth", [DEPTH + 1, 400, 1100, 20_000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deep_is_left_out(depth: int, begin: str, end: str) -> None:
    told, as_it_came = read(f'{{"deep": {begin * depth}1{end * depth}, {GOOD}}}')
    assert not as_it_came
    assert told["good"] == "Здравствуйте 😀"
    assert deepest(told) == DEPTH
    orjson.dumps(told)


def test_what_is_read_already_is_made_shallow_too() -> None:
    value: Any = 1
    for _ in range(3000):
        value = {"inner": [value]}
    told = shallow({"deep": value, "good": 1})
    assert deepest(told) == DEPTH
    assert told["good"] == 1
    assert shallow(plain := {"a": [{"b": 1}]}) is plain


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a": 1', b'["a"', b'{"a" 1}', b"<html></html> <p>", b'{"a": "b', b"[1, 2", b"]", b"\xff\xfe\x00"],
)
def test_what_was_cut_off_or_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(NoJson):
        loads(body)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_what_a_strict_reader_takes_is_told_as_it_is(value: Any) -> None:
    try:
        body = orjson.dumps(value)
        strict = orjson.loads(body)
    except (TypeError, orjson.JSONDecodeError):
        return
    assert read(body) == (strict, True)


@given(st.text() | st.binary())
def test_anything_at_all_is_read_or_refused(body: str | bytes) -> None:
    try:
        told = loads(body)
    except NoJson:
        return
    assert loads(orjson.dumps(told)) == told


OURS = {
    "adapters/lenient.py": "the reader itself",
    "bot/moving/__init__.py": "an export, written by Pult",
    "bot/restoring.py": "the manifest of a copy, written by Pult",
    "bot/moving/postgres.py": "a column, written by Pult",
    "handlers/chat/storage.py": "a wizard's state, written by Pult",
    "models/migrations/0001_initial.py": "a column, written by Pult",
    "models/migrations/0002_channel_settings.py": "a column, written by Pult",
    "services/outbox.py": "credentials, written by Pult",
    "services/rows.py": "a column, written by Pult",
}


def test_nothing_from_outside_is_read_strictly() -> None:
    """Whoever adds a strict reader says here why what it reads cannot be odd."""
    files = [
        path for room in ("adapters", "bot", "handlers", "models", "services") for path in (ROOT / room).rglob("*.py")
    ]
    strict = {str(path.relative_to(ROOT)) for path in files if "emulator" not in path.parts and _strict(path)}
    assert strict == set(OURS)


def _strict(path: Path) -> bool:
    """Whether orjson's or the standard library's reader is used here."""
    tree = ast.parse(path.read_text())
    named = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "loads")
    taken = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module in ("orjson", "json"))
    return any(isinstance(node.value, ast.Name) and node.value.id in ("orjson", "json") for node in named) or any(
        name.name == "loads" for node in taken for name in node.names
    )


def deepest(value: Any) -> int:
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth
