"""What a report shows, in which order and in which words: the same on the page, in the PDF and in the e-mail.

Money reads in its currency, shares in per cent, durations in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from frontdesk.core.money import minor_unit_exponent
from frontdesk.core.time_words import length_words
from frontdesk.domains.reports.document import Figure, Report, RevenuePart, Share, StageCount, Unit
from frontdesk.domains.reports.periods import PeriodKind
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
#: The sections of a document as readers know them, where the name alone says too little.
_SECTION_NAMES = {
    "shares": "services and channels",
    "history": "charts",
    "credits": "conversions by channel",
    "revenue": "revenue by staff and service",
}
#: Beside more of them the amounts would be cut: they are shown in one.
_MOST_TAXES = 3

_MODEL_NAMES: Mapping[AttributionModel, str] = {
    "first": "first touch",
    "last": "last touch",
    "last_non_direct": "last non-direct touch",
    "linear": "linear",
    "position": "position",
    "time_decay": "time decay",
}
MISSING = "\N{EN DASH}"
#: A longer name is cut: a note that was pasted into a field is no name, and a row must not be higher than a page.
_NAME_LENGTH = 60


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
    """Return gross, what went back, each tax, and what is left without it; None if nobody and nothing is named."""
    parts = [each for each in report.revenue if each.dimension == dimension]
    if all(each.dimension_value == _UNKNOWN for each in parts):
        return None
    names = sorted({tax.name or _ALL_IN_ONE for each in parts for tax in each.taxes})
    if len(names) > _MOST_TAXES:
        names = [_ALL_IN_ONE]
    return ShareTable(
        title=f"Revenue by {dimension}",
        heading=dimension.capitalize(),
        columns=("Received", "Refunded", *map(part_words, names), "Before tax"),
        rows=tuple((part_words(each.dimension_value), tuple(_revenue_cells(each, names=names))) for each in parts),
    )


def _revenue_cells(part: RevenuePart, *, names: list[str]) -> Iterator[str]:
    taxes: dict[str, int] = {}
    for tax in part.taxes:
        name = tax.name if tax.name in names else _ALL_IN_ONE
        taxes[name] = taxes.get(name, 0) + tax.amount_minor
    for amount in (part.received_minor, part.returned_minor, *map(taxes.get, names), part.before_tax_minor):
        yield value_words(amount, unit="minor_units", currency=part.currency)


def _stage_tables(report: Report) -> Iterator[ShareTable]:
    for name, stages in groupby(report.stages, key=lambda stage: stage.pipeline_name):
        yield ShareTable(
            title=f"Stages: {part_words(name)}",
            heading="Stage",
            columns=("Entered", "Moved on", "Conversion", "Won", "Lost"),
            rows=tuple((part_words(stage.stage_name), tuple(_stage_cells(stage))) for stage in stages),
        )


def _stage_cells(stage: StageCount) -> Iterator[str]:
    conversion = (2000 * stage.went_on + stage.entered) // (2 * stage.entered) if stage.entered else None
    counts = (stage.entered, stage.went_on, conversion, stage.won, stage.lost)
    units: tuple[Unit, ...] = ("count", "count", "permille", "count", "count")
    for value, unit in zip(counts, units, strict=True):
        yield value_words(value, unit=unit, currency=None)


def _credit_table(report: Report) -> ShareTable | None:
    credited = report.credits
    if credited is None or not credited.channels:
        return None
    reach = "" if credited.lookback_days is None else f", {credited.lookback_days} days back"
    return ShareTable(
        title=f"Conversions by channel ({_MODEL_NAMES[credited.model]}{reach})",
        heading="Channel",
        columns=("Conversions", "Revenue"),
        rows=tuple(
            (
                part_words(channel.channel),
                (f"{channel.conversions:,.2f}", money_words(channel.revenue_minor, credited.currency)),
            )
            for channel in credited.channels
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
            (part_words(name), tuple(_cell(cells.get((column, name))) for column in columns))
            for name in sorted(names, key=rank)
        ),
    )


def _columns(shares: list[Share], dimension: str) -> Iterator[tuple[str, str | None]]:
    known = {(each.metric, each.currency) for each in shares}
    for metric in _COLUMNS[dimension]:
        yield from sorted((each for each in known if each[0] == metric), key=str)


def _cell(share: Share | None) -> str:
    if share is None:
        return MISSING
    return value_words(share.value, unit=share.unit, currency=share.currency)


def value_words(value: int | None, *, unit: Unit, currency: str | None) -> str:
    """Return a figure's value as readers expect it, such as `AUD 1,240.50`, `62.5%`, `3 h 5 min`."""
    if value is None:
        return MISSING
    match unit:
        case "minor_units":
            return money_words(value, currency or "")
        case "permille":
            return f"{value / 10:.1f}%"
        case "seconds":
            return length_words(value)
        case "count":
            return f"{value:,}"


def money_words(minor_units: int, currency: str) -> str:
    """Return minor units as money: `AUD 1,240.50`, `JPY 500`."""
    digits = minor_unit_exponent(currency)
    whole, rest = divmod(abs(minor_units), 10**digits)
    number = f"{whole:,}.{rest:0{digits}d}" if digits else f"{whole:,}"
    return f"{'-' if minor_units < 0 else ''}{currency} {number}".strip()


def part_words(name: str) -> str:
    """Return a service's or channel's name as it begins a line, cut where it is no name any more."""
    words = " ".join(name.replace("_", " ").split())
    cut = words if len(words) <= _NAME_LENGTH else words[: _NAME_LENGTH - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    # A title letter, not a capital one: Georgian has capitals that begin no word.
    return cut[:1].title() + cut[1:]


def change_words(figure: Figure) -> str:
    """Return the change to the period before: `+3 (+12%)`, `-2.5 points`; a dash if there is none."""
    change = figure.change
    if change is None:
        return MISSING
    if change == 0:
        return "no change"
    sign = "+" if change > 0 else "-"
    if figure.unit == "permille":
        return f"{sign}{abs(change) / 10:.1f} points"
    amount = sign + value_words(abs(change), unit=figure.unit, currency=figure.currency)
    if not figure.previous:
        return amount
    percent = round(100 * abs(change) / abs(figure.previous))
    return f"{amount} ({sign}{percent:,}%)"


def is_better(figure: Figure) -> bool | None:
    """Return whether the change is a good one; None if there is none."""
    return None if not figure.change else (figure.change > 0) == figure.is_higher_better


def left_out_words(report: Report) -> str:
    """Return a sentence about the sections that could not be computed; empty if there are none."""
    if not report.left_out:
        return ""
    names = ", ".join(_SECTION_NAMES.get(each, each) for each in report.left_out)
    return f"Missing, because of an error: {names}. The figures are complete."


def title_words(report: Report) -> str:
    """Return the period in words: `Week of 2 March 2026`, `March 2026`."""
    return period_words(report.kind, report.period_start)


def period_words(kind: PeriodKind, start: date) -> str:
    """Return a period in words."""
    if kind is PeriodKind.MONTHLY:
        return f"{start:%B %Y}"
    return f"Week of {start.day} {start:%B %Y}"


def days_words(report: Report) -> str:
    """Return the first and the last day: `Mon 2 March to Sun 8 March 2026`."""
    last = report.period_end - timedelta(days=1)
    first = report.period_start
    return f"{first:%a} {first.day} {first:%B} to {last:%a} {last.day} {last:%B %Y}"


def moment_words(instant: datetime, zone: str) -> str:
    """Return an instant on the tenant's clock: `9 March 2026 at 09:00 (Australia/Perth)`."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%B %Y} at {local:%H:%M} ({zone})"
