"""The charts of a report, by matplotlib: the same document gives the same bytes, as SVG or PNG."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure as Drawing

from core.money import minor_unit_exponent
from core.reports.periods import PeriodKind
from pipelines.reporting.document import Point, Report, Share

#: Read on white paper and on a dark screen alike.
_INK, _QUIET, _ACCENT, _PAST = "#6b7280", "#9ca3af", "#2563eb", "#93b4f5"
_SIZE = (6.4, 2.3)  #: inches
_PNG_DPI = 170
#: Bars of a breakdown; the rest of it is in the table.
_MOST_BARS = 6
_LABEL_LENGTH = 24
_SETTINGS: Any = {
    "svg.hashsalt": "frontdesk",  # ids in the SVG would otherwise be random
    "svg.fonttype": "path",  # no font is asked of the reader's machine
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.edgecolor": _QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_TITLES: Mapping[str, str] = {
    "revenue_received": "Revenue received",
    "bookings_created": "Bookings made",
    "leads_new": "New leads",
}

ImageFormat = Literal["svg", "png"]


def draw_charts(report: Report, *, image_format: ImageFormat) -> list[tuple[str, bytes]]:
    """Return (title, image) of every chart that has something to show."""
    charts = []
    with mpl.rc_context(_SETTINGS):
        for metric, title in _TITLES.items():
            points = [point for point in report.history if point.metric == metric]
            if any(point.value for point in points):
                drawing = _over_time(points, kind=report.kind, currency=report.currency)
                charts.append((title, _image(drawing, image_format)))
        for dimension in ("service", "channel"):
            shares = [
                share
                for share in report.shares
                if (share.metric, share.dimension, share.currency) == ("revenue_received", dimension, report.currency)
            ]
            if shares:
                drawing = _parts(shares[:_MOST_BARS], currency=report.currency)
                charts.append((f"Revenue received by {dimension} ({report.currency})", _image(drawing, image_format)))
    return charts


def _over_time(points: Sequence[Point], *, kind: PeriodKind, currency: str) -> Drawing:
    drawing, axes = _empty()
    labels = [
        f"{point.period_start:%b %Y}"
        if kind is PeriodKind.MONTHLY
        else f"{point.period_start.day} {point.period_start:%b}"
        for point in points
    ]
    is_money = points[0].currency is not None
    values = [_scaled(point.value or 0, currency if is_money else None) for point in points]
    bars = axes.bar(labels, values, color=[_PAST] * (len(values) - 1) + [_ACCENT], width=0.62)
    axes.bar_label(bars, labels=[f"{value:,.0f}" for value in values], padding=2, fontsize=7)
    axes.set_ylim(bottom=min(0, *values))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    return drawing


def _parts(shares: Sequence[Share], *, currency: str) -> Drawing:
    drawing, axes = _empty()
    names = [_short(share.dimension_value) for share in reversed(shares)]
    values = [_scaled(share.value, currency) for share in reversed(shares)]
    bars = axes.barh(range(len(values)), values, color=_ACCENT, height=0.62)
    axes.set_yticks(range(len(values)), labels=names)
    axes.bar_label(bars, labels=[f"{value:,.0f}" for value in values], padding=3, fontsize=7)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
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
