"""What a report shows of its figures, in which order: the same on the page, in the PDF and in the e-mail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from frontdesk.domains.reports import wording
from frontdesk.domains.reports.document import Figure, Report, RevenuePart, Share, StageCount, Unit
from frontdesk.domains.reports.settings import AttributionModel

#: The figures that stand large at the top.
HEADLINES = ("revenue_received", "bookings_created", "leads_new", "show_rate")
#: Headings of the figures, by the first figure below each, in the order of the metrics.
_SECTIONS = {
    "contacts_new": "Leads",
    "bookings_created": "Bookings",
    "customers": "Customers",
    "revenue_received": "Money",
    "messages_in": "Messages and automation",
    "tasks_created": "Tasks",
}
#: Columns of the breakdowns, where they have any value; the others are in the report's JSON.
_COLUMNS = {
    "service": (
        "bookings_created",
        "bookings_completed",
        "bookings_no_show",
        "bookings_cancelled",
        "revenue_received",
    ),
    "channel": ("leads_new", "bookings_created", "customers_new", "revenue_received"),
}
#: What nobody said, in the reports' tables.
_UNKNOWN = "unknown"
_ALL_IN_ONE = "Tax"
#: Beside more of them the amounts would be cut: they are shown in one.
_MOST_TAXES = 3

_MODEL_NAMES: Mapping[AttributionModel, str] = {
    "first": "first touch",
    "last": "last touch",
    "last_non_direct": "last touch that is not direct",
    "linear": "all touches alike",
    "position": "first and last touch most",
    "time_decay": "newer touches more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTable:
    """A breakdown: a row for each service, channel or stage."""

    title: str
    heading: str  #: of the first column
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]  #: name, a cell for each column


def headline_figures(report: Report) -> list[Figure]:
    """Return the figures that matter most, in the business's own currency."""
    own = {each.metric: each for each in report.figures if each.currency in (None, report.currency)}
    return [own[name] for name in HEADLINES if name in own]


def shown_figures(report: Report) -> list[Figure]:
    """Return all figures but those of another currency in which nothing happened."""
    own = (None, report.currency)
    return [each for each in report.figures if each.currency in own or each.value or each.previous]


def figure_sections(report: Report) -> list[tuple[str, list[Figure]]]:
    """Return (heading, figures) of all that is shown, in the order of the metrics."""
    sections: list[tuple[str, list[Figure]]] = []
    for figure in shown_figures(report):
        heading = _SECTIONS.get(figure.metric)
        if not sections or (heading is not None and heading != sections[-1][0]):
            sections.append((heading or "Figures", []))
        sections[-1][1].append(figure)
    return sections


def share_tables(report: Report) -> list[ShareTable]:
    """Return the breakdowns that have something to show: services and channels, revenue, stages, credits."""
    shares = (_share_table(report, dimension) for dimension in _COLUMNS)
    revenue = (_revenue_table(report, dimension) for dimension in ("staff", "service"))
    tables = (*shares, *revenue, *_stage_tables(report), _credit_table(report))
    return [table for table in tables if table is not None]


def _revenue_table(report: Report, dimension: str) -> ShareTable | None:
    """Return gross, what went back, each tax, and what is left without it; None where nobody and nothing is named."""
    parts = [each for each in report.revenue if each.dimension == dimension]
    if all(each.dimension_value == _UNKNOWN for each in parts):
        return None
    names = sorted({tax.name or _ALL_IN_ONE for each in parts for tax in each.taxes})
    if len(names) > _MOST_TAXES:
        names = [_ALL_IN_ONE]
    return ShareTable(
        title=f"Revenue by {dimension}",
        heading=dimension.capitalize(),
        columns=("Received", "Given back", *map(wording.part_words, names), "Before tax"),
        rows=tuple(
            (wording.part_words(each.dimension_value), tuple(_revenue_cells(each, names=names))) for each in parts
        ),
    )


def _revenue_cells(part: RevenuePart, *, names: list[str]) -> Iterator[str]:
    taxes: dict[str, int] = {}
    for tax in part.taxes:
        name = tax.name if tax.name in names else _ALL_IN_ONE
        taxes[name] = taxes.get(name, 0) + tax.amount_minor
    for amount in (part.received_minor, part.returned_minor, *map(taxes.get, names), part.before_tax_minor):
        yield wording.value_words(amount, unit="minor_units", currency=part.currency)


def _stage_tables(report: Report) -> Iterator[ShareTable]:
    for name, stages in groupby(report.stages, key=lambda stage: stage.pipeline_name):
        yield ShareTable(
            title=f"Stages: {wording.part_words(name)}",
            heading="Stage",
            columns=("Came", "Went on", "Conversion", "Won", "Lost"),
            rows=tuple((wording.part_words(stage.stage_name), tuple(_stage_cells(stage))) for stage in stages),
        )


def _stage_cells(stage: StageCount) -> Iterator[str]:
    conversion = (2000 * stage.went_on + stage.entered) // (2 * stage.entered) if stage.entered else None
    counts = (stage.entered, stage.went_on, conversion, stage.won, stage.lost)
    units: tuple[Unit, ...] = ("count", "count", "permille", "count", "count")
    for value, unit in zip(counts, units, strict=True):
        yield wording.value_words(value, unit=unit, currency=None)


def _credit_table(report: Report) -> ShareTable | None:
    told = report.credits
    if told is None or not told.channels:
        return None
    reach = "" if told.lookback_days is None else f", {told.lookback_days} days back"
    return ShareTable(
        title=f"Conversions by channel ({_MODEL_NAMES[told.model]}{reach})",
        heading="Channel",
        columns=("Conversions", "Revenue"),
        rows=tuple(
            (
                wording.part_words(channel.channel),
                (f"{channel.conversions:,.2f}", wording.money_words(channel.revenue_minor, told.currency)),
            )
            for channel in told.channels
        ),
    )


def _share_table(report: Report, dimension: str) -> ShareTable | None:
    shares = [each for each in report.shares if each.dimension == dimension and each.value]
    columns = list(_columns(shares, dimension))
    if not columns:
        return None
    cells = {((each.metric, each.currency), each.dimension_value): each for each in shares}
    names = {each.dimension_value for each in shares if (each.metric, each.currency) in columns}

    def rank(name: str) -> tuple[list[int], str]:
        # By the last column, which is money where there is any, then by the others.
        values = [cells[column, name].value if (column, name) in cells else 0 for column in reversed(columns)]
        return [-value for value in values], name

    headings = {(each.metric, each.currency): each.name for each in shares}
    return ShareTable(
        title=f"By {dimension}",
        heading=dimension.capitalize(),
        columns=tuple(headings[column] for column in columns),
        rows=tuple(
            (wording.part_words(name), tuple(_cell(cells.get((column, name))) for column in columns))
            for name in sorted(names, key=rank)
        ),
    )


def _columns(shares: list[Share], dimension: str) -> Iterator[tuple[str, str | None]]:
    known = {(each.metric, each.currency) for each in shares}
    for metric in _COLUMNS[dimension]:
        yield from sorted((each for each in known if each[0] == metric), key=str)


def _cell(share: Share | None) -> str:
    if share is None:
        return wording.MISSING
    return wording.value_words(share.value, unit=share.unit, currency=share.currency)
