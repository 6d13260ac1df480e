"""Shows an import on the terminal: progress, a table of what went in, and what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from core.envelope import NewEvent
from core.importing.importer import ImportResult
from core.importing.problems import MappedRow
from core.importing.report import describe


class Position(Protocol):
    """A file that tells how far it has been read."""

    size: int

    @property
    def bytes_read(self) -> int:
        """How much of `size` is read by now."""
        ...


class Advance(Protocol):
    """Shows how far the file is read by now."""

    def __call__(self) -> None:
        """Move the bar."""
        ...


@contextmanager
def progress_bar(console: Console, *, file: Path, position: Position) -> Iterator[Advance]:
    """Show a bar that moves with the file's position each time the yielded function is called."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(escape(file.name), total=max(position.size, 1))
        yield lambda: progress.update(task, completed=position.bytes_read)


def show_result(console: Console, result: ImportResult, *, zone: ZoneInfo, now: datetime, is_dry_run: bool) -> None:
    """Print the table of types and the counts of rows. Times are shown in the tenant's zone."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("event")
    for heading in ("good" if is_dry_run else "new", "known"):
        table.add_column(heading, justify="right")
    for heading in ("first", "last"):
        table.add_column(heading)
    for type_, count in sorted(result.types.items()):
        first, last = (instant.astimezone(zone).strftime("%Y-%m-%d %H:%M") for instant in (count.first, count.last))
        known = "" if is_dry_run else f"{count.count_known:,}"
        table.add_row(type_, f"{count.count_new:,}", known, first, last)
    if result.types:
        console.print(table)
        console.print(f"(times of {zone.key})", style="dim")
    if any(count.last > now for count in result.types.values()):
        console.print("Some lie in the future: is the column of occurred_at, or its format, right?", style="yellow")
    count_in = result.count_rows - result.count_refused - result.count_without_event
    console.print(
        f"Rows: {result.count_rows:,} read, {count_in:,} {'good' if is_dry_run else 'in'}, "
        f"{result.count_refused:,} refused, {result.count_without_event:,} that no event wants.",
        highlight=False,
    )
    if is_dry_run:
        console.print("Dry run: nothing was written.")


def show_refused(console: Console, rows: Sequence[MappedRow], *, count: int, report: Path | None) -> None:
    """Print the first refused rows, and where the rest is told."""
    for row in rows:
        reasons = "; ".join(describe(problem.column, problem.reason) for problem in row.problems)
        console.print(f"[red]line {row.line}:[/] {escape(reasons)}", highlight=False, soft_wrap=True)
    if count > len(rows):
        console.print(f"... and {count - len(rows):,} more.")
    if count and report is None:
        console.print("--report FILE writes every refused row with its reason, to be corrected and imported again.")
    elif count:
        console.print(f"Refused rows with their reasons: {report}", highlight=False, soft_wrap=True)


def show_events(console: Console, events: Sequence[NewEvent]) -> None:
    """Print the first events as they would be appended."""
    for event in events:
        shown = {
            "source": event.source,
            "source_event_id": event.source_event_id,
            "type": event.type,
            "occurred_at": event.occurred_at,
            "subject_id": event.subject_id,
            "payload": orjson.loads(event.payload),
        }
        console.print_json(orjson.dumps(shown).decode())
