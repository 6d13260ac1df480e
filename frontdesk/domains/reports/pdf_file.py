"""A report as a PDF with the charts and tables of its page; equal reports give equal bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC

from fpdf import FPDF
from fpdf.fonts import FontFace

from frontdesk.domains.reports import layout
from frontdesk.domains.reports.charts import draw_charts
from frontdesk.domains.reports.document import Figure, Report
from frontdesk.domains.reports.layout import figure_sections, headline_figures, share_tables
from frontdesk.domains.reports.lettering import JOINERS, MAIN, MAIN_BOLD, Lettering, lettering_of

_FONT = "DejaVu"
_INK, _QUIET, _GOOD, _BAD = (17, 24, 39), (91, 100, 114), (21, 128, 61), (185, 28, 28)
_LINE = (226, 229, 234)
_MARGIN = 16
_CHART_WIDTH, _CHART_HEIGHT, _GAP = 86, 33, 6
_CHARTS_PER_ROW = 2
_TITLE_HEIGHT, _LINE_HEIGHT = 12, 5.4
_NUMBER_AFTER_RIGHT_TO_LEFT = re.compile(r"([\u0590-\u08ff][\W_]*)(?=\d)")
_NAME_SHARE = 1.6  #: width of the column of names, in columns of figures


class _Pages(FPDF):
    """A4, with the report's id and the page's number at the foot."""

    def __init__(self, footing: str, lettering: Lettering) -> None:
        super().__init__(format="A4")
        self._footing = footing
        self._lettering = lettering
        self._fallback: str | None = None
        if lettering.is_plain:
            self.add_font(_FONT, "", MAIN.path)
            self.add_font(_FONT, "B", MAIN_BOLD.path)
        else:
            self._add_fonts()
        self.set_margins(_MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN + 4)

    def _add_fonts(self) -> None:
        for style, font in (("", MAIN), ("B", MAIN_BOLD)):
            self.add_font(_FONT, style, font.path, unicode_range=sorted(font.codes() - JOINERS))
        for font in self._lettering.extra_fonts:
            self.add_font(font.family, "", font.path, collection_font_number=font.face)
        # The ordinary one too: it has letters that its bold sibling lacks.
        families = [_FONT, *(font.family for font in self._lettering.extra_fonts)]
        self.set_fallback_fonts(families, exact_match=False)
        self.set_text_shaping()

    def normalize_text(self, text: str) -> str:
        """Return what is drawn of a text; called by the library before it draws any."""
        self._fallback = None
        return super().normalize_text(self._lettering.drawable(text))

    def get_fallback_font(self, char: str, style: str = "") -> str | None:
        """Return the font of a letter that the ordinary one lacks; a joiner goes with the letter before it."""
        if ord(char) not in JOINERS:
            self._fallback = super().get_fallback_font(char, style)
        return self._fallback

    @contextmanager
    def _left_to_right(self) -> Iterator[None]:
        """Write English words that a name may begin; other texts begin where their first letter does."""
        shaping = self.text_shaping
        if shaping is not None:
            self.set_text_shaping(direction="ltr")
        yield
        self.text_shaping = shaping

    def footer(self) -> None:
        """Write the foot of a page; called by the library."""
        self.set_y(-_MARGIN)
        self.use(7, _QUIET)
        with self._left_to_right():
            self.cell(0, 5, _parted(f"{self._footing}, page {self.page_no()}"), align="L")

    def use(self, size: float, colour: tuple[int, int, int], *, style: str = "") -> None:
        """Write in this size, colour and style from here on."""
        self.set_font(_FONT, style, size)
        self.set_text_color(*colour)

    def line_of(self, text: str, *, size: float, colour: tuple[int, int, int] = _INK, style: str = "") -> None:
        """Write one paragraph over the whole width."""
        self.use(size, colour, style=style)
        with self._left_to_right():
            self.multi_cell(0, size * 0.5, _parted(text), new_x="LMARGIN", new_y="NEXT")


def to_pdf(report: Report) -> bytes:
    """Return the file's bytes."""
    pages = _Pages(f"{report.business}: report {report.report_id}", lettering_of(report))
    pages.set_creation_date(report.generated_at.astimezone(UTC))
    pages.set_title(f"{report.business}: {layout.title_words(report)}")
    pages.set_creator("Frontdesk")
    pages.set_producer("Frontdesk")
    pages.add_page()
    pages.line_of(f"{report.business}, {report.kind} report", size=9, colour=_QUIET)
    pages.line_of(layout.title_words(report), size=19, style="B")
    pages.line_of(f"{layout.days_words(report)}, {report.zone}", size=9, colour=_QUIET)
    pages.ln(4)
    _show_headlines(pages, report)
    _show_charts(pages, report)
    for title, figures in figure_sections(report):
        _show_figures(pages, title, figures)
    for table in share_tables(report):
        cells = [(name, *values) for name, values in table.rows]
        _begin_table(pages, table.title, len(cells))
        # The names are words; the figures' headings wrap.
        widths = (_NAME_SHARE, *(1.0 for _ in table.columns))
        _show_table(pages, (table.heading, *table.columns), cells, widths=widths)
    if report.left_out:
        pages.ln(5)
        pages.line_of(layout.left_out_words(report), size=9, colour=_BAD)
    pages.ln(5)
    computed = layout.moment_words(report.generated_at, report.zone)
    pages.line_of(
        f"Created {computed} from all events up to number {report.log_sequence}, with models "
        f"{report.models_fingerprint[:12]}.",
        size=7,
        colour=_QUIET,
    )
    return bytes(pages.output())


