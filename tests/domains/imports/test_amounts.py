"""Amounts are read exactly or refused; nothing is guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.domains.imports.cell_values import parse_decimal, parse_integer, parse_minor_units
from frontdesk.domains.imports.problems import CellError


@pytest.mark.parametrize(
    ("text", "currency", "decimal_mark", "minor"),
    [
        ("80", "USD", ".", 8000),
        ("$80.00", "USD", ".", 8000),
        ("A$1,234.50", "AUD", ".", 123450),
        ("AUD 1,234.5", "AUD", ".", 123450),
        ("1,234.50 AUD", "AUD", ".", 123450),
        ("1.234,50 €", "EUR", ",", 123450),
        ("1 234,50 €", "EUR", ",", 123450),
        ("1\u202f234,50\u00a0€", "EUR", ",", 123450),
        ("CHF 1'234.50", "CHF", ".", 123450),
        ("₹12,34,567.00", "INR", ".", 123456700),
        ("Rs.500", "INR", ".", 50000),
        ("¥1,234", "JPY", ".", 1234),
        ("1234.00", "JPY", ".", 1234),
        ("1.200", "USD", ".", None),
        ("1,200", "EUR", ",", None),
        ("100.000", "JPY", ".", None),
        ("0.500", "USD", ".", 50),
        ("1,234.500", "USD", ".", 123450),
        ("12.5000", "USD", ".", 1250),
        ("1.200", "KWD", ".", 1200),
        ("1.2345", "KWD", ".", None),
        ("1.234", "KWD", ".", 1234),
        (".5", "USD", ".", 50),
        ("$.50", "USD", ".", 50),
        ("50.", "USD", ".", 5000),
        ("-45.00", "USD", ".", -4500),
        ("\u221245.00", "USD", ".", -4500),
        ("45.00-", "USD", ".", -4500),
        ("$-45.00", "USD", ".", -4500),
        ("-$45.00", "USD", ".", -4500),
        ("(45.00)", "USD", ".", -4500),
        ("($1,045.00)", "USD", ".", -104500),
        ("+45.00", "USD", ".", 4500),
        ("0.00", "USD", ".", 0),
        ("12.3400", "USD", ".", 1234),
        ("12.345", "USD", ".", None),
        ("1234.50", "JPY", ".", None),
        ("1,50", "USD", ".", None),
        ("1.50", "EUR", ",", None),
        ("1.234,50", "USD", ".", None),
        ("1,234,50", "USD", ".", None),
        ("1,234 567.00", "USD", ".", None),
        ("1234,567.00", "USD", ".", None),
        ("€80.00", "USD", ".", None),
        ("80.00 EUR", "USD", ".", None),
        ("US$80", "CAD", ".", None),
        ("-(45.00)", "USD", ".", None),
        ("--45.00", "USD", ".", None),
        ("free", "USD", ".", None),
        ("80 dollars", "USD", ".", None),
        ("80/90", "USD", ".", None),
        ("8e3", "USD", ".", None),
        ("1.2.3", "USD", ".", None),
        ("1" * 19, "USD", ".", None),
    ],
)
def test_money(text: str, currency: str, decimal_mark: str, minor: int | None) -> None:
    if minor is None:
        with pytest.raises(CellError):
            parse_minor_units(text, currency=currency, decimal_mark=decimal_mark)
    else:
        assert parse_minor_units(text, currency=currency, decimal_mark=decimal_mark) == minor


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("12.345", "more decimals than USD has"),
        ("1,50", "set decimal_mark to the other one"),
        ("€80", "not in USD"),
        ("n/a", "is no amount"),
    ],
)
def test_a_refusal_says_what_to_do(text: str, reason: str) -> None:
    with pytest.raises(CellError, match=reason):
        parse_minor_units(text, currency="USD", decimal_mark=".")


@given(
    minor=st.integers(-(10**15), 10**15),
    style=st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", "."), ("\u202f", ",")]),
    template=st.sampled_from(["{}", "{} EUR", "€{}", "€ {}", "{}€"]),
)
def test_every_amount_survives_its_formatting(minor: int, style: tuple[str, str], template: str) -> None:
    thousands, mark = style
    plain = f"{Decimal(minor) / 100:,.2f}"
    text = template.format(plain.translate({ord(","): thousands, ord("."): mark}))

    assert parse_minor_units(text, currency="EUR", decimal_mark=mark) == minor


@given(st.text(max_size=15), st.sampled_from([".", ","]))
def test_any_text_is_read_or_refused(text: str, decimal_mark: str) -> None:
    try:
        minor = parse_minor_units(text, currency="USD", decimal_mark=decimal_mark)
    except CellError:
        return
    assert isinstance(minor, int)
    assert any(character.isdigit() for character in text)


def test_plain_numbers() -> None:
    assert parse_decimal("1,234.567", decimal_mark=".") == Decimal("1234.567")
    assert parse_integer("1.234", decimal_mark=",") == 1234
    assert parse_integer("12.0", decimal_mark=".") == 12
    for text in ("12.5", "12 pcs", ""):
        with pytest.raises(CellError):
            parse_integer(text, decimal_mark=".")
