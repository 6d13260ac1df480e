"""The SQL that reads amounts against the Python that does, and its tables against Babel's."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest
from babel.numbers import get_currency_precision, list_currencies
from jinja2 import Environment

from frontdesk.core.money import CURRENCIES_OF_SYMBOLS, currency_macros, minor_unit_exponent, stripe_exponent
from frontdesk.domains.imports.cell_values import parse_minor_units
from frontdesk.domains.imports.problems import CellError

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros" / "staging"
CURRENCIES = ("AUD", "USD", "GBP", "EUR", "JPY", "KWD", "INR", "ISK", "ZAR")
MARKS = (".", ",")
#: Full-width and Arabic-Indic.
OTHER_DIGITS = tuple("".join(chr(zero + digit) for digit in range(10)) for zero in (0xFF10, 0x0660))


def run(sql: str, **parameters: object) -> list[object]:
    macros = "".join((MACROS / name).read_text(encoding="utf-8") for name in ("currencies.sql", "amounts.sql"))
    with duckdb.connect() as connection:
        text = Environment(autoescape=False).from_string(macros + sql).render()  # noqa: S701 - it is SQL
        return [row[0] for row in connection.execute(text, parameters).fetchall()]


def read_by_python(text: str, currency: str, mark: str) -> int | None:
    try:
        return parse_minor_units(text, currency=currency, decimal_mark=mark)
    except CellError:
        return None


def read_by_sql(cases: list[tuple[str, str, str]]) -> list[object]:
    texts, currencies, marks = (list(column) for column in zip(*cases, strict=True))
    return run(
        "select {{ minor_units_from_text('t', 'c', 'm') }}"
        " from (select unnest($texts::varchar[]) t, unnest($currencies::varchar[]) c, unnest($marks::varchar[]) m)",
        texts=texts,
        currencies=currencies,
        marks=marks,
    )


def written_amounts(source: random.Random) -> list[tuple[str, str, str]]:
    """Return amounts as people write them, rightly and nearly so."""
    cases = []
    units = ["", *CURRENCIES_OF_SYMBOLS, *CURRENCIES, "$", "₿", "dollars", "-", "+", "(", ".", "approx"]
    for _ in range(6_000):
        currency, mark = source.choice(CURRENCIES), source.choice(MARKS)
        separator = source.choice(["", "", ",", ".", " ", "'", "\u2019", "\u00a0", "\u202f"])
        point = mark if source.random() < 0.7 else source.choice(MARKS)
        whole = f"{source.randrange(10 ** source.randint(1, 9)):,}".replace(",", separator)
        fraction = "".join(source.choice("0123456789") for _ in range(source.choice((0, 1, 2, 2, 3))))
        number = f"{whole}{point if fraction else ''}{fraction}"
        if source.random() < 0.1:
            number = number.translate(str.maketrans("0123456789", source.choice(OTHER_DIGITS)))
        own = [symbol for symbol, known in CURRENCIES_OF_SYMBOLS.items() if currency in known] + [currency, "$", ""]
        before, after = (source.choice(own if source.random() < 0.6 else units) for _ in range(2))
        sign = source.choice(["", "", "", "-", "\u2212", "+"])
        blank = source.choice(["", " ", "\u00a0"])
        text = source.choice(
            [f"{before}{blank}{sign}{number}", f"{sign}{number}{blank}{after}", f"({number})", number]
        )
        cases.append((text, currency, mark))
    return cases


def test_sql_reads_what_python_reads() -> None:
    source = random.Random(14)
    alphabet = "0123456789.,' -+()$€RsA٣\u00a0"
    cases = written_amounts(source)
    cases += [
        ("".join(source.choice(alphabet) for _ in range(source.randrange(1, 12))), source.choice(CURRENCIES), mark)
        for mark in MARKS
        for _ in range(3_000)
    ]
    by_python = [read_by_python(*case) for case in cases]
    assert sum(value is not None for value in by_python) > 3_000
    differing = [
        (case, python, sql)
        for case, python, sql in zip(cases, by_python, read_by_sql(cases), strict=True)
        if python != sql
    ]
    assert differing == []


@pytest.mark.parametrize(
    ("amount", "currency", "mark", "minor"),
    [
        ("1200", "GBP", ".", 120_000),
        ("1200.00", "GBP", ".", 120_000),
        ("1.2e3", "GBP", ".", 120_000),
        ("0.30000000000000004", "GBP", ".", 30),
        ("19.989999999999998", "GBP", ",", 1_999),
        ("-5", "GBP", ".", None),
        ('"1,200.00"', "GBP", ".", 120_000),
        ('"£1,200.00"', "GBP", ".", 120_000),
        ('"1.200,00"', "GBP", ".", None),
        ('"1.200,00"', "EUR", ",", 120_000),
        ('"1.200,00 EUR"', "EUR", ",", 120_000),
        ('"GBP 1,200"', "GBP", ".", 120_000),
        ('"١٢٠٠"', "GBP", ".", 120_000),
        ('"-1,200.00"', "GBP", ".", None),
        ('"$1,200.00"', "AUD", ".", 120_000),
        ('"$1,200.00"', "GBP", ".", None),
        ('"€1,200.00"', "GBP", ".", None),
        ('"free"', "GBP", ".", None),
        ("true", "GBP", ".", None),
        ('{"value": 5}', "GBP", ".", None),
        ("null", "GBP", ".", None),
        (None, "GBP", ".", None),
    ],
)
def test_amounts_of_payloads(amount: str | None, currency: str, mark: str, minor: int | None) -> None:
    query = "select {{ minor_units_from_json('a', 'c', 'm') }} from (select $a::json a, $c::varchar c, $m::varchar m)"
    assert run(query, a=amount, c=currency, m=mark) == [minor]


def test_the_macros_are_written_from_babels_table() -> None:
    written = (MACROS / "currencies.sql").read_text(encoding="utf-8")
    assert written == currency_macros(), (
        "run `python -m frontdesk.core.money > dbt_project/macros/staging/currencies.sql`"
    )


def test_every_currency_has_babels_digits_in_python_and_sql() -> None:
    codes = sorted(list_currencies())
    digits = [get_currency_precision(code) for code in codes]
    assert [minor_unit_exponent(code) for code in codes] == digits
    assert (
        run("select {{ currency_digits('c') }} from (select unnest($codes::varchar[]) as c)", codes=codes) == digits
    )


@pytest.mark.parametrize(
    ("currency", "stripes", "minor"),
    [
        ("AUD", 18_000, 18_000),
        ("JPY", 500, 500),
        ("ISK", 50_000, 500),
        ("UGX", 1_234_500, 12_345),
        ("KWD", 5_120, 5_120),
        ("BHD", 5_120, 5_120),
        ("TND", 5_120, 5_120),
        ("HUF", 120_050, 120_050),
        ("TWD", 120_000, 120_000),
        ("CLP", 900, 900),
        ("XAF", 900, 900),
        (None, 900, 900),
    ],
)
def test_stripes_units_become_the_currencys(currency: str | None, stripes: int, minor: int) -> None:
    query = "select {{ minor_units_from_stripe('a', 'c') }} from (select $a::varchar a, $c::varchar c)"
    assert run(query, a=str(stripes), c=currency) == [minor]


def test_stripes_units_are_never_finer_than_a_test_knows() -> None:
    finer = [code for code in sorted(list_currencies()) if stripe_exponent(code) > minor_unit_exponent(code)]
    assert {"ISK", "UGX"} <= set(finer)
    assert not set(finer) & {"AUD", "USD", "JPY", "KWD", "BHD", "JOD", "OMR", "TND"}
