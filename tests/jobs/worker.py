"""A worker process for test_processes: its jobs append a line to a file, which is the effect that cannot be undone.

python worker.py DATABASE_URL FILE LEASE_SECONDS
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta

from adapters.base import Temporary
from bot.database import close_database, open_database
from services import decisions, jobs, runner, sql, taking
from services.jobs import Job, Kind


async def main(url: str, path: str, lease: float) -> None:
    jobs.LEASE = timedelta(seconds=lease)
    decisions.LONGEST_PAUSE = 0.1
    taking.IDLE = 0.05
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def note(job: Job) -> None:
        number = job.payload["n"]
        if number % 7 == 0 and job.attempts == 1:
            raise Temporary("once")
        os.write(file, f"{os.getpid()} {job.order_key} {number} {job.attempts} {int(job.suspect)}\n".encode())
        await asyncio.sleep(0.004)

    await open_database(url)
    worker = runner.Runner({"note": Kind(note, repeatable=False)}, postgres=url.startswith("postgres"))
    sql.on_commit(worker.wake)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    await worker.run()
    await close_database()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
