"""Builds a payload from dotted paths, and tells what a fact lacks in terms of the file's columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from frontdesk.core.errors import validation_message
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.imports.problems import Problem

_IDENTIFIERS = ("external_id", "phone", "email")
_IDENTIFIER_PATHS = tuple(f"contact.{key}" for key in _IDENTIFIERS)

#: What has a list in a payload: `lines.0.staff` is of the first line.
_LISTS = {"lines", "taxes"}
#: A line or tax without any of them is none: its other fields can be the same for every row.
_SAYS_SOMETHING = {"amount_minor", "description", "line_id"}


def nest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"contact.phone": "+1..."} as {"contact": {"phone": "+1..."}}; what is None is left out."""
    payload: dict[str, Any] = {}
    for path, value in values.items():
        if value is None:
            continue
        *parents, key = path.split(".")
        inner = payload
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[key] = value
    for key in _LISTS & payload.keys():
        payload[key] = _as_list(payload[key])
    return {key: value for key, value in payload.items() if value != []}


def _as_list(by_place: Any) -> Any:
    """Return {"0": first, "1": second} as a list, without the lines and taxes of which the row says nothing."""
    if not (isinstance(by_place, dict) and all(key.isdecimal() for key in by_place)):
        return by_place
    items = [item for _, item in sorted(by_place.items(), key=lambda entry: int(entry[0]))]
    for item in (item for item in items if isinstance(item, dict) and "taxes" in item):
        item["taxes"] = _as_list(item["taxes"])
    return [item for item in items if not (isinstance(item, dict) and item.keys().isdisjoint(_SAYS_SOMETHING))]


def drop_contact_without_identifier(payload: dict[str, Any]) -> None:
    """Remove a contact that is a mere name: nobody can be told apart by it."""
    contact = payload.get("contact")
    if isinstance(contact, dict) and not any(contact.get(key) for key in _IDENTIFIERS):
        del payload["contact"]


def explain(
    error: ValidationError, *, type_: str, payload: Mapping[str, Any], columns: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield the mistakes of an event, each with the columns its field is read from (`columns`, by path)."""
    for mistake in error.errors():
        if mistake["loc"] != ("payload",):
            key = ".".join(str(part) for part in mistake["loc"])
            yield Problem(columns.get(key, key), _reason(mistake))
    model = CANONICAL_PAYLOADS.get(type_)
    if model is None:
        return
    try:
        model.model_validate(payload)
    except ValidationError as inner:
        for mistake in inner.errors():
            path = ".".join(str(part) for part in mistake["loc"])
            yield Problem(_columns_of(path, columns), _reason(mistake, type_=type_, path=path))


def _columns_of(path: str, columns: Mapping[str, str]) -> str:
    wanted = _IDENTIFIER_PATHS if path == "contact" else (path,)
    return ", ".join(dict.fromkeys(columns[other] for other in wanted if columns.get(other))) or path


def _reason(mistake: Any, *, type_: str = "", path: str = "") -> str:
    if path == "contact":
        return f"{type_} needs the contact's phone, email or external_id, and the row has none"
    if mistake["type"] == "missing":
        return f"{type_} needs {path}, and the row has none"
    return validation_message(mistake)
