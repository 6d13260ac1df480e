"""Checks one condition of a rule: its field exists, its operator and value fit the field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from frontdesk.domains.rules.rule import Condition
from frontdesk.domains.rules.vocabulary import BOOKING_STATUSES, Field, Kind, suggest, suggest_field

_LISTS = ("one_of", "none_of")
_WITHOUT_VALUE = ("is_set", "is_not_set")
_COMMON = ("equals", "not_equals", *_LISTS, *_WITHOUT_VALUE)
_ORDERED = ("greater_than", "at_least", "less_than", "at_most")
_OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    "text": (*_COMMON, "contains"),
    "number": (*_COMMON, *_ORDERED),
    "instant": (*_ORDERED, *_WITHOUT_VALUE),
    "flag": ("equals", "not_equals"),
}
_FORMS: Mapping[Kind, str] = {
    "text": "text, in quotes where YAML would read something else",
    "number": "a whole number",
    "instant": 'an instant with its offset, in quotes, such as "2026-07-01T00:00:00+00:00"',
    "flag": "true or false",
}


def operators_of(kind: Kind) -> tuple[str, ...]:
    """Return what a condition on a field of this kind can ask."""
    return _OPERATORS[kind]


def find_problem(condition: Condition, fields: Mapping[str, Field]) -> tuple[str, str] | None:
    """Return the wrong key of the condition and what to do about it; None if all is well."""
    field = fields.get(condition.field)
    if field is None:
        remedy = suggest_field(condition.field, fields)
        return "field", f"is {condition.field!r}; not a field that these facts offer; {remedy}"
    if condition.operator not in _OPERATORS[field.kind]:
        allowed = ", ".join(_OPERATORS[field.kind])
        return (
            "operator",
            f"is {condition.operator!r}; {condition.field} is {_article(field.kind)}, use one of {allowed}",
        )
    return _find_in_value(condition, field)


def _find_in_value(condition: Condition, field: Field) -> tuple[str, str] | None:
    value = condition.value
    if condition.operator in _WITHOUT_VALUE:
        return ("value", f"{condition.operator} takes none; remove it") if value is not None else None
    if condition.operator in _LISTS:
        if not isinstance(value, list | tuple) or not value:
            return "value", f"is {value!r}; {condition.operator} takes a list of values"
        values = list(value)
    else:
        values = [value]
    for one in values:
        if not _fits(one, field.kind):
            return "value", f"is {one!r}; write {_FORMS[field.kind]}"
        if condition.field == "booking.status" and one not in BOOKING_STATUSES:
            return "value", f"is {one!r}; no status of a booking; {suggest(one, BOOKING_STATUSES)}"
    return None


def _fits(value: Any, kind: Kind) -> bool:
    match kind:
        case "text":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "flag":
            return isinstance(value, bool)
        case "instant":
            return isinstance(value, str) and _is_instant(value)


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _article(kind: Kind) -> str:
    return {"text": "a text", "number": "a number", "instant": "an instant", "flag": "true or false"}[kind]
