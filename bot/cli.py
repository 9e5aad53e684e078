"""The command line. Every command imports what it needs when it is called, so that `--help` answers at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from bot.settings import Role, Settings

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def main() -> None:
    """Pult, the control desk for everything that customers write."""


@app.command()
def run() -> None:
    """Everything in one process: web server, control bot, jobs."""
    from bot.settings import Role

    _serve(Role.RUN)


@app.command()
def web() -> None:
    """The web server alone, beside workers: PostgreSQL and Redis only."""
    from bot.settings import Role

    _serve(Role.WEB)


@app.command()
def worker() -> None:
    """Control bot, polls and jobs without a web server: PostgreSQL and Redis only."""
    from bot.settings import Role

    _serve(Role.WORKER)


@app.command()
def replay() -> None:
    """Try again what could not be read or applied when it arrived; also while Pult runs."""
    from bot.replay import replay as again

    with _sentences():
        if _run(again(_settings(), _say)):
            raise typer.Exit(1)


@app.command()
def migrate() -> None:
    """Bring the database to this version; on SQLite a backup is made first. Stop Pult before."""
    from bot.migrate import migrate as bring_up

    with _sentences():
        done = _run(bring_up(_settings().database_url, say=_say))
        for name in done.applied:
            _say(f"Applied: {name}")
        _say("The database is up to date")


@app.command()
def export(file: Annotated[Path, typer.Argument(help="A new file.")]) -> None:
    """Write the whole database to one file, as it stands at this moment, also while Pult runs: for a move elsewhere."""
    from bot import moving

    with _sentences():
        _told("written to", file, _run(moving.export(_settings(), file, _say)))


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(help="What `export` wrote.")]) -> None:
    """Fill an empty database, SQLite or PostgreSQL, from a file of `export`: whole or not at all."""
    from bot import moving

    with _sentences():
        _told("taken from", file, _run(moving.take_in(_settings(), file, _say)))


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Where the copy is to be made: a new or an empty folder.")],
) -> None:
    """Copy the database (PostgreSQL's by pg_dump) and the files into a folder, also while Pult runs."""
    from bot.backup import make

    with _sentences():
        _run(make(_settings(), folder, _say))


@app.command()
def restore(
    copy: Annotated[Path, typer.Argument(help="A folder of `backup`; or an SQLite file or a dump alone.")],
) -> None:
    """Put a backup back to where this installation keeps its database and files; what was there stays, aside."""
    from bot.restoring import restore as put_back

    with _sentences():
        _run(put_back(_settings(), copy, _say))


@app.command()
def restored() -> None:
    """After a database was put back by other means than `restore`: have nothing leave twice without a mark."""
    from bot.backup import restored as mark

    with _sentences():
        _run(mark(_settings(), _say))


@app.command()
def sweep() -> None:
    """Delete now, also while Pult runs, what is past its days (PULT_FILES_DAYS, …) and would go bit by bit."""
    from bot.sweep import sweep as delete

    with _sentences():
        _say(f"{_run(delete(_settings()))} files were deleted, and whatever else was past its time")


@app.command()
def check() -> None:
    """Look at settings, database, disk, messengers, channels, also while Pult runs, without changing anything."""
    import logging

    from bot.check import Mark, report
    from bot.settings import Role
    from services import trace

    async def tell() -> bool:
        marks = []
        settings = _settings(Role.RUN)
        logging.getLogger(trace.LOGGER).setLevel(logging.WARNING)
        async for line in report(settings):
            _say(str(line))
            marks.append(line.mark)
        return Mark.BAD not in marks

    with _sentences():
        if not _run(tell()):
            raise typer.Exit(1)


@app.command("new-key")
def new_key() -> None:
    """Print a fresh key for PULT_SECRET_KEY."""
    from bot import keys

    print(keys.new_key())


@app.command("rotate-keys")
def rotate_keys() -> None:
    """Encrypt all stored secrets with a new key: the first of PULT_SECRET_KEY, or one made in the data folder."""
    from bot.rotation import rotate_keys as rotate

    with _sentences():
        _say(f"{_run(rotate(_settings(), _say))} secrets are encrypted with the newest key")


@app.command()
def messages(
    update: Annotated[bool, typer.Option("--update", help="Collect the texts into the catalogues.")] = False,
    compile_: Annotated[bool, typer.Option("--compile", help="Make the .mo files that are read at run time.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail when a text lacks its translation.")] = False,
) -> None:
    """Keep the translations."""
    from bot import messages as catalogues

    if update:
        catalogues.update(ROOT)
    if update or compile_:
        catalogues.compile_all(ROOT)
    if check:
        _fail_on(catalogues.check(ROOT))


@app.command()
def docs(
    update: Annotated[bool, typer.Option("--update", help="Write the generated parts anew.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail when a generated part is out of date.")] = False,
) -> None:
    """Keep the generated parts of README.md and docs/."""
    from bot import docs as pages

    if update:
        pages.update(ROOT)
    if check:
        _fail_on(pages.check(ROOT))


def _serve(role: Role) -> None:
    from bot.app import run as serve

    with _sentences():
        settings = _settings(role)
        with _runner() as loop:
            loop.run(serve(settings, role))


def _runner() -> asyncio.Runner:
    """uvloop's loop where it is installed (extra `fast`), else the standard one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def _settings(role: Role | None = None) -> Settings:
    from bot.settings import Role as Roles
    from bot.start import begin

    return begin(role or Roles.TOOL)


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _told(what: str, file: Path, counts: dict[str, int]) -> None:
    for table, count in sorted(counts.items()):
        if count:
            _say(f"{count:>10} {table}")
    _say(f"{sum(counts.values())} rows of {len(counts)} tables were {what} {file}")


def _say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def _sentences() -> Iterator[None]:
    """What whoever runs Pult can put right is told in a sentence, not in a traceback."""
    from adapters.redaction import without_secrets
    from bot.start import EXPECTED

    try:
        yield
    except EXPECTED as error:
        _fail_on([without_secrets(str(error))])


def _fail_on(problems: list[str]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise typer.Exit(1)
