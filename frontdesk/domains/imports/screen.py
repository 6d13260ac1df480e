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

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.imports.importer import ImportResult, RowFate
from frontdesk.domains.imports.report import describe
from frontdesk.domains.imports.runs import Fate
from frontdesk.domains.imports.undoing import Run


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


def show_result(
    console: Console,
    result: ImportResult,
    *,
    zone: ZoneInfo,
    now: datetime,
    run_id: str,
    is_dry_run: bool,
    is_all_or_nothing: bool = False,
) -> None:
    """Print the table of types and the counts of rows. Times are shown in the tenant's zone."""
    fates = [Fate.NEW, *(fate for fate in (Fate.KNOWN, Fate.REPEATED, Fate.CHANGED) if result.count_events(fate))]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("event")
    for fate in fates:
        table.add_column(fate.value, justify="right")
    for heading in ("first", "last"):
        table.add_column(heading)
    for type_, count in sorted(result.types.items()):
        first, last = (instant.astimezone(zone).strftime("%Y-%m-%d %H:%M") for instant in (count.first, count.last))
        table.add_row(type_, *(f"{count.fates[fate]:,}" for fate in fates), first, last)
    if result.types:
        console.print(table)
        console.print(f"(times of {zone.key})", style="dim")
    if any(count.last > now for count in result.types.values()):
        console.print("Some lie in the future: is the column of occurred_at, or its format, right?", style="yellow")
    console.print(describe_rows(result, is_dry_run=is_dry_run), highlight=False, soft_wrap=True)
    if is_all_or_nothing and result.count_lacking:
        console.print("Nothing was written: not every row can go in wholly (--all-or-nothing).")
    elif is_dry_run:
        console.print("Dry run: nothing was written.")
    elif result.count_events(Fate.NEW):
        console.print(f"Run {run_id}: frontdesk import undo {run_id} takes it back.", highlight=False, soft_wrap=True)


def describe_rows(result: ImportResult, *, is_dry_run: bool) -> str:
    """Return what became of the rows in one sentence; its numbers add up to the rows read."""
    words = {RowFate.IN: "good" if is_dry_run else "in", RowFate.NO_EVENT: "that no event wants"}
    if is_dry_run:
        words[RowFate.IN_PART] = "good in part"
    always = (RowFate.IN, RowFate.REFUSED, RowFate.NO_EVENT)
    parts = [
        f"{result.rows[fate]:,} {words.get(fate, fate.value)}"
        for fate in RowFate
        if fate in always or result.rows[fate]
    ]
    return f"Rows: {result.count_rows:,} read, {', '.join(parts)}."


def show_lacking(console: Console, result: ImportResult, *, report: Path | None) -> None:
    """Print the first rows that are not wholly in the log, and where the rest is told."""
    for row in result.lacking:
        reasons = "; ".join(describe(problem.column, problem.reason) for problem in row.problems)
        console.print(f"[red]line {row.line}:[/] {escape(reasons)}", highlight=False, soft_wrap=True)
    count = result.count_lacking
    if count > len(result.lacking):
        console.print(f"... and {count - len(result.lacking):,} more.")
    if count and report is None:
        console.print("--report FILE writes each of these rows with its reason, to be corrected and imported again.")
    elif count:
        console.print(f"These rows with their reasons: {report}", highlight=False, soft_wrap=True)


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


def show_runs(console: Console, runs: Sequence[Run]) -> None:
    """Print one line for each run."""
    if not runs:
        console.print("No import has written anything yet.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("run", "business", "source", "file"):
        table.add_column(heading)
    table.add_column("events", justify="right")
    table.add_column("")
    for run in runs:
        state = "taken back" if run.is_undone else ""
        files = ", ".join(run.files)
        table.add_row(
            run.run_id, run.tenant_id, ", ".join(run.sources), escape(files), f"{run.count_events:,}", state
        )
    console.print(table, soft_wrap=True)
