"""Numbers and money as people and programs write them, read exactly: Decimal, never float.

Payloads of providers are read by the same rules in SQL (dbt_project/macros/staging/amounts.sql); a test holds that.
"""

from __future__ import annotations

import re
from decimal import Decimal

from frontdesk.core.money import CURRENCIES_OF_SYMBOLS, minor_unit_exponent, plain_amount
from frontdesk.domains.imports.problems import CellError, quoted

_NUMBER = re.compile(r"(?P<before>[^0-9]*?)(?P<number>[.,]?[0-9][0-9.,' ]*?)(?P<after>[^0-9]*)")
_MAX_DIGITS = 18
#: Digits between two thousands marks.
_GROUP = 3
_CODE = re.compile(r"[A-Z]{3}")


def parse_minor_units(text: str, *, currency: str, decimal_mark: str) -> int:
    """Return an amount in minor units of the currency, negative for "-45.00", "45.00-" and "(45.00)".

    Accepts thousands separators, and the currency's symbol or code before or after: "A$1,234.50", "1.234,50 €".
    Raises CellError for another currency's symbol, for more digits than the currency has, and for a thousands
    separator where none can be: "1,50" with the decimal mark "." is refused, not read as 150.
    """
    amount, unit = _split(text, decimal_mark=decimal_mark)
    if unit:
        _check_unit(text, unit=unit, currency=currency)
    digits = minor_unit_exponent(currency)
    if digits < _GROUP and _could_be_thousands(amount):
        raise CellError(
            f"{quoted(text)} has more decimals than {currency} has, or a thousands mark: it can be "
            f"{abs(amount).normalize():f} or {int(abs(amount) * 10**_GROUP)}; write it without the mark"
        )
    minor = amount.scaleb(digits)
    if minor != minor.to_integral_value():
        raise CellError(f"{quoted(text)} has more decimals than {currency} has; is decimal_mark right?")
    return int(minor)


def _could_be_thousands(amount: Decimal) -> bool:
    """Tell whether the decimal mark of an amount can be a thousands mark, as in 1.200; in 0.500 it can't."""
    return amount.as_tuple().exponent == -_GROUP and 1 <= abs(amount) < 10**_GROUP


def parse_decimal(text: str, *, decimal_mark: str) -> Decimal:
    """Return a plain number with optional thousands separators. Raises CellError where it is none."""
    number, unit = _split(text, decimal_mark=decimal_mark)
    if unit:
        raise CellError(f"{quoted(text)} is no number: remove {quoted(unit)}")
    return number


def parse_number(text: str, *, decimal_mark: str) -> tuple[Decimal, str]:
    """Return a signed number, and the currency's symbol or code around it. Raises CellError where it is none."""
    number, unit = _split(text, decimal_mark=decimal_mark)
    for part in unit.split():
        if part not in CURRENCIES_OF_SYMBOLS and not _CODE.fullmatch(part):
            raise CellError(f"{quoted(text)} is no number: {quoted(part)} is no currency")
    return number, unit


def parse_integer(text: str, *, decimal_mark: str) -> int:
    """Return a whole number; "12.0" is one. Raises CellError where it is none."""
    number = parse_decimal(text, decimal_mark=decimal_mark)
    if number != number.to_integral_value():
        raise CellError(f"{quoted(text)} is no whole number")
    return int(number)


def _split(text: str, *, decimal_mark: str) -> tuple[Decimal, str]:
    """Return the signed number and what stands around it (a currency's symbol or code)."""
    inner = plain_amount(text)
    is_bracketed = inner.startswith("(") and inner.endswith(")")
    match = _NUMBER.fullmatch(inner[1:-1].strip() if is_bracketed else inner)
    if match is None:
        raise CellError(f"{quoted(text)} is no amount")
    before, number, after = match["before"], match["number"], match["after"]
    if number[0] in ".," and before.strip()[-1:].isalpha():  # the point of "Rs.500" ends an abbreviation
        before, number = before + number[0], number[1:]
    if after.strip() == decimal_mark:  # "50."
        after = ""
    signs = [character for character in before + after if character in "+-"]
    if len(signs) + is_bracketed > 1:
        raise CellError(f"{quoted(text)} has more than one sign")
    value = _to_decimal(number, decimal_mark=decimal_mark, text=text)
    unit = f"{before} {after}".replace("-", "").replace("+", "").strip()
    return (-value if is_bracketed or signs == ["-"] else value), unit


def _to_decimal(number: str, *, decimal_mark: str, text: str) -> Decimal:
    whole, mark, fraction = number.partition(decimal_mark)
    if mark and not fraction.isdecimal():
        raise CellError(f"{quoted(text)} is no amount with the decimal mark {decimal_mark!r}")
    groups = re.split(r"[.,' ]", whole)
    separators = set(re.findall(r"[.,' ]", whole))
    if len(groups) > 1 and not (len(separators) == 1 and _are_thousands(groups)):
        raise CellError(
            f"{quoted(text)} is no amount with the decimal mark {decimal_mark!r}; set decimal_mark to the other one?"
        )
    digits = "".join(groups)
    if len(digits) + len(fraction) > _MAX_DIGITS:
        raise CellError(f"{quoted(text)} has more than {_MAX_DIGITS} digits")
    return Decimal(f"{digits or '0'}.{fraction or '0'}")


def _are_thousands(groups: list[str]) -> bool:
    # Groups of three; in India, of two before the last three: 12,34,567.
    return re.fullmatch(r"\d{1,3}((,\d{3})+|(,\d{2})+,\d{3})", ",".join(groups)) is not None


def _check_unit(text: str, *, unit: str, currency: str) -> None:
    parts = unit.split()
    for part in parts:
        known = CURRENCIES_OF_SYMBOLS.get(part) or ({part} if _CODE.fullmatch(part) else None)
        if known is None:
            raise CellError(f"{quoted(text)} is no amount: {quoted(part)} is no currency")
        if known is not None and currency not in known:
            raise CellError(f"{quoted(text)} is not in {currency}; map the row's currency")
