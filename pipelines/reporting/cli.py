"""`frontdesk report`: list, make, show, reproduce and compare the weekly and monthly reports."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from frontdesk.core.clock import SystemClock
from frontdesk.core.progress import ProgressCallback
from frontdesk.core.published.connection import open_published
from frontdesk.core.settings import Settings, load_settings
from frontdesk.domains.reports.archive import ReportArchive, ReportId
from frontdesk.domains.reports.differences import find_late_events
from frontdesk.domains.reports.document import Report
from frontdesk.domains.reports.periods import PeriodKind, last_complete, parse_period
from pipelines.build.writer_lock import WriterLock
from pipelines.home_parts import build_warehouse_builder
from pipelines.reporting import screen
from pipelines.reporting.assembly import build_report_maker
from pipelines.reporting.businesses import find_tenant
from pipelines.reporting.reproducing import reproduce as reproduce_report

app = typer.Typer(
    name="report", help="Weekly and monthly reports: list, make, show, reproduce, compare.", no_args_is_help=True
)

_Business = Annotated[str, typer.Argument(metavar="BUSINESS", help="The business's slug.")]
_Report = Annotated[str, typer.Argument(metavar="REPORT", help="Such as weekly-2026-03-02-1234, from report list.")]
_NOT_EQUAL = 1


@app.command(name="list")
def list_(business: _Business) -> None:
    """List the reports of a business, the newest period first; a period can have several versions."""
    settings = load_settings()
    tenant = find_tenant(settings, business)
    screen.show_list(_archive(settings).list_ids(tenant.slug), console=_console())


@app.command()
def make(
    business: _Business,
    kind: Annotated[PeriodKind, typer.Argument(help="weekly or monthly.")],
    *,
    start: Annotated[
        str | None, typer.Option(help="First day of the period, as 2026-03-02; left out: the newest that is over.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the models to reach the log's end.")] = 60,
    is_mailed: Annotated[
        bool | None,
        typer.Option(
            "--mail/--no-mail",
            help="Whether it goes to those who get reports; left out: where it is the newest period that is over, "
            "and they have no report of it yet.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the document.")] = False,
) -> None:
    """Make a report by what is known now; a version beside the older ones where it says something else."""
    settings = load_settings()
    tenant = find_tenant(settings, business)
    zone, now = ZoneInfo(tenant.zone), SystemClock().now()
    period = parse_period(start, kind, now=now, zone=zone) if start else last_complete(kind, now=now, zone=zone)
    with _progress("waiting for the models") as report_progress:
        made = build_report_maker(settings).make(
            tenant, period, patience_seconds=wait, is_mailed=is_mailed, progress=report_progress
        )
    if as_json:
        typer.echo(made.to_json().decode())
    else:
        screen.show_report(made, console=_console())


@app.command()
def show(
    business: _Business,
    report: _Report,
    *,
    pdf: Annotated[Path | None, typer.Option(help="Copy the PDF here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Copy the page here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the stored document.")] = False,
) -> None:
    """Show a stored report."""
    settings = load_settings()
    tenant, report_id = find_tenant(settings, business), ReportId.parse(report)
    archive = _archive(settings)
    for ending, target in (("pdf", pdf), ("html", html)):
        if target is not None:
            target.write_bytes(archive.read(tenant.slug, report_id, ending))
    content = archive.read(tenant.slug, report_id, "json")
    if as_json:
        typer.echo(content.decode())
    else:
        screen.show_report(Report.model_validate_json(content), console=_console())


@app.command()
def reproduce(business: _Business, report: _Report) -> None:
    """Compute a stored report again from the log as it was then; ends with 1 where a figure is another."""
    settings = load_settings()
    tenant = find_tenant(settings, business)
    stored = _stored(settings, tenant.slug, report)
    builder = build_warehouse_builder(settings)
    with _progress("rebuilding beside") as report_progress:
        done = reproduce_report(
            stored, tenant, builder=builder, lock=WriterLock(builder.path), progress=report_progress
        )
    screen.show_reproduction(done, console=_console())
    if not done.is_equal:
        raise typer.Exit(_NOT_EQUAL)


@app.command()
def compare(business: _Business, report: _Report) -> None:
    """Show a stored report beside what is known now, with the late events that make the difference."""
    settings = load_settings()
    tenant = find_tenant(settings, business)
    stored = _stored(settings, tenant.slug, report)
    now = build_report_maker(settings).compute(tenant, stored.period)
    with open_published(settings.analytics_path) as connection:
        late = find_late_events(connection, stored)
    screen.show_comparison(stored, now, late, console=_console())


def _stored(settings: Settings, tenant_id: str, report: str) -> Report:
    return Report.model_validate_json(_archive(settings).read(tenant_id, ReportId.parse(report), "json"))


def _archive(settings: Settings) -> ReportArchive:
    return ReportArchive(settings.reports_path)


def _console() -> Console:
    return Console(width=max(shutil.get_terminal_size().columns, 80))


@contextmanager
def _progress(label: str) -> Iterator[ProgressCallback]:
    columns = (
        TextColumn(escape(label)),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("events"),
        TimeElapsedColumn(),
    )
    with ProgressBar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
