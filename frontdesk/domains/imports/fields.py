"""Compiles the mapping's fields, conditions and types into functions that read a row's cells."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from frontdesk.core.money import is_currency
from frontdesk.domains.imports.cell_values import (
    DateOrder,
    later,
    parse_date,
    parse_day_alone,
    parse_decimal,
    parse_email,
    parse_instant,
    parse_integer,
    parse_minor_units,
    parse_number,
    parse_phone,
)
from frontdesk.domains.imports.mapping import REFUSE, SKIP, Condition, Duration, FieldRule, FieldType, TypeRule
from frontdesk.domains.imports.problems import CellError, quoted
from frontdesk.domains.imports.templates import Template

Cells = Mapping[str, str]
Reader = Callable[[Cells], Any]
CurrencyReader = Callable[[Cells], str]

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}
_REMEMBERED_PHONES = 10_000
_LONGEST_DURATION_S = 366 * 24 * 3600
#: The macro yes_or_no reads the same; a test compares.
ANSWERS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "y", "1", "on", "x", "t"), True),
    **dict.fromkeys(("false", "no", "n", "0", "off", "f"), False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """What a cell means if its field says nothing else."""

    zone: ZoneInfo
    currency: str
    region: str
    decimal_mark: str
    date_order: DateOrder | None = None


def columns_of(rule: FieldRule) -> tuple[str, ...]:
    """Return every column that the rule reads."""
    columns = [*(rule.column or ())]
    if rule.template is not None:
        columns += Template(rule.template).columns
    if rule.running_total_per is not None:
        columns += Template(rule.running_total_per).columns
    columns += [part.column for part in (rule.zone, rule.currency, rule.plus) if part is not None and part.column]
    return tuple(columns)


class FieldCompiler:
    """Turns the rules of one mapping into functions from a row's cells to values.

    Events that share a rule share its function, which reads each row once.
    """

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        self._compiled: dict[tuple[int, int], tuple[FieldRule, FieldRule | None, Reader]] = {}

    def compile(self, rule: FieldRule, *, sibling: FieldRule | None = None) -> Reader:
        """Return a function from cells to the value, None if there is none. It raises CellError.

        Values are JSON's: money is minor units of the row's currency, instants and dates are ISO 8601 text,
        decimals are text, so that no digit is lost. `sibling` is the currency field beside an amount.
        """
        key = (id(rule), id(sibling))
        if key not in self._compiled:
            # The rules are kept with the function, so that no other rule can get their ids.
            self._compiled[key] = (rule, sibling, _once_per_row(self._compile(rule, sibling)))
        return self._compiled[key][2]

    def compile_currency(self, rule: FieldRule, *, sibling: FieldRule | None) -> CurrencyReader:
        """Return a function to an amount's currency: its own, else that of the field beside it, else the default."""
        default = self._locale.currency
        if rule.currency is None and sibling is not None:
            read = self.compile(sibling)
            return lambda cells: parse_currency(read(cells) or default)
        if rule.currency is None or rule.currency.column is None:
            constant = (rule.currency and rule.currency.constant) or default
            return lambda _cells: constant
        column = rule.currency.column
        return lambda cells: parse_currency(cells[column]) if cells[column] else default

    def compile_day(self, rule: FieldRule) -> Reader:
        """Return a function from cells to the day of a datetime that has no time of day, None if it has one."""
        words = {word.strip().casefold(): ours for word, ours in (rule.map or {}).items()}
        day_alone = partial(
            parse_day_alone, formats=rule.format, date_order=rule.date_order or self._locale.date_order
        )
        text_of, if_empty = _compile_text(rule), rule.if_empty or ""

        def read(cells: Cells) -> str | None:
            text = text_of(cells) or if_empty
            if text and rule.map is not None:
                text = words.get(text.casefold(), rule.otherwise) or ""
            try:
                day = day_alone(text) if text else None
            except CellError:  # told by the field itself
                return None
            return day.isoformat() if day else None

        return read

    def _compile(self, rule: FieldRule, sibling: FieldRule | None) -> Reader:
        text_of = _compile_text(rule)
        convert = _compile_conversion(rule, self._locale, currency_of=self.compile_currency(rule, sibling=sibling))
        words = {word.strip().casefold(): ours for word, ours in (rule.map or {}).items()}
        first_column = rule.column[0] if rule.column else rule.template or ""
        if_empty = rule.if_empty or ""

        def read(cells: Cells) -> Any:
            text = text_of(cells) or if_empty
            if not text:
                if rule.required:
                    raise CellError("is empty, but required", column=first_column)
                return None
            try:
                if rule.map is not None:
                    text = _translate(text, words, otherwise=rule.otherwise)
                return convert(text, cells) if text else None
            except CellError as error:
                if rule.if_invalid == "keep":
                    return text
                if rule.if_invalid == "drop":
                    return None
                raise CellError(error.reason, column=error.column or first_column) from error

        return read


