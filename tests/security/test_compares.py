"""Secrets are compared in constant time: read off the source, so that a new comparison is seen at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.registry import discover

ROOT = Path(__file__).resolve().parents[2]
SECRET = ("secret", "token", "signature", "digest", "password", "hmac", "proof", "expected", "verify_token")
SOURCES = [
    *(path for path in (ROOT / "adapters").rglob("*.py") if "emulator" not in path.parts),
    *(ROOT / "handlers" / "web").glob("*.py"),
    ROOT / "handlers" / "chat" / "control.py", ROOT / "services" / "links.py", ROOT / "services" / "connecting.py",
    ROOT / "services" / "team.py", ROOT / "services" / "logins.py", ROOT / "services" / "control.py",
]  # fmt: skip
NO_GUESSES = {
    "known != envelope.token",  # the mark of an own message, in what this very process keeps
    "string(server, 'secret_key') == secret",  # what VK itself tells of its callback server
}
"""Both sides are ours or the platform's: nobody can try values."""


def _names(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id.lower()
        elif isinstance(one, ast.Attribute):
            yield one.attr.lower()
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value.lower()


def _constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and _constant(node.operand))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_secret_is_compared_by_equality(path: Path) -> None:
    wrong = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Compare) or not all(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(_constant(side) or ast.unparse(side).startswith("len(") for side in sides):
            continue
        if ast.unparse(node) in NO_GUESSES:
            continue
        if any(word in name.split() or word == name for side in sides for name in _names(side) for word in SECRET):
            wrong.append(f"{path.name}:{node.lineno}: {ast.unparse(node)}")
    assert wrong == []


@pytest.mark.parametrize("platform", sorted(discover()))
def test_every_check_of_a_webhook_is_made_in_constant_time(platform: str) -> None:
    tree = ast.parse((ROOT / "adapters" / platform / "adapter.py").read_text())
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    called = {node.func.id for node in ast.walk(functions["verify"]) if isinstance(node, ast.Call)
              and isinstance(node.func, ast.Name)}  # fmt: skip
    bodies = [functions["verify"], *(functions[name] for name in called if name in functions)]
    assert any("compare_digest" in set(_names(body)) for body in bodies)
