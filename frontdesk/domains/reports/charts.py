"""The charts of a report, by matplotlib: the same document gives the same bytes, as SVG or PNG."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure as Drawing

from frontdesk.core.money import minor_unit_exponent
from frontdesk.domains.reports.document import Point, Report, Share
from frontdesk.domains.reports.layout import part_words
from frontdesk.domains.reports.lettering import Lettering, lettering_of
from frontdesk.domains.reports.periods import PeriodKind

#: Letters, which a page on a dark screen makes lighter; the rest is read on both.
INK = "#6b7280"
_QUIET, _ACCENT, _PAST = "#9ca3af", "#2563eb", "#93b4f5"
_SIZE = (4.9, 1.9)  #: inches, of which letters have their size: smaller is larger letters
_PNG_DPI = 220
#: Bars of a breakdown; the rest of it is in the table.
_MOST_BARS = 6
_FEWEST_ROWS = 4
_LABEL_LENGTH = 24
_SETTINGS: Any = {
    "svg.hashsalt": "frontdesk",  # ids in the SVG would otherwise be random
    "svg.fonttype": "path",  # no font is asked of the reader's machine
    "font.size": 8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": _QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_TITLES: Mapping[str, str] = {
    "revenue_received": "Revenue received",
    "bookings_created": "Bookings made",
    "leads_new": "New leads",
}

_PARTED = (("revenue_received", "service"), ("revenue_received", "channel"), ("leads_new", "channel"))

ImageFormat = Literal["svg", "png"]


def draw_charts(report: Report, *, image_format: ImageFormat) -> list[tuple[str, bytes]]:
    """Return (title, image) of every chart that has something to show."""
    charts = []
    lettering = lettering_of(report)
    with mpl.rc_context({**_SETTINGS, "font.family": lettering.families()}):
        for metric in _TITLES:
            points = [point for point in report.history if point.metric == metric]
            if any(point.value for point in points):
                drawing = _over_time(points, kind=report.kind, currency=report.currency)
                charts.append((_titled(metric, report), _image(drawing, image_format)))
        for metric, dimension in _PARTED:
            shares = [
                share
                for share in report.shares
                if (share.metric, share.dimension) == (metric, dimension)
                and share.currency in (None, report.currency)
            ]
            if shares:
                title = f"{_titled(metric, report)}, by {dimension}"
                charts.append((title, _image(_parts(shares[:_MOST_BARS], lettering), image_format)))
    return charts


def _over_time(points: Sequence[Point], *, kind: PeriodKind, currency: str) -> Drawing:
    drawing, axes = _empty()
    labels = [_label(point.period_start, kind, is_first=number == 0) for number, point in enumerate(points)]
    is_money = points[0].currency is not None
    values = [_scaled(point.value or 0, currency if is_money else None) for point in points]
    bars = axes.bar(labels, values, color=[_PAST] * (len(values) - 1) + [_ACCENT], width=0.62)
    axes.bar_label(bars, labels=[f"{value:,.0f}" for value in values], padding=2, fontsize=8)
    axes.set_ylim(bottom=min(0, *values))
    axes.set_yticks([])
    axes.tick_params(bottom=False)
    axes.spines["left"].set_visible(False)
    return drawing


def _label(start: date, kind: PeriodKind, *, is_first: bool) -> str:
    if kind is PeriodKind.WEEKLY:
        return f"{start.day} {start:%b}"
    return f"{start:%b\n%Y}" if is_first or start.month == 1 else f"{start:%b}"


def _titled(metric: str, report: Report) -> str:
    return f"{_TITLES[metric]} ({report.currency})" if metric == "revenue_received" else _TITLES[metric]


def _parts(shares: Sequence[Share], lettering: Lettering) -> Drawing:
    drawing, axes = _empty()
    names = [_short(lettering.drawable(part_words(share.dimension_value))) for share in reversed(shares)]
    values = [_scaled(share.value, share.currency) for share in reversed(shares)]
    bars = axes.barh(range(len(values)), values, color=_ACCENT, height=0.62)
    # One bar alone is no thicker than one of several.
    axes.set_ylim(len(values) - max(len(values), _FEWEST_ROWS) - 0.5, len(values) - 0.5)
    axes.tick_params(left=False)
    axes.set_yticks(range(len(values)), labels=names)
    axes.bar_label(bars, labels=[f"{value:,.0f}" for value in values], padding=3, fontsize=8)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    return drawing


def _empty() -> tuple[Drawing, mpl.axes.Axes]:
    drawing = Drawing(figsize=_SIZE, layout="constrained")
    drawing.patch.set_alpha(0)
    axes = drawing.add_subplot()
    axes.patch.set_alpha(0)
    return drawing, axes


def _scaled(value: int, currency: str | None) -> float:
    return value / 10 ** minor_unit_exponent(currency) if currency else float(value)


def _short(name: str) -> str:
    # A dollar sign would begin a formula.
    name = name.replace("$", r"\$")
    return name if len(name) <= _LABEL_LENGTH else name[: _LABEL_LENGTH - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _image(drawing: Drawing, image_format: ImageFormat) -> bytes:
    target = io.BytesIO()
    if image_format == "svg":
        drawing.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
        # What stands before the element is for files, not for a page.
        return re.sub(rb"^.*?(?=<svg)", b"", target.getvalue(), flags=re.DOTALL)
    drawing.savefig(target, format="png", dpi=_PNG_DPI, facecolor="white", metadata={"Software": None})
    return target.getvalue()
