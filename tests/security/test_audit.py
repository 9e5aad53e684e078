"""The look for known holes that `make check` takes: what makes it fail, and what does not."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PINNED = len((ROOT / "constraints.txt").read_text().splitlines())
FINDING = """Name    Version ID             Fix Versions
------- ------- -------------- ------------
aiohttp 3.14.5  PYSEC-2099-1   3.14.6
"""
SKIPPED = "Name Skip Reason\n---- -----------\n" + "x Dependency not found on the index: x could not be audited\n"


def audited(tmp_path: Path, prints: str, status: int) -> subprocess.CompletedProcess[str]:
    """The script with a pip-audit that says this."""
    (tmp_path / "said").write_text(prints)
    program = tmp_path / "pip-audit"
    program.write_text(f'#!/bin/sh\ncat "{tmp_path}/said"\necho "$@" >"{tmp_path}/asked"\nexit {status}\n')
    program.chmod(0o755)
    command = ["sh", "tests/security/audit.sh", str(program)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_known_hole_fails_the_check(tmp_path: Path) -> None:
    done = audited(tmp_path, FINDING, 1)
    assert done.returncode == 1
    assert "PYSEC-2099-1" in done.stdout
    assert "-r constraints.txt" in (tmp_path / "asked").read_text()


def test_a_hole_beside_packages_that_are_not_in_the_list_fails_it_too(tmp_path: Path) -> None:
    assert audited(tmp_path, FINDING + SKIPPED * PINNED, 1).returncode == 1


def test_an_index_that_does_not_answer_is_said_and_fails_nothing(tmp_path: Path) -> None:
    for prints, status in (("", 1), ("", 124), (SKIPPED * PINNED, 0)):
        done = audited(tmp_path, prints, status)
        assert done.returncode == 0
        assert done.stdout == "audit: skipped, the list of known holes does not answer\n"


def test_no_known_holes_are_said_with_how_many_were_looked_at(tmp_path: Path) -> None:
    assert audited(tmp_path, "", 0).stdout == f"audit: no known holes in {PINNED} packages\n"
    assert f"1 of {PINNED} packages are not in the list" in audited(tmp_path, SKIPPED, 0).stdout


def test_without_pip_audit_the_check_goes_on(tmp_path: Path) -> None:
    command = ["sh", "tests/security/audit.sh", str(tmp_path / "nothing")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "audit: skipped, pip-audit is not installed\n")


def test_the_check_takes_that_look() -> None:
    makefile = (ROOT / "Makefile").read_text()
    check = makefile.partition("\ncheck:")[2].partition("\n\n")[0]
    assert "sh tests/security/audit.sh" in check
