"""Servers of the matrix's own, which it may break: PostgreSQL, Redis, and a small disk that can be filled."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.e2e.conftest import free_port

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
STARTS_WITHIN = 30.0


class Unavailable(Exception):
    """Why something cannot be had on this machine."""


class SmallDisk:
    """A file system in memory, of its own size, which can be filled to the last byte."""

    def __init__(self, place: Path, megabytes: int) -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "pult-chaos", str(place)], capture_output=True
        )
        if made.returncode:
            raise Unavailable("a file system of its own needs the right to mount one")

    def fill(self) -> None:
        with contextlib.suppress(OSError), (self.place / "ballast").open("wb", buffering=0) as ballast:
            piece = b"\0" * 1024 * 1024
            while piece:
                # A short write means that less than that is left.
                if ballast.write(piece) < len(piece):
                    piece = piece[: len(piece) // 2]

    def free(self) -> None:
        (self.place / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.place)], **QUIET)


def small_disk(place: Path, megabytes: int) -> SmallDisk | None:
    try:
        return SmallDisk(place, megabytes)
    except (Unavailable, OSError):
        return None


class Postgres:
    """A cluster of its own. Its tables lie on a small disk, where there is one."""

    def __init__(self, folder: Path, disk: SmallDisk | None) -> None:
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/pult"
        self._data = folder / "postgres"
        self._disk = disk
        self._folder = folder
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if shutil.which("initdb") is None else []
        self._bin = str(found[-1]) + "/" if found else ""
        if not found and shutil.which("initdb") is None:
            raise Unavailable("no PostgreSQL is installed")
        # PostgreSQL refuses to run as root.
        self._owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None

    def _run(self, *command: str) -> None:
        owner = self._owner
        more = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        done = subprocess.run([self._bin + command[0], *command[1:]], cwd="/", capture_output=True, **more)
        if done.returncode:
            raise Unavailable(f"{command[0]}: {done.stderr.decode()[-300:]}")

    def create(self) -> None:
        """Make the cluster, start it, and make the database in it."""
        places = [self._data, *([self._disk.place / "tables"] if self._disk else [])]
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
            if self._owner:
                os.chown(place, self._owner.pw_uid, self._owner.pw_gid)
        for above in (self._folder, *self._folder.parents):
            if self._owner and above.stat().st_uid == 0 and above != Path("/"):
                above.chmod(above.stat().st_mode | 0o011)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        (self._data / "postgresql.auto.conf").write_text(
            f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nshared_buffers = 64MB\n"
            "max_connections = 80\n"
        )
        self.start()
        database = ["createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "pult"]
        if self._disk:
            where = f"CREATE TABLESPACE small LOCATION '{self._disk.place / 'tables'}'"
            self._run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-c", where)
            database[1:1] = ["-D", "small"]
        self._run(*database)

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._data / "log"), "-w", "-t", "60", "start")

    def crash(self) -> None:
        """As if every one of its processes had been killed."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "-t", "60", "stop")

    def close(self) -> None:
        with contextlib.suppress(Unavailable):
            self.crash()


class Redis:
    """A server of its own that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        if shutil.which("redis-server") is None:
            raise Unavailable("no Redis is installed")

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", str(self._folder)], **QUIET,
        )  # fmt: skip
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if time.monotonic() > deadline:
                raise Unavailable("redis-server does not start")
            time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    close = kill


async def in_thread(work: object) -> None:
    """Run what waits, beside the emulator, which has to go on serving."""
    await asyncio.to_thread(work)  # type: ignore[arg-type]
