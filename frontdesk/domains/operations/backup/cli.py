"""`frontdesk backup` and `frontdesk restore`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from frontdesk.core.clock import SystemClock
from frontdesk.core.settings import load_settings
from frontdesk.domains.operations.backup.archive import OnProgress
from frontdesk.domains.operations.backup.backup import make_backup
from frontdesk.domains.operations.backup.restore import restore_backup

app = typer.Typer()

_MIB = 1 << 20


@app.command()
def backup(
    to: Annotated[
        Path | None, typer.Option(help="The file to write; default: one in $FRONTDESK_HOME/backups.")
    ] = None,
) -> None:
    """Copy everything that can't be computed again to one file, while Frontdesk runs, and verify the file."""
    settings, clock = load_settings(), SystemClock()
    target = to or settings.backups_path / f"frontdesk-{clock.now():%Y-%m-%dT%H%M%SZ}.tar.gz"
    with _progress() as progress:
        manifest = make_backup(settings, target=target.absolute(), clock=clock, progress=progress)
    console = Console(soft_wrap=True, highlight=False)
    size = target.stat().st_size / _MIB
    console.print(f"{escape(str(target))}: {size:,.1f} MiB, verified.")
    console.print(
        f"{manifest.counts['event_log']:,} events up to {manifest.newest_sequence:,},"
        f" {manifest.counts['outbox']:,} commands, {len(manifest.files) - 1:,} files beside the database;"
        f" schema revision {manifest.revision}."
    )
    console.print(
        "Keep a copy on another machine. Secrets of the environment are not in it. Stored secrets are, encrypted:"
        " FRONTDESK_MASTER_KEY, which opens them, is not. Keep it apart from the backups; without it they are lost."
    )


@app.command()
def restore(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `frontdesk backup` wrote.")],
    home: Annotated[Path | None, typer.Option(help="Folder to restore to; default: $FRONTDESK_HOME.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move what is there aside; without it the place must be empty.")
    ] = False,
    by: Annotated[str, typer.Option("--by", default_factory=getuser, help="Who restores.")],
) -> None:
    """Bring a backup back. Nothing goes out until a person releases it."""
    settings = load_settings()
    if home is not None:
        settings = settings.model_copy(update={"home": home})
    with _progress() as progress:
        done = restore_backup(
            settings, archive=file, is_replacing=replace, held_by=by, clock=SystemClock(), progress=progress
        )
    console = Console(soft_wrap=True, highlight=False)
    console.print(
        f"Restored to {escape(str(settings.home.absolute()))}:"
        f" {done.manifest.counts['event_log']:,} events up to {done.manifest.newest_sequence:,}."
    )
    if done.moved_to:
        console.print(f"What was there is in {escape(str(done.moved_to))}.")
    if done.schema_moved_to:
        console.print(f"The tables that were there are in the schema {done.schema_moved_to}.")
    if done.other_tenants:
        console.print(
            "Businesses' files that differ were left as they are;"
            f" the backup's are in {escape(str(done.other_tenants))}."
        )
    console.print(
        "Stored secrets need the FRONTDESK_MASTER_KEY that they were stored under; `frontdesk doctor` tells whether"
        " it opens them."
    )
    console.print(f"[bold]Everything that is due is held[/]: {escape(done.reason)}.")
    console.print(
        "Look at `frontdesk outbox list --state waiting`; `frontdesk outbox release --all` lets it go out."
        " See docs/runbooks/back-up-and-restore.md."
    )


@contextmanager
def _progress() -> Iterator[OnProgress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(escape(step), total=total or None)
            progress.update(tasks[step], completed=done, total=total or None)

        yield show
