"""A report as one HTML page that needs nothing else: charts inside, readable on a phone, on paper and in the dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from pipelines.reporting import wording
from pipelines.reporting.charts import draw_charts
from pipelines.reporting.document import Figure, Report, Share

#: The figures that stand large at the top.
HEADLINES = ("revenue_received", "bookings_created", "leads_new", "show_rate")


def to_html(report: Report) -> bytes:
    """Return the page; equal reports give equal bytes."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("pipelines.reporting").joinpath("page.html.jinja").read_text("utf-8"))
    page = template.render(
        report=report,
        title=wording.title_words(report),
        days=wording.days_words(report),
        computed=wording.moment_words(report.generated_at, report.zone),
        headlines=[_row(figure) for figure in headline_figures(report)],
        figures=[_row(figure) for figure in shown_figures(report)],
        shares=list(share_tables(report)),
        # Drawn here from numbers and escaped words, by a library that escapes its texts.
        charts=[(title, Markup(image.decode())) for title, image in draw_charts(report, image_format="svg")],  # noqa: S704 - see above
    )
    return page.encode()


def headline_figures(report: Report) -> list[Figure]:
    """Return the figures that matter most, in the business's own currency."""
    found = (
        next(
            (each for each in report.figures if each.metric == name and each.currency in (None, report.currency)),
            None,
        )
        for name in HEADLINES
    )
    return [figure for figure in found if figure is not None]


def shown_figures(report: Report) -> list[Figure]:
    """Return the figures of the table: all but those of another currency in which nothing happened."""
    return [
        figure
        for figure in report.figures
        if figure.currency in (None, report.currency) or figure.value or figure.previous
    ]


def share_tables(report: Report) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Yield (title, rows) of every breakdown, its rows the largest first."""
    for dimension in ("service", "channel"):
        rows = [_share(share) for share in report.shares if share.dimension == dimension and share.value]
        if rows:
            yield f"By {dimension}", rows


def _row(figure: Figure) -> dict[str, Any]:
    def words(value: int | None) -> str:
        return wording.value_words(value, unit=figure.unit, currency=figure.currency)

    return {
        "name": figure.name,
        "value": words(figure.value),
        "previous": words(figure.previous),
        "change": wording.change_words(figure),
        "mood": {True: "better", False: "worse", None: "same"}[wording.is_better(figure)],
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "name": share.name,
        "part": share.dimension_value,
        "value": wording.value_words(share.value, unit=share.unit, currency=share.currency),
    }
