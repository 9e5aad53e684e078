"""The threat model says which test shows what: each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
LINK = re.compile(r"\[(?P<words>[^\]]+)\]\(\.\./(?P<path>tests/[\w/]+\.py)(?:#(?P<name>test_\w+))?\)")


def defined_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_the_threat_model_names_is_there() -> None:
    found = list(LINK.finditer(PAGE.read_text("utf-8")))
    assert len(found) > 70
    for link in found:
        path = ROOT / link["path"]
        assert path.exists(), link["path"]
        if link["name"] is not None:
            assert link["name"] in defined_in(path), link[0]
            assert link["words"] == link["name"].removeprefix("test_").replace("_", " ")


def test_every_threat_says_what_holds_it_what_shows_it_and_what_is_left() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    threats = [row.strip("| ").split(" | ") for row in rows if row.count(" | ") == 3 and not row.startswith("| --- ")]
    assert len(threats) > 30
    for cells in threats:
        assert all(cell.strip() for cell in cells), cells
        shown = cells[2]
        assert shown == "Shown by" or "](../tests/" in shown or shown.startswith("no test"), cells[0]
