"""`frontdesk dry-run`: a changed tenant file over all history, before it is put in force."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from core.errors import FrontdeskError
from core.settings import load_settings
from pipelines.rehearsal import screen
from pipelines.rehearsal.rehearsing import rehearse_file

app = typer.Typer()

#: Columns where the output is no terminal.
_FILE_WIDTH = 240

#: So that a check before a merge tells a change (1) from a file that is wrong, or nothing to rehearse with (2).
_CHANGED, _NOT_REHEARSED = 1, 2


@app.command(name="dry-run")
def dry_run(
    *,
    rules: Annotated[
        Path,
        typer.Option(help="A whole tenant file with changed rules; its slug says whose. It need not lie in place."),
    ],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Show only what would be due from this day on, the tenant's."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything as JSON, down to the single command.")
    ] = False,
    fail_on_change: Annotated[bool, typer.Option(help="End with 1 where anything would go out otherwise.")] = False,
) -> None:
    """Show what changed rules would have sent over all history. Nothing is sent or changed; `up` may be running."""
    settings = load_settings()
    try:
        rehearsal = rehearse_file(settings, rules, since=since.date() if since else None)
    except FrontdeskError as error:
        Console(stderr=True, soft_wrap=True).print(
            f"[bold red]{error.title}:[/] {escape(error.detail)}", highlight=False
        )
        raise typer.Exit(_NOT_REHEARSED) from error
    if as_json:
        typer.echo(screen.to_json(rehearsal).decode())
    else:
        screen.show(rehearsal, console=_console())
    if fail_on_change and rehearsal.has_changes:
        raise typer.Exit(_CHANGED)


def _console() -> Console:
    # A key that is cut in two by a file's narrow columns could not be searched for.
    return Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)
