"""Texts of cells read as amounts, dates and times, phones and addresses: exactly, or not at all.

Payloads of providers are read by the same rules in SQL (dbt_project/macros/staging/amounts.sql); a test holds that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from frontdesk.core.email_address import read_email
from frontdesk.core.money import CURRENCIES_OF_SYMBOLS, minor_unit_exponent, plain_amount
from frontdesk.core.phone import read_phone
from frontdesk.core.values import FIRST_YEAR, LAST_YEAR
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
    amount, unit = _split_amount(text, decimal_mark=decimal_mark)
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
    """Return a plain number with optional thousands separators. Raises CellError if it is none."""
    number, unit = _split_amount(text, decimal_mark=decimal_mark)
    if unit:
        raise CellError(f"{quoted(text)} is no number: remove {quoted(unit)}")
    return number


def parse_number(text: str, *, decimal_mark: str) -> tuple[Decimal, str]:
    """Return a signed number, and the currency's symbol or code around it. Raises CellError if it is none."""
    number, unit = _split_amount(text, decimal_mark=decimal_mark)
    for part in unit.split():
        if part not in CURRENCIES_OF_SYMBOLS and not _CODE.fullmatch(part):
            raise CellError(f"{quoted(text)} is no number: {quoted(part)} is no currency")
    return number, unit


def parse_integer(text: str, *, decimal_mark: str) -> int:
    """Return a whole number; "12.0" is one. Raises CellError if it is none."""
    number = parse_decimal(text, decimal_mark=decimal_mark)
    if number != number.to_integral_value():
        raise CellError(f"{quoted(text)} is no whole number")
    return int(number)


def _split_amount(text: str, *, decimal_mark: str) -> tuple[Decimal, str]:
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


Ambiguous = Literal["first", "second", "refuse"]
DateOrder = Literal["day_first", "month_first", "year_first"]

ISO, UNIX, UNIX_MS = "iso", "unix", "unix_ms"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A spreadsheet counts days from here; 99,999 are in the year 2173, and as seconds one day of 1970.
_SPREADSHEETS_DAY_0, _MOST_DAYS = date(1899, 12, 30), 100_000
#: Of the year 2286; as milliseconds, April 1970.
_MOST_SECONDS = 10_000_000_000
_UNIX = re.compile(r"-?\d{1,17}(\.\d{1,6})?")
_SPACE_BEFORE_OFFSET = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")
_UTC_NAME = re.compile(r"\s*(UTC|GMT)$")
_DAY_ALONE = re.compile(r"\d{4}-?\d\d-?\d\d|\d{4}-W\d\d-\d")
#: What of a strptime pattern reads a time of day.
_TIME_OF_DAY = re.compile(r"%[-]?[HIMSfcXTRr]")
_NUMBERS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:(?:,|\s|T)\s*(\S.*))?")
_TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%I %p", "%I%p")
_TWO_DIGITS = 2
_FIRST_SHORT_YEAR = 70  # 70 is 1970 and 69 is 2069, about as strptime has it


class Parsed(NamedTuple):
    """What a cell says."""

    moment: datetime  #: naive where the cell has no offset
    has_time: bool  #: False: it is a day


def parse_instant(
    text: str, *, formats: Sequence[str], zone: ZoneInfo, ambiguous: Ambiguous, date_order: DateOrder | None = None
) -> datetime:
    """Return an aware datetime, by the first format that fits.

    A format is "iso" (ISO 8601, and dates of numbers as 7/3/2025), "unix" (seconds), "unix_ms", or one of strptime.
    A time that carries an offset keeps it; any other is local to `zone`, and a day alone is its first instant there,
    which is not everywhere a midnight. Raises CellError if no format fits, if days and months could be either
    way round, if the zone's clocks skip that time, and for years that only a wrong format gives.
    """
    parsed = _parse_moment(text, formats, date_order)
    if parsed.moment.tzinfo:
        return parsed.moment
    if not parsed.has_time:
        # Of the two readings that a skipped or repeated time has, the first is when the day begins.
        return parsed.moment.replace(tzinfo=zone, fold=0).astimezone(UTC).astimezone(zone)
    return _place_in_zone(parsed.moment, text=text, zone=zone, ambiguous=ambiguous)


def parse_date(text: str, *, formats: Sequence[str], date_order: DateOrder | None = None) -> date:
    """Return a calendar date; the time of day, if there is one, is left out. Raises CellError as parse_instant."""
    return _parse_moment(text, formats, date_order).moment.date()


def parse_day_alone(text: str, *, formats: Sequence[str], date_order: DateOrder | None = None) -> date | None:
    """Return the day of a text that has no time of day, None if it has one. Raises CellError as parse_instant."""
    parsed = _parse_moment(text, formats, date_order)
    return None if parsed.has_time else parsed.moment.date()


def later(instant: datetime, duration: timedelta) -> datetime:
    """Return the instant after a duration of real time, in the same zone (wall clocks may move in between)."""
    return (instant.astimezone(UTC) + duration).astimezone(instant.tzinfo)


def _parse_moment(text: str, formats: Sequence[str], date_order: DateOrder | None) -> Parsed:
    readings = {pattern: parsed for pattern in formats if (parsed := _try_format(text, pattern)) is not None}
    if len({parsed.moment for parsed in readings.values()}) > 1:
        readings_text = " and ".join(
            f"{parsed.moment:%-d %B %Y} by {pattern!r}" for pattern, parsed in readings.items()
        )
        raise CellError(f"{quoted(text)} could be {readings_text}; keep the one format that the file has")
    parsed = next(iter(readings.values()), None)
    if parsed is None and ISO in formats:
        parsed = _parse_numbers(text, date_order)
    if parsed is None:
        raise CellError(f"{quoted(text)} is no date or time in the format {' or '.join(map(repr, formats))}")
    if (unix := next((pattern for pattern in readings if pattern in (UNIX, UNIX_MS)), None)) is not None:
        _check_unix(text, unix)
    if not FIRST_YEAR <= parsed.moment.year <= LAST_YEAR:
        raise CellError(f"{quoted(text)} would be in the year {parsed.moment.year}; is the format right?")
    return parsed


