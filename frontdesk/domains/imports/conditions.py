"""Compiles what decides which event a row becomes: conditions, and types taken from a column's words."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal

from frontdesk.domains.imports.amounts import parse_number
from frontdesk.domains.imports.fields import Cells
from frontdesk.domains.imports.mapping import REFUSE, SKIP, Condition, TypeRule
from frontdesk.domains.imports.problems import CellError, quoted

_COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "less_than": operator.lt,
    "at_most": operator.le,
    "greater_than": operator.gt,
    "at_least": operator.ge,
}


def compile_condition(condition: Condition, *, decimal_mark: str) -> Callable[[Cells], bool]:
    """Return a test of a row's cells; case and surrounding spaces don't count.

    A comparison reads the cell as a number, with or without a currency; an empty cell meets none. It raises CellError
    where the cell is no number.
    """
    column = condition.column
    if condition.empty is not None:
        wanted = condition.empty
        return lambda cells: (not cells[column]) is wanted
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
    """Return a function from cells to the event's type, None where the row is to be skipped. It raises CellError."""
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
