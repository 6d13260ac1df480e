"""Compiles what decides which event a row becomes: conditions, and types taken from a column's words."""

from __future__ import annotations

from collections.abc import Callable

from core.importing.fields import Cells
from core.importing.mapping import REFUSE, SKIP, Condition, TypeRule
from core.importing.problems import CellError, quoted


def compile_condition(condition: Condition) -> Callable[[Cells], bool]:
    """Return a test of a row's cells; case and surrounding spaces don't count."""
    column = condition.column
    if condition.empty is not None:
        wanted = condition.empty
        return lambda cells: (not cells[column]) is wanted
    positive = [condition.equals] if condition.equals is not None else condition.one_of
    negative = [condition.not_equals] if condition.not_equals is not None else condition.none_of
    words = {word.strip().casefold() for word in positive or negative or ()}
    is_wanted = positive is not None
    return lambda cells: (cells[column].casefold() in words) is is_wanted


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
