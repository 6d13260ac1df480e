"""A report as one HTML page that needs nothing else: charts inside, readable on a phone, on paper and in the dark."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from frontdesk.domains.reports import layout
from frontdesk.domains.reports.charts import INK, draw_charts
from frontdesk.domains.reports.document import Figure, Report
from frontdesk.domains.reports.layout import figure_sections, headline_figures, share_tables


def to_html(report: Report) -> bytes:
    """Return the page; equal reports give equal bytes."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = files("frontdesk.domains.reports").joinpath("page.html.jinja").read_text("utf-8")
    template = environment.from_string(source)
    page = template.render(
        report=report,
        chart_ink=INK,
        title=layout.title_words(report),
        days=layout.days_words(report),
        left_out=layout.left_out_words(report),
        computed=layout.moment_words(report.generated_at, report.zone),
        headlines=[_row(figure) for figure in headline_figures(report)],
        sections=[(title, [_row(figure) for figure in figures]) for title, figures in figure_sections(report)],
        shares=share_tables(report),
        # Drawn here from numbers and escaped words, by a library that escapes its texts.
        charts=[(title, Markup(image.decode())) for title, image in draw_charts(report, image_format="svg")],  # noqa: S704 - see above
    )
    return page.encode()


def _row(figure: Figure) -> dict[str, Any]:
    def words(value: int | None) -> str:
        return layout.value_words(value, unit=figure.unit, currency=figure.currency)

    amount, _, percent = layout.change_words(figure).partition(" (")
    return {
        "name": figure.name,
        "value": words(figure.value),
        "previous": words(figure.previous),
        "amount": amount,
        "percent": percent.rstrip(")"),
        "mood": {True: "better", False: "worse", None: "same"}[layout.is_better(figure)],
    }
