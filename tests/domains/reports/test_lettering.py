"""A name is drawn whatever its script: each letter by a font that has it, shaped, and in its script's direction."""

from __future__ import annotations

import re
import warnings

import pytest
from matplotlib.ft2font import FT2Font

from frontdesk.domains.reports.charts import draw_charts
from frontdesk.domains.reports.document import Report, Share
from frontdesk.domains.reports.html_page import to_html
from frontdesk.domains.reports.lettering import MAIN, lettering_of
from frontdesk.domains.reports.pdf_file import to_pdf
from tests.domains.reports.drawn import Glyph, drawn_glyphs
from tests.domains.reports.test_long_names import report_with

#: A name, and the fonts beside DejaVu Sans that it takes.
_NAMES = {
    "chinese": ("中文美容院门诊", ["Noto Sans CJK SC"]),
    "japanese": ("日本語の美容室ヘア", ["Noto Sans CJK JP"]),
    "korean": ("한국어 미용실", ["Noto Sans CJK KR"]),
    "thai": ("ร้านเสริมสวยน้ำผึ้ง", ["Noto Sans Thai"]),
    "arabic": ("صالون التجميل", []),
    "hebrew": ("קליניקה לשיניים", []),
    "devanagari": ("हिन्दी क्लिनिक", ["Noto Sans Devanagari"]),
    "emoji": ("Cut 💇 and 🧴", ["Noto Emoji"]),
    "georgian": ("ქართული სალონი", []),
    "vietnamese": ("Tiệm làm tóc Việt", []),
}
_SCRIPTS = pytest.mark.parametrize(("name", "fonts"), _NAMES.values(), ids=_NAMES)
_ALIF, _BEH = "\N{ARABIC LETTER ALEF}", "\N{ARABIC LETTER BEH}"


def named(name: str, *, currency: str = "CAD") -> Report:
    """Return a report that has a name in its head and foot, its tables, and a chart."""
    report = report_with(name)
    told = Share(
        metric="leads_new",
        name="New leads",
        unit="count",
        currency=None,
        dimension="channel",
        dimension_value=name,
        value=2,
    )
    return report.model_copy(update={"business": name, "currency": currency, "shares": (*report.shares, told)})


def pdf_glyphs(name: str) -> list[Glyph]:
    """Return what the PDF of a report with this name draws."""
    return drawn_glyphs(to_pdf(named(name)))


@_SCRIPTS
def test_every_letter_of_a_name_is_drawn_by_a_font_that_has_it(name: str, fonts: list[str]) -> None:
    glyphs = pdf_glyphs(name)
    assert [font.family for font in lettering_of(named(name)).extra_fonts] == fonts
    assert not [glyph for glyph in glyphs if glyph.name == ".notdef"]
    assert not [glyph for glyph in glyphs if glyph.letters.strip() and not glyph.is_visible]
    used = {glyph.font.rpartition("+")[2] for glyph in glyphs}
    assert {font.replace(" ", "") for font in fonts} <= used
    # Head, foot and tables: each letter as often as the name.
    drawn = "".join(glyph.letters for glyph in glyphs)
    for letter in set(name) - {" "}:
        assert drawn.count(letter) >= 6 * name.count(letter), letter


@_SCRIPTS
def test_a_chart_draws_every_letter_of_a_name(name: str, fonts: list[str]) -> None:
    report = named(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a letter that is missing is told by a warning
        images = dict(draw_charts(report, image_format="svg"))
    used = set(re.findall(r'id="([a-z]+)[^"]*-[0-9a-f]+"', images["New leads, by channel"].decode().lower()))
    assert {font.replace(" ", "").lower() for font in fonts} <= used


def test_arabic_is_joined_and_runs_from_right_to_left() -> None:
    glyphs = [glyph for glyph in pdf_glyphs(_BEH * 3 + _ALIF) if glyph.letters in (_BEH, _ALIF)]
    # Alif joins the last of three, each of which has a form of its own.
    assert [glyph.letters for glyph in glyphs[:4]] == [_ALIF, _BEH, _BEH, _BEH]
    assert [glyph.name for glyph in glyphs[:4]] == ["uniFE8E", "uniFE92", "uniFE92", "uniFE91"]
    chart = dict(draw_charts(named(_BEH * 3 + _ALIF), image_format="svg"))["New leads, by channel"].decode()
    alone = [FT2Font(MAIN.path).get_char_index(ord(letter)) for letter in (_BEH, _ALIF)]
    assert not [number for number in alone if f'"#DejaVuSans-{number:x}"' in chart]


def test_hebrew_runs_from_right_to_left_and_the_english_around_it_does_not() -> None:
    drawn = "".join(glyph.letters for glyph in pdf_glyphs("אבג 24"))
    assert "גבא \N{LEFT-TO-RIGHT MARK}24, weekly report" in drawn
    assert drawn.count("24 גבא") == 6  # in the tables: the name is a text of its own


def test_emoji_and_letters_that_are_joined_by_a_joiner_are_drawn_as_one() -> None:
    glyphs = pdf_glyphs("👩\u200d💻")
    assert {glyph.letters for glyph in glyphs if glyph.font.endswith("NotoEmoji") and glyph.is_visible} == {
        "👩\u200d💻"
    }


@pytest.mark.parametrize("odd", ["\ue123", "\U0001e900", "\uffff", "\U000fffff"], ids=ascii)
def test_a_letter_that_no_font_has_is_shown_as_missing_and_nothing_else_is_lost(odd: str) -> None:
    drawn = "".join(glyph.letters for glyph in pdf_glyphs(f"Spa {odd} 中心"))
    assert "Spa \N{REPLACEMENT CHARACTER} 中心" in drawn
    assert to_html(named(odd))


@pytest.mark.parametrize("unseen", ["\x07", "\x7f", "\u2066", "\ufe0f", "\U000e0101", "\u200d"], ids=ascii)
def test_what_has_no_look_takes_no_place(unseen: str) -> None:
    glyphs = pdf_glyphs(f"Spa{unseen}nah")
    assert "Spanah" in "".join(glyph.letters for glyph in glyphs if glyph.is_visible)
    assert not lettering_of(named(f"Spa{unseen}nah")).extra_fonts


@pytest.mark.parametrize(
    ("currency", "face"), [("JPY", "JP"), ("KRW", "KR"), ("CNY", "SC"), ("TWD", "TC"), ("HKD", "HK"), ("CAD", "SC")]
)
def test_a_letter_that_peoples_write_differently_is_drawn_as_the_business_writes_it(currency: str, face: str) -> None:
    (font,) = lettering_of(named("直", currency=currency)).extra_fonts
    assert font.family == f"Noto Sans CJK {face}"


def test_a_report_of_latin_letters_takes_no_more_than_it_took() -> None:
    assert lettering_of(named("Físio é Straße, Żółć, Ελλάδα, Физио ✂")).is_plain


def test_a_report_in_any_script_has_the_same_bytes_again() -> None:
    report = named("".join(name for name, _ in _NAMES.values())[:55])
    assert to_pdf(report) == to_pdf(report)
    assert to_html(report) == to_html(report)
    assert len(to_pdf(report)) < 200_000  # the parts of the fonts that are used


def test_names_on_the_page_begin_where_their_first_letter_does() -> None:
    page = to_html(named("נור Spa")).decode()
    assert '<td dir="auto">נור Spa</td>' in page
    assert "<bdi>נור Spa</bdi>" in page