def _once_per_row(read: Reader) -> Reader:
    last_cells: Cells | None = None
    last_value: Any = None

    def read_once(cells: Cells) -> Any:
        nonlocal last_cells, last_value
        if cells is not last_cells:
            last_value = read(cells)
            last_cells = cells
        return last_value

    return read_once


def parse_currency(text: str) -> str:
    """Return an ISO 4217 code in capitals. Raises CellError if it can't be one."""
    code = text.upper()
    if not is_currency(code):
        raise CellError(f"{quoted(text)} is no currency code such as AUD")
    return code


def _compile_text(rule: FieldRule) -> Callable[[Cells], str]:
    if rule.constant is not None:
        constant = rule.constant
        return lambda _cells: constant
    if rule.template is not None:
        return Template(rule.template).render
    columns = rule.column or ()
    if len(columns) == 1:
        column = columns[0]
        return lambda cells: cells[column]
    return lambda cells: next((cells[column] for column in columns if cells[column]), "")


def _translate(text: str, words: Mapping[str, str], *, otherwise: str | None) -> str:
    ours = words.get(text.casefold(), otherwise)
    if ours is None:
        raise CellError(f"{quoted(text)} is not in the map; add it, or say otherwise")
    return ours


def _compile_conversion(
    rule: FieldRule, locale: Locale, *, currency_of: CurrencyReader
) -> Callable[[str, Cells], Any]:
    mark = rule.decimal_mark or locale.decimal_mark
    date_order = rule.date_order or locale.date_order
    if rule.type == "datetime":
        return _compile_instant(rule, locale)
    if rule.type == "money":
        return _compile_money(rule, currency_of=currency_of, decimal_mark=mark)
    converters: dict[FieldType, Callable[[str], Any]] = {
        "text": str,
        # The same customers come again and again, and this is the dearest of all conversions.
        "phone": lru_cache(_REMEMBERED_PHONES)(partial(parse_phone, region=rule.region or locale.region)),
        "email": parse_email,
        "date": lambda text: parse_date(text, formats=rule.format, date_order=date_order).isoformat(),
        "currency": parse_currency,
        "integer": partial(parse_integer, decimal_mark=mark),
        "decimal": lambda text: str(parse_decimal(text, decimal_mark=mark)),
        "boolean": _parse_boolean,
    }
    convert = converters[rule.type]
    return lambda text, _cells: convert(text)


def _compile_instant(rule: FieldRule, locale: Locale) -> Callable[[str, Cells], str | None]:
    zone = ZoneInfo(rule.zone.constant) if rule.zone is not None and rule.zone.constant else locale.zone
    zone_column = rule.zone.column if rule.zone is not None else None
    plus = rule.plus
    date_order = rule.date_order or locale.date_order

    def convert(text: str, cells: Cells) -> str | None:
        own_zone = _parse_zone(cells[zone_column]) if zone_column and cells[zone_column] else zone
        instant = parse_instant(
            text, formats=rule.format, zone=own_zone, ambiguous=rule.ambiguous, date_order=date_order
        )
        if plus is None:
            return instant.isoformat()
        duration = _read_duration(plus, cells, decimal_mark=locale.decimal_mark)
        return None if duration is None else later(instant, duration).isoformat()

    return convert