def _check_unix(text: str, pattern: str) -> None:
    """Refuse numbers of another kind, which would be in 1970. Raises CellError."""
    number = float(text)
    if 0 <= number < _MOST_DAYS:
        day = (_SPREADSHEETS_DAY_0 + timedelta(days=int(number))).strftime("%-d %B %Y")
        raise CellError(
            f"{quoted(text)} is no time in the format {pattern!r}; it looks like a spreadsheet's day number ({day}):"
            " format the column as a date in the spreadsheet and export it again"
        )
    if pattern == UNIX_MS and 0 <= number < _MOST_SECONDS:
        raise CellError(f"{quoted(text)} would be in 1970 by 'unix_ms'; it looks like seconds: write format: unix")


def _try_format(text: str, pattern: str) -> Parsed | None:
    try:
        return _parse_one(text, pattern)
    except (ValueError, OverflowError):
        return None


def _parse_one(text: str, pattern: str) -> Parsed:
    match pattern:
        case "iso":
            moment = datetime.fromisoformat(_SPACE_BEFORE_OFFSET.sub("", _UTC_NAME.sub("+00:00", text)))
            return Parsed(moment, has_time=not _DAY_ALONE.fullmatch(text))
        case "unix" | "unix_ms":
            if not _UNIX.fullmatch(text):
                raise ValueError(text)
            # Not fromtimestamp: a float loses microseconds.
            unit = timedelta(seconds=1) if pattern == UNIX else timedelta(milliseconds=1)
            whole, _, fraction = text.partition(".")
            sign = -1 if text.startswith("-") else 1
            millionths = sign * int(fraction.ljust(6, "0"))
            return Parsed(_EPOCH + unit * int(whole) + unit * millionths / 1_000_000, has_time=True)
        case _:
            moment = datetime.strptime(" ".join(text.split()), pattern)  # noqa: DTZ007 - placed into its zone above
            return Parsed(moment, has_time=_TIME_OF_DAY.search(pattern) is not None)


def _parse_numbers(text: str, date_order: DateOrder | None) -> Parsed | None:
    """Return the date of a text such as 7/3/2025 14:05; None if it is none. Raises CellError if it is two."""
    match = _NUMBERS.fullmatch(text)
    if match is None:
        return None
    first, _, second, third, time = match.groups()
    moment_of_day = _parse_time(time)
    if moment_of_day is None:
        return None
    days = dict(_readings(first, second, third, date_order))
    if not days:
        return None
    if len(set(days.values())) > 1:
        dates_text = " or ".join(f"{day:%-d %B %Y} ({order})" for order, day in days.items())
        raise CellError(f"{quoted(text)} could be {dates_text}; write which as date_order under file in the mapping")
    day = next(iter(days.values()))
    return Parsed(datetime.combine(day, moment_of_day.time()), has_time=time is not None)


def _readings(
    first: str, second: str, third: str, date_order: DateOrder | None
) -> Iterator[tuple[DateOrder, datetime]]:
    """Yield each order that gives a date, of the wanted one or of all."""
    orders: dict[DateOrder, tuple[str, str, str]] = {
        "day_first": (third, second, first),
        "month_first": (third, first, second),
        "year_first": (first, second, third),
    }
    only_order = date_order if len(first) <= _TWO_DIGITS else "year_first"  # 2025/3/4 is one date alone
    for order, (year, month, day) in orders.items():
        if only_order not in (None, order) or len(year) % _TWO_DIGITS or max(len(month), len(day)) > _TWO_DIGITS:
            continue
        try:
            yield order, datetime(_full_year(year), int(month), int(day))  # noqa: DTZ001 - placed into its zone later
        except ValueError:
            continue


def _full_year(year: str) -> int:
    if len(year) > _TWO_DIGITS:
        return int(year)
    return int(year) + (1900 if int(year) >= _FIRST_SHORT_YEAR else 2000)


def _parse_time(text: str | None) -> datetime | None:
    """Return the time of day on some day; None if the text is none."""
    if text is None:
        return datetime(FIRST_YEAR, 1, 1)  # noqa: DTZ001 - only its time counts
    for pattern in _TIMES:
        try:
            return datetime.strptime(" ".join(text.upper().replace(".", "").split()), pattern)  # noqa: DTZ007 - only its time counts
        except ValueError:
            continue
    return None


def _place_in_zone(local: datetime, *, text: str, zone: ZoneInfo, ambiguous: Ambiguous) -> datetime:
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != local:
        raise CellError(f"{quoted(text)} does not exist in {zone.key}: the clocks skipped it")
    if ambiguous == "refuse":
        raise CellError(f"{quoted(text)} happened twice in {zone.key}: say ambiguous: first or second")
    return first if ambiguous == "first" else second


def parse_phone(text: str, *, region: str) -> str:
    """Return the number as E.164, its extension after it as RFC 3966 has it. Raises CellError if it is none."""
    phone = read_phone(text, region=region)
    if phone is None:
        raise CellError(f"{quoted(text)} is no phone number of {region}, nor one with a country code")
    return phone.with_extension


def parse_email(text: str) -> str:
    """Return the address in lower case. Raises CellError if it can't be one."""
    email = read_email(text)
    if email is None:
        raise CellError(f"{quoted(text)} is no e-mail address")
    return email.address