def _show_headlines(pages: _Pages, report: Report) -> None:
    figures = headline_figures(report)
    width = pages.epw / max(len(figures), 1)
    top = pages.get_y()
    for number, figure in enumerate(figures):
        value = layout.value_words(figure.value, unit=figure.unit, currency=figure.currency)
        lines = (
            (figure.name, 7.5, _QUIET, ""),
            (value, 12, _INK, "B"),
            (layout.change_words(figure), 7, _mood(figure), ""),
        )
        y = top
        for text, size, colour, style in lines:
            pages.set_xy(pages.l_margin + number * width, y)
            pages.use(size, colour, style=style)
            pages.cell(width, size * 0.5, text)
            y += size * 0.5 + 0.6
    pages.set_xy(pages.l_margin, top + 17)


def _show_charts(pages: _Pages, report: Report) -> None:
    charts = draw_charts(report, image_format="png")
    for start in range(0, len(charts), _CHARTS_PER_ROW):
        top = pages.get_y()
        if top + _CHART_HEIGHT + _GAP > pages.page_break_trigger:
            pages.add_page()
            top = pages.get_y()
        for column, (title, image) in enumerate(charts[start : start + _CHARTS_PER_ROW]):
            x = pages.l_margin + column * (_CHART_WIDTH + _GAP)
            pages.set_xy(x, top)
            pages.use(8, _QUIET)
            pages.cell(_CHART_WIDTH, 5, title)
            pages.image(io.BytesIO(image), x=x, y=top + 5, w=_CHART_WIDTH, alt_text=title)
        pages.set_xy(pages.l_margin, top + _CHART_HEIGHT + _GAP + 2)


def _begin_table(pages: _Pages, title: str, count_rows: int) -> None:
    """Write a table's title, on a new page if it would be cut and need not be."""
    height = _TITLE_HEIGHT + (count_rows + 1) * _LINE_HEIGHT
    if pages.get_y() + height > pages.page_break_trigger and height < pages.eph:
        pages.add_page()
    else:
        pages.ln(4)
    pages.line_of(title, size=11, style="B")
    pages.ln(1)


def _show_figures(pages: _Pages, title: str, figures: list[Figure]) -> None:
    _begin_table(pages, title, len(figures))
    rows = [
        (
            figure.name,
            layout.value_words(figure.value, unit=figure.unit, currency=figure.currency),
            layout.value_words(figure.previous, unit=figure.unit, currency=figure.currency),
            layout.change_words(figure),
        )
        for figure in figures
    ]
    colours = [_mood(figure) for figure in figures]
    _show_table(pages, ("", "This period", "Period before", "Change"), rows, widths=(1.6, 1, 1, 1.2), colours=colours)


def _show_table(
    pages: _Pages,
    heading: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    *,
    widths: tuple[float, ...],
    colours: Sequence[tuple[int, int, int]] | None = None,
) -> None:
    pages.use(8.5, _INK)
    pages.set_draw_color(*_LINE)
    with pages.table(
        text_align=("LEFT", *("RIGHT" for _ in widths[1:])),
        col_widths=widths,
        borders_layout="HORIZONTAL_LINES",
        line_height=_LINE_HEIGHT,
        headings_style=FontFace(color=_QUIET),
    ) as table:
        table.row(heading)
        for number, cells in enumerate(rows):
            row = table.row()
            for place, text in enumerate(cells):
                is_mood = colours is not None and place == len(cells) - 1
                row.cell(text, style=FontFace(color=colours[number]) if is_mood and colours else None)


def _parted(text: str) -> str:
    """Return an English line in which a number stays where it is written, right of the Arabic or Hebrew before it."""
    # The library, 2.8.9, would swap the number and the space before it.
    return _NUMBER_AFTER_RIGHT_TO_LEFT.sub("\\1\N{LEFT-TO-RIGHT MARK}", text)


def _mood(figure: Figure) -> tuple[int, int, int]:
    return {True: _GOOD, False: _BAD, None: _QUIET}[layout.is_better(figure)]
