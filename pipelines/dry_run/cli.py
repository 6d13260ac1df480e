"""`frontdesk dry-run`: a changed tenant file over all history, before it is put in force."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import FrontdeskError
from frontdesk.core.settings import load_settings
from pipelines.dry_run import identity_screen, prices_screen, rules_screen, schedule_screen
from pipelines.dry_run.identity import try_identity
from pipelines.dry_run.prices import try_prices_file
from pipelines.dry_run.rules import builder_of, read_both, try_rules_file
from pipelines.dry_run.schedule import try_schedule_file
from pipelines.progress import progress_bar

app = typer.Typer()

#: Columns where the output is no terminal.
_FILE_WIDTH = 240

#: So that a check before a merge tells a change (1) from a file that is wrong, or nothing to try it on (2).
_CHANGED, _NOT_TRIED = 1, 2


@app.command(name="dry-run")
def dry_run(
    *,
    rules: Annotated[
        Path | None,
        typer.Option(help="A whole business file with changed rules, in any folder; its slug says which business."),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="The same with changed prices: tried on past quotes and bookings.")
    ] = None,
    schedule: Annotated[
        Path | None,
        typer.Option(help="The same with other hours, people, rooms, durations or buffers: tried on past bookings."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Show only what would be due, was asked for or begins from this day on."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything as JSON, down to the single command.")
    ] = False,
    fail_on_change: Annotated[bool, typer.Option(help="End with 1 if anything would change.")] = False,
) -> None:
    """Test changed rules, prices or hours on past data.

    Shows what rules would have sent, what would have cost otherwise, or which bookings would not have fitted.

    Sends nothing and changes nothing; `up` may be running.
    """
    given = {_dry_run_rules: rules, _dry_run_prices: prices, _dry_run_schedule: schedule}
    files = [(run, file) for run, file in given.items() if file is not None]
    if len(files) != 1:
        raise typer.BadParameter("give one of --rules FILE, --prices FILE and --schedule FILE")
    [(run, file)] = files
    has_changes = run(file, since=since.date() if since else None, as_json=as_json)
    if fail_on_change and has_changes:
        raise typer.Exit(_CHANGED)


def _dry_run_rules(file: Path, *, since: date | None, as_json: bool) -> bool:
    with _refusals():
        dry_run = try_rules_file(load_settings(), file, since=since)
    if as_json:
        typer.echo(rules_screen.to_json(dry_run).decode())
    else:
        rules_screen.show(dry_run, console=_console())
    return dry_run.has_changes


def _dry_run_prices(file: Path, *, since: date | None, as_json: bool) -> bool:
    with _refusals():
        dry_run = try_prices_file(load_settings(), file, since=since)
    if as_json:
        typer.echo(prices_screen.to_json(dry_run).decode())
    else:
        prices_screen.show(dry_run, console=_console())
    return dry_run.has_changes


def _dry_run_schedule(file: Path, *, since: date | None, as_json: bool) -> bool:
    with _refusals():
        dry_run = try_schedule_file(load_settings(), file, since=since)
    if as_json:
        typer.echo(schedule_screen.to_json(dry_run).decode())
    else:
        schedule_screen.show(dry_run, console=_console())
    return dry_run.has_changes


@app.command(name="dry-run-identity")
def dry_run_identity(
    file: Annotated[
        Path, typer.Argument(help="A whole business file with changed identity rules; only these are read.")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON, down to the contact.")] = False,
    fail_on_change: Annotated[bool, typer.Option(help="End with 1 if any contact is joined or split.")] = False,
) -> None:
    """Test changed identity rules: show which contacts would be joined or split, and the effect. Changes nothing."""
    with _refusals(), progress_bar("rebuilding beside") as report:
        builder = builder_of(load_settings(), clock=SystemClock())
        _, after = read_both(builder, file)
        dry_run = try_identity(builder, after, progress=report)
    if as_json:
        typer.echo(identity_screen.to_json(dry_run))
    else:
        identity_screen.show(dry_run, console=_console())
    if fail_on_change and dry_run.has_changes:
        raise typer.Exit(_CHANGED)


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what is wrong in one line, and end with the status that is not that of a change."""
    try:
        yield
    except FrontdeskError as error:
        Console(stderr=True, soft_wrap=True).print(
            f"[bold red]{error.title}:[/] {escape(error.detail)}", highlight=False
        )
        raise typer.Exit(_NOT_TRIED) from error


def _console() -> Console:
    # A key that is cut in two by a file's narrow columns could not be searched for.
    return Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)
