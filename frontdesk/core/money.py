"""Money in minor units: how many digits each currency has behind the point.

The one table is Babel's, which is the Unicode CLDR's: ISO 4217's digits, and none if coins are out of use. The SQL
has it from here (`python -m frontdesk.core.money` writes dbt_project/macros/staging/currencies.sql), and so has
whatever shows or reads an amount.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from types import MappingProxyType

from babel import Locale
from babel.numbers import get_currency_precision, get_decimal_symbol, list_currencies

_DEFAULT_DIGITS = 2
#: Currencies whose amounts Stripe writes in whole units, or in thousandths; every other one in hundredths, also those
#: without digits, such as ISK and UGX (docs.stripe.com/currencies).
_STRIPE_WHOLE = (
    *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"),
    *("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
)
_STRIPE_THOUSANDTHS = ["BHD", "JOD", "KWD", "OMR", "TND"]
_STRIPE_DIGITS = {**dict.fromkeys(_STRIPE_WHOLE, 0), **dict.fromkeys(_STRIPE_THOUSANDTHS, 3)}

_DOLLARS = (
    "USD AUD CAD NZD HKD SGD TWD MXN ARS CLP COP UYU DOP CUP BBD BMD BND BSD BZD FJD GYD JMD KYD LRD "
    "NAD SBD SRD TTD XCD"
)
#: What a symbol can stand for; another one than these is refused.
CURRENCIES_OF_SYMBOLS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "€": frozenset({"EUR"}),
        "£": frozenset({"GBP", "GIP", "FKP", "SHP"}),
        "¥": frozenset({"JPY", "CNY"}),
        "₹": frozenset({"INR"}),
        "₩": frozenset({"KRW"}),
        "US$": frozenset({"USD"}),
        "A$": frozenset({"AUD"}),
        "AU$": frozenset({"AUD"}),
        "C$": frozenset({"CAD"}),
        "CA$": frozenset({"CAD"}),
        "NZ$": frozenset({"NZD"}),
        "HK$": frozenset({"HKD"}),
        "S$": frozenset({"SGD"}),
        "R$": frozenset({"BRL"}),
        "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
        "kr.": frozenset({"SEK", "NOK", "DKK", "ISK"}),
        "zł": frozenset({"PLN"}),
        "Fr.": frozenset({"CHF"}),
        "Rs": frozenset({"INR", "PKR", "LKR", "NPR", "MUR"}),
        "Rs.": frozenset({"INR", "PKR", "LKR", "NPR", "MUR"}),
        "R": frozenset({"ZAR"}),
        "$": frozenset(_DOLLARS.split()),
        "\u20bd": frozenset({"RUB"}),
        "\u20ba": frozenset({"TRY"}),
        "\u20aa": frozenset({"ILS"}),
        "\u20ab": frozenset({"VND"}),
        "\u20b4": frozenset({"UAH"}),
        "\u0e3f": frozenset({"THB"}),
        "\u20a6": frozenset({"NGN"}),
        "\u20b1": frozenset({"PHP", "CUP"}),
        "\u20a1": frozenset({"CRC"}),
        "\u20b2": frozenset({"PYG"}),
        "\u20b8": frozenset({"KZT"}),
        "\u20bc": frozenset({"AZN"}),
        "\u20be": frozenset({"GEL"}),
        "\u20ae": frozenset({"MNT"}),
        "\u20b5": frozenset({"GHS"}),
        "\u058f": frozenset({"AMD"}),
        "\u09f3": frozenset({"BDT"}),
        "\u17db": frozenset({"KHR"}),
        "\u20ad": frozenset({"LAK"}),
        "\u20a8": frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"}),
    }
)
#: Digits that are written elsewhere than in Europe, by ours: full-width, Arabic, Persian, Devanagari, Bengali, Thai.
_DIGITS_OF_OTHERS = "".join(
    chr(zero + digit) for zero in (0xFF10, 0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50) for digit in range(10)
)
_PLAIN_DIGITS = "0123456789" * (len(_DIGITS_OF_OTHERS) // 10)
#: A minus and an apostrophe that typesetters prefer, by what a keyboard has.
_TYPESET, _TYPED = "\u2212\u2019", "-'"
_PLAIN = str.maketrans(_DIGITS_OF_OTHERS + _TYPESET, _PLAIN_DIGITS + _TYPED)


_CODES = frozenset(list_currencies())


def is_currency(code: str) -> bool:
    """Tell whether a code is a currency's, in use or out of it.

    >>> is_currency("AUD"), is_currency("ZZZ"), is_currency("aud")
    (True, False, False)
    """
    return code in _CODES


@cache
def minor_unit_exponent(currency: str) -> int:
    """Return how many decimal digits a currency has (2 for AUD, 0 for JPY, 3 for KWD); 2 for an unknown one."""
    return get_currency_precision(currency)


def format_minor_units(amount_minor: int, currency: str) -> str:
    """Return minor units as an amount with its currency.

    >>> format_minor_units(124050, "AUD"), format_minor_units(500, "JPY")
    ('1,240.50 AUD', '500 JPY')
    """
    digits = minor_unit_exponent(currency)
    return f"{Decimal(amount_minor).scaleb(-digits):,.{digits}f} {currency}"


def to_minor_units(amount: Decimal, currency: str) -> int:
    """Return an amount of the major unit in minor units, rounded half up.

    >>> to_minor_units(Decimal("89.00"), "USD"), to_minor_units(Decimal("500"), "JPY")
    (8900, 500)
    """
    return int((amount * 10 ** minor_unit_exponent(currency)).to_integral_value(rounding=ROUND_HALF_UP))


def plain_amount(text: str) -> str:
    """Return an amount with the digits, signs and blanks that a keyboard has.

    >>> plain_amount(" \u06f1\u06f2\u00a0\u20ac ")
    '12 \u20ac'
    """
    return re.sub(r"\s", " ", text.translate(_PLAIN)).strip()


@cache
def decimal_mark_of(country: str) -> str:
    """Return what stands before the decimals of a number in a country (ISO 3166): a point, or a comma."""
    return "," if get_decimal_symbol(Locale.parse(f"und_{country}")) == "," else "."


def stripe_exponent(currency: str) -> int:
    """Return how many digits Stripe's whole numbers have behind the point: 2 for ISK, which itself has none."""
    return _STRIPE_DIGITS.get(currency, _DEFAULT_DIGITS)


