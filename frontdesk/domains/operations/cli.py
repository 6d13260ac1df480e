"""The command `frontdesk doctor`."""

from __future__ import annotations

import os

import typer
from rich.console import Console
from rich.markup import escape

from frontdesk.core.settings import load_settings
from frontdesk.domains.operations.doctor import examine
from frontdesk.domains.operations.findings import Level

app = typer.Typer()

_MARKS = {
    Level.OK: "[green]ok     [/]",
    Level.WARNING: "[yellow]warning[/]",
    Level.ERROR: "[bold red]error  [/]",
}


@app.command()
def doctor() -> None:
    """Check what Frontdesk needs to run. Exit status 1 if something must be put right first."""
    console = Console(soft_wrap=True, highlight=False)
    findings = list(examine(load_settings(), environ=os.environ))
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        console.print(f"{_MARKS[finding.level]}  {escape(f'{finding.subject:<{width}}')}  {escape(finding.detail)}")
        if finding.remedy:
            # Not in a table: names of variables must stay in one piece, to be copied.
            console.print(f"         [bold]{escape(finding.remedy)}[/]")
    if any(finding.level is Level.ERROR for finding in findings):
        raise typer.Exit(1)
