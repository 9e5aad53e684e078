"""The threat model says which test shows what: each of them is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
DEPLOY = ROOT / "deploy"
LINK = re.compile(r"\[(?P<words>[^\]]+)\]\(\.\./(?P<path>tests/[\w/]+\.py)(?:#(?P<name>test_\w+))?\)")


@cache
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


# The operator's duties, as far as `deploy/` takes them over


def test_the_proxy_of_the_deployment_passes_on_no_more_than_it_must() -> None:
    text = without_comments(DEPLOY / "nginx" / "pult-locations.conf")
    passing = {where: "proxy_pass" in body for where, body in re.findall(r"location ([^{]+) \{(.*?)\}", text, re.S)}
    assert {where for where, passes in passing.items() if passes} == {
        "/hooks/", "/media/", "/login/", "= /health/live",
    }  # fmt: skip
    assert passing["/"] is False, "what is not named is passed on"
    assert "X-Forwarded-For $proxy_add_x_forwarded_for" in text
    assert "client_header_timeout" in text


def test_the_proxys_log_holds_no_whole_address() -> None:
    """Keys of webhooks, signatures of links and codes of logins stand in them."""
    text = without_comments(DEPLOY / "nginx" / "pult-log.conf")
    form = text[text.index("log_format") :]
    assert not set(re.findall(r"\$\w+", form)) & {
        "$request", "$request_uri", "$uri", "$document_uri", "$args", "$query_string", "$http_referer", "$http_cookie",
        "$http_authorization",
    }  # fmt: skip
    for site in ("pult.conf", "compose.conf"):
        logs = re.findall(r"access_log ([^;]+);", without_comments(DEPLOY / "nginx" / site))
        assert logs
        assert all(log == "off" or log.endswith(" pult") for log in logs)


def test_the_services_of_the_deployment_run_closed_in() -> None:
    units = list((DEPLOY / "systemd").glob("*.service"))
    assert units
    for unit in units:
        lines = unit.read_text().splitlines()
        for line in (
            "User=pult",
            "UMask=0077",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "CapabilityBoundingSet=",
        ):
            assert line in lines, f"{unit.name}: {line}"


def without_comments(path: Path) -> str:
    return "\n".join(line.partition("#")[0] for line in path.read_text().splitlines())