def currency_macros() -> str:
    """Return the dbt macros that hold these tables."""
    codes = sorted(_CODES)
    digits = _cases(codes, minor_unit_exponent, otherwise=_DEFAULT_DIGITS)
    shift = _cases(codes, lambda code: minor_unit_exponent(code) - stripe_exponent(code), otherwise=0)
    symbols = ",\n        ".join(
        f"{_literal(symbol)}: [{', '.join(map(_literal, sorted(known)))}]"
        for symbol, known in CURRENCIES_OF_SYMBOLS.items()
    )
    return _MACROS.format(
        digits=digits,
        shift=shift,
        symbols=symbols,
        others=_literal(_DIGITS_OF_OTHERS + _TYPESET),
        plain=f"'{_PLAIN_DIGITS}{_TYPED.replace(chr(39), chr(39) * 2)}'",
    )


_MACROS = """\
{{#- Written by `python -m frontdesk.core.money`, from Babel's table: change nothing here; a test compares. -#}}

{{#- How many digits a currency has behind the point; two where it is not known. -#}}
{{% macro currency_digits(currency) -%}}
    case
{digits}
    end
{{%- endmacro %}}

{{#- How many digits a currency has more than Stripe's whole numbers of it have. -#}}
{{% macro digits_more_than_stripes(currency) -%}}
    case
{shift}
    end
{{%- endmacro %}}

{{#- What a currency's symbol can stand for. -#}}
{{% macro currencies_of_symbols() -%}}
    map {{
        {symbols}
    }}
{{%- endmacro %}}

{{#- An amount with the digits, signs and blanks that a keyboard has. -#}}
{{% macro plain_amount(text) -%}}
    trim(regexp_replace(
        translate(
            {{{{ text }}}},
            {others},
            {plain}
        ),
        '[\\s\\p{{Z}}\\x{{0b}}\\x{{1c}}-\\x{{1f}}\\x{{85}}]', ' ', 'g'
    ))
{{%- endmacro %}}
"""
_CODES_PER_LINE = 16


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _cases(codes: list[str], value_of: Callable[[str], int], *, otherwise: int) -> str:
    codes_of: dict[int, list[str]] = defaultdict(list)
    for code in codes:
        if value_of(code) != otherwise:
            codes_of[value_of(code)].append(f"'{code}'")
    lines = []
    for value, named in sorted(codes_of.items()):
        rows = [", ".join(named[at : at + _CODES_PER_LINE]) for at in range(0, len(named), _CODES_PER_LINE)]
        listed = ",\n            ".join(rows)
        lines.append(f"        when upper({{{{ currency }}}}) in (\n            {listed}\n        ) then {value}")
    return "\n".join([*lines, f"        else {otherwise}"])


if __name__ == "__main__":
    print(currency_macros(), end="")
