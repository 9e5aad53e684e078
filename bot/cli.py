"""The command line. Every command imports what it needs when it is called, so that `--help` answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

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


def _fail_on(problems: list[str]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise typer.Exit(1)