def _read_duration(plus: Duration, cells: Cells, *, decimal_mark: str) -> timedelta | None:
    text = plus.constant if plus.column is None else cells[plus.column]
    if not text:
        return None
    try:
        amount: Decimal = parse_decimal(text, decimal_mark=decimal_mark)
    except CellError as error:
        raise CellError(error.reason, column=plus.column or "") from error
    seconds = amount * _SECONDS[plus.unit]
    if not 0 <= seconds <= _LONGEST_DURATION_S:
        raise CellError(
            f"{quoted(text)} {plus.unit} is no length of time; is the unit right?", column=plus.column or ""
        )
    return timedelta(seconds=float(seconds))


def _parse_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise CellError(f"{quoted(name)} is no IANA zone such as Australia/Perth") from error


def _compile_money(rule: FieldRule, *, currency_of: CurrencyReader, decimal_mark: str) -> Callable[[str, Cells], int]:
    def convert(text: str, cells: Cells) -> int:
        amount = parse_minor_units(text, currency=currency_of(cells), decimal_mark=decimal_mark)
        if amount < 0 and rule.negative == "refuse":
            raise CellError(f"{quoted(text)} is negative; say negative: absolute where that is meant, as in a refund")
        return amount if rule.negative == "keep" else abs(amount)

    return convert


def _parse_boolean(text: str) -> bool:
    value = ANSWERS.get(text.casefold())
    if value is None:
        raise CellError(f"{quoted(text)} is neither yes nor no; add a map")
    return value


_COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "less_than": operator.lt,
    "at_most": operator.le,
    "greater_than": operator.gt,
    "at_least": operator.ge,
}


def compile_condition(condition: Condition, *, decimal_mark: str) -> Callable[[Cells], bool]:
    """Return a test of a row's cells; case and surrounding spaces don't count.

    A comparison reads the cell as a number, with or without a currency; an empty cell meets none. It raises CellError
    if the cell is no number.
    """
    column = condition.column
    if condition.empty is not None:
        must_be_empty = condition.empty
        return lambda cells: (not cells[column]) is must_be_empty
    for name, compare in _COMPARISONS.items():
        limit = getattr(condition, name)
        if limit is not None:
            return _compile_comparison(column, compare, limit, decimal_mark=decimal_mark)
    positive = [condition.equals] if condition.equals is not None else condition.one_of
    negative = [condition.not_equals] if condition.not_equals is not None else condition.none_of
    words = {word.strip().casefold() for word in positive or negative or ()}
    is_wanted = positive is not None
    return lambda cells: (cells[column].casefold() in words) is is_wanted


def _compile_comparison(
    column: str, compare: Callable[[Decimal, Decimal], bool], limit: Decimal, *, decimal_mark: str
) -> Callable[[Cells], bool]:
    def is_met(cells: Cells) -> bool:
        if not cells[column]:
            return False
        try:
            number, _ = parse_number(cells[column], decimal_mark=decimal_mark)
        except CellError as error:
            raise CellError(error.reason, column=column) from error
        return compare(number, limit)

    return is_met


def compile_type(rule: TypeRule) -> Callable[[Cells], str | None]:
    """Return a function from cells to the event's type, None if the row is to be skipped. It raises CellError."""
    if rule.constant is not None:
        constant = rule.constant
        return lambda _cells: constant
    column = rule.column or ""
    types = {word.strip().casefold(): type_ for word, type_ in rule.map.items()}

    def read(cells: Cells) -> str | None:
        type_ = types.get(cells[column].casefold(), rule.otherwise)
        if type_ == REFUSE:
            raise CellError(
                f"{quoted(cells[column])} is not in the type's map; add it, or say otherwise", column=column
            )
        return None if type_ == SKIP else type_

    return read
