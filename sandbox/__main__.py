"""Command line: `python -m sandbox` serves emulators and page, `python -m sandbox demo` plays with the service."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from . import demo as play
from .server import create_app, serving

cli = typer.Typer(add_completion=False, help="Messengers emulated on this machine, with a page of phones.")

Host = Annotated[str, typer.Option(help="Where to listen.")]
Port = Annotated[int, typer.Option(help="The port; a free one is taken if it is busy.")]
Routes = Annotated[list[str], typer.Option("--route", help="host=address: where https://host really leads.")]


def until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    """Run `work` with an event that SIGINT, SIGTERM or a closed terminal sets."""

    async def main() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        return await work(stop)

    return asyncio.run(main())


@cli.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8081,
    route: Routes = ["pult.test=http://127.0.0.1:8080"],  # noqa: B006 - typer copies it
) -> None:
    """Serve the emulators and the page."""
    if context.invoked_subcommand is not None:
        return
    hosts = dict(pair.split("=", 1) for pair in route if "=" in pair)

    async def work(stop: asyncio.Event) -> int:
        async with serving(create_app(hosts=hosts), host, port) as bound:
            typer.echo(f"\n  Page of phones:  http://{host}:{bound}/")
            typer.echo(f"  Bot API:         PULT_TELEGRAM_API=http://{host}:{bound}/telegram\n")
            await stop.wait()
        return 0

    raise typer.Exit(until_stopped(work))


@cli.command()
def demo(
    host: Host = "127.0.0.1",
    port: Port = 8081,
    service_port: Annotated[int, typer.Option(help="The service's own port.")] = 8080,
) -> None:
    """Play the whole product without any account: sandbox, people and the service in a temporary folder."""

    async def work(stop: asyncio.Event) -> int:
        return await play.run(stop, typer.echo, host, port, service_port)

    raise typer.Exit(until_stopped(work))


if __name__ == "__main__":
    cli(prog_name="python -m sandbox")
