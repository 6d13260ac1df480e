"""`frontdesk import`: brings an export into the log, and lists, undoes and restores runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any, Protocol
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from typer.core import TyperGroup

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import ImportFileError
from frontdesk.core.ids import UuidV7Factory, new_run_id
from frontdesk.core.log.database import create_tables, has_tables, open_engine
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.settings import Settings, load_settings
from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.businesses import load_businesses
from frontdesk.domains.imports.computed_columns import KEPT, kept_columns
from frontdesk.domains.imports.csv_file import CsvFile
from frontdesk.domains.imports.importer import DryRunLog, Fate, ImportResult, RowFate, RunLog, RunWriter, import_rows
from frontdesk.domains.imports.mapping import FileOptions, ImportMapping, load_mapping
from frontdesk.domains.imports.mapping_check import check_columns, check_mapping
from frontdesk.domains.imports.ndjson import HEADER, Arrival, NdjsonFile
from frontdesk.domains.imports.problems import MappedRow
from frontdesk.domains.imports.refused_rows import RefusedRows, describe_problem
from frontdesk.domains.imports.row_mapper import RowMapper
from frontdesk.domains.imports.runs import Run, list_runs, restore_run, undo_run


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
        console.print("Some are in the future. Check the column and the format of occurred_at.", style="yellow")
    console.print(describe_rows(result, is_dry_run=is_dry_run), highlight=False, soft_wrap=True)
    if is_all_or_nothing and result.count_lacking:
        console.print("Nothing was written: not every row can be imported (--all-or-nothing).")
    elif is_dry_run:
        console.print("Dry run: nothing was written.")
    elif result.count_events(Fate.NEW):
        console.print(f"Run {run_id}. To undo it: frontdesk import undo {run_id}", highlight=False, soft_wrap=True)


def describe_rows(result: ImportResult, *, is_dry_run: bool) -> str:
    """Return what became of the rows in one sentence; its numbers add up to the rows read."""
    words = {
        RowFate.IN: "good" if is_dry_run else "imported",
        RowFate.IN_PART: "imported in part",
        RowFate.NO_EVENT: "not used by any event",
    }
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
        reasons = "; ".join(describe_problem(problem.column, problem.reason) for problem in row.problems)
        console.print(f"[red]line {row.line}:[/] {escape(reasons)}", highlight=False, soft_wrap=True)
    count = result.count_lacking
    if count > len(result.lacking):
        console.print(f"... and {count - len(result.lacking):,} more.")
    if count and report is None:
        console.print("Add --report FILE to write these rows with their reasons, correct them and import them again.")
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
        state = "undone" if run.is_undone else ""
        files = ", ".join(run.files)
        table.add_row(
            run.run_id, run.tenant_id, ", ".join(run.sources), escape(files), f"{run.count_events:,}", state
        )
    console.print(table, soft_wrap=True)


#: Exit status where some rows are not wholly in the log.
SOME_LACKING = 2
_NDJSON_SUFFIXES = (".ndjson", ".jsonl")
_IMPORT_FILE = "file"


class _FileByDefault(TyperGroup):
    """`frontdesk import FILE` is `frontdesk import file FILE`; only the other commands need their word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word in front if it was left out."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [_IMPORT_FILE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer()
_imports = typer.Typer(
    cls=_FileByDefault,
    no_args_is_help=True,
    help="Import the history of an older system into the event log, and undo a wrong import.",
)
app.add_typer(_imports, name="import")


@_imports.command(_IMPORT_FILE)
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV export, or .ndjson of events.")],
    *,
    mapping: Annotated[
        Path | None, typer.Option(help="What the columns of a CSV file mean: see docs/importing.md.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose history it is, if the mapping does not say.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write rows that are not wholly imported to this new file, with the reasons.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the first events and the counts; write nothing.")
    ] = False,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Write nothing unless every row of the file can be imported.")
    ] = False,
) -> None:
    """Import a file into the event log; running it again adds nothing. The word `file` can be left out.

    Exit status: 0 all rows are imported; 2 some are not; 1 the file or the mapping can't be used.
    """
    settings = load_settings()
    if report is not None and report.absolute() == file.absolute():
        raise ImportFileError(f"{report}: is the file to be imported; give the report another name")
    if report is not None and report.exists():
        raise ImportFileError(f"{report}: is there already; give the report another name, or remove it first")
    run = _Run(file=file, settings=settings, report=report)
    if mapping is not None:
        source: _CsvSource | _NdjsonSource = _CsvSource(run, mapping_file=mapping, tenant_slug=tenant)
    elif file.suffix.lower() in _NDJSON_SUFFIXES:
        source = _NdjsonSource(run, tenant_slug=tenant)
    else:
        raise ImportFileError(f"{file}: a CSV file needs --mapping; only {', '.join(_NDJSON_SUFFIXES)} does without")
    result = _import(run, source, is_dry_run=dry_run, is_all_or_nothing=all_or_nothing)
    if result.count_lacking:
        raise typer.Exit(SOME_LACKING)


