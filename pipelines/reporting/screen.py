"""Reports on a terminal: the list, one report, its reproduction, and then beside now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frontdesk.domains.reports import layout
from frontdesk.domains.reports.archive import ReportId
from frontdesk.domains.reports.differences import FigurePair, LateEvent, pair_figures
from frontdesk.domains.reports.document import Figure, Report
from frontdesk.domains.reports.layout import shown_figures
from pipelines.reporting.reproducing import Reproduction

#: Late events shown; the rest is counted.
_MOST_LATE = 50


def show_list(report_ids: Sequence[ReportId], *, console: Console) -> None:
    """Show what the archive has."""
    if not report_ids:
        console.print("No reports yet. Create one with `frontdesk report make`.", highlight=False)
        return
    table = Table("Report", "Period", "Events up to", box=None, pad_edge=False)
    for each in report_ids:
        period = each.period
        table.add_row(str(each), layout.period_words(period.kind, period.start), str(each.log_sequence))
    console.print(table)


def show_report(report: Report, *, console: Console) -> None:
    """Show the figures of a report."""
    console.print(f"[bold]{escape(report.business)}: {layout.title_words(report)}[/]", highlight=False)
    console.print(f"{layout.days_words(report)}, {report.zone}; report {report.report_id}", highlight=False)
    table = _table("Figure", "This period", "Period before", "Change")
    for figure in shown_figures(report):
        previous = layout.value_words(figure.previous, unit=figure.unit, currency=figure.currency)
        table.add_row(figure.name, _words(figure), previous, layout.change_words(figure))
    console.print(table)


def show_reproduction(done: Reproduction, *, console: Console) -> None:
    """Tell whether a report came out the same, and which figure did not."""
    report_id = done.stored.report_id
    if done.have_models_changed:
        console.print(
            "The models or the business's file have changed since the report was made "
            f"({done.stored.models_fingerprint[:12]}, now {done.again.models_fingerprint[:12]}).",
            highlight=False,
        )
    if done.is_equal:
        console.print(f"Equal: {report_id}, computed again from the log up to event {done.stored.log_sequence}.")
        return
    console.print(f"[bold red]Not equal:[/] {report_id}", highlight=False)
    console.print(_pairs(done.differences, "Stored", "Again"))


def show_comparison(then: Report, now: Report, late: Sequence[LateEvent], *, console: Console) -> None:
    """Show what differs between then and now, and what was heard of late."""
    differing = [pair for pair in pair_figures(then, now) if pair.differs]
    console.print(
        f"[bold]{escape(then.business)}: {layout.title_words(then)}[/], events up to {then.log_sequence} then, "
        f"{now.log_sequence} now",
        highlight=False,
    )
    if differing:
        console.print(_pairs(differing, "As we knew it then", "With what we know now"))
    else:
        console.print("No figures have changed since this report was made.")
    console.print(f"Events of this period that arrived later: {len(late)}", highlight=False)
    table = Table("Event", "What", "Contact", "Late by", box=None, pad_edge=False)
    for each in late[:_MOST_LATE]:
        name = escape(each.contact_name or each.contact_id)
        table.add_row(str(each.sequence), escape(f"{each.type}: {each.title}"), name, lateness_words(each.late_by))
    if late:
        console.print(table)
    if len(late) > _MOST_LATE:
        console.print(f"... and {len(late) - _MOST_LATE} more", highlight=False)


def lateness_words(late_by: timedelta) -> str:
    """Return how late something was: `2 d 3 h`."""
    return layout.value_words(max(int(late_by.total_seconds()), 0), unit="seconds", currency=None)


def _pairs(pairs: Iterable[FigurePair], then: str, now: str) -> Table:
    table = _table("Figure", then, now)
    for pair in pairs:
        table.add_row(pair.name, _words(pair.then), _words(pair.now))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _words(figure: Figure | None) -> str:
    return (
        layout.MISSING
        if figure is None
        else layout.value_words(figure.value, unit=figure.unit, currency=figure.currency)
    )
