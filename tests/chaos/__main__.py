"""`python -m tests.chaos`: run the matrix; `--write` puts its table into docs/reliability.md."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.faults import FAULTS
from tests.chaos.installations import INSTALLATIONS
from tests.chaos.load import FULL, QUICK
from tests.chaos.matrix import matrix
from tests.chaos.report import remember, write

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few messages in each cell")
    parser.add_argument("--on", action="append", choices=list(INSTALLATIONS), help="only this installation")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="only this fault")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and databases")
    parser.add_argument("--results", type=Path, help="a file that gathers the rows of several runs into one table")
    given = parser.parse_args()
    # Whoever stops it finds nothing left behind: no process, no server, no mounted disk.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="pult-chaos-"))
    print(f"logs: {folder}", flush=True)
    started = time.monotonic()
    try:
        found = asyncio.run(
            matrix(
                folder, lambda line: print(line, flush=True), size=QUICK if given.quick else FULL,
                names=given.on or tuple(INSTALLATIONS), faults=given.fault or tuple(FAULTS),
                done=lambda name, row: given.results and remember(given.results, {name: [row]}),
            )
        )  # fmt: skip
    finally:
        if not given.keep:
            shutil.rmtree(folder, ignore_errors=True)
    took = time.monotonic() - started
    if given.results:
        found = remember(given.results, found)
        took = sum(row.seconds for rows in found.values() for row in rows)
    if given.write:
        write(PAGE, found, took, quick=given.quick)
    rows = [row for rows in found.values() for row in rows]
    print(f"{sum(row.messages for row in rows)} messages, {took / 60:.1f} minutes,"
          f" {sum(not row.good for row in rows)} of {len(rows)} rows found something")  # fmt: skip
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