@_imports.command("runs")
def runs(
    tenant: Annotated[str | None, typer.Option(help="Of this business alone.")] = None,
) -> None:
    """List the runs that wrote something, and which of them are undone."""
    show_runs(Console(), list_runs(_open_log(load_settings()), tenant_id=tenant))


_RunId = Annotated[str, typer.Argument(metavar="RUN", help="Name of the run, as `frontdesk import runs` lists it.")]
_FOLLOWS = (
    "Pages and figures change after a rebuild: a running frontdesk up starts one now, otherwise run "
    "frontdesk process --once."
)
_Reason = Annotated[str | None, typer.Option(help="Why, for the record.")]


@_imports.command("undo")
def undo(run: _RunId, reason: _Reason = None) -> None:
    """Undo a run: its events no longer count. You can then import the corrected file."""
    clock = SystemClock()
    back = undo_run(
        _open_log(load_settings()), run, ids=UuidV7Factory(clock), clock=clock, by=getuser(), reason=reason
    )
    typer.echo(
        f"Run {run} is undone: {back.count_events:,} events of {', '.join(back.files or back.sources)} no longer "
        f"count. To let them count again: frontdesk import restore {run}. {_FOLLOWS}"
    )


@_imports.command("restore")
def restore(run: _RunId, reason: _Reason = None) -> None:
    """Restore a run that was undone: its events count again."""
    clock = SystemClock()
    restored = restore_run(
        _open_log(load_settings()), run, ids=UuidV7Factory(clock), clock=clock, by=getuser(), reason=reason
    )
    typer.echo(f"Run {run} is restored: {restored.count_events:,} events count again. {_FOLLOWS}")


class _Run:
    """One run of the command: what it is about, and where it is shown."""

    def __init__(self, *, file: Path, settings: Settings, report: Path | None) -> None:
        clock = SystemClock()
        self.file = file
        self.settings = settings
        self.report = report
        self.arrival = Arrival(received_at=clock.now(), run_id=new_run_id(clock), file_name=file.name)
        self.errors = Console(file=sys.stderr)

    def tell(self, note: str) -> None:
        """Show a note that stops nothing."""
        self.errors.print(f"Note: {note}", style="yellow", markup=False, highlight=False, soft_wrap=True)

    def find_tenant(self, slug: str | None) -> Business:
        """Return the tenant. Raises ImportFileError if none is named or there is no such one."""
        tenants = load_businesses(self.settings, Business)
        known = ", ".join(tenants)
        if slug is None:
            raise ImportFileError(f"{self.file}: whose history is it? Give --tenant, one of: {known}")
        if slug not in tenants:
            raise ImportFileError(f"there is no tenant {slug!r}; use one of: {known}")
        return tenants[slug]


class _Opened:
    """A file that is being read."""

    def __init__(self, rows: Iterable[MappedRow], *, position: Position, header: tuple[str, ...]) -> None:
        self.rows = rows
        self.position = position
        self.header = header


class _CsvSource:
    """A CSV file with its mapping; opened for each time it is read."""

    def __init__(self, run: _Run, *, mapping_file: Path, tenant_slug: str | None) -> None:
        self._run = run
        self._folder = mapping_file.parent
        self._mapping: ImportMapping = load_mapping(mapping_file)
        for note in check_mapping(self._mapping, mapping_file=mapping_file):
            run.tell(note)
        self.tenant = run.find_tenant(tenant_slug or self._mapping.tenant)
        self.options = self._mapping.file
        self.kept = tuple(f"{KEPT}{name}" for name in kept_columns(self._mapping.columns))

    @contextmanager
    def opened(self) -> Iterator[_Opened]:
        """Open the file. Raises ImportFileError."""
        with CsvFile(self._run.file, self.options) as file:
            check_columns(self._mapping, header=file.header, file=self._run.file)
            mapper = RowMapper(
                self._mapping,
                tenant=self.tenant,
                header=file.header,
                arrival=self._run.arrival,
                folder=self._folder,
            )
            yield _Opened(map(mapper.map, file.records()), position=file, header=file.header)


