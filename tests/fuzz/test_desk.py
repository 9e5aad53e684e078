"""Any sequence of what customers and members may do keeps the promises of the desk: the whole service, over HTTP.

PULT_FUZZ_EXAMPLES makes it play more games, PULT_FUZZ_STEPS longer ones (`make fuzz`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from bot import logging
from services import clock
from tests.fuzz.machine import DeskMachine

EXAMPLES = int(os.environ.get("PULT_FUZZ_EXAMPLES", "3"))
LONG = "PULT_FUZZ_EXAMPLES" in os.environ
"""A failure is made shorter, which takes minutes."""
STEPS = int(os.environ.get("PULT_FUZZ_STEPS", "20"))


@pytest.fixture
def machine(sqlite_template: Path, tmp_path: Path) -> Iterator[type[DeskMachine]]:
    logging.configure("error", "json")

    class OnFreshDatabase(DeskMachine):
        def folder(self) -> Path:
            folder = Path(tempfile.mkdtemp(dir=tmp_path))
            shutil.copyfile(sqlite_template, folder / "pult.sqlite3")
            return folder

    yield OnFreshDatabase
    clock.reset()


@pytest.mark.timeout(3600)
def test_nothing_is_lost_and_nobody_sees_what_is_not_theirs(machine: type[DeskMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, print_blob=True,
            derandomize=not LONG, phases=tuple(Phase) if LONG else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
