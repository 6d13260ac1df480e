"""The command `frontdesk import`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from core.clock import SystemClock
from core.database import create_tables, open_engine
from core.errors import ImportFileError
from core.event_log import EventLog
from core.ids import UuidV7Factory
from core.importing.checks import check_columns, check_mapping
from core.importing.csv_file import CsvFile
from core.importing.importer import ImportResult, import_rows
from core.importing.mapping import FileOptions
from core.importing.mapping_file import load_mapping
from core.importing.ndjson import HEADER, NdjsonFile
from core.importing.problems import MappedRow
from core.importing.report import RefusedRows
from core.importing.rows import RowMapper
from core.importing.screen import Position, progress_bar, show_events, show_refused, show_result
from core.settings import Settings, load_settings
from core.tenants import Tenant, load_tenants

app = typer.Typer()

#: Exit status where some rows were refused and the others went in.
SOME_REFUSED = 2
_NDJSON_SUFFIXES = (".ndjson", ".jsonl")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV export, or .ndjson of events.")],
    mapping: Annotated[
        Path | None, typer.Option(help="What the columns of a CSV file mean: see docs/importing.md.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose history it is, if the mapping does not say.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write refused rows to this file, with the reasons.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the first events and the counts; write nothing.")
    ] = False,
) -> None:
    """Bring the history of an older system into the event log; running it again adds nothing.

    Exit status: 0 all rows are in; 2 some were refused, the others are in; 1 the file or the mapping can't be used.
    """
    settings = load_settings()
    received_at = SystemClock().now()
    if report is not None and report.absolute() == file.absolute():
        raise ImportFileError(f"{report}: is the file to be imported; give the report another name")
    run = _Run(file=file, settings=settings, report=report, is_dry_run=dry_run)
    if mapping is not None:
        result = _import_csv(run, mapping_file=mapping, tenant_slug=tenant, received_at=received_at)
    elif file.suffix.lower() in _NDJSON_SUFFIXES:
        result = _import_ndjson(run, tenant_slug=tenant, received_at=received_at)
    else:
        raise ImportFileError(f"{file}: a CSV file needs --mapping; only {', '.join(_NDJSON_SUFFIXES)} does without")
    if result.count_refused:
        raise typer.Exit(SOME_REFUSED)


class _Run:
    """One run of the command: where rows go, and what is shown."""

    def __init__(self, *, file: Path, settings: Settings, report: Path | None, is_dry_run: bool) -> None:
        self.file = file
        self.settings = settings
        self._report = report
        self._is_dry_run = is_dry_run
        self._console = Console(file=sys.stderr)

    def tell(self, note: str) -> None:
        """Show a note that stops nothing."""
        self._console.print(f"Note: {note}", style="yellow", markup=False, highlight=False, soft_wrap=True)

    def find_tenant(self, slug: str | None) -> Tenant:
        """Return the tenant. Raises ImportFileError where none is named or there is no such one."""
        tenants = load_tenants(self.settings.tenants_dir)
        known = ", ".join(tenants)
        if slug is None:
            raise ImportFileError(f"{self.file}: whose history is it? Give --tenant, one of: {known}")
        if slug not in tenants:
            raise ImportFileError(f"there is no tenant {slug!r}; use one of: {known}")
        return tenants[slug]

    def do(
        self,
        rows: Iterable[MappedRow],
        *,
        tenant: Tenant,
        position: Position,
        header: tuple[str, ...],
        options: FileOptions,
    ) -> ImportResult:
        """Import the rows and show what became of them."""
        if self._report is None:
            result = self._import(rows, position, on_refused=lambda _row: None)
        else:
            with RefusedRows(self._report, header=header, options=options) as refused_rows:
                result = self._import(rows, position, on_refused=refused_rows.write)
        if self._is_dry_run:
            show_events(Console(), result.events)
        show_refused(self._console, result.refused, count=result.count_refused, report=self._report)
        show_result(
            Console(), result, zone=ZoneInfo(tenant.zone), now=SystemClock().now(), is_dry_run=self._is_dry_run
        )
        return result

    def _import(
        self, rows: Iterable[MappedRow], position: Position, *, on_refused: Callable[[MappedRow], None]
    ) -> ImportResult:
        log = None if self._is_dry_run else self._open_log()
        with progress_bar(self._console, file=self.file, position=position) as advance:
            return import_rows(rows, log=log, on_refused=on_refused, on_progress=advance)

    def _open_log(self) -> EventLog:
        engine = open_engine(self.settings.event_log_url)
        create_tables(engine)
        return EventLog(engine, ids=UuidV7Factory(SystemClock()))


def _import_csv(run: _Run, *, mapping_file: Path, tenant_slug: str | None, received_at: datetime) -> ImportResult:
    mapping = load_mapping(mapping_file)
    for note in check_mapping(mapping, mapping_file=mapping_file):
        run.tell(note)
    tenant = run.find_tenant(tenant_slug or mapping.tenant)
    with CsvFile(run.file, mapping.file) as file:
        check_columns(mapping, header=file.header, file=run.file)
        mapper = RowMapper(
            mapping, tenant=tenant, header=file.header, file_name=run.file.name, received_at=received_at
        )
        return run.do(
            map(mapper.map, file.records()), tenant=tenant, position=file, header=file.header, options=mapping.file
        )


def _import_ndjson(run: _Run, *, tenant_slug: str | None, received_at: datetime) -> ImportResult:
    tenant = run.find_tenant(tenant_slug)
    limit = run.settings.max_body_bytes
    with NdjsonFile(run.file, tenant_id=tenant.slug, received_at=received_at, max_line_bytes=limit) as file:
        return run.do(file.rows(), tenant=tenant, position=file, header=HEADER, options=FileOptions())
