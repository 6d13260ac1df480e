"""`frontdesk demo`, `frontdesk sandbox` and `frontdesk send`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sandbox.demo import default_home, prepare_demo, run_live, run_once
from sandbox.processes import ProcessError, ending_as_by_ctrl_c
from sandbox.sample import SampleError, send_sample
from sandbox.standins.running import run_sandbox

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Home = Annotated[
    Path | None, typer.Option(help="Folder of the demo's data and secrets; default: $FRONTDESK_HOME or data/demo.")
]


@app.command()
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Send the year, model it, print a summary, end.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed tells the same story.")] = 1,
    scale: Annotated[
        float, typer.Option(min=0.001, help="How many customers; 1 makes about 25,000 deliveries.")
    ] = 1.0,
    per_second: Annotated[float, typer.Option(min=0.01, help="Deliveries of the live trickle.")] = 1.5,
    home: Home = None,
) -> None:
    """Play six businesses through real signed webhooks: a year of history, then a live trickle until Ctrl-C."""
    console = Console()
    shortfalls: list[str] = []
    try:
        with ending_as_by_ctrl_c():
            play = prepare_demo(home or default_home(), seed=seed, scale=scale, environ=os.environ)
            if once:
                shortfalls = run_once(play, console)
            else:
                run_live(play, console, per_second=per_second)
    except ProcessError as error:
        shortfalls = [str(error)]
    for shortfall in shortfalls:
        console.print(f"[bold red]Not done:[/] {shortfall}", highlight=False, soft_wrap=True)
    if shortfalls:
        raise typer.Exit(1)


@app.command()
def send(
    tenant: Annotated[str, typer.Option(help="A tenant's slug.")] = "noizylab",
    source: Annotated[str, typer.Option(help="One of that tenant's sources, or import.")] = "stripe",
    home: Home = None,
) -> None:
    """Send one signed sample delivery to the running demo, and print what was sent and answered."""
    console = Console()
    play = prepare_demo(home or default_home(), seed=1, scale=1.0, environ=os.environ)
    try:
        asyncio.run(send_sample(play, console, tenant=tenant, source=source))
    except SampleError as error:
        console.print(f"[bold red]Not taken:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


@app.command()
def sandbox(*, home: Home = None) -> None:
    """Stand in for the providers' APIs, with a page that shows the texts and e-mails they took."""
    console = Console()
    try:
        run_sandbox(home or default_home(), console, environ=os.environ)
    except ProcessError as error:
        console.print(f"[bold red]Not started:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