class _NdjsonSource:
    """A file of events in our own form."""

    def __init__(self, run: _Run, *, tenant_slug: str | None) -> None:
        self._run = run
        self.tenant = run.find_tenant(tenant_slug)
        self.options = FileOptions()
        self.kept: tuple[str, ...] = ()

    @contextmanager
    def opened(self) -> Iterator[_Opened]:
        """Open the file. Raises ImportFileError."""
        limit = self._run.settings.max_body_bytes
        with NdjsonFile(
            self._run.file, tenant_id=self.tenant.slug, arrival=self._run.arrival, max_line_bytes=limit
        ) as file:
            yield _Opened(file.rows(), position=file, header=HEADER)


def _import(
    run: _Run, source: _CsvSource | _NdjsonSource, *, is_dry_run: bool, is_all_or_nothing: bool
) -> ImportResult:
    """Read the file, write it unless that is not wanted, and show what became of it."""
    slug, run_id = source.tenant.slug, run.arrival.run_id
    if is_dry_run or is_all_or_nothing:
        writer = DryRunLog(_find_log(run.settings), tenant_id=slug, run_id=run_id)
        result = _read_file(run, source, writer)
        if is_dry_run or result.count_lacking:
            _show(run, source, result, is_dry_run=True, is_all_or_nothing=is_all_or_nothing)
            return result
        if run.report is not None:
            run.report.unlink()  # nothing is in it; the second reading writes its own
    result = _read_file(run, source, RunLog(_open_log(run.settings), tenant_id=slug, run_id=run_id))
    _show(run, source, result, is_dry_run=False)
    return result


def _read_file(run: _Run, source: _CsvSource | _NdjsonSource, writer: RunWriter) -> ImportResult:
    with (
        source.opened() as opened,
        _reporting(run, source, opened) as on_lacking,
        progress_bar(run.errors, file=run.file, position=opened.position) as advance,
    ):
        return import_rows(opened.rows, log=writer, on_lacking=on_lacking, on_progress=advance)


@contextmanager
def _reporting(
    run: _Run, source: _CsvSource | _NdjsonSource, opened: _Opened
) -> Iterator[Callable[[MappedRow, RowFate], None]]:
    if run.report is None:
        yield lambda _row, _fate: None
        return
    with RefusedRows(run.report, header=opened.header, options=source.options, kept=source.kept) as rows:
        yield rows.write


def _show(
    run: _Run,
    source: _CsvSource | _NdjsonSource,
    result: ImportResult,
    *,
    is_dry_run: bool,
    is_all_or_nothing: bool = False,
) -> None:
    if is_dry_run:
        show_events(Console(), result.events)
    show_lacking(run.errors, result, report=run.report)
    show_result(
        Console(),
        result,
        zone=ZoneInfo(source.tenant.zone),
        now=SystemClock().now(),
        run_id=run.arrival.run_id,
        is_dry_run=is_dry_run,
        is_all_or_nothing=is_all_or_nothing,
    )


def _find_log(settings: Settings) -> EventLog | None:
    """Return the log to look things up in, None if there is none yet: looking makes none."""
    engine = open_engine(settings.event_log_url) if _has_database(settings) else None
    if engine is None or not has_tables(engine):
        return None
    return EventLog(engine, ids=UuidV7Factory(SystemClock()))


def _has_database(settings: Settings) -> bool:
    return (
        not settings.event_log_url.startswith("sqlite:///")
        or Path(settings.event_log_url.removeprefix("sqlite:///")).exists()
    )


def _open_log(settings: Settings) -> EventLog:
    engine = open_engine(settings.event_log_url)
    create_tables(engine, backups=settings.backups_path)
    return EventLog(engine, ids=UuidV7Factory(SystemClock()))
